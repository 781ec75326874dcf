import { table } from '../../../src/sdk/define.ts';
import { boolean, json, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { secretJson, wanted } from '../columns.ts';
import type { ColumnSettings } from '../columns.ts';
import { listing } from '../listing.ts';
import { whole } from '../scans.ts';

export const transformations = (settings: ColumnSettings): TableDefinition =>
  table({
    name: 'transformations',
    docs: 'Segment Public API: List Transformations',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    // Longer than 25 lines because the vendor has 16 fields, one per line.
    fields: {
      id: text('Transformation id'),
      name: text('Name'),
      workspace_id: text('Workspace'),
      source_id: text('Source it applies to'),
      destination_metadata_id: text('Catalog id of the destinations it is limited to'),
      destination_id: text('Destination (instance) it is limited to'),
      enabled: boolean('Whether it is on'),
      if: text('Which events it applies to (FQL)'),
      drop: boolean('Whether matching events are dropped'),
      new_event_name: text('New name of the event'),
      property_renames: json('Renamed properties: oldName, newName'),
      property_value_transformations: json('Replaced values: propertyPaths, propertyValue'),
      fql_defined_properties: json('Computed properties: fql, propertyName'),
      allow_properties: json('Properties that stay; all others are dropped'),
      property_drops: json('Dropped properties'),
      hash_properties_configuration: secretJson(settings, 'Hashed properties: algorithm, paths, key, encoding'),
    },
    shape: wanted(settings, ['hashPropertiesConfiguration']),
    ...whole(listing('/transformations', 'transformations')),
    deletes: 'scan',
    planGated: 'Protocols',
  });
