import type { WaitingRow } from './waiting-rows.ts';

/** Beyond the index of any item, so that it and the first four bytes of a key fit into the whole numbers of a double. */
const INDEXES = 2 ** 20;

/**
 * The items about in the order of their keys, which are hashes: near enough for neighbours to be on one page of the store, and
 * ten times as fast as comparing whole keys. Items whose keys begin alike stay in the order that they have; few do.
 */
export function inKeyOrder<T>(items: readonly T[], keyOf: (item: T) => Buffer): readonly T[] {
  if (items.length > INDEXES) return items;
  const places = new Float64Array(items.length);
  for (let at = 0; at < items.length; at += 1) places[at] = keyOf(items[at] as T).readUInt32BE(0) * INDEXES + at;
  const ordered: T[] = [];
  for (const place of places.sort()) ordered.push(items[place % INDEXES] as T);
  return ordered;
}

/** Keys of one length in one buffer, because a buffer for each takes four times as much. */
export class KeyList {
  readonly #most: number;
  #bytes = Buffer.alloc(0);
  #length = 0;
  #count = 0;
  #order: readonly number[] = [];

  /** @param most how many keys there may be. */
  constructor(most: number) {
    this.#most = most;
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
      Array.from({ length: this.#count }, (_, n) => n),
      (n) => this.#view(n),
    );
  }

  /** From the `from`th on at most so many, in their order. */
  *slice(from: number, most: number): Generator<Buffer, void, void> {
    for (const n of this.#order.slice(from, from + most)) yield this.#view(n);
  }

  #view(n: number): Buffer {
    return this.#bytes.subarray(n * this.#length, (n + 1) * this.#length);
  }
}

/** Writes the row, and adds its key in the table of scopes if it has one. */
type WriteRow = (row: WaitingRow, scopeKeys: KeyList) => unknown;

/**
 * Transactions of at most `most` rows that write all of the rows, each of which has another key. Each takes one range of keys,
 * so that a page of the store is changed by one of them instead of by each. What the scopes hold comes behind all rows, for the
 * same reason.
 */
export function writtenByKey(
  rows: readonly WaitingRow[],
  most: number,
  write: WriteRow,
  addToScope: (key: Buffer) => void,
): (() => void)[] {
  const ordered = inKeyOrder(rows, keyOfRow);
  const scopeKeys = new KeyList(rows.length);
  const starts = Array.from({ length: Math.ceil(rows.length / most) }, (_, n) => n * most);
  return [
    ...starts.map((from) => () => writeRows(ordered, from, most, write, scopeKeys)),
    ...starts.map((from) => () => {
      if (from === 0) scopeKeys.order();
      addKeys(scopeKeys, from, most, addToScope);
    }),
  ];
}

const keyOfRow = ({ keyHash }: WaitingRow): Buffer => keyHash;

// Of the module, because closures that are made for each write are compiled for each write.
function writeRows(rows: readonly WaitingRow[], from: number, most: number, write: WriteRow, scopeKeys: KeyList): void {
  for (const row of rows.slice(from, from + most)) write(row, scopeKeys);
}

function addKeys(keys: KeyList, from: number, most: number, add: (key: Buffer) => void): void {
  for (const key of keys.slice(from, most)) add(key);
}
