import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brokenFlag, fileOf, isSealed, newestGeneration } from './index-file.ts';
import { fullDisk } from './full-disk.ts';
import { storeFault } from './store-file.ts';

/** Time limit for one store: this plus `MS_PER_MB` for each MB. A store of 100 MB takes a few seconds; a damaged one may send LMDB into an endless loop. */
const BASE_MS = 60_000;
const MS_PER_MB = 2_000;

/**
 * Repairs the stores in the folders that were not closed, because their process was killed. A separate process, which
 * may crash on a damaged file, copies each store entry by entry. A store that cannot be copied completely is marked and
 * then rebuilt when it is opened. The owner of the folders calls this before opening them.
 *
 * @throws TributaryError `config` when the disk is full.
 */
export async function mendStores(directories: readonly string[]): Promise<void> {
  for (const file of directories.flatMap(unclosed)) {
    if (await mended(file)) continue;
    const full = fullDisk(dirname(file));
    if (full !== undefined) throw full;
    writeFileSync(brokenFlag(file), 'it could not be read to its end');
  }
}

function unclosed(directory: string): readonly string[] {
  if (!existsSync(directory) || !statSync(directory).isDirectory() || readdirSync(directory).length === 0) return [];
  const file = fileOf(directory, newestGeneration(directory));
  return existsSync(file) && !isSealed(file) && !existsSync(brokenFlag(file)) && storeFault(file) === undefined ? [file] : [];
}

interface MendJob {
  readonly file: string;
  /** Time limit. Determined before the copy begins, because the store has another file afterwards. */
  readonly ms: number;
  readonly settle: (isMended: boolean) => void;
}

/** Queues a store for the copying process; the process handles one after the other. */
type Mender = (job: MendJob) => void;

/** One copying process for all stores, because starting it takes longer than copying most stores, and a killed worker leaves hundreds of them. */
let mender: Mender | undefined;
const IDLE_MS = 10_000;

const mended = (file: string): Promise<boolean> =>
  new Promise((settle) => {
    const ms = BASE_MS + MS_PER_MB * (statSync(file).size / 1024 ** 2);
    mender ??= startMender();
    mender({ file, ms, settle });
  });

function startMender(): Mender {
  const typescript = import.meta.url.endsWith('.ts');
  const script = fileURLToPath(new URL(`mend-store.${typescript ? 'ts' : 'js'}`, import.meta.url));
  const loader = typescript ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : [];
  const child = spawn(process.execPath, [...loader, script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const handles = [child, child.stdin, child.stdout] as unknown as readonly { ref(): void; unref(): void }[];
  const queue: MendJob[] = [];
  let timer: NodeJS.Timeout | undefined;

  // Starts the first queued store. With an empty queue the process waits a while for more, without keeping ours alive.
  const next = (): void => {
    clearTimeout(timer);
    const [first] = queue;
    if (first === undefined) {
      handles.forEach((handle) => handle.unref());
      timer = setTimeout(leave, IDLE_MS).unref();
      return;
    }
    handles.forEach((handle) => handle.ref());
    timer = setTimeout(() => child.kill('SIGKILL'), first.ms);
  };
  const leave = (): void => {
    if (mender === take) mender = undefined;
    child.stdin.end();
  };
  const take: Mender = (job) => {
    queue.push(job);
    child.stdin.write(`${job.file}\n`);
    if (queue.length === 1) next();
  };
  let isGone = false;
  const gone = (): void => {
    if (isGone) return;
    isGone = true;
    clearTimeout(timer);
    if (mender === take) mender = undefined;
    queue.shift()?.settle(false);
    for (const job of queue.splice(0)) (mender ??= startMender())(job);
  };

  createInterface({ input: child.stdout }).on('line', () => {
    const done = queue.shift();
    next();
    done?.settle(true);
  });
  child.stdin.on('error', () => undefined);
  child.once('error', gone);
  child.once('close', gone);
  return take;
}
