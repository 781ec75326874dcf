import { randomInt } from 'node:crypto';
import { HASH_BYTES } from '../record/codec.ts';
import { inKeyOrder } from './key-order.ts';

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
const ROOM = waitingRoom(16 * 1024 * 1024);

/** Most rows of one index. */
const MOST_ROWS = 96_000;

/** Rows that wait, as they were at one moment; each has another key. */
export interface WaitingBatch {
  readonly count: number;
  /** From the `from`th on at most so many, about in the order of their keys, without those that were replaced. Their bytes are views. */
  rows(from: number, most: number): Iterable<WaitingRow>;
  /** Forgets them, except what has replaced them since. */
  written(): void;
}

/**
 * Rows that an index keeps in memory, because each transaction rewrites every page that it changes and then waits for
 * the disk. The keys are spread over all pages, so a few large transactions write far less than many small ones.
 */
export interface WaitingRows {
  /** Number of keys that wait. */
  count(): number;
  /** A waiting row, packed; null when its key is deleted, undefined when it does not wait. */
  packed(keyHash: Buffer): Buffer | null | undefined;
  /** Adds a row, which replaces the one that waits with the same key. */
  add(row: WaitingRow): void;
  /** Whether they have to be written now: there are many, or all indexes together have many. */
  isFull(): boolean;
  batch(): WaitingBatch;
  /** Forgets all. */
  clear(): void;
}

export function waitingRows(room: WaitingRoom = ROOM): WaitingRows {
  let rows = new PackedRows();
  const replace = (next: PackedRows): void => {
    room.taken += next.taken - rows.taken;
    rows = next;
  };
  return {
    count: () => rows.count,
    packed: (keyHash) => rows.find(keyHash)?.packed,
    add(row) {
      const before = rows.taken;
      rows.add(row);
      room.taken += rows.taken - before;
    },
    isFull: () => rows.count >= MOST_ROWS || (rows.count > 0 && room.taken > room.most),
    batch() {
      const given = rows;
      const numbers = given.inKeyOrder();
      const end = given.end;
      return {
        count: numbers.length,
        *rows(from, most) {
          for (const number of numbers.subarray(from, from + most)) {
            const row = given.row(number);
            if (row !== undefined) yield row;
          }
        },
        written() {
          // Otherwise they are gone already.
          if (rows === given) replace(given.from(end));
        },
      };
    },
    clear: () => replace(new PackedRows()),
  };
}

const FIRST_CHUNK = 4 * 1024;
const CHUNK_BITS = 18;
const CHUNK = 2 ** CHUNK_BITS;
/** Before each row: twice the length of its packed form, and one more if it is fresh. */
const HEADER = 4;
/** Bytes of a row in memory besides itself: its place, and its part of the table of keys. */
const ROW_OVERHEAD = 16;
/** Odd. Nobody outside of this process knows which keys have neighbouring slots, so nobody can make many that do. */
const SEED = randomInt(2 ** 31) * 2 + 1;
/** The place of a row that another one has replaced. */
const REPLACED = 2 ** 32 - 1;

/**
 * Rows in a few large buffers: a hundred thousand objects that are kept for seconds are copied, marked and swept by the collector
 * again and again.
 */
class PackedRows {
  /** Number of keys. */
  count = 0;
  /** One more than the number of the last row. */
  end = 0;
  /** Bytes in memory, about. */
  taken = 0;
  readonly #chunks: Buffer[] = [];
  /** Bytes used of the last chunk. */
  #used = 0;
  /** Where each row is: the number of its chunk times {@link CHUNK}, and where it begins there. */
  #places = new Uint32Array(16);
  /** Open addressing with linear probing: one more than the number of each key's row, at a slot that its hash tells. */
  #slots = new Uint32Array(32);

