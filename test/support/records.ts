import type { Row } from '../../src/core/types.ts';
import { compileCoerce } from '../../src/record/coerce.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import { keyText } from './engine.ts';

export type Records = ReadonlyMap<string, TableRecord>;

/** A record's key as the maps of this folder have it. */
export function keyOf(definition: TableDefinition, record: TableRecord): string {
  return keyText(Object.fromEntries(definition.key.map((column) => [column, record[column] ?? null])));
}

/** The step from a vendor's row to its record. It throws for a row that cannot be published. */
export function compileRecord(definition: TableDefinition): (row: Row) => TableRecord {
  const coerce = compileCoerce(definition);
  return (row) => {
    const coerced = coerce(definition.shape?.(row) ?? row);
    if (coerced.refused !== undefined) throw new Error(`${definition.name}: a row is refused: ${coerced.detail}`);
    return coerced.record;
  };
}

/** Vendor rows as the topic has to hold them. Two rows with one key are a fault of the table's key. */
export function recordsOf(definition: TableDefinition, rows: Iterable<Row>): Records {
  const recordOf = compileRecord(definition);
  const records = new Map<string, TableRecord>();
  for (const row of rows) {
    const record = recordOf(row);
    const key = keyOf(definition, record);
    if (records.has(key)) throw new Error(`${definition.name}: two rows of the truth have the key ${key}.`);
    records.set(key, record);
  }
  return records;
}
