import type { WaitingRow } from './waiting-rows.ts';

/** Bytes of a key that are looked at. Keys are hashes, so few share them. */
const LOOKED_AT = 4;
/** Beyond the index of any item, so that both fit into the whole numbers of a double. */
const INDEXES = 2 ** 20;

/**
 * The items about in the order of their keys, which are hashes: near enough for neighbours to be on one page of the store, and
 * ten times as fast as comparing whole keys. Items whose keys begin alike stay in the order that they have.
 */
export function inKeyOrder<T>(items: readonly T[], keyOf: (item: T) => Buffer): readonly T[] {
  if (items.length > INDEXES) return items;
  const places = new Float64Array(items.length);
  for (const [at, item] of items.entries()) places[at] = keyOf(item).readUIntBE(0, LOOKED_AT) * INDEXES + at;
  const ordered: T[] = [];
  for (const place of places.sort()) ordered.push(items[place % INDEXES] as T);
  return ordered;
}

/** Writes the row, and adds its key in the table of scopes if it has one. */
type WriteRow = (row: WaitingRow, scopeKeys: Buffer[]) => unknown;

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
  const scopeKeys: Buffer[] = [];
  let orderedScopes: readonly Buffer[] = [];
  const starts = Array.from({ length: Math.ceil(rows.length / most) }, (_, n) => n * most);
  return [
    ...starts.map((from) => () => writeRows(ordered, from, most, write, scopeKeys)),
    ...starts.map((from) => () => {
      if (from === 0) orderedScopes = inKeyOrder(scopeKeys, itself);
      addKeys(orderedScopes, from, most, addToScope);
    }),
  ];
}

const keyOfRow = ({ keyHash }: WaitingRow): Buffer => keyHash;
const itself = (key: Buffer): Buffer => key;

// Of the module, because closures that are made for each write are compiled for each write.
function writeRows(rows: readonly WaitingRow[], from: number, most: number, write: WriteRow, scopeKeys: Buffer[]): void {
  for (const row of rows.slice(from, from + most)) write(row, scopeKeys);
}

function addKeys(keys: readonly Buffer[], from: number, most: number, add: (key: Buffer) => void): void {
  for (const key of keys.slice(from, from + most)) add(key);
}
