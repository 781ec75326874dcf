import { table } from '../../../src/sdk/define.ts';
import { boolean, json, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { catalogEntry, secretJson, wanted } from '../columns.ts';
import type { ColumnSettings } from '../columns.ts';
import { PARENTS, whole } from '../scans.ts';

export const sources = (settings: ColumnSettings): TableDefinition =>
  table({
    name: 'sources',
    docs: 'Segment Public API: List Sources',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    fields: {
      id: text('Source id'),
      slug: text('Slug'),
      name: text('Name; null when never set'),
      workspace_id: text('Workspace'),
      enabled: boolean('Whether it takes data'),
      write_keys: secretJson(settings, 'Keys to send data with; empty when the token lacks the right of source admin'),
      settings: secretJson(settings, 'Its settings'),
      labels: json('Labels: key, value, description'),
      ...catalogEntry('catalog_sources'),
    },
    shape: wanted(settings, ['writeKeys', 'settings']),
    ...whole(PARENTS.sources),
    deletes: 'scan',
  });
