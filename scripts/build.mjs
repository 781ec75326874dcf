import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const INPUTS = ['bin', 'src', 'producers', 'simulators', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/** Compiles into `dist` unless the sources are those it was compiled from. Answers whether `dist` is good. */
export function build(root) {
  const mark = join(root, 'dist', '.built-from');
  const wanted = fingerprint(root);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return true;
  process.stderr.write('compiling\n');
  // Nothing of a file that was since removed or renamed may stay behind.
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const done = spawnSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (done.status !== 0) return false;
  finish(root);
  writeFileSync(mark, wanted);
  return true;
}

/** What the compiler leaves undone: style and script of the page, and the right to run the command. */
function finish(root) {
  cpSync(join(root, 'src', 'web', 'assets'), join(root, 'dist', 'src', 'web', 'assets'), { recursive: true });
  // For npx, which makes it executable only when it sees it for the first time.
  chmodSync(join(root, 'dist', 'bin', 'tributary.js'), 0o755);
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

if (process.argv[2] === '--finish') finish(dirname(dirname(fileURLToPath(import.meta.url))));
