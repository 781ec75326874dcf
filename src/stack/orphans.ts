import { realpath, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { takeLock } from '../core/lock.ts';
import { recall, type StackMemory } from './memory.ts';
import { commandLine, endProcess } from '../core/processes.ts';

/** Servers of ours that a killed owner left behind: known by id, and only when their command line names our folder. */
export async function endOrphans(dir: string, pids: StackMemory['pids'], graceMs: number, log: (line: string) => void): Promise<void> {
  const ends = Object.values(pids).map(async (pid) => {
    if (!(await commandLine(pid))?.includes(`${dir}/`)) return;
    log(`ending process ${pid}, left behind by an owner that was killed`);
    await endProcess(pid, graceMs);
  });
  await Promise.all(ends);
}

/**
 * Removes a stack's folder and all its data, servers that a killed owner left behind included.
 * @throws TributaryError `config` with code `stack:in_use` while a process owns it.
 */
export async function removeStack(dir: string): Promise<void> {
  if (!existsSync(dir)) return;
  const folder = await realpath(dir);
  const lock = await takeLock(join(folder, 'owner.lock'));
  if ('heldBy' in lock) {
    throw new TributaryError(`The local stack in ${folder} is in use by process ${lock.heldBy}.`, {
      kind: 'config',
      remedy: 'Stop that process first.',
      code: 'stack:in_use',
    });
  }
  // Without its memory no server is known, and what there is goes all the same.
  const pids = await recall(folder).then(
    (memory) => memory.pids,
    () => ({}),
  );
  await endOrphans(folder, pids, 0, () => undefined);
  await rm(folder, { recursive: true, force: true });
}
