import { table } from '../../../src/sdk/define.ts';
import { boolean, integer, json, text } from '../../../src/sdk/fields.ts';
import { deduplicateId, tags, time, withoutZeros } from '../columns.ts';
import { everything, whole } from '../listing.ts';

const schedule = '*/5 * * * *';
const noTimes = withoutZeros('created_at', 'updated_at');

export const segments = table({
  name: 'segments',
  docs: 'Customer.io App API: List segments',
  documentedKey: ['id'],
  key: ['id'],
  method: 'incremental',
  replicationKey: 'updated_at',
  history: false,
  fields: {
    id: integer('Segment id'),
    deduplicate_id: deduplicateId,
    name: text('Name'),
    description: text('Description'),
    type: text('dynamic or manual'),
    state: text('events, build, events_queued, build_queued or finished'),
    progress: integer('Percent while it is being built'),
    tags,
    conditions: json('Who belongs to it'),
    created_at: time('When it was created'),
    updated_at: time('When it was last changed'),
  },
  shape: noTimes,
  read: everything(whole('/segments', 'segments')),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});

export const exportJobs = table({
  name: 'exports',
  docs: 'Customer.io App API: List exports',
  documentedKey: ['id'],
  key: ['id'],
  method: 'incremental',
  replicationKey: 'updated_at',
  history: false,
  fields: {
    id: integer('Export id'),
    deduplicate_id: deduplicateId,
    type: text('customers or deliveries'),
    status: text('pending, done or failed'),
    description: text('Description'),
    user_email: text('Who asked for it'),
    failed: boolean('Whether it failed'),
    total: integer('Rows; 0 until done'),
    downloads: integer('How often it was downloaded'),
    user_id: integer('Who asked for it'),
    created_at: time('When it was asked for'),
    updated_at: time('When it was last changed'),
  },
  shape: noTimes,
  read: everything(whole('/exports', 'exports', { orNull: true })),
  // Old exports disappear from the vendor's list.
  deletes: 'none',
  schedule,
});

export const snippets = table({
  name: 'snippets',
  docs: 'Customer.io App API: List snippets',
  documentedKey: ['name'],
  key: ['name'],
  method: 'incremental',
  replicationKey: 'updated_at',
  history: false,
  fields: {
    name: text('Name; a renamed snippet is a new one'),
    value: text('Text'),
    updated_at: time('When it was last changed'),
  },
  shape: noTimes,
  read: everything(whole('/snippets', 'snippets')),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});

export const collections = table({
  name: 'collections',
  docs: 'Customer.io App API: List collections',
  documentedKey: ['id'],
  key: ['id'],
  method: 'incremental',
  replicationKey: 'updated_at',
  history: false,
  fields: {
    id: integer('Collection id'),
    name: text('Name'),
    schema: json('Fields its rows have'),
    rows: integer('Number of rows'),
    bytes: integer('Size'),
    created_at: time('When it was created'),
    updated_at: time('When it was last changed'),
  },
  shape: noTimes,
  read: everything(whole('/collections', 'collections', { orNull: true })),
  deletes: 'scan',
  absentScans: 2,
  schedule,
  planGated: 'Collections',
});

export const topics = table({
  name: 'topics',
  docs: 'Customer.io App API: List subscription topics',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: integer('Topic id'),
    identifier: text('Name in preferences: topic_<id>'),
    name: text('Name'),
    description: text('Description'),
    subscribed_by_default: boolean('Whether people get it unless they say no'),
  },
  read: everything(whole('/subscription_topics', 'topics')),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});

export const workspaces = table({
  name: 'workspaces',
  docs: 'Customer.io App API: List workspaces',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: integer('Workspace id'),
    name: text('Name'),
    messages_sent: integer('Messages sent in the billing period; up to two hours old'),
    billable_messages_sent: integer('Billable ones of them'),
    people: integer('People'),
    object_types: integer('Kinds of objects'),
    objects: integer('Objects'),
  },
  read: everything(whole('/workspaces', 'workspaces')),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});

export const objectTypes = table({
  name: 'types',
  docs: 'Customer.io App API: List object types',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: text('Id, an integer as text; campaigns name it as a number'),
    name: text('Name of many'),
    singular_name: text('Name of one'),
    slug: text('Slug of many'),
    singular_slug: text('Slug of one'),
    icon: text('Icon'),
    enabled: boolean('Whether it is in use'),
  },
  read: everything(whole('/object_types', 'types')),
  deletes: 'scan',
  absentScans: 2,
  schedule,
});
