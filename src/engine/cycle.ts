import type { Row } from '../core/types.ts';

/**
 * The tables started together. They share the rows of parent tables: a parent is read once however many children
 * need it, and not at all when its own run is part of the cycle.
 */
export interface Cycle {
  /** The rows of a parent table; waits for the parent's run when that is part of the cycle. */
  parents(table: string, signal: AbortSignal): Promise<readonly Row[]>;
  /** Announces that the table's own run will deliver its rows by {@link Cycle.deliver}. */
  expect(table: string): void;
  /** Delivers the rows of a complete listing; undefined when the run did not get one. */
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
        // A failed read is repeated for the next child: it may have failed only because the first child was stopped.
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
