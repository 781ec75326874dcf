import { closeSync, existsSync, openSync, readSync } from 'node:fs';

// Layout of the two meta pages at the start of every LMDB file, as the pinned lmdb release writes it.
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_SIZE_AT = 48;
const META_BYTES = 168;

/**
 * Why the file is no LMDB store; undefined when it can be one, or when there is none. Tells nothing of how long the file has to be:
 * LMDB does not write pages that a transaction took at the end of the file and gave back, so a whole store may be shorter than
 * the number of its last page says.
 */
export function storeFault(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const handle = openSync(file, 'r');
  try {
    const pageSize = pageSizeOf(handle, 0);
    if (pageSize === undefined) return 'the file is not a store';
    return pageSizeOf(handle, pageSize) === pageSize ? undefined : 'the file is not a complete store';
  } finally {
    closeSync(handle);
  }
}

/** As the meta page at this place tells; undefined when there is none. */
function pageSizeOf(handle: number, at: number): number | undefined {
  const bytes = Buffer.alloc(META_BYTES);
  if (readSync(handle, bytes, 0, META_BYTES, at) < META_BYTES || bytes.readUInt32LE(MAGIC_AT) !== MAGIC) return undefined;
  const pageSize = bytes.readUInt32LE(PAGE_SIZE_AT);
  return pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0 ? undefined : pageSize;
}
