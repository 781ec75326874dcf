import { asObject } from '../../../src/sdk/readers/resume.ts';
import type { Row } from '../../../src/core/types.ts';
import { table } from '../../../src/sdk/define.ts';
import { boolean, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { catalogEntry, secretJson, wanted } from '../columns.ts';
import type { ColumnSettings } from '../columns.ts';
import { listing } from '../listing.ts';
import { whole } from '../scans.ts';

/** Columns of a warehouse, in its own table or as a connection of a source. */
export const warehouseFields = (settings: ColumnSettings) => ({
  id: text('Warehouse id'),
  name: text('Name from its settings; null when never set'),
  workspace_id: text('Workspace'),
  enabled: boolean('Whether it is synced'),
  settings: secretJson(settings, 'Connection settings'),
  ...catalogEntry('catalog_warehouses'),
});

/** The name is kept even when the settings are omitted. */
export function warehouseShape(settings: ColumnSettings): (row: Row) => Row {
  const keep = wanted(settings, ['settings']);
  return (row) => ({ name: asObject(row.settings)?.name ?? null, ...keep(row) });
}

export const warehouses = (settings: ColumnSettings): TableDefinition =>
  table({
    name: 'warehouses',
    docs: 'Segment Public API: List Warehouses',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    fields: warehouseFields(settings),
    shape: warehouseShape(settings),
    ...whole(listing('/warehouses', 'warehouses')),
    deletes: 'scan',
  });
