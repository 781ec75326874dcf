import { crc32 } from 'node:zlib';
import { PRINT_BYTES, type RowPrint } from '../core/known-row.ts';
import { HASH_BYTES, SCOPE_BYTES } from '../record/codec.ts';

/** What the live index stores for one row: row hash, serial number of the last scan that saw it, scope hash, print if there is one, key. */
export interface StoredEntry {
  readonly rowHash: Buffer;
  readonly lastSeen: number;
  readonly scopeHash: Buffer;
  readonly print?: RowPrint | undefined;
  readonly keyBody: Buffer;
}

const SUM_BYTES = 4;
const ROW_AT = SUM_BYTES;
const SEEN_AT = ROW_AT + HASH_BYTES;
const SCOPE_AT = SEEN_AT + 4;
/*
 * A print takes 20 bytes: both of its hashes combined by XOR, which finds equal prints as surely as a hash of 16 bytes does, and
 * the beginning of the second one, which tells when all prints have to be made anew.
 */
/** 1 when a print follows, otherwise 0. */
const HAS_PRINT_AT = SCOPE_AT + SCOPE_BYTES;
const PRINT_AT = HAS_PRINT_AT + 1;
const SHAPED_AT = PRINT_AT + PRINT_BYTES;
const SHAPED_BYTES = 4;
const PRINT_END = SHAPED_AT + SHAPED_BYTES;

const keyAt = (bytes: Buffer): number => (bytes[HAS_PRINT_AT] === 1 ? PRINT_END : PRINT_AT);

const sumOf = (keyHash: Buffer, bytes: Buffer): number => crc32(bytes.subarray(SUM_BYTES), crc32(keyHash));

export function packEntry(keyHash: Buffer, entry: Omit<StoredEntry, 'lastSeen'>, lastSeen: number): Buffer {
  // Each look at a row may make a view.
  const { rowHash, scopeHash, keyBody, print } = entry;
  const at = print === undefined ? PRINT_AT : PRINT_END;
  const bytes = Buffer.allocUnsafe(at + keyBody.length);
  bytes.set(rowHash, ROW_AT);
  bytes.writeUInt32LE(lastSeen, SEEN_AT);
  bytes.set(scopeHash, SCOPE_AT);
  bytes[HAS_PRINT_AT] = print === undefined ? 0 : 1;
  if (print !== undefined) {
    for (let i = 0; i < PRINT_BYTES; i += 1) bytes[PRINT_AT + i] = combined(print, i);
    print.shapedBy.copy(bytes, SHAPED_AT, 0, SHAPED_BYTES);
  }
  bytes.set(keyBody, at);
  bytes.writeUInt32LE(sumOf(keyHash, bytes), 0);
  return bytes;
}

/**
 * Returns views into `bytes`, not copies.
 * @throws when the bytes are damaged or were packed under another key.
 */
export function unpackEntry(keyHash: Buffer, bytes: Buffer): StoredEntry {
  if (
    keyHash.length !== HASH_BYTES ||
    bytes.length < PRINT_AT ||
    bytes.length < keyAt(bytes) ||
    bytes.readUInt32LE(0) !== sumOf(keyHash, bytes)
  ) {
    throw new Error('an entry of the index is damaged');
  }
  return {
    rowHash: bytes.subarray(ROW_AT, SEEN_AT),
    lastSeen: bytes.readUInt32LE(SEEN_AT),
    scopeHash: bytes.subarray(SCOPE_AT, HAS_PRINT_AT),
    keyBody: bytes.subarray(keyAt(bytes)),
  };
}

export const lastSeenOf = (bytes: Buffer): number => bytes.readUInt32LE(SEEN_AT);
export const rowHashOf = (bytes: Buffer): Buffer => Buffer.from(bytes.subarray(ROW_AT, SEEN_AT));
export const scopeHashOf = (bytes: Buffer): Buffer => Buffer.from(bytes.subarray(SCOPE_AT, HAS_PRINT_AT));

/** Whether the entry has this print. */
export const hasPrint = (bytes: Buffer, print: RowPrint): boolean => wasShapedBy(bytes, print.shapedBy) && sameHash(bytes, print);

/** Whether the entry has a print of a row that the same things shaped, whatever its text. */
export const wasShapedBy = (bytes: Buffer, shapedBy: Buffer): boolean =>
  bytes[HAS_PRINT_AT] === 1 && bytes.compare(shapedBy, 0, SHAPED_BYTES, SHAPED_AT, PRINT_END) === 0;

const combined = ({ text, shapedBy }: RowPrint, at: number): number => (text[at] as number) ^ (shapedBy[at] as number);

function sameHash(bytes: Buffer, print: RowPrint): boolean {
  for (let i = 0; i < PRINT_BYTES; i += 1) if (bytes[PRINT_AT + i] !== combined(print, i)) return false;
  return true;
}

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
  bytes.copy(key, 0, SCOPE_AT, HAS_PRINT_AT);
  keyHash.copy(key, SCOPE_BYTES);
  return key;
}
