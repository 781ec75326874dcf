import type { Row } from '../core/types.ts';

/**
 * The tables started together, and the parents' rows they share: however many children ask, a parent is
 * read once, and when it is itself being synced in this cycle, not even that.
 */
export interface Cycle {
  /** The rows of a parent; waits for its own run when that is part of the cycle. */
  parents(table: string, signal: AbortSignal): Promise<readonly Row[]>;
  /** Announces that a table's own run will deliver its rows by {@link Cycle.deliver}. */
  expect(table: string): void;
  /** Rows of a complete listing, or undefined when the run could not get one. */
  deliver(table: string, rows: readonly Row[] | undefined): void;
}

export type ParentReader = (table: string, signal: AbortSignal) => Promise<readonly Row[]>;

export function createCycle(read: ParentReader): Cycle {
  const expected = new Map<string, { promise: Promise<readonly Row[] | undefined>; resolve: (rows: readonly Row[] | undefined) => void }>();
  const reads = new Map<string, Promise<readonly Row[]>>();
  return {
    async parents(table, signal) {
      const delivered = await expected.get(table)?.promise;
      if (delivered) return delivered;
      let reading = reads.get(table);
      if (!reading) {
        reading = read(table, signal);
        reads.set(table, reading);
        // A failed read is asked for again by the next child: the failure may have been that child's own stop.
        reading.catch(() => reads.delete(table));
      }
      return reading;
    },
    expect(table) {
      let resolve: (rows: readonly Row[] | undefined) => void = () => undefined;
      const promise = new Promise<readonly Row[] | undefined>((done) => (resolve = done));
      expected.set(table, { promise, resolve });
    },
    deliver(table, rows) {
      expected.get(table)?.resolve(rows);
    },
  };
}
