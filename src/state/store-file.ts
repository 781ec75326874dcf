import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

// Layout of the two meta pages at the start of every LMDB file, as the pinned lmdb release writes it.
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;
const META_BYTES = 168;

/**
 * Why the file cannot be a complete LMDB store; undefined when it can, or when there is none. Check this before opening:
 * LMDB maps the file, and a truncated one crashes the process with a bus error instead of an exception.
 */
export function storeFault(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const first = readMeta(handle, 0);
    if (first === undefined) return 'the file is not a store';
    const second = readMeta(handle, first.pageSize);
    if (second === undefined || second.pageSize !== first.pageSize) return 'the file is not a complete store';
    const pages = (first.lastPage > second.lastPage ? first.lastPage : second.lastPage) + 1n;
    return BigInt(size) < pages * BigInt(first.pageSize) ? 'the file is truncated' : undefined;
  } finally {
    closeSync(handle);
  }
}

function readMeta(handle: number, at: number): { pageSize: number; lastPage: bigint } | undefined {
  const bytes = Buffer.alloc(META_BYTES);
  if (readSync(handle, bytes, 0, META_BYTES, at) < META_BYTES || bytes.readUInt32LE(MAGIC_AT) !== MAGIC) return undefined;
  const pageSize = bytes.readUInt32LE(PAGE_SIZE_AT);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  return { pageSize, lastPage: bytes.readBigUInt64LE(LAST_PAGE_AT) };
}
