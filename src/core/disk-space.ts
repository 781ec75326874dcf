import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { TributaryError } from './errors.ts';

const leastFreeBytes = 2 * 1024 ** 3;

/**
 * Describes the free space for the folder, which need not exist yet.
 * @throws TributaryError `config` when it cannot be written to, or has less than 2 GB free.
 */
export function diskSpace(folder: string): string {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new TributaryError(`${folder} cannot be written to${existing === folder ? '' : ` (${existing} belongs to somebody else)`}.`, {
      kind: 'config',
      cause,
      remedy: 'Give this user the right to write there, or choose another folder (data_dir in the settings).',
    });
  }
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  const text = `${folder}, ${(free / 1024 ** 3).toFixed(1)} GB free`;
  if (free >= leastFreeBytes) return text;
  throw new TributaryError(`Only ${text}.`, { kind: 'config', remedy: 'Free some space: at least 2 GB are needed to start.' });
}
