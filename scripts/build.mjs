import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const INPUTS = [
  'bin',
  'exports',
  'src',
  'producers',
  'simulators',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.types.json',
  'package-lock.json',
];

/** Compiles into `dist` unless the sources are those it was compiled from. Answers whether `dist` is good. */
export function build(root) {
  const mark = join(root, 'dist', '.built-from');
  const wanted = fingerprint(root);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) {
    nameRevision(root);
    return true;
  }
  process.stderr.write('compiling\n');
  // Nothing of a file that was since removed or renamed may stay behind.
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  for (const project of ['tsconfig.build.json', 'tsconfig.types.json']) {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    if (spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: ['ignore', 2, 2] }).status !== 0) return false;
  }
  finish(root);
  writeFileSync(mark, wanted);
  return true;
}

/** What the compiler leaves undone: style and script of the page, the types nobody can reach, and the right to run the command. */
function finish(root) {
  pruneTypes(join(root, 'dist'));
  cpSync(join(root, 'src', 'web', 'assets'), join(root, 'dist', 'src', 'web', 'assets'), { recursive: true });
  // For npx, which makes it executable only when it sees it for the first time.
  chmodSync(join(root, 'dist', 'bin', 'tributary.js'), 0o755);
  nameRevision(root);
}

/** Leaves the commit it was built from in dist/REVISION: TRIBUTARY_REVISION, where no git is (an image), else git's word. */
export function nameRevision(root) {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  let revision = (process.env['TRIBUTARY_REVISION'] ?? '').slice(0, 12);
  if (revision === '' && existsSync(join(root, '.git'))) {
    revision = (git('rev-parse', '--short=12', 'HEAD').stdout ?? '').trim();
    if (revision !== '' && (git('status', '--porcelain', '--untracked-files=no').stdout ?? '') !== '') revision += '-changed';
  }
  const file = join(root, 'dist', 'REVISION');
  if (revision === '') rmSync(file, { force: true });
  else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${revision}\n`);
  }
}

/** The compiler describes every file it has seen; only what the exported modules lead to is of use. */
function pruneTypes(dist) {
  const reached = new Set();
  const visit = (file) => {
    if (reached.has(file) || !existsSync(file)) return;
    reached.add(file);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()["'](\.[^"']+)["']/g))
      visit(join(dirname(file), name.replace(/\.[jt]sx?$/, '.d.ts')));
  };
  for (const name of readdirSync(join(dist, 'exports'))) if (name.endsWith('.d.ts')) visit(join(dist, 'exports', name));
  for (const name of readdirSync(dist, { recursive: true })) {
    const file = join(dist, String(name));
    if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  }
}

function fingerprint(root) {
  const hash = createHash('sha256');
  for (const input of INPUTS) {
    const path = join(root, input);
    if (!existsSync(path)) continue;
    const files = statSync(path).isFile()
      ? [path]
      : readdirSync(path, { recursive: true })
          .map((name) => join(path, String(name)))
          .sort();
    for (const file of files) if (statSync(file).isFile()) hash.update(`${file}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

// As a command, for `npm run build` and `npm pack`.
if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = build(dirname(dirname(fileURLToPath(import.meta.url)))) ? 0 : 1;
