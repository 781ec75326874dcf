import { accessSync, constants, mkdirSync } from 'node:fs';
import { TributaryError } from './errors.ts';

/**
 * Makes a folder of local data, with the folders above it, unless it is there.
 * @param mode rights of what is made; default the process's own.
 * @throws TributaryError `config` when it cannot be made or written to.
 */
export function makeLocalFolder(folder: string, mode?: number): void {
  try {
    mkdirSync(folder, { recursive: true, ...(mode === undefined ? {} : { mode }) });
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
