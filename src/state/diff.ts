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
  /** Whether a row with this key was added. */
  has(keyHash: Buffer): boolean;
  /** Adds a row that the topic holds as it is, with a key that was not added before. */
  addKnown(keyHash: Buffer): void;
  /** At most one change per key: the last state in the batch compared with the topic. */
  changes(): readonly RowChange[];
  /** Rows that were compared and are the same in the topic. */
  same(): CompiledRow[];
  /** Number of rows whose key had already occurred in the batch. */
  duplicates(): number;
  /** Total bytes of keys and values of the changes. */
  bytes(): number;
}

interface Outcome {
  readonly op: RowChange['op'] | 'none';
  /** Undefined: the row is known to be unchanged. */
  readonly row: CompiledRow | undefined;
  readonly fresh: boolean;
}

const KNOWN: Outcome = { op: 'none', row: undefined, fresh: false };

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

  const sizeOf = ({ op, row }: Outcome): number =>
    op === 'none' || row === undefined ? 0 : op === 'upsert' ? row.size : row.keyBody.length;

  return {
    add(rows) {
      for (const row of rows) {
        const { keyHash } = row;
        const key = keyHash.toString('latin1');
        const earlier = outcomes.get(key);
        if (earlier !== undefined) {
          duplicates += 1;
          if (earlier.row !== undefined && prefers(earlier.row, row, newer)) continue;
          bytes -= sizeOf(earlier);
        }
        const held = committedHash(keyHash);
        const outcome = { op: judge(row, held), row, fresh: held === undefined };
        outcomes.set(key, outcome);
        changes = undefined;
        bytes += sizeOf(outcome);
      }
    },
    has: (keyHash) => outcomes.has(keyHash.toString('latin1')),
    addKnown: (keyHash) => void outcomes.set(keyHash.toString('latin1'), KNOWN),
    changes: () => (changes ??= [...outcomes.values()].filter(isChange)),
    same: () => [...outcomes.values()].filter(isSame).map(rowOf),
    duplicates: () => duplicates,
    bytes: () => bytes,
  };
}

// Of the module, because closures that are made for each batch are compiled for each batch.
const isChange = (outcome: Outcome): outcome is RowChange => outcome.op !== 'none';
const isSame = (outcome: Outcome): outcome is Outcome & { row: CompiledRow } =>
  outcome.op === 'none' && outcome.row !== undefined && !outcome.row.deleted;
const rowOf = ({ row }: { readonly row: CompiledRow }): CompiledRow => row;

function judge(row: CompiledRow, committedHash: Buffer | undefined): Outcome['op'] {
  if (row.deleted) return committedHash === undefined ? 'none' : 'delete';
  return committedHash?.equals(row.rowHash) ? 'none' : 'upsert';
}

function prefers(earlier: CompiledRow, later: CompiledRow, newer: ((a: Row, b: Row) => number) | undefined): boolean {
  return newer !== undefined && earlier.shaped !== undefined && later.shaped !== undefined && newer(earlier.shaped, later.shaped) > 0;
}
