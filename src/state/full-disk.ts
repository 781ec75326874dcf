import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TributaryError } from '../core/errors.ts';

const PROBE_BYTES = 256 * 1024;
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Returns an error when nothing can be added to the folder's disk, otherwise undefined. Tests it by writing, because only that shows a quota. */
export function fullDisk(folder: string, cause?: unknown): TributaryError | undefined {
  const probe = join(folder, `probe.${process.pid}`);
  try {
    writeFileSync(probe, Buffer.alloc(PROBE_BYTES));
    return undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!FULL.has(code)) return undefined;
    return new TributaryError(`The disk of ${folder} is full (${code}): the live index cannot be stored there.`, {
      kind: 'config',
      reach: 'connection',
      code: 'disk_full',
      cause: cause ?? error,
      remedy: 'Free some space, or set data_dir to a folder on another disk: moving it costs one read of the topics.',
    });
  } finally {
    rmSync(probe, { force: true });
  }
}
