import { accessSync, chmodSync, constants, lstatSync, mkdirSync, readdirSync, writeFileSync, type Stats } from 'node:fs';
import { basename, join } from 'node:path';
import { TributaryError } from './errors.ts';

/**
 * Makes a folder of local data, with the folders above it, unless it is there. What is made is its owner's alone.
 * @throws TributaryError `config` when it cannot be made or written to.
 */
export function makeLocalFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TributaryError(`The folder ${folder} cannot be written to (${code ?? message}).`, {
      kind: 'config',
      reach: 'connection',
      code: 'local_folder',
      cause: error,
      remedy: 'Set data_dir in the settings to a folder this user may write to, with room on its disk.',
    });
  }
}

const fileTroubles: Readonly<Record<string, string>> = {
  EACCES: 'this user may not use it',
  EPERM: 'this user may not use it',
  EROFS: 'it is on a disk that is read-only',
  ENOENT: 'it, or a folder above it, is not there',
  ENOTDIR: 'a part of its path is a file',
  EISDIR: 'it is a folder',
  ENOSPC: 'its disk is full',
  EDQUOT: 'the quota of its disk is used up',
};

/** What a file or folder of the user's is refused with, as an error the user can act on; undefined when `error` is none of that kind. */
export function fileTrouble(error: unknown): TributaryError | undefined {
  const { code = '', path } = (error ?? {}) as NodeJS.ErrnoException;
  const why = fileTroubles[code];
  if (why === undefined || path === undefined) return undefined;
  return new TributaryError(`${path} cannot be read or written: ${why} (${code}).`, {
    kind: 'config',
    code: `file:${code}`,
    cause: error,
    remedy: 'Correct the path or its rights, or make room.',
  });
}

/** Runs `work`, which returns at once, so that what it makes, and what the process it starts makes later, is its owner's alone. */
export function privately<T>(work: () => T): T {
  const before = process.umask(0o077);
  try {
    return work();
  } finally {
    process.umask(before);
  }
}

/** Writes a file that only its owner reads. */
export function privateFile(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  // The mode is for new files only.
  chmodSync(path, 0o600);
}

const OURS = new Set(['index', 'stack', 'demo']);

/**
 * Takes from everybody else what an earlier release left open in the folder of local data. A folder that holds other
 * things too keeps its rights, and only what is ours in it is closed.
 */
export function closeLocalFolder(folder: string): void {
  const entries = names(folder);
  if (basename(folder) === '.tributary' || entries.every((name) => OURS.has(name))) close(folder);
  for (const name of entries) if (OURS.has(name)) closeAll(join(folder, name));
}

/** A folder that was closed already hides everything below it. */
function closeAll(path: string): void {
  if (!close(path)) return;
  for (const name of names(path)) closeAll(join(path, name));
}

/** Answers whether others had any right before. What belongs to another user (PostgreSQL's, for the superuser) is theirs to close. */
function close(path: string): boolean {
  const found = statusOf(path);
  if (found === undefined || found.isSymbolicLink() || found.uid !== process.getuid?.() || (found.mode & 0o077) === 0) return false;
  chmodSync(path, found.mode & 0o700);
  return true;
}

/** Undefined for what is not there or cannot be looked at: whoever needs it makes it, and says what is wrong with it. */
function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
