import { realpath, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { takeLock } from '../core/lock.ts';
import { recall, type StackMemory } from './memory.ts';
import { commandLine, endProcess } from '../core/processes.ts';

/** Whether the process runs and is a server of that folder (a real path): another program may have its id by now. */
const isOurs = async (dir: string, pid: number): Promise<boolean> => (await commandLine(pid))?.includes(`${dir}/`) ?? false;

/** Whether Kafka and the registry of a stack's folder run, whoever started them. */
export async function isRunning(dir: string, { pids: { kafka, registry } }: StackMemory): Promise<boolean> {
  if (kafka === undefined || registry === undefined) return false;
  const folder = await realpath(dir);
  return (await isOurs(folder, kafka)) && (await isOurs(folder, registry));
}

/** Ends servers that a killed owner left behind. They are found by process id, and ended only when their command line contains our folder. */
export async function endOrphans(dir: string, pids: StackMemory['pids'], graceMs: number, log: (line: string) => void): Promise<void> {
  const ends = Object.values(pids).map(async (pid) => {
    if (!(await isOurs(dir, pid))) return;
    log(`ending process ${pid}, which an owner that was killed has left behind`);
    await endProcess(pid, graceMs);
  });
  await Promise.all(ends);
}

/**
 * Removes a stack's folder with all its data, and ends servers that a killed owner left behind.
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
  // Without `stack.json` no server is known; the folder is removed anyway.
  const pids = await recall(folder).then(
    (memory) => memory.pids,
    () => ({}),
  );
  await endOrphans(folder, pids, 0, () => undefined);
  await rm(folder, { recursive: true, force: true });
}
