import { table } from '../../../src/sdk/define.ts';
import { boolean, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { catalogEntry, secretJson, wanted } from '../columns.ts';
import type { ColumnSettings } from '../columns.ts';
import { PARENTS, whole } from '../scans.ts';

export const destinations = (settings: ColumnSettings): TableDefinition =>
  table({
    name: 'destinations',
    docs: 'Segment Public API: List Destinations',
    documentedKey: ['id', 'sourceId'],
    key: ['id', 'source_id'],
    method: 'full_table',
    fields: {
      id: text('Destination (instance) id'),
      source_id: text('Source that feeds it'),
      name: text('Name; null when never set'),
      enabled: boolean('Whether it receives data'),
      settings: secretJson(settings, 'Its settings; the vendor masks the secrets it knows'),
      ...catalogEntry('catalog_destinations'),
    },
    shape: wanted(settings, ['settings']),
    ...whole(PARENTS.destinations),
    deletes: 'scan',
  });
