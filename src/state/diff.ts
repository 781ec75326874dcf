import type { Row } from '../core/types.ts';
import type { CompiledRow } from '../record/row.ts';

/** One row to publish: what was read differs from what the topic holds. */
export interface RowChange {
  readonly op: 'upsert' | 'delete';
  readonly row: CompiledRow;
  /** True when the topic does not hold the key. */
  readonly fresh: boolean;
}

export interface BatchDiff {
  /** Adds the next rows of the batch, in the order in which they were read. */
  add(rows: Iterable<CompiledRow>): void;
  /** At most one change per key: the last state in the batch compared with the topic. */
  changes(): readonly RowChange[];
  /** Key hashes of the rows that the topic already holds with the same content. */
  unchanged(): Buffer[];
  /** Number of rows whose key had already occurred in the batch. */
  duplicates(): number;
  /** Total bytes of keys and values of the changes. */
  bytes(): number;
}

interface Outcome {
  readonly op: RowChange['op'] | 'none';
  readonly row: CompiledRow;
  readonly fresh: boolean;
}

/**
 * Compares the rows of one batch with what the topic holds. `committedHash` returns the row hash of a live key, otherwise
 * undefined. Of several rows with one key, the last one counts, or the one that `newer` prefers; on a tie, the later one.
 * The topic's row never wins over a row just read: the vendor's current answer is the truth.
 */
export function diffBatch(committedHash: (keyHash: Buffer) => Buffer | undefined, newer?: (a: Row, b: Row) => number): BatchDiff {
  const outcomes = new Map<string, Outcome>();
  let duplicates = 0;
  let bytes = 0;
  let changes: readonly RowChange[] | undefined;

  const sizeOf = ({ op, row }: Outcome): number => (op === 'none' ? 0 : row.keyBody.length + (op === 'upsert' ? row.body.length : 0));

  return {
    add(rows) {
      for (const row of rows) {
        const key = row.keyHash.toString('latin1');
        const earlier = outcomes.get(key);
        if (earlier !== undefined) {
          duplicates += 1;
          if (prefers(earlier.row, row, newer)) continue;
          bytes -= sizeOf(earlier);
        }
        const held = committedHash(row.keyHash);
        const outcome = { op: judge(row, held), row, fresh: held === undefined };
        outcomes.set(key, outcome);
        changes = undefined;
        bytes += sizeOf(outcome);
      }
    },
    changes: () => (changes ??= [...outcomes.values()].filter((outcome): outcome is RowChange => outcome.op !== 'none')),
    unchanged: () => [...outcomes.values()].filter(({ op, row }) => op === 'none' && !row.deleted).map(({ row }) => row.keyHash),
    duplicates: () => duplicates,
    bytes: () => bytes,
  };
}

function judge(row: CompiledRow, committedHash: Buffer | undefined): Outcome['op'] {
  if (row.deleted) return committedHash === undefined ? 'none' : 'delete';
  return committedHash?.equals(row.rowHash) ? 'none' : 'upsert';
}

function prefers(earlier: CompiledRow, later: CompiledRow, newer: ((a: Row, b: Row) => number) | undefined): boolean {
  return newer !== undefined && earlier.shaped !== undefined && later.shaped !== undefined && newer(earlier.shaped, later.shaped) > 0;
}
