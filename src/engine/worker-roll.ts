import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock, type Lock } from '../core/lock.ts';
import type { WorkerRoll } from '../kafka/dead-workers.ts';

/**
 * Keeps in a folder which members of the group this machine's workers were: each worker has a number, a lock for it, and
 * a file with the member's name beside it. A number whose lock can be had belongs to a process that is gone.
 */
export interface KeptRoll extends WorkerRoll {
  close(): Promise<void>;
}

const mostWorkers = 64;

export async function openWorkerRoll(folder: string): Promise<KeptRoll> {
  const left: string[] = [];
  let own: { readonly lock: Lock; readonly file: string } | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    for (let at = 1; at <= mostWorkers && own === undefined; at += 1) own = await take(at);
  } catch {
    // A roll that cannot be kept costs the wait for the end of a dead worker's session.
  }

  async function take(at: number): Promise<typeof own> {
    const lock = await takeLock(join(folder, `${at}.lock`));
    if ('heldBy' in lock) return undefined;
    const file = join(folder, `${at}.member`);
    collect(file);
    return { lock, file };
  }

  function collect(file: string): void {
    if (!existsSync(file)) return;
    left.push(readFileSync(file, 'utf8'));
    rmSync(file, { force: true });
  }

  return {
    note(memberId) {
      try {
        if (own !== undefined) writeFileSync(own.file, memberId);
      } catch {
        // As above.
      }
    },
    async dead() {
      for (const name of readdirSync(folder)) {
        const at = /^(\d+)\.member$/.exec(name)?.[1];
        if (at === undefined) continue;
        const lock = await takeLock(join(folder, `${at}.lock`));
        if ('heldBy' in lock) continue;
        collect(join(folder, name));
        await lock.release();
      }
      return left.splice(0);
    },
    giveBack: (memberIds) => void left.push(...memberIds),
    async close() {
      if (own === undefined) return;
      rmSync(own.file, { force: true });
      await own.lock.release();
      own = undefined;
    },
  };
}
