import { escapeIdentifier, type Client } from 'pg';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';

/** Rows of a landed PostgreSQL table, numbers and times as text, so that nothing is lost on the way. */
export async function landedRows(database: Client, table: string, definition: TableDefinition): Promise<TableRecord[]> {
  const columns = Object.entries(definition.fields).map(([name, { type }]) => {
    const column = escapeIdentifier(name);
    if (type === 'timestamp') return `(extract(epoch from ${column}) * 1000)::bigint::text AS ${column}`;
    return type === 'text' || type === 'boolean' ? column : `${column}::text AS ${column}`;
  });
  return (await database.query(`SELECT ${columns.join(', ')}, _extra::text AS _extra, _deleted FROM ${table}`)).rows as TableRecord[];
}

/** A record of the topic in the form of {@link landedRows}. */
export function asLanded(definition: TableDefinition, record: TableRecord): TableRecord {
  const columns = Object.entries(definition.fields).map(([name, { type }]): [string, TableRecord[string]] => {
    const value = record[name] ?? null;
    return [name, value !== null && (type === 'timestamp' || type === 'integer') ? String(value) : value];
  });
  return { ...Object.fromEntries(columns), _extra: record['_extra'] ?? null, _deleted: false };
}
