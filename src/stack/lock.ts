import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOf } from './processes.ts';

interface Holder {
  pid: number;
  start: string;
}

/**
 * Takes the lock file for this process. Answers a function that gives it back, or the id of the
 * living process that holds it. The lock of a process that died is taken over.
 */
export async function takeLock(path: string): Promise<{ release(): Promise<void> } | { heldBy: number }> {
  const own = JSON.stringify({ pid: process.pid, start: (await startOf(process.pid)) ?? '' } satisfies Holder);
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  // Linked into place complete: nobody ever reads a half-written lock.
  await writeFile(draft, own, { mode: 0o600 });
  try {
    for (;;) {
      try {
        await link(draft, path);
        return { release: () => rm(path, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const holder = parse(text);
      if (holder !== undefined && (await startOf(holder.pid)) === holder.start) return { heldBy: holder.pid };
      if (await replaceStale(path, text, draft)) return { release: () => rm(path, { force: true }) };
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Longer than anybody takes for replacing a lock: who still holds the right to has died. */
const REPLACING_MS = 5_000;

/**
 * Several starters may find the same dead lock. One at a time may replace it, only if it is still the
 * one that was judged, and in one step: there is no moment without a lock for a third to slip in.
 */
async function replaceStale(path: string, judged: string, draft: string): Promise<boolean> {
  const right = `${path}.replacing`;
  try {
    await link(draft, right);
  } catch {
    const since = await stat(right).catch(() => undefined);
    if (since !== undefined && Date.now() - since.ctimeMs > REPLACING_MS) await rm(right, { force: true });
    await sleep(20);
    return false;
  }
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) !== judged) return false;
    await rename(draft, path);
    return true;
  } finally {
    await rm(right, { force: true });
  }
}

function parse(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    return typeof value.pid === 'number' && typeof value.start === 'string' ? { pid: value.pid, start: value.start } : undefined;
  } catch {
    return undefined;
  }
}
