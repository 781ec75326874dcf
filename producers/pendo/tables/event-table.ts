import { table } from '../../../src/sdk/define.ts';
import { integer, number, text } from '../../../src/sdk/fields.ts';
import { fieldsHash } from '../../../src/sdk/merge-rows.ts';
import type { FieldBuilder } from '../../../src/sdk/fields.ts';
import type { Fields, TableDefinition } from '../../../src/core/table.ts';
import { readEvents } from '../events.ts';
import type { EventSource } from '../events.ts';
import type { PendoSettings } from '../settings.ts';

export interface EventTable extends Omit<EventSource, 'documented'> {
  readonly name: string;
  readonly docs: string;
  /** The documented key, as on the connector page. */
  readonly documentedKey: readonly string[];
  /** The documented key as our columns. */
  readonly seedKey: readonly string[];
  /** Further columns needed for a unique key. */
  readonly more: readonly string[];
  readonly keyReason: string;
  readonly replicationKey: string;
  readonly fields: Fields;
}

/** An event table with the key that `key_mode` selects. Key columns that the vendor leaves empty hold "" or 0. */
export function eventTable(event: EventTable, settings: PendoSettings): TableDefinition {
  const { name, docs, documentedKey, seedKey, more, keyReason, replicationKey } = event;
  const key = settings.key_mode === 'seed' ? seedKey : [...seedKey, ...more];
  const fields: Fields = {
    ...event.fields,
    dimension_hash: text('Hash of the other fields that tell rows apart').of((row) => fieldsHash(row, event.dimensions)),
  };
  return table({
    name,
    docs,
    documentedKey,
    key,
    replicationKey,
    keyReason: settings.key_mode === 'seed' ? 'The documented key; rows it does not tell apart overwrite one another.' : keyReason,
    method: 'incremental',
    fields: Object.fromEntries(
      Object.entries(fields).map(([column, field]) => [column, key.includes(column) ? filled(field as FieldBuilder) : field]),
    ),
    read: readEvents({ ...event, documented: seedKey.flatMap(vendorFields) }),
    deletes: 'none',
    partitions: 3,
  }) as TableDefinition;
}

/** The vendor's fields for a key column. */
const vendorFields = (column: string): string[] =>
  column === 'period_start' ? ['day', 'hour'] : [column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];

function filled(field: FieldBuilder): Fields[string] {
  if (field.type === 'text') return field.orWhenMissing('');
  return field.type === 'integer' ? field.orWhenMissing(0) : field;
}

/** Columns that all event tables have. */
export const who = {
  account_id: text('Account'),
  visitor_id: text('Visitor'),
  app_id: integer('App'),
  remote_ip: text('Address of the visitor'),
  user_agent: text('Browser'),
  tab_id: text('Browser tab'),
  country: text('Country'),
  region: text('Region within the country'),
  latitude: number('Latitude; 0 when unknown'),
  longitude: number('Longitude; 0 when unknown'),
  analytics_session_id: text("Session of the visitor, as Pendo's analytics divide it"),
};
