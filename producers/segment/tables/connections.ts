import type { Row } from '../../../src/core/types.ts';
import { table } from '../../../src/sdk/define.ts';
import { boolean, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { catalogEntry, secretJson, wanted } from '../columns.ts';
import type { ColumnSettings } from '../columns.ts';
import { listing } from '../listing.ts';
import { ofEach } from '../scans.ts';
import { warehouseFields, warehouseShape } from './warehouses.ts';

/** One listing per source. A source that was deleted meanwhile or that the token may not read is skipped. */
const ofEachSource = (name: string, path: string, collection: string, connect: (sourceId: string, row: Row) => Row) =>
  ofEach(
    name,
    'sources',
    (source) => {
      const sourceId = String(source.id);
      return listing(path, collection, {
        params: { sourceId },
        rows: (rows) => rows.map((row) => connect(sourceId, row)),
        namedParent: ['sourceId', sourceId, 'usually'],
      });
    },
    { key: (source) => String(source.id), scope: (source) => ({ source_id: source.id ?? null }), unreadOn: [403, 404] },
  );

export const sourceConnectedDestinations = (settings: ColumnSettings): TableDefinition =>
  table({
    name: 'source_connected_destinations',
    docs: 'Segment Public API: List Connected Destinations from Source',
    documentedKey: ['id', 'sourceId'],
    key: ['id', 'source_id'],
    method: 'full_table',
    fields: {
      id: text('Destination (instance) id'),
      source_id: text('Source whose connection this is'),
      record_source_id: text('Source the destination itself names; normally the same'),
      name: text('Name; null when never set'),
      enabled: boolean('Whether it receives data'),
      settings: secretJson(settings, 'Its settings; the vendor masks the secrets it knows'),
      ...catalogEntry('catalog_destinations'),
    },
    shape: wanted(settings, ['settings']),
    ...ofEachSource('source_connected_destinations', '/sources/{sourceId}/connected-destinations', 'destinations', (sourceId, row) => ({
      ...row,
      sourceId,
      recordSourceId: row.sourceId ?? null,
    })),
    deletes: 'scan',
    scope: ['source_id'],
  });

export const sourceConnectedWarehouses = (settings: ColumnSettings): TableDefinition =>
  table({
    name: 'source_connected_warehouses',
    docs: 'Segment Public API: List Connected Warehouses from Source',
    documentedKey: ['sourceId'],
    key: ['source_id', 'id'],
    keyReason: 'A source may feed several warehouses; by the source alone they would overwrite each other.',
    method: 'full_table',
    fields: {
      source_id: text('Source whose connection this is (from the request)'),
      ...warehouseFields(settings),
    },
    shape: warehouseShape(settings),
    ...ofEachSource('source_connected_warehouses', '/sources/{sourceId}/connected-warehouses', 'warehouses', (sourceId, row) => ({
      ...row,
      sourceId,
    })),
    deletes: 'scan',
    scope: ['source_id'],
  });
