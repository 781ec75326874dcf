import type { LandedColumn, LandedTable } from '../types.ts';
import { quoted } from './dialects.ts';
import type { Dialect } from './dialects.ts';

export function columnType(dialect: Dialect, column: LandedColumn): string {
  return column.key && column.type === 'text' ? dialect.keyText : dialect.types[column.type];
}

/** Column definitions. Only key columns are NOT NULL, because the marker of a delete has no other values. */
export function columnList(dialect: Dialect, table: LandedTable): string[] {
  return table.columns.map((column) => `${quoted(dialect, column.name)} ${columnType(dialect, column)}${column.key ? ' NOT NULL' : ''}`);
}

export function keyList(dialect: Dialect, table: LandedTable): string {
  return table.key.map((name) => quoted(dialect, name)).join(', ');
}
