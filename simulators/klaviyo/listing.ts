import type { Position } from './cursor.ts';

/** Rows in an order by key and, for equal keys, by row number. */
export interface Ordering {
  readonly length: number;
  at(position: number): number;
  keyOf(row: number): number | string;
  /** First position after the pair, or with `orEqual` at it. */
  after(key: number | string, row: number, orEqual?: boolean): number;
}

/** Row numbers in ascending order, which is the order of ids. */
export function byNumber(length: number, keyOf: (row: number) => number | string): Ordering {
  return { length, at: (position) => position, keyOf, after: (_key, row, orEqual = false) => Math.max(0, orEqual ? row : row + 1) };
}

/** For sort orders that are rarely paged: sorted again for each request. */
export function bySortedKeys(rows: number[], keyOf: (row: number) => number | string): Ordering {
  const compare = (a: number | string, b: number | string, rowA: number, rowB: number): number => (a < b ? -1 : a > b ? 1 : rowA - rowB);
  rows.sort((a, b) => compare(keyOf(a), keyOf(b), a, b));
  return {
    length: rows.length,
    at: (position) => rows[position] as number,
    keyOf,
    after(key, row, orEqual = false) {
      const found = rows.findIndex((candidate) => {
        const order = compare(keyOf(candidate), key, candidate, row);
        return orEqual ? order >= 0 : order > 0;
      });
      return found < 0 ? rows.length : found;
    },
  };
}

export interface NextRowsRequest {
  ordering: Ordering;
  descending: boolean;
  size: number;
  /** The row after which to continue; undefined for the start. */
  from: Position | undefined;
  /** Positions outside this range cannot match and are skipped. */
  low?: number;
  high?: number;
  accepts(row: number): boolean;
}

/** The next rows of a listing and whether more follow. Rows whose key changed meanwhile are found at their current position. */
export function nextRows({ ordering, descending, size, from, low = 0, high = ordering.length, accepts }: NextRowsRequest): {
  rows: number[];
  more: boolean;
} {
  const rows: number[] = [];
  if (descending) {
    const start = from ? Math.min(high, ordering.after(from.key, from.row, true)) : high;
    for (let i = start - 1; i >= low; i--) {
      const row = ordering.at(i);
      if (!accepts(row)) continue;
      if (rows.length === size) return { rows, more: true };
      rows.push(row);
    }
    return { rows, more: false };
  }
  const start = from ? Math.max(low, ordering.after(from.key, from.row)) : low;
  for (let i = start; i < high; i++) {
    const row = ordering.at(i);
    if (!accepts(row)) continue;
    if (rows.length === size) return { rows, more: true };
    rows.push(row);
  }
  return { rows, more: false };
}
