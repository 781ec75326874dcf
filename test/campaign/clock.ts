import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endAll, startWorker, until } from './fleet.ts';
import { startShopServer } from '../support/shop-server.ts';
import type { Figures, Place } from './run.ts';

/** Where Debian puts it. */
const libraries = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'];

/** A worker whose clock is set wrong for a while, and right again: its table is read within a minute of each change. */
export async function clock(place: Place, { prefix }: { readonly prefix: string }): Promise<Figures> {
  const library = libraries.find((path) => existsSync(path));
  if (library === undefined) throw new Error('libfaketime is not installed');
  const vendor = await startShopServer(20, 10, 0);
  const dir = mkdtempSync(join(tmpdir(), 'clock-'));
  const file = join(dir, 'offset');
  writeFileSync(file, '+0');
  const worker = startWorker(
    { ...place, prefix, dataDir: dir, vendorUrl: vendor.url, connections: 1, schedule: '*/10 * * * * *', mode: 'worker' },
    {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  );
  const runs = (): number => worker.lines.filter((line) => line.type === 'run-ended' && line.outcome === 'succeeded').length;
  /** Seconds until the next run has ended well, by this machine's clock. */
  const next = async (what: string): Promise<number> => {
    const before = runs();
    // The first may have begun before the change.
    const seconds = await until(what, () => runs() > before + 1, 120);
    console.error(what, Math.round(seconds));
    return Math.round(seconds);
  };
  const found: string[] = [];
  try {
    await until('the first run', () => runs() > 0, 120);
    for (const offset of ['+3600', '-3600', '+86400', '-86400']) {
      writeFileSync(file, offset);
      found.push(`${offset} s: ${await next(`the clock is ${offset} s off`)}`);
      await sleep(5_000);
      writeFileSync(file, '+0');
      found.push(`right again: ${await next('the clock is right again')}`);
    }
    const [end] = await endAll([worker]);
    return {
      'two runs within so many seconds': found,
      'runs that failed': worker.lines.filter((line) => line.type === 'run-ended' && line.outcome === 'failed').length,
      ended: end?.signal ?? end?.code ?? 0,
    };
  } finally {
    worker.signal('SIGKILL');
    await vendor.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
