import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/*
 * Tests that start programs of ours as processes start them compiled: `node --import tsx` takes a second of CPU
 * more for the engine, and a run of the suite starts many. Compiled is file by file, so that each
 * finds its neighbours as in the sources. `programArguments` of ../support/program.ts gives what node is started with.
 */

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, '.tributary', 'test-programs');
const rooms = ['bin', 'exports', 'src', 'producers', 'simulators', 'test'];
const marks = join(folder, 'compiled.json');
const version = (createRequire(import.meta.url)('esbuild/package.json') as { version: string }).version;

/** Of package.json: earlier ones of Node 20 know no `with { type: 'json' }`, and esbuild would leave it out. */
const target = 'node20.19';

/** Compiles what has changed since the last time. */
export async function setup(): Promise<void> {
  const known = readMarks();
  const now: Record<string, string> = {};
  for (const room of rooms)
    for (const name of readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })) {
      const file = join(root, room, name);
      const { mtimeMs, size, isFile } = statOf(file);
      if (isFile && !name.includes('.test.') && /\.(tsx?|json|css|js|mjs|svg|woff2)$/.test(name))
        now[relative(root, file)] = `${version} ${target} ${mtimeMs} ${size}`;
    }
  const changed = Object.keys(now).filter((file) => known[file] !== now[file]);
  const sources = changed.filter((file) => /\.tsx?$/.test(file));
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: sources,
    outbase: root,
    outdir: folder,
    format: 'esm',
    platform: 'node',
    target,
    bundle: false,
    write: false,
    logLevel: 'error',
  });
  for (const { path, text } of outputFiles) write(path, text.replace(IMPORT, '$1$2.js$3'));
  for (const file of changed.filter((name) => !/\.tsx?$/.test(name))) write(join(folder, file), readFileSync(join(root, file)));
  write(marks, JSON.stringify(now));
  process.env['TRIBUTARY_TEST_PROGRAMS'] = folder;
}

/** `from './a.ts'`, `import './a.ts'` and `import('./a.ts')`. */
const IMPORT = /(\b(?:from|import)\s*\(?\s*["'])(\.{1,2}\/[^"']+)\.tsx?(["'])/g;

function readMarks(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(marks, 'utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}

function statOf(file: string): { mtimeMs: number; size: number; isFile: boolean } {
  const { mtimeMs, size } = statSync(file);
  return { mtimeMs, size, isFile: statSync(file).isFile() };
}

/** Never half a file: another run may be reading it. */
function write(file: string, content: string | Uint8Array): void {
  if (!existsSync(dirname(file))) mkdirSync(dirname(file), { recursive: true });
  const fresh = `${file}.${randomUUID()}`;
  writeFileSync(fresh, content);
  renameSync(fresh, file);
}
