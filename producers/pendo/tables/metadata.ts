import { table } from '../../../src/sdk/define.ts';
import { boolean, json, text } from '../../../src/sdk/fields.ts';
import { readSchema } from '../objects.ts';

const fields = {
  group_name: text('Group of the field: auto, agent, custom, pendo or an integration').from('group'),
  field_name: text('Name of the field').from('field'),
  type: text('string, time, boolean, integer, float, list or empty'),
  display_name: text('Name for people'),
  element_type: text("Type of a list's elements"),
  element_format: text('Format of a time'),
  dirty: boolean('dirty'),
  is_hidden: boolean('Whether it is hidden'),
  is_deleted: boolean('Whether it is deleted'),
  is_calculated: boolean('Whether it is calculated'),
  is_per_app: boolean('Whether each app has its own'),
  is_promoted: boolean('Whether it is promoted'),
  never_index: boolean('Whether it is left out of the index'),
  sample: json('Sample value'),
};

export const metadataAccounts = table({
  name: 'metadata_accounts',
  docs: 'Pendo Engage API: metadata schema of accounts',
  documentedKey: [],
  key: ['group_name', 'field_name'],
  keyReason: 'The connector page names no key; a row is a field of a group.',
  method: 'full_table',
  fields,
  read: readSchema('account'),
  deletes: 'scan',
  absentScans: 2,
});

export const metadataVisitors = table({
  name: 'metadata_visitors',
  docs: 'Pendo Engage API: metadata schema of visitors',
  documentedKey: [],
  key: ['group_name', 'field_name'],
  keyReason: 'The connector page names no key; a row is a field of a group.',
  method: 'full_table',
  fields,
  read: readSchema('visitor'),
  deletes: 'scan',
  absentScans: 2,
});
