import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, inject, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { randomStream } from '../../simulators/kit/random.ts';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { commotion, expectTopicsEqualTruth } from '../acceptance/klaviyo-account.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openTestEngine } from '../support/engine.ts';
import { startFaultyLine, type LineFaults } from '../support/faulty-line.ts';
import { startShopServer } from '../support/shop-server.ts';
import { through } from '../kafka/tcp-proxy.ts';
import { endAll, startWorker, succeeded, until, type FleetWorker } from './fleet.ts';
import { pauseInListing } from './pauses.ts';

/* Short forms of the campaigns of `run.ts`, each by a seed. Kills at every kind of moment are in acceptance/crash.it.test.ts. */

const { brokers, registryUrl } = inject('stack');
const place = { brokers, registryUrl };
const fresh = (name: string): string => `${name}${randomBytes(4).toString('hex')}`;

// Together, since most of their time is waiting: for a session to end, for a line to answer.
describe.concurrent('campaigns', () => {
  test('a worker that is stopped in a listing and comes back after another took over deletes nothing', async ({ expect }) => {
    const outcome = await pauseInListing(place, {
      prefix: fresh('paused'),
      shared: true,
      items: 1_000,
      pageMs: 100,
      stopAfterMs: Math.round(randomStream(3)() * 900),
      pauseMs: 8_000,
      sessionTimeout: 6_000,
      killOther: false,
    });
    expect(outcome).toMatchObject({ tombstones: 0, markers: 0, missing: 0 });
    expect(
      outcome.ends.every((end) => end === 'in order'),
      String(outcome.ends),
    ).toBe(true);
  });

  test('a killed worker is missed by its neighbour long before its session ends', async ({ expect, onTestFinished }) => {
    const vendor = await startShopServer(20, 10, 0);
    onTestFinished(() => vendor.close());
    const dataDir = await mkdtemp(join(tmpdir(), 'neighbours-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const started: FleetWorker[] = [];
    onTestFinished(() => started.forEach((worker) => worker.signal('SIGKILL')));
    const prefix = fresh('neighbours');
    const names = ['shop_1', 'shop_2', 'shop_3', 'shop_4', 'shop_5', 'shop_6'];
    const start = (): FleetWorker => {
      const worker = startWorker({
        ...place,
        prefix,
        dataDir,
        vendorUrl: vendor.url,
        connections: names.length,
        schedule: '* * * * * *',
        // Longer than the test waits for anything.
        sessionTimeout: 250_000,
        mode: 'worker',
      });
      started.push(worker);
      return worker;
    };
    const share = (workers: readonly FleetWorker[]): Promise<number> => {
      const from = Date.now();
      return until(
        `all is read by ${workers.length}`,
        () =>
          workers.every((worker) => worker.assigned().size > 0) &&
          names.every((name) => workers.some((worker) => worker.assigned().has(name) && succeeded(worker, name, from) > 0)),
        150,
      );
    };
    const [one, other] = [start(), start()];
    await share([one, other]);
    other.signal('SIGKILL');
    await share([one]);
    const ends = await endAll([one]);
    expect(ends.map(({ code, signal }) => [code, signal])).toEqual([[0, null]]);
  });

  test('lines that reset, delay and lose what passes leave the topics equal to the vendor, and nothing is called our fault', async ({
    expect,
    onTestFinished,
  }) => {
    const seed = 20_261_128;
    const random = randomStream(seed);
    const vendor = await startKlaviyoSimulator({ seed, profiles: 200, events: 600, metrics: 20, limits: false });
    onTestFinished(() => vendor.close());
    const lines = [
      await startFaultyLine(brokers[0] ?? '', random),
      await startFaultyLine(new URL(vendor.url).host, random),
      await startFaultyLine(new URL(registryUrl).host, random),
    ] as const;
    onTestFinished(async () => void (await Promise.all(lines.map((line) => line.close()))));
    const [broker, shop, registry] = lines;
    const account = commotion(vendor, seed);
    let ahead = 0;
    const test = await openTestEngine({
      brokers,
      registryUrl: registryUrl.replace(/:\d+/, `:${registry.port}`),
      prefix: fresh('lines'),
      access: { socketFactory: through(broker.port), requestTimeout: 2_000 },
      clock: { now: () => Date.now() + ahead, timer: systemClock.timer },
      connections: [{ source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: `http://127.0.0.1:${shop.port}`, sweep_every: '0h' } }],
    });
    onTestFinished(() => test.close());
    const sync = async (): Promise<number> => {
      vendor.clock.advance(600_000);
      ahead += 600_000;
      const runs = await test.engine.sync([{ connection: 'klaviyo' }], new AbortController().signal);
      expect(runs.map(({ ref, outcome, error }) => [ref.table, outcome, error?.message])).toEqual(
        runs.map(({ ref }) => [ref.table, 'succeeded', undefined]),
      );
      return runs.reduce((sum, { totals }) => sum + totals.messages, 0);
    };
    // Each pass has two kinds of trouble at once, on lines of which each has each kind in one of the two.
    const faults: readonly LineFaults[] = [{ resets: 0.005, latencyMs: 10 }, {}];
    for (const suffered of faults) {
      lines.forEach((line) => line.suffer(suffered));
      if (Object.keys(suffered).length === 0) broker.suffer({ blackHoles: 0.005 });
      await sync();
      account.grow();
      account.shrink();
    }
    lines.forEach((line) => line.suffer({}));
    let last = Number.POSITIVE_INFINITY;
    for (let pass = 0; pass < 4 && last > 0; pass += 1) last = await sync();
    expect(last).toBe(0);
    await expectTopicsEqualTruth(vendor, test);
    const ours = test.events.flatMap((event) => ('failure' in event && event.failure?.kind === 'internal' ? [event.failure.message] : []));
    expect(ours).toEqual([]);
  });
});
