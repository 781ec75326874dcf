import { accessSync, chmodSync, constants, lstatSync, mkdirSync, readdirSync, writeFileSync, type Stats } from 'node:fs';
import { basename, join } from 'node:path';
import { TributaryError } from './errors.ts';

/**
 * Creates a folder for local data, with its parent folders, unless it exists. New folders are accessible to their owner only.
 * @throws TributaryError `config` when it cannot be created or written to.
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
      remedy: 'Set data_dir in the settings to a folder that this user may write to and that has free space.',
    });
  }
}

const fileErrors: Readonly<Record<string, string>> = {
  EACCES: 'this user may not use it',
  EPERM: 'this user may not use it',
  EROFS: 'it is on a disk that is read-only',
  ENOENT: 'it, or a folder above it, does not exist',
  ENOTDIR: 'a part of its path is a file',
  EISDIR: 'it is a folder',
  ENOSPC: 'its disk is full',
  EDQUOT: 'the quota of its disk is used up',
};

/** Turns a system error about a file or folder into one the user can act on; undefined for every other error. */
export function fileError(error: unknown): TributaryError | undefined {
  const { code = '', path } = (error ?? {}) as NodeJS.ErrnoException;
  const why = fileErrors[code];
  if (why === undefined || path === undefined) return undefined;
  return new TributaryError(`${path} cannot be read or written: ${why} (${code}).`, {
    kind: 'config',
    code: `file:${code}`,
    cause: error,
    remedy: 'Correct the path or its permissions, or free some space.',
  });
}

/** Runs synchronous `work` with a umask of 077: what it creates, and what a process it starts creates later, is accessible to the owner only. */
export function privately<T>(work: () => T): T {
  const before = process.umask(0o077);
  try {
    return work();
  } finally {
    process.umask(before);
  }
}

/** Writes a file that only its owner can read. */
export function privateFile(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  // `mode` applies to new files only.
  chmodSync(path, 0o600);
}

const OURS = new Set(['index', 'stack', 'demo']);

/**
 * Removes other users' permissions from local data that an earlier release left readable. A folder that also holds other
 * things keeps its permissions; only our entries in it are closed.
 */
export function closeLocalFolder(folder: string): void {
  const entries = names(folder);
  if (basename(folder) === '.tributary' || entries.every((name) => OURS.has(name))) close(folder);
  for (const name of entries) if (OURS.has(name)) closeAll(join(folder, name));
}

/** Stops at a folder that was closed already, because it hides everything below it. */
function closeAll(path: string): void {
  if (!close(path)) return;
  for (const name of names(path)) closeAll(join(path, name));
}

/** Returns whether other users had any permission before. Files of another user (PostgreSQL's, when we run as root) stay as they are. */
function close(path: string): boolean {
  const found = statusOf(path);
  if (found === undefined || found.isSymbolicLink() || found.uid !== process.getuid?.() || (found.mode & 0o077) === 0) return false;
  chmodSync(path, found.mode & 0o700);
  return true;
}

/** Undefined when it does not exist or cannot be read; the code that needs it creates it and reports errors. */
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
