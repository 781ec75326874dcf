import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/json/canonical.ts';
import type { Json, Row } from '../core/types.ts';

export interface MergeRules {
  /** Rows with the same identity become one. */
  readonly identity: (row: Row) => Json;
  /** Counts, which are added up. */
  readonly sums: readonly string[];
  /** A number of which the smallest is kept, such as the time of the first event. */
  readonly smallest: string;
  /** A number of which the largest is kept; every other field comes from that row. */
  readonly largest: string;
}

/**
 * One row per identity, for vendors that divide aggregates by more fields than a key can hold. The result does not depend on the
 * order of the rows.
 */
export function mergedRows(rows: readonly Row[], rules: MergeRules): readonly Row[] {
  if (rows.length < 2) return rows;
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = canonicalJson(rules.identity(row));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  if (groups.size === rows.length) return rows;
  return [...groups.values()].map((group) => (group.length === 1 ? (group[0] as Row) : merged(group, rules)));
}

function merged(group: readonly Row[], { sums, smallest, largest }: MergeRules): Row {
  const [last] = [...group].sort(
    (a, b) => numberOf(b[largest]) - numberOf(a[largest]) || (canonicalJson(a) < canonicalJson(b) ? 1 : -1),
  ) as [Row];
  const least = group.reduce((found, { [smallest]: value }) => (typeof value === 'number' ? Math.min(found, value) : found), Infinity);
  const counts = sums.filter((field) => group.some((row) => typeof row[field] === 'number'));
  return {
    ...last,
    ...Object.fromEntries(counts.map((field) => [field, group.reduce((sum, row) => sum + numberOf(row[field]), 0)])),
    ...(least === Infinity ? {} : { [smallest]: least }),
  };
}

const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

/** Values of a row, with an empty text for those that are missing. */
export const valuesOf = (row: Row, fields: readonly string[]): Json => fields.map((field) => row[field] ?? '');

/** Number of rows that would be lost if these fields were the key. */
export function overwritten(rows: readonly Row[], fields: readonly string[]): number {
  return rows.length - new Set(rows.map((row) => canonicalJson(valuesOf(row, fields)))).size;
}

/** The fields that have a value; null and an empty object both count as no value. */
export function presentFields(row: Row, fields: readonly string[]): Row {
  return Object.fromEntries(fields.map((field) => [field, row[field] ?? null] as const).filter(([, value]) => !isNothing(value)));
}

function isNothing(value: Json): boolean {
  return (
    value === null ||
    (typeof value === 'object' &&
      !Array.isArray(value) &&
      Object.keys(value).length === 0 &&
      Object.getOwnPropertySymbols(value).length === 0)
  );
}

/** 32 hexadecimal digits of a hash of {@link presentFields}, as a key column for fields that are too many or too long. */
export function fieldsHash(row: Row, fields: readonly string[]): string {
  return createHash('sha256')
    .update(canonicalJson(presentFields(row, fields)))
    .digest('hex')
    .slice(0, 32);
}
