import { HASH_BYTES, SCOPE_BYTES } from '../record/codec.ts';

/** What the live index keeps of one row: row hash, serial of the last scan that saw it, scope hash, key. */
export interface StoredEntry {
  readonly rowHash: Buffer;
  readonly lastSeen: number;
  readonly scopeHash: Buffer;
  readonly keyBody: Buffer;
}

const SEEN_AT = HASH_BYTES;
const SCOPE_AT = SEEN_AT + 4;
const KEY_AT = SCOPE_AT + SCOPE_BYTES;

export function packEntry(entry: StoredEntry): Buffer {
  const bytes = Buffer.allocUnsafe(KEY_AT + entry.keyBody.length);
  entry.rowHash.copy(bytes, 0, 0, HASH_BYTES);
  bytes.writeUInt32LE(entry.lastSeen, SEEN_AT);
  entry.scopeHash.copy(bytes, SCOPE_AT, 0, SCOPE_BYTES);
  entry.keyBody.copy(bytes, KEY_AT);
  return bytes;
}

/** Views into the bytes, not copies. */
export function unpackEntry(bytes: Buffer): StoredEntry {
  return {
    rowHash: bytes.subarray(0, HASH_BYTES),
    lastSeen: bytes.readUInt32LE(SEEN_AT),
    scopeHash: bytes.subarray(SCOPE_AT, KEY_AT),
    keyBody: bytes.subarray(KEY_AT),
  };
}

export const lastSeenOf = (bytes: Buffer): number => bytes.readUInt32LE(SEEN_AT);
export const rowHashOf = (bytes: Buffer): Buffer => Buffer.from(bytes.subarray(0, HASH_BYTES));
export const scopeHashOf = (bytes: Buffer): Buffer => Buffer.from(bytes.subarray(SCOPE_AT, KEY_AT));

/** A copy of the entry with another serial. */
export function withLastSeen(bytes: Buffer, lastSeen: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(lastSeen, SEEN_AT);
  return copy;
}
