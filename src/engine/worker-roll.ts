import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock, type Lock } from '../core/lock.ts';
import type { WorkerRoll } from '../kafka/dead-workers.ts';

/**
 * Records in a folder which members of the consumer group the workers of this machine were. Each worker has a number, a
 * lock for the number, and a file with the member id beside it. When the lock is free, the worker has ended.
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
    // Without the record, the group only waits for the session time-out of a dead worker.
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
        if (at === undefined || join(folder, name) === own?.file) continue;
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
