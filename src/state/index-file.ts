import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Database, open, type RootDatabase } from 'lmdb';
import { reservedBytes } from './address-space.ts';
import { storeFault } from './store-file.ts';

/*
 * The files of one index folder. Each store file has a number; the highest one is in use. LMDB maps the file into memory
 * and trusts its content: a damaged file crashes the process. So a file is opened only when its fingerprint equals the
 * one saved when it was closed (its seal), or when another process has just copied it entry by entry.
 */

export interface Databases {
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly live: Database<Buffer, Buffer>;
  readonly scopes: Database<Buffer, Buffer>;
  readonly meta: Database<string, string>;
}

export const fileOf = (directory: string, generation: number): string => join(directory, `index-${generation}.mdb`);
export const brokenFlag = (file: string): string => `${file}.broken`;
export const sealOf = (file: string): string => `${file}.seal`;

/** Number of the newest store in the folder; 0 when there is none. */
export function newestGeneration(directory: string): number {
  const numbers = readdirSync(directory).map((name) => Number(/^index-(\d{1,9})\.mdb$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

/** Removes the files of all other stores in the folder. */
export function removeOthers(directory: string, keep: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (!path.startsWith(keep)) rmSync(path, { recursive: true, force: true });
  }
}

/** Size of LMDB's reader table, which LMDB maps into memory too. */
const LOCK_BYTES = 16_384;

export function openDatabases(file: string, options: { readonly readOnly?: boolean; readonly noSync?: boolean } = {}): Databases {
  const lock = `${file}-lock`;
  const mapSize = reservedBytes();
  // Written here and not by LMDB, which would create a sparse file: on a full disk, filling it crashes the process.
  if (!existsSync(lock)) writeFileSync(lock, Buffer.alloc(LOCK_BYTES));
  const root = open<Buffer, Buffer>({
    path: file,
    noSubdir: true,
    maxDbs: 4,
    encoding: 'binary',
    keyEncoding: 'binary',
    // The scan marks must be on disk before the position that relies on them is committed.
    overlappingSync: false,
    // Written by system calls, which return an error on a full disk. Writing through the mapping would crash the process.
    useWritemap: false,
    ...(mapSize === undefined ? {} : { mapSize }),
    ...options,
  });
  return {
    root,
    live: root.openDB<Buffer, Buffer>({ name: 'live', encoding: 'binary', keyEncoding: 'binary' }),
    scopes: root.openDB<Buffer, Buffer>({ name: 'scopes', encoding: 'binary', keyEncoding: 'binary' }),
    meta: root.openDB<string, string>({ name: 'meta', encoding: 'string', keyEncoding: 'ordered-binary' }),
  };
}

/** A file of up to this many bytes is read whole for its fingerprint, which takes a tenth of a second. */
const LARGEST_WHOLE = 64 * 1024 * 1024;
/** What is read of a larger one: its first pieces, which say what all others are, and as many others, the last one included. */
const SAMPLES = 256;
const SAMPLE_BYTES = 4096;

/**
 * The fingerprint that the seal of a closed file holds: size and checksum. A large file would have to be read from the disk for
 * many seconds at each start and end; of it there are the time of its last change, and the checksum of pieces from all over
 * it. Damage that leaves neither a trace can end the process, once: it leaves no seal then, and the file is copied or built anew.
 */
function fingerprint(file: string): string {
  const handle = openSync(file, 'r');
  try {
    const { size, mtimeNs } = fstatSync(handle, { bigint: true });
    const length = Number(size);
    return length <= LARGEST_WHOLE ? `${length} ${wholeSum(handle)}` : `${length} ${mtimeNs} ${sampleSum(handle, length)}`;
  } finally {
    closeSync(handle);
  }
}

function wholeSum(handle: number): number {
  const chunk = Buffer.allocUnsafe(1024 * 1024);
  let sum = 0;
  for (let at = 0; ;) {
    const length = readSync(handle, chunk, 0, chunk.length, at);
    if (length === 0) return sum;
    sum = crc32(chunk.subarray(0, length), sum);
    at += length;
  }
}

function sampleSum(handle: number, size: number): number {
  const piece = Buffer.alloc(SAMPLE_BYTES);
  const last = size - SAMPLE_BYTES;
  let sum = 0;
  for (let n = 0; n < SAMPLES; n += 1) {
    const at = n < SAMPLES / 2 ? n * SAMPLE_BYTES : Math.floor((last * (n - SAMPLES / 2)) / (SAMPLES / 2 - 1));
    sum = crc32(piece.subarray(0, readSync(handle, piece, 0, SAMPLE_BYTES, at)), sum);
  }
  return sum;
}

/** Seals a file after it was closed: as long as its fingerprint stays the same, it may be opened. */
export function seal(file: string): void {
  writeFileSync(sealOf(file), fingerprint(file));
}

export const isSealed = (file: string): boolean => existsSync(sealOf(file));

/** Why the file must not be opened; undefined when it is unchanged since it was closed. */
export function sealFault(file: string): string | undefined {
  if (existsSync(brokenFlag(file))) return 'it was found damaged';
  if (!existsSync(file)) return 'there was none';
  const fault = storeFault(file);
  if (fault !== undefined) return fault;
  if (!isSealed(file)) return 'it was not closed';
  return readFileSync(sealOf(file), 'utf8') === fingerprint(file) ? undefined : 'the file is not as it was closed';
}

/** A text for the meta table, prefixed with its checksum. */
export const checked = (text: string): string => `${crc32(text)} ${text}`;

/** Returns the text without its checksum. @throws when the checksum does not match. */
export function unchecked(stored: string): string {
  const at = stored.indexOf(' ');
  const text = stored.slice(at + 1);
  if (stored.slice(0, at) !== String(crc32(text))) throw new Error('a text of the index is damaged');
  return text;
}
