import { hash } from 'node:crypto';
import type { TableRecord } from '../../src/core/table.ts';

/** A table's rows by id, as digests of all their columns: small enough to compare hundreds of thousands. */
export type Contents = ReadonlyMap<string, string>;

/** Equal for equal columns, whatever their order; another name, type or value makes another digest. */
export function digestOf(columns: TableRecord): string {
  const text = Object.keys(columns)
    .sort()
    .map((name) => `${name}=${typeof columns[name]}:${String(columns[name])}`)
    .join('\n');
  return hash('sha256', text, 'base64').slice(0, 22);
}

export interface Differences {
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
  readonly different: readonly string[];
}

export const none: Differences = { missing: [], surplus: [], different: [] };

/** Ids that are in `wanted` only, in `found` only, or in both with other columns. */
export function compare(wanted: Contents, found: Contents): Differences {
  const missing: string[] = [];
  const different: string[] = [];
  for (const [id, digest] of wanted) {
    const other = found.get(id);
    if (other === undefined) missing.push(id);
    else if (other !== digest) different.push(id);
  }
  return { missing, different, surplus: [...found.keys()].filter((id) => !wanted.has(id)) };
}

export function digestsOf(rows: Iterable<{ readonly id: string; readonly columns: TableRecord }>): Map<string, string> {
  const digests = new Map<string, string>();
  for (const { id, columns } of rows) digests.set(id, digestOf(columns));
  return digests;
}
