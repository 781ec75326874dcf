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
      kind: 'config', reach: 'connection', code: 'local_folder', cause: error,
      remedy: 'Set data_dir in the settings to a folder this user may write to, with room on its disk.',
    });
  }
}
