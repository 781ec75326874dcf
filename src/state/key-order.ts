import type { WaitingBatch, WaitingRow } from './waiting-rows.ts';

/** Beyond any number, so that it and the first four bytes of a key fit into the whole numbers of a double. */
const NUMBERS = 2 ** 20;

/**
 * The numbers of keys, about in the order of the keys, which are hashes: near enough for neighbours to be on one page of the
 * store, and ten times as fast as comparing whole keys. Keys that begin alike stay in the order that they have; few do.
 *
 * @param beginningOf the first four bytes of a key, as a number.
 */
export function inKeyOrder(numbers: Uint32Array, beginningOf: (number: number) => number): Uint32Array {
  if (numbers.length > NUMBERS) return numbers;
  const places = new Float64Array(numbers.length);
  for (let at = 0; at < numbers.length; at += 1) places[at] = beginningOf(numbers[at] as number) * NUMBERS + at;
  places.sort();
  const ordered = new Uint32Array(numbers.length);
  for (let at = 0; at < places.length; at += 1) ordered[at] = numbers[(places[at] as number) % NUMBERS] as number;
  return ordered;
}

/** Keys of one length in one buffer, because a buffer for each takes four times as much. */
export class KeyList {
  readonly #most: number;
  #bytes = Buffer.alloc(0);
  #length = 0;
  #count = 0;
  #order: Uint32Array = new Uint32Array(0);

  /** @param most how many keys there may be. */
  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  push(key: Buffer): void {
    if (this.#count === 0) {
      this.#length = key.length;
      this.#bytes = Buffer.allocUnsafeSlow(this.#most * key.length);
    }
    key.copy(this.#bytes, this.#count * this.#length);
    this.#count += 1;
  }

  /** Orders them by {@link inKeyOrder}; there must not be more of them afterwards. */
  order(): void {
    this.#order = inKeyOrder(
      Uint32Array.from({ length: this.#count }, (_, n) => n),
      (n) => this.#bytes.readUInt32BE(n * this.#length),
    );
  }

  /** From the `from`th on at most so many, in their order. */
  *slice(from: number, most: number): Generator<Buffer, void, void> {
    for (const n of this.#order.subarray(from, from + most)) yield this.#view(n);
  }

  #view(n: number): Buffer {
    return this.#bytes.subarray(n * this.#length, (n + 1) * this.#length);
  }
}

/** Writes the row, and adds its key in the table of scopes if it has one. */
type WriteRow = (row: WaitingRow, scopeKeys: KeyList) => unknown;

/**
 * Transactions of at most `most` rows that write the batch, each to be run before the next one is asked for. Each takes one range
 * of keys, so that a page of the store is changed by one of them instead of by each. What the scopes hold comes behind all rows,
 * for the same reason.
 */
export function* writtenByKey(
  batch: WaitingBatch,
  most: number,
  write: WriteRow,
  addToScope: (key: Buffer) => void,
): Generator<() => void, void, void> {
  const scopeKeys = new KeyList(batch.count);
  for (let from = 0; from < batch.count; from += most) yield () => writeRows(batch, from, most, write, scopeKeys);
  scopeKeys.order();
  for (let from = 0; from < scopeKeys.count; from += most) yield () => addKeys(scopeKeys, from, most, addToScope);
}

// Of the module, because closures that are made for each write are compiled for each write.
function writeRows(batch: WaitingBatch, from: number, most: number, write: WriteRow, scopeKeys: KeyList): void {
  for (const row of batch.rows(from, most)) write(row, scopeKeys);
}

function addKeys(keys: KeyList, from: number, most: number, add: (key: Buffer) => void): void {
  for (const key of keys.slice(from, most)) add(key);
}
