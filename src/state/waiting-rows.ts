import { HASH_BYTES } from '../record/codec.ts';
import { Slab } from '../record/slab.ts';

/** A change that the topic holds and the index's store does not yet. */
export interface WaitingRow {
  readonly keyHash: Buffer;
  /** Packed at once, so that the rest of the row can be collected. Null: the key is deleted. */
  readonly packed: Buffer | null;
  /** The store is known not to hold the key. */
  readonly fresh: boolean;
}

/** What the rows that wait for their index take, over all indexes that share it. */
export interface WaitingRoom {
  /** Bytes taken, about. */
  taken: number;
  /** An index that adds a row beyond this many bytes has to write its rows. */
  readonly most: number;
}

export const waitingRoom = (most: number): WaitingRoom => ({ taken: 0, most });

/** Of all indexes of this process. A worker may have hundreds of tables, and any number of them may be read at a time. */
const ROOM = waitingRoom(12 * 1024 * 1024);

/** Most rows of one index. A larger transaction saves little, and holds the event loop longer. */
const MOST_ROWS = 12_000;

/** Bytes of a row in memory besides its packed form: its key twice, an object, its place in the map. */
const ROW_OVERHEAD = 200;

/** Of all indexes: most have few rows or none that wait. */
const slab = new Slab(64 * 1024);

/** A waiting row that is a small object without views of its bytes, because thousands wait for long: see {@link Slab}. */
class SlabWaitingRow implements WaitingRow {
  readonly fresh: boolean;
  readonly #bytes: Buffer;
  readonly #at: number;
  /** Of key hash and packed form together. */
  readonly #end: number;

  constructor({ keyHash, packed, fresh }: WaitingRow) {
    const length = HASH_BYTES + (packed?.length ?? 0);
    this.fresh = fresh;
    this.#at = slab.take(length);
    this.#end = this.#at + length;
    this.#bytes = slab.bytes;
    keyHash.copy(this.#bytes, this.#at);
    packed?.copy(this.#bytes, this.#at + HASH_BYTES);
  }

  get keyHash(): Buffer {
    return this.#bytes.subarray(this.#at, this.#at + HASH_BYTES);
  }

  /** No packed form is empty. */
  get packed(): Buffer | null {
    const start = this.#at + HASH_BYTES;
    return start === this.#end ? null : this.#bytes.subarray(start, this.#end);
  }

  /** Bytes that it takes in memory, about. */
  get taken(): number {
    return ROW_OVERHEAD + this.#end - this.#at;
  }
}

/**
 * Rows that an index keeps in memory, because each transaction rewrites every page that it changes and then waits for
 * the disk. The keys are spread over all pages, so a few large transactions write far less than many small ones.
 */
export interface WaitingRows {
  count(): number;
  /** A waiting row, packed; null when its key is deleted, undefined when it does not wait. */
  packed(keyHash: Buffer): Buffer | null | undefined;
  add(row: WaitingRow): void;
  /** Whether they have to be written now: there are many, or all indexes together have many. */
  isFull(): boolean;
  /** The first ones, in order. */
  first(most: number): readonly WaitingRow[];
  /** Whether no key waits twice, so that the order of the rows does not matter. */
  holdsEachOnce(): boolean;
  /** Forgets the first ones, which are written. */
  written(count: number): void;
}

export function waitingRows(room: WaitingRoom = ROOM): WaitingRows {
  let rows: SlabWaitingRow[] = [];
  /** The last row of each key, by its hash. */
  const byKey = new Map<string, SlabWaitingRow>();
  return {
    count: () => rows.length,
    packed: (keyHash) => (rows.length === 0 ? undefined : byKey.get(keyHash.toString('latin1'))?.packed),
    add(given) {
      const row = new SlabWaitingRow(given);
      rows.push(row);
      byKey.set(given.keyHash.toString('latin1'), row);
      room.taken += row.taken;
    },
    isFull: () => rows.length >= MOST_ROWS || (rows.length > 0 && room.taken > room.most),
    first: (most) => (most >= rows.length ? rows : rows.slice(0, most)),
    holdsEachOnce: () => rows.length === byKey.size,
    written(count) {
      const gone = rows.slice(0, count);
      rows = rows.slice(count);
      for (const row of gone) room.taken -= row.taken;
      if (rows.length === 0) byKey.clear();
      else for (const row of gone) forget(row);
    },
  };

  /** A key that waits twice keeps its last row. */
  function forget(row: SlabWaitingRow): void {
    const key = row.keyHash.toString('latin1');
    if (byKey.get(key) === row) byKey.delete(key);
  }
}