  add({ keyHash, packed, fresh }: WaitingRow): void {
    if (this.end === this.#places.length) this.#grow();
    const slot = this.#slotOf(keyHash);
    const earlier = this.#slots[slot] as number;
    if (earlier === 0) this.count += 1;
    else this.#places[earlier - 1] = REPLACED;
    const bytesOfRow = packed?.length ?? 0;
    this.#places[this.end] = this.#take(HEADER + HASH_BYTES + bytesOfRow);
    const chunk = this.#chunkOf(this.end);
    const at = this.#keyAt(this.end);
    // The store may hold the earlier row by now.
    chunk.writeUInt32LE(2 * bytesOfRow + (fresh && earlier === 0 ? 1 : 0), at - HEADER);
    chunk.set(keyHash, at);
    if (packed !== null) chunk.set(packed, at + HASH_BYTES);
    this.end += 1;
    this.#slots[slot] = this.end;
    this.taken += HEADER + HASH_BYTES + bytesOfRow + ROW_OVERHEAD;
  }

  find(keyHash: Buffer): WaitingRow | undefined {
    if (this.count === 0) return undefined;
    const found = this.#slots[this.#slotOf(keyHash)] as number;
    return found === 0 ? undefined : this.row(found - 1);
  }

  /** The row with this number, unless it has been replaced. */
  row(number: number): WaitingRow | undefined {
    if (this.#places[number] === REPLACED) return undefined;
    const chunk = this.#chunkOf(number);
    const at = this.#keyAt(number);
    const header = chunk.readUInt32LE(at - HEADER);
    const start = at + HASH_BYTES;
    return {
      keyHash: chunk.subarray(at, start),
      // No packed form is empty.
      packed: header < 2 ? null : chunk.subarray(start, start + (header >>> 1)),
      fresh: header % 2 === 1,
    };
  }

  /** The numbers of all rows that have not been replaced, about in the order of their keys. */
  inKeyOrder(): Uint32Array {
    const numbers = new Uint32Array(this.count);
    let at = 0;
    for (let number = 0; number < this.end; number += 1) {
      if (this.#places[number] === REPLACED) continue;
      numbers[at] = number;
      at += 1;
    }
    return inKeyOrder(numbers, (number) => this.#chunkOf(number).readUInt32BE(this.#keyAt(number)));
  }

  /** The rows from this number on. */
  from(number: number): PackedRows {
    const rest = new PackedRows();
    for (let at = number; at < this.end; at += 1) {
      const row = this.row(at);
      if (row !== undefined) rest.add(row);
    }
    return rest;
  }

  #chunkOf(number: number): Buffer {
    return this.#chunks[(this.#places[number] as number) >>> CHUNK_BITS] as Buffer;
  }

  #keyAt(number: number): number {
    return ((this.#places[number] as number) % CHUNK) + HEADER;
  }

  /** The slot that holds this key's row, or the one where it belongs. */
  #slotOf(keyHash: Buffer): number {
    const mask = this.#slots.length - 1;
    // As many upper bits of the product as number the slots: they depend on all bits of the factor.
    const first = Math.imul(keyHash.readUInt32LE(0), SEED) >>> Math.clz32(mask);
    for (let slot = first; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot] as number;
      if (found === 0) return slot;
      const at = this.#keyAt(found - 1);
      if (this.#chunkOf(found - 1).compare(keyHash, 0, HASH_BYTES, at, at + HASH_BYTES) === 0) return slot;
    }
  }

  /** Where so many bytes are free. */
  #take(length: number): number {
    if (this.#used + length > (this.#chunks.at(-1)?.length ?? 0)) {
      const next = Math.min(CHUNK, FIRST_CHUNK * 2 ** this.#chunks.length);
      this.#chunks.push(Buffer.allocUnsafeSlow(Math.max(next, length)));
      this.#used = 0;
    }
    const place = (this.#chunks.length - 1) * CHUNK + this.#used;
    this.#used += length;
    return place;
  }

  #grow(): void {
    const places = new Uint32Array(this.#places.length * 2);
    places.set(this.#places);
    this.#places = places;
    this.#slots = new Uint32Array(places.length * 2);
    for (let number = 0; number < this.end; number += 1) {
      if (places[number] === REPLACED) continue;
      const at = this.#keyAt(number);
      this.#slots[this.#slotOf(this.#chunkOf(number).subarray(at, at + HASH_BYTES))] = number + 1;
    }
  }
}
