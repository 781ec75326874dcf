import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TributaryError } from '../core/errors.ts';

/** Numbers of statfs(2) for file systems of local disks and memory, APFS included. */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x858458f6, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0x1a,
]);
const TRY_MS = 30_000;

/** Opens a store, writes to it and closes it. Runs in a process of its own, because LMDB crashes on a file system without locks. */
const script = `
const { open } = require(process.argv[1]);
const root = open({ path: process.argv[2], noSubdir: true, useWritemap: false, overlappingSync: false });
root.transactionSync(() => root.putSync('a', 1));
if (root.get('a') !== 1) process.exit(1);
root.close();
`;

const tried = new Map<string, Promise<void>>();

/**
 * Requires that the folder can hold a live index. On a file system that is not known to be local (network share, mounted
 * bucket), another process, which may crash, tries it once.
 *
 * @throws TributaryError `config` when it cannot.
 */
export async function requireUsable(folder: string, isLocal: (folder: string) => boolean = onLocalDisk): Promise<void> {
  if (isLocal(folder)) return;
  let trying = tried.get(folder);
  if (trying === undefined) {
    trying = tryOut(folder);
    tried.set(folder, trying);
    trying.catch(() => tried.delete(folder));
  }
  return trying;
}

function onLocalDisk(folder: string): boolean {
  try {
    return LOCAL.has(statfsSync(folder).type);
  } catch {
    return false;
  }
}

async function tryOut(folder: string): Promise<void> {
  const place = join(folder, `try-${process.pid}`);
  mkdirSync(place, { recursive: true });
  try {
    const lmdb = createRequire(import.meta.url).resolve('lmdb');
    const child = spawn(process.execPath, ['-e', script, lmdb, join(place, 'index.mdb')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: TRY_MS,
    });
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-2_000)));
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...how) => resolve(how));
    });
    if (code === 0) return;
    const reason = signal ?? /Error: (.{1,200})/.exec(said)?.[1] ?? `exit ${code}`;
    throw new TributaryError(`${folder} cannot hold the live index: a test with a small store failed there (${reason}).`, {
      kind: 'config',
      reach: 'connection',
      code: 'index_unusable',
      remedy:
        'Set data_dir to a folder on a local disk: many network shares and mounted buckets support no locks or no memory maps. Losing the folder costs one read of the topics.',
    });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
