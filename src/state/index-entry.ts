import { crc32 } from 'node:zlib';
import { HASH_BYTES, SCOPE_BYTES } from '../record/codec.ts';

/** What the live index stores for one row: row hash, serial number of the last scan that saw it, scope hash, key. */
export interface StoredEntry {
  readonly rowHash: Buffer;
  readonly lastSeen: number;
  readonly scopeHash: Buffer;
  readonly keyBody: Buffer;
}

const SUM_BYTES = 4;
const ROW_AT = SUM_BYTES;
const SEEN_AT = ROW_AT + HASH_BYTES;
const SCOPE_AT = SEEN_AT + 4;
const KEY_AT = SCOPE_AT + SCOPE_BYTES;

const sumOf = (keyHash: Buffer, bytes: Buffer): number => crc32(bytes.subarray(SUM_BYTES), crc32(keyHash));

export function packEntry(keyHash: Buffer, entry: StoredEntry): Buffer {
  const bytes = Buffer.allocUnsafe(KEY_AT + entry.keyBody.length);
  bytes.set(entry.rowHash, ROW_AT);
  bytes.writeUInt32LE(entry.lastSeen, SEEN_AT);
  bytes.set(entry.scopeHash, SCOPE_AT);
  bytes.set(entry.keyBody, KEY_AT);
  bytes.writeUInt32LE(sumOf(keyHash, bytes), 0);
  return bytes;
}

/**
 * Returns views into `bytes`, not copies.
 * @throws when the bytes are damaged or were packed under another key.
 */
export function unpackEntry(keyHash: Buffer, bytes: Buffer): StoredEntry {
  if (keyHash.length !== HASH_BYTES || bytes.length < KEY_AT || bytes.readUInt32LE(0) !== sumOf(keyHash, bytes)) {
    throw new Error('an entry of the index is damaged');
  }
  return {
    rowHash: bytes.subarray(ROW_AT, SEEN_AT),
    lastSeen: bytes.readUInt32LE(SEEN_AT),
    scopeHash: bytes.subarray(SCOPE_AT, KEY_AT),
    keyBody: bytes.subarray(KEY_AT),
  };
}

export const lastSeenOf = (bytes: Buffer): number => bytes.readUInt32LE(SEEN_AT);
export const rowHashOf = (bytes: Buffer): Buffer => Buffer.from(bytes.subarray(ROW_AT, SEEN_AT));
export const scopeHashOf = (bytes: Buffer): Buffer => Buffer.from(bytes.subarray(SCOPE_AT, KEY_AT));

/** A copy of the entry with another scan serial. */
export function withLastSeen(keyHash: Buffer, bytes: Buffer, lastSeen: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(lastSeen, SEEN_AT);
  copy.writeUInt32LE(sumOf(keyHash, copy), 0);
  return copy;
}

/** Zeros stand for a row without scope. */
export const hasScope = (bytes: Buffer): boolean => bytes.readUInt32LE(SCOPE_AT) !== 0 || bytes.readUInt32LE(SCOPE_AT + 4) !== 0;

/** The row's key in the table of scopes: scope hash, then key hash. */
export function scopeKeyOf(keyHash: Buffer, bytes: Buffer): Buffer {
  const key = Buffer.allocUnsafe(SCOPE_BYTES + keyHash.length);
  bytes.copy(key, 0, SCOPE_AT, KEY_AT);
  keyHash.copy(key, SCOPE_BYTES);
  return key;
}
