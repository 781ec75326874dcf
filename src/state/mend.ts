import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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
  const left = directories.flatMap(unclosed);
  while (left.length > 0) {
    const done = await mendAll(left);
    left.splice(0, done);
    const [next] = left;
    if (next === undefined) return;
    const full = fullDisk(next.slice(0, next.lastIndexOf('/')));
    if (full !== undefined) throw full;
    writeFileSync(brokenFlag(next), 'it could not be read to its end');
    left.shift();
  }
}

function unclosed(directory: string): readonly string[] {
  if (!existsSync(directory) || !statSync(directory).isDirectory() || readdirSync(directory).length === 0) return [];
  const file = fileOf(directory, newestGeneration(directory));
  return existsSync(file) && !isSealed(file) && !existsSync(brokenFlag(file)) && storeFault(file) === undefined ? [file] : [];
}

/** How many of the files, from the first on, could be put in order. */
async function mendAll(files: readonly string[]): Promise<number> {
  const typescript = import.meta.url.endsWith('.ts');
  const script = fileURLToPath(new URL(`mend-store.${typescript ? 'ts' : 'js'}`, import.meta.url));
  const loader = typescript ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : [];
  const child = spawn(process.execPath, [...loader, script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const megabytes = files.reduce((sum, file) => sum + statSync(file).size, 0) / 1024 ** 2;
  const late = setTimeout(() => child.kill('SIGKILL'), BASE_MS + MS_PER_MB * megabytes);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(files.join('\n'));
  await new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  clearTimeout(late);
  return said.split('\n').length - 1;
}
