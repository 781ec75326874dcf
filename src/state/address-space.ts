import { readFileSync } from 'node:fs';

/**
 * Addresses that LMDB reserves for a store; memory is taken only for what is read. Where the file outgrows them, LMDB maps it
 * anew and keeps the old mapping (lmdb 3), whose pages count as the process's once more: from its own 128 KiB on, an index of
 * 67 MB took 157 MB.
 */
const RESERVED_BYTES = 16 * 2 ** 30;

/**
 * How many addresses to reserve for a store, bytes; undefined where LMDB shall begin with few: Windows makes a file as large as its
 * mapping, and where the process may not have as many (`ulimit -v`), lmdb 3.5.6 ends it with a segmentation fault.
 * @param limits Linux's `/proc/self/limits`; null on systems without it.
 */
export function reservedBytes(platform: NodeJS.Platform = process.platform, limits: string | null = ownLimits()): number | undefined {
  if (platform === 'win32') return undefined;
  const soft = limits === null ? 'unlimited' : /^Max address space\s+(\S+)/m.exec(limits)?.[1];
  return soft === 'unlimited' ? RESERVED_BYTES : undefined;
}

function ownLimits(): string | null {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return null;
  }
}
