import { createHash } from 'node:crypto';
import type { Json, Row } from '../../src/core/types.ts';
import { canonicalJson } from '../../src/core/json/canonical.ts';

/** What tells rows of one event table apart, in the vendor's names. */
export interface Identity {
  /** Fields that are key columns of their own. */
  readonly identifying: readonly string[];
  /**
   * Stable fields that share the column `dimension_hash`. Counts and times that grow while a bucket fills are not
   * among them, nor is what may be filled in later. Chosen one by one: a field the vendor adds must not change keys.
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

/** The fields that are there; nothing and an object without members are the same. */
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
 * One row per identity. The vendor splits by more than the key holds: counts are summed, the span of time spans all,
 * everything else is that of the row whose activity is the latest, in whatever order they came.
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

/** How many of the rows do not stay when these fields are the key. */
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
