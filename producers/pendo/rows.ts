import { createHash } from 'node:crypto';
import type { Json, Row } from '../../src/core/types.ts';
import { canonicalJson } from '../../src/core/json/canonical.ts';

/** The vendor's fields that distinguish the rows of an event table. */
export interface Identity {
  /** Fields that are key columns of their own. */
  readonly identifying: readonly string[];
  /**
   * Stable fields that go into the column `dimension_hash`. Counts and times that grow while a bucket fills are excluded, as is
   * what may be filled in later. The list is fixed, so that a field the vendor adds does not change keys.
   */
  readonly dimensions: readonly string[];
}

const SUMS = ['numEvents', 'numMinutes', 'rageClickCount', 'errorClickCount', 'deadClickCount', 'uTurnCount'] as const;

export function dimensionHash(row: Row, dimensions: readonly string[]): string {
  return createHash('sha256')
    .update(canonicalJson(present(row, dimensions)))
    .digest('hex')
    .slice(0, 32);
}

/** The fields that have a value; null and an empty object both count as no value. */
function present(row: Row, fields: readonly string[]): Row {
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

/**
 * One row per identity. The vendor divides rows by more fields than the key holds: counts are summed, first_time and last_time
 * span all, and every other field comes from the row with the latest activity, in whatever order the rows came.
 */
export function summed(rows: readonly Row[], { identifying, dimensions }: Identity): readonly Row[] {
  if (rows.length < 2) return rows;
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = canonicalJson([valuesOf(row, identifying), present(row, dimensions)]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups.size === rows.length ? rows : [...groups.values()].map((group) => (group.length === 1 ? (group[0] as Row) : one(group)));
}

/** Number of rows that would be lost if these fields were the key. */
export function overwritten(rows: readonly Row[], fields: readonly string[]): number {
  return rows.length - new Set(rows.map((row) => canonicalJson(valuesOf(row, fields)))).size;
}

const valuesOf = (row: Row, fields: readonly string[]): Json => fields.map((field) => row[field] ?? '');

function one(group: readonly Row[]): Row {
  const [latest] = [...group].sort(
    (a, b) => numberOf(b.lastTime) - numberOf(a.lastTime) || (canonicalJson(a) < canonicalJson(b) ? 1 : -1),
  ) as [Row];
  const earliest = group.reduce((least, { firstTime }) => (typeof firstTime === 'number' ? Math.min(least, firstTime) : least), Infinity);
  const counts = SUMS.filter((field) => group.some((row) => typeof row[field] === 'number'));
  return {
    ...latest,
    ...Object.fromEntries(counts.map((field) => [field, group.reduce((sum, row) => sum + numberOf(row[field]), 0)])),
    ...(earliest === Infinity ? {} : { firstTime: earliest }),
  };
}

const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);
