import type { Row } from '../core/types.ts';
import type { CompiledRow } from '../record/row.ts';

/** One message-worthy difference between what was read and what the topic holds. */
export interface RowChange {
  readonly op: 'upsert' | 'delete';
  readonly row: CompiledRow;
  /** The topic does not hold the key. */
  readonly fresh: boolean;
}

export interface BatchDiff {
  /** Takes the next rows of the batch, in the order they were read. */
  add(rows: Iterable<CompiledRow>): void;
  /** At most one change per key: the batch's outcome against what the topic holds. */
  changes(): readonly RowChange[];
  /** Key hashes of the rows that the topic holds exactly so already. */
  unchanged(): Buffer[];
  /** Rows whose key had come before in the batch. */
  duplicates(): number;
  /** Bytes of keys and values among the changes. */
  bytes(): number;
}

interface Outcome {
  readonly op: RowChange['op'] | 'none';
  readonly row: CompiledRow;
  readonly fresh: boolean;
}

/**
 * Compares the rows of one batch with what the topic holds (`standing`: row hash by key hash, undefined for a key
 * that is not live). Of several rows with one key the last one counts, or the one that `newer` prefers; a tie goes to
 * the later. The topic's own row always gives way: the vendor's present answer is the truth.
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
