import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brokenFlag, fileOf, isSealed, newestGeneration } from './index-file.ts';
import { fullDisk } from './room.ts';
import { storeFault } from './store-file.ts';

/** A store of 100 MB takes a few seconds; a damaged one may lead LMDB round in circles. */
const BASE_MS = 60_000;
const MS_PER_MB = 2_000;

/**
 * Puts in order the stores in those folders that were not closed, because their process was killed: another process,
 * which may die of it, copies them entry by entry. What cannot be copied whole is marked, and built anew when it is
 * opened. To be called before opening, by whoever owns the folders.
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

interface Wish {
  readonly file: string;
  /** How long it may take; asked before it begins, since the file is another one when it is done. */
  readonly ms: number;
  readonly settle: (isMended: boolean) => void;
}

/** Takes files, one after the other, until it dies of one. */
type Mender = (wish: Wish) => void;

/** One for the whole process: starting it takes longer than most stores, and a dead neighbour leaves hundreds of them. */
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
  const wishes: Wish[] = [];
  let timer: NodeJS.Timeout | undefined;

  /** It works on the first wish; without one it waits for a while, and keeps nobody from ending. */
  const next = (): void => {
    clearTimeout(timer);
    const [first] = wishes;
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
  const take: Mender = (wish) => {
    wishes.push(wish);
    child.stdin.write(`${wish.file}\n`);
    if (wishes.length === 1) next();
  };
  let isGone = false;
  const gone = (): void => {
    if (isGone) return;
    isGone = true;
    clearTimeout(timer);
    if (mender === take) mender = undefined;
    wishes.shift()?.settle(false);
    for (const wish of wishes.splice(0)) (mender ??= startMender())(wish);
  };

  createInterface({ input: child.stdout }).on('line', () => {
    const done = wishes.shift();
    next();
    done?.settle(true);
  });
  child.stdin.on('error', () => undefined);
  child.once('error', gone);
  child.once('close', gone);
  return take;
}
