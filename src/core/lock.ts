import { readFileSync, readlinkSync } from 'node:fs';
import { constants, copyFile, link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOf } from './processes.ts';

interface Holder {
  pid: number;
  start: string;
  /** Identifies the machine on which the process id is valid; absent in locks of earlier releases. */
  machine?: string;
}

export interface Lock {
  /** Releases the lock, unless another process has taken it over meanwhile. */
  release(): Promise<void>;
}

/** A holder touches its lock every `TOUCH_MS`. Other machines, which cannot see its process, regard it as dead after `SILENT_MS` without a touch. */
const TOUCH_MS = 5_000;
const SILENT_MS = 20_000;

/**
 * Takes the lock file for this process. Returns the lock, or the id of the living process that holds it. The lock of a
 * dead process is taken over. So is the lock of another machine (or container) that was not touched for 20 s: that holder
 * may only be suspended and return, so what the lock guards must tolerate two holders.
 */
export async function takeLock(path: string): Promise<Lock | { heldBy: number }> {
  const own = JSON.stringify({ pid: process.pid, start: (await startOf(process.pid)) ?? '', machine: machine() } satisfies Holder);
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(draft, own, { mode: 0o600 });
  try {
    for (;;) {
      try {
        await put(draft, path);
        return held(path, own);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const holder = parse(text);
      if (holder === undefined && (await isYoung(path))) {
        await sleep(20);
        continue;
      }
      if (holder !== undefined && (await lives(path, holder))) return { heldBy: holder.pid };
      if (await replaceStale(path, text, draft)) return held(path, own);
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Error codes of file systems without hard links: FAT, many network shares, mounted buckets. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

/** Creates `path` with the draft's text, by a hard link where the file system supports that, so that nobody reads a half-written lock. @throws EEXIST when the file exists. */
async function put(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await copyFile(draft, path, constants.COPYFILE_EXCL);
  }
}

/** Without hard links a lock may be read before it is written; an empty lock younger than this (ms) counts as being written. */
const WRITING_MS = 2_000;

async function isYoung(path: string): Promise<boolean> {
  const made = await stat(path).catch(() => undefined);
  return made !== undefined && Math.abs(Date.now() - made.mtimeMs) < WRITING_MS;
}

function held(path: string, own: string): Lock {
  const touching = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), TOUCH_MS);
  touching.unref();
  return {
    async release() {
      clearInterval(touching);
      if ((await readFile(path, 'utf8').catch(() => undefined)) === own) await rm(path, { force: true });
    },
  };
}

async function lives(path: string, holder: Holder): Promise<boolean> {
  if (holder.machine === undefined || holder.machine === machine()) return (await startOf(holder.pid)) === holder.start;
  const touched = await stat(path).catch(() => undefined);
  return touched !== undefined && Math.abs(Date.now() - touched.mtimeMs) < SILENT_MS;
}

let known: string | undefined;

/** Id of this boot of this machine and of its container: within one id, a process id names one process. */
function machine(): string {
  known ??= [
    hostname(),
    quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    quietly(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');
  return known;
}

function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** Longer than any replacement takes: a process that still holds `<path>.replacing` after this time (ms) has died. */
const REPLACING_MS = 5_000;

/**
 * Several processes may find the same dead lock. One at a time may replace it, only while it is still the lock that was
 * found dead, and by one rename: there is no moment without a lock in which a third process could take it.
 */
async function replaceStale(path: string, judged: string, draft: string): Promise<boolean> {
  const right = `${path}.replacing`;
  try {
    await put(draft, right);
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
    return typeof value.pid === 'number' && typeof value.start === 'string' ? { ...value, pid: value.pid, start: value.start } : undefined;
  } catch {
    return undefined;
  }
}
