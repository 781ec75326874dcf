import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorker, succeeded, until } from './fleet.ts';
import { startShopServer } from '../support/shop-server.ts';
import type { Figures, Place } from './run.ts';

interface Pass {
  readonly end: string;
  readonly errors: readonly string[];
  readonly published: number;
}

/** What a worker's data folder may come to: each must end in words or in an index that is built anew, never in a signal. */
export async function disks(
  place: Place,
  options: { readonly prefix: string; readonly items: number; readonly seeds: readonly number[] },
): Promise<Figures> {
  const vendor = await startShopServer(options.items, 500, 0);
  const dir = mkdtempSync(join(tmpdir(), 'disks-'));
  const small = mkdtempSync(join(tmpdir(), 'disks-small-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small]).status === 0;
  const figures: Record<string, Figures[string]> = {};
  const orders = { ...place, prefix: options.prefix, vendorUrl: vendor.url, connections: 1, schedule: '*/2 * * * * *' };
  const once = async (dataDir: string): Promise<Pass> => {
    const worker = startWorker({ ...orders, dataDir, mode: 'once' });
    const { code, signal, errors } = await worker.ended;
    const line = worker.lines.find((one) => one.type === 'ended');
    return {
      end: signal ?? `exit ${code}${line === undefined ? ` ${errors}` : ''}`,
      errors: line?.errors ?? [],
      published: line?.published ?? 0,
    };
  };
  /** A worker that is killed in its work, as it leaves its folder behind. */
  const killed = async (): Promise<void> => {
    const worker = startWorker({ ...orders, dataDir: dir, mode: 'worker' });
    await until('it reads', () => succeeded(worker, 'shop_1') > 1, 60);
    worker.signal('SIGKILL');
    await worker.ended;
  };
  const tell = (what: string, { end, errors, published }: Pass): void => {
    figures[what] = [end, ...errors, `${published} published`].join(', ');
    console.error(what, figures[what]);
  };
  const table = join(dir, 'index', options.prefix, 'shop_1', 'item');
  const store = (): string => join(table, readdirSync(table).find((name) => name.endsWith('.mdb')) as string);
  const damages: readonly [string, () => void][] = [
    ['index removed', () => rmSync(join(dir, 'index'), { recursive: true })],
    ['cut in half', () => truncateSync(store(), Math.floor(statSync(store()).size / 2))],
    ...options.seeds.map((seed): [string, () => void] => [`random bytes ${seed}`, () => overwrite(store(), seed)]),
  ];
  try {
    tell('first pass', await once(dir));
    for (const [what, damage] of damages) {
      damage();
      tell(`${what} after a clean end`, await once(dir));
      await killed();
      damage();
      tell(`${what} after SIGKILL`, await once(dir));
    }
    if (mounted) {
      for (const room of [0, 50, 300]) {
        for (const name of readdirSync(small)) rmSync(join(small, name), { recursive: true });
        const filler = join(small, 'filler');
        const { bavail, bsize } = statfsSync(small);
        writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - room * 1024)));
        tell(`full disk, ${room} kB left`, await once(small));
        rmSync(filler);
        tell(`the same with room again`, await once(small));
      }
      for (const name of readdirSync(small)) rmSync(join(small, name), { recursive: true });
      spawnSync('mount', ['-o', 'remount,ro', small]);
      tell('read-only disk', await once(small));
    } else {
      chmodSync(small, 0o500);
      tell('read-only folder', await once(small));
    }
  } finally {
    if (mounted) spawnSync('umount', ['-l', small]);
    for (const folder of [small, dir]) rmSync(folder, { recursive: true, force: true });
    await vendor.close();
  }
  return figures;
}

/** From the second page on. The same bytes for the same seed. */
function overwrite(file: string, seed: number): void {
  const bytes = Buffer.alloc(Math.max(0, statSync(file).size - 4_096));
  for (let at = 0, state = seed; at < bytes.length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  const handle = openSync(file, 'r+');
  writeSync(handle, bytes, 0, bytes.length, 4_096);
  closeSync(handle);
}
