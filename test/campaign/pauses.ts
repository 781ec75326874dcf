import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { activeWorkers } from '../../src/kafka/worker.ts';
import { openTestEngine } from '../support/engine.ts';
import { endAll, startWorker, succeeded, until, type FleetWorker } from './fleet.ts';
import { remoteShop, startShopServer } from '../support/shop-server.ts';
import type { Figures, Place } from './run.ts';

export interface PauseOptions {
  readonly prefix: string;
  /** Both workers keep their indexes in one folder, or each in its own. */
  readonly shared: boolean;
  readonly items: number;
  readonly pageMs: number;
  /** Milliseconds into a listing at which its worker is stopped. */
  readonly stopAfterMs: number;
  readonly pauseMs: number;
  readonly sessionTimeout: number;
  /** Kill the one that took over, in a listing of its own, before the stopped one goes on: it then gets the connection back. */
  readonly killOther: boolean;
}

export interface PauseOutcome {
  readonly tombstones: number;
  readonly markers: number;
  readonly missing: number;
  readonly takenOverAfter: number;
  readonly readAgainAfter: number;
  readonly ends: readonly string[];
}

/**
 * Two workers and one connection: the one that lists is stopped in a listing, the other takes over, the first goes on.
 * Nothing changes at the vendor, so not one row may be deleted.
 */
export async function pauseInListing(place: Place, options: PauseOptions): Promise<PauseOutcome> {
  const { prefix, shared, items, pageMs, sessionTimeout } = options;
  const vendor = await startShopServer(items, 100, 0);
  const dirs = [await mkdtemp(join(tmpdir(), 'pauses-')), await mkdtemp(join(tmpdir(), 'pauses-'))];
  const workers: FleetWorker[] = [];
  const start = (at: number): FleetWorker => {
    const worker = startWorker({
      ...place,
      prefix,
      dataDir: dirs[shared ? 0 : at] as string,
      vendorUrl: vendor.url,
      connections: 1,
      schedule: '*/2 * * * * *',
      sessionTimeout,
      mode: 'worker',
    });
    workers.push(worker);
    return worker;
  };
  const test = await openTestEngine({
    ...place,
    prefix,
    connections: [{ name: 'shop_1', source: remoteShop, tables: ['item'], settings: { url: vendor.url } }],
  });
  const reads = (worker: FleetWorker, since: number): boolean => succeeded(worker, 'shop_1', since) > 0;
  try {
    const owner = start(0);
    const other = start(1);
    const both = [owner, other];
    await until('both are in the group', async () => (await activeWorkers(test.access)).length === 2, 120);
    const together = Date.now();
    await until('a listing since then', () => both.some((worker) => reads(worker, together)), 120);
    vendor.pageMs = pageMs;
    const holder = both.find((worker) => worker.assigned().has('shop_1')) ?? owner;
    const heir = holder === owner ? other : owner;
    // In the middle of a listing that began slow.
    const begun = holder.lines.filter(({ type }) => type === 'run-started').length;
    await until('a slow listing', () => holder.lines.filter(({ type }) => type === 'run-started').length > begun, 120);
    await sleep(options.stopAfterMs);
    const stoppedAt = Date.now();
    holder.signal('SIGSTOP');
    vendor.pageMs = Math.min(pageMs, 10);
    let takenOverAfter = Number.NaN;
    if (options.pauseMs > sessionTimeout) {
      takenOverAfter = await until('the other takes over and reads', () => reads(heir, stoppedAt), 120);
    }
    await sleep(Math.max(0, options.pauseMs - (Date.now() - stoppedAt)));
    if (options.killOther) {
      vendor.pageMs = pageMs;
      const runs = heir.lines.filter(({ type }) => type === 'run-started').length;
      await until('a listing of the heir', () => heir.lines.filter(({ type }) => type === 'run-started').length > runs, 60);
      await sleep(options.stopAfterMs);
      heir.signal('SIGKILL');
    }
    const wokenAt = Date.now();
    holder.signal('SIGCONT');
    vendor.pageMs = Math.min(pageMs, 10);
    const living = options.killOther ? [holder] : both;
    const readAgainAfter = await until('it is read again', () => living.some((worker) => reads(worker, wokenAt)), 120);
    // Two listings more: what a wrong memory leaves behind shows at their ends.
    for (let more = 0; more < 2; more += 1) {
      const from = Date.now();
      await until('one more listing', () => living.some((worker) => reads(worker, from)), 120);
    }
    const ends = await endAll(living);
    const topic = await test.readTable('item', 'shop_1');
    return {
      tombstones: topic.tombstones,
      markers: topic.markers.length,
      missing: items - topic.rows.size,
      takenOverAfter,
      readAgainAfter,
      ends: ends.map(({ code, signal, errors }) => (signal === null && code === 0 ? 'in order' : `${signal ?? code}: ${errors}`)),
    };
  } finally {
    for (const worker of workers) worker.signal('SIGKILL');
    await test.close();
    await vendor.close();
    for (const dir of dirs) await rm(dir, { recursive: true, force: true });
  }
}

/** Twenty random moments, half of them with a shared folder, a few at once. */
export async function pauses(
  place: Place,
  { count, atOnce, random }: { count: number; atOnce: number; random: () => number },
): Promise<Figures> {
  const results: PauseOutcome[] = [];
  const failures: string[] = [];
  const all = Array.from({ length: count }, (_, at) => at);
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let at = all.shift(); at !== undefined; at = all.shift()) {
        const what = { shared: at % 2 === 0, killOther: at % 4 >= 2 };
        try {
          const outcome = await pauseInListing(place, {
            prefix: `pauses_${Date.now().toString(36)}_${at}`,
            items: 3_000,
            pageMs: 150,
            stopAfterMs: Math.round(random() * 4_000),
            pauseMs: 60_000,
            sessionTimeout: 15_000,
            ...what,
          });
          results.push(outcome);
          console.error(at, what, outcome);
        } catch (error) {
          failures.push(`${at} ${JSON.stringify(what)}: ${String(error)}`);
          console.error(failures.at(-1));
        }
      }
    }),
  );
  const worst = (values: readonly number[]): number => Math.round(Math.max(...values) * 10) / 10;
  return {
    moments: results.length,
    failures,
    'wrong deletes': results.reduce((sum, one) => sum + one.tombstones + one.markers, 0),
    'rows missing': results.reduce((sum, one) => sum + one.missing, 0),
    'processes that ended by themselves': results.flatMap(({ ends }) => ends).filter((end) => end !== 'in order').length,
    'longest until the other had read the table, s': worst(results.map(({ takenOverAfter }) => takenOverAfter)),
    'longest until it was read again after SIGCONT, s': worst(results.map(({ readAgainAfter }) => readAgainAfter)),
  };
}
