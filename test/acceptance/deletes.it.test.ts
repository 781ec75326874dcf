import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { sendControl } from '../../src/kafka/meta/control.ts';
import { readStates } from '../../src/kafka/meta/state.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { followStatus, type TableStatus } from '../../src/observability/status-view.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import { eventually } from '../landing/kafka-helpers.ts';
import {
  DEFAULT_KEY,
  startKlaviyoSimulator,
  type KlaviyoSimulator,
  type KlaviyoSimulatorOptions,
} from '../../simulators/klaviyo/simulator.ts';
import { openTestEngine, type TestConnection, type TestEngine, type TopicTable } from '../support/engine.ts';
import { shopSource, type ShopVendor } from '../support/shop-source.ts';
import { summariesByTable } from '../support/summaries.ts';
import type { SyncProcessOptions } from '../support/sync-process.ts';
import { programArguments } from '../support/program.ts';

const stack = inject('stack');
const HOUR = 3_600_000;

/** One connection under test, and what a user sees of it. */
interface Subject {
  readonly test: TestEngine;
  readonly dataDir: string;
  readonly prefix: string;
  /** Syncs each table once, an hour after the last time; answers by table. */
  sync(signal?: AbortSignal): Promise<ReadonlyMap<string, RunSummary>>;
  topic(table: string): Promise<TopicTable>;
  status(table: string): TableStatus | undefined;
  /** The number of withheld deletes in the metrics, which name no table without any. */
  withheldMetric(table: string): Promise<number | undefined>;
  /** What `tributary deletes list` shows. */
  withheldState(table: string): Promise<{ readonly count: number; readonly reason: string } | undefined>;
  /** What `tributary deletes allow` writes. */
  allowDeletes(table: string): Promise<void>;
  now(): number;
}

async function subject(connection: TestConnection, pass: (ms: number) => void = () => undefined): Promise<Subject> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-deletes-'));
  const prefix = `deletes${randomBytes(4).toString('hex')}`;
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const test = await openTestEngine({ ...stack, prefix, dataDir, clock: { now, timer: systemClock.timer }, connections: [connection] });
  const name = connection.source.name;
  const live = followStatus(test.bus, [], now);
  const metrics = createMetrics({ bus: test.bus, status: live.snapshot, version: 'test', now });
  // The metrics of a worker tell of the connections that are its own.
  test.bus.emit({ type: 'connection-assigned', connection: name, source: name });
  onTestFinished(async () => {
    metrics.stop();
    live.stop();
    await test.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  return {
    test,
    dataDir,
    prefix,
    now,
    async sync(signal = new AbortController().signal) {
      ahead += HOUR;
      pass(HOUR);
      return summariesByTable(await test.engine.sync([{ connection: name }], signal));
    },
    topic: (table) => test.readTable(table),
    status: (table) => live.snapshot().tables.find((one) => one.table === table),
    async withheldMetric(table) {
      const line = new RegExp(`^tributary_deletes_withheld\\{connection="${name}",source="${name}",table="${table}"\\} (\\d+)$`, 'm');
      const count = line.exec(await metrics.text())?.[1];
      return count === undefined ? undefined : Number(count);
    },
    withheldState: async (table) => (await readStates(test.access, name)).states.get(table)?.withheld,
    allowDeletes: (table) =>
      sendControl(test.access, [{ connection: name, table, slot: 'allow-deletes', value: { id: randomUUID(), at: now() } }]),
  };
}

interface Account extends Subject {
  readonly simulator: KlaviyoSimulator;
  readonly settings: Record<string, unknown>;
}

/** An account that has been read once; from then on all profile ids are listed in every run. */
async function account(tables: readonly string[], options: KlaviyoSimulatorOptions = {}): Promise<Account> {
  const simulator = await startKlaviyoSimulator({ seed: 3, profiles: 600, events: 0, limits: false, ...options });
  onTestFinished(() => simulator.close());
  const settings = { api_key: DEFAULT_KEY, base_url: simulator.url, sweep_every: '1h' };
  const made = await subject({ source: klaviyo, settings, tables }, simulator.clock.advance);
  expectOutcomes(await made.sync(), 'succeeded');
  return { ...made, simulator, settings };
}

function expectOutcomes(summaries: ReadonlyMap<string, RunSummary>, outcome: RunSummary['outcome']): void {
  for (const { ref, ...summary } of summaries.values()) expect(summary.outcome, `${ref.table}: ${summary.error?.message}`).toBe(outcome);
}

/** Nothing was deleted, and nobody is told that all was well. */
async function expectNoDelete(of: Subject, table: string, live: number): Promise<void> {
  const topic = await of.topic(table);
  expect([topic.rows.size, topic.tombstones, topic.markers.length]).toEqual([live, 0, 0]);
}

async function expectWithheld(of: Subject, table: string, count: number, reason: RegExp): Promise<void> {
  for (const shown of [of.status(table)?.withheld, await of.withheldState(table)])
    expect(shown).toMatchObject({ count, reason: expect.stringMatching(reason) });
  expect(await of.withheldMetric(table)).toBe(count);
}

async function expectNothingWithheld(of: Subject, table: string): Promise<void> {
  expect([of.status(table)?.withheld, await of.withheldState(table)]).toEqual([undefined, undefined]);
  expect(await of.withheldMetric(table)).toBeUndefined();
}

/** The next undisturbed run deletes exactly what is gone. */
async function expectDeletedNext(of: Subject, table: string, ids: readonly string[], live: number): Promise<void> {
  expectOutcomes(await of.sync(), 'succeeded');
  const topic = await of.topic(table);
  expect(topic.markers.map(({ id }) => id).sort()).toEqual([...ids].sort());
  expect([topic.rows.size, topic.tombstones]).toEqual([live, ids.length]);
  await expectNothingWithheld(of, table);
}

const SWEEP = { on: 'GET /api/profiles*', query: 'sort=id' } as const;

describe('profiles are not deleted', () => {
  it('by a listing that an error cut short', async () => {
    const it = await account(['profile']);
    const gone = it.simulator.change.deleteProfiles({ count: 3 });
    it.simulator.quirks.truncate = { table: 'profiles', afterRows: 300 };
    const stop = new AbortController();
    const failed: number[] = [];
    it.test.bus.on((event) => {
      if (event.type === 'request' && event.status === 500 && failed.push(500) === 2) stop.abort();
    });
    const summaries = await it.sync(stop.signal);
    expectOutcomes(summaries, 'interrupted');
    await expectNoDelete(it, 'profile', 600);
    it.simulator.quirks.truncate = null;
    await expectDeletedNext(it, 'profile', gone, 597);
  });

  it('by an empty listing', async () => {
    const it = await account(['profile']);
    it.simulator.quirks.empty = ['profiles'];
    expectOutcomes(await it.sync(), 'succeeded');
    await expectNoDelete(it, 'profile', 600);
    await expectWithheld(it, 'profile', 600, /empty/);
    // Allowed by somebody, but listed whole when it is looked at again.
    it.simulator.quirks.empty = [];
    await it.allowDeletes('profile');
    await expectDeletedNext(it, 'profile', [], 600);
  });

  it('by a listing that is refused, at once or on the way', async () => {
    const it = await account(['profile']);
    const gone = it.simulator.change.deleteProfiles({ count: 3 });
    it.simulator.quirks.forbidden = ['profiles'];
    expectOutcomes(await it.sync(), 'failed');
    it.simulator.quirks.forbidden = [];
    it.simulator.faults.add({ kind: 'status', status: 403, ...SWEEP, after: 3, times: 1 });
    expectOutcomes(await it.sync(), 'failed');
    await expectNoDelete(it, 'profile', 600);
    await expectDeletedNext(it, 'profile', gone, 597);
  });

  it('by a listing that was stopped on the way', async () => {
    const it = await account(['profile']);
    const gone = it.simulator.change.deleteProfiles({ count: 3 });
    it.simulator.faults.add({ kind: 'hang', ...SWEEP, after: 3, times: 1 });
    const stop = new AbortController();
    const running = it.sync(stop.signal);
    await eventually(async () => expect(it.simulator.faults.list()[0]?.hits).toBe(1));
    stop.abort();
    expectOutcomes(await running, 'interrupted');
    await expectNoDelete(it, 'profile', 600);
    await expectDeletedNext(it, 'profile', gone, 597);
  });

  it('by a listing that a killed process left behind', async () => {
    const it = await account(['profile']);
    const gone = it.simulator.change.deleteProfiles({ count: 3 });
    it.simulator.clock.advance(HOUR);
    it.simulator.faults.add({ kind: 'hang', ...SWEEP, after: 3, times: 1 });
    const options: SyncProcessOptions = {
      brokers: stack.brokers,
      registryUrl: stack.registryUrl,
      prefix: it.prefix,
      dataDir: it.dataDir,
      settings: it.settings,
      tables: ['profile'],
      ahead: it.now() + HOUR - Date.now(),
    };
    const child = spawn(
      process.execPath,
      [...programArguments(fileURLToPath(new URL('../support/sync-process.ts', import.meta.url))), JSON.stringify(options)],
      { stdio: 'inherit' },
    );
    const ended = once(child, 'exit');
    try {
      await eventually(async () => expect(it.simulator.faults.list()[0]?.hits).toBe(1), 300_000);
    } finally {
      child.kill('SIGKILL');
    }
    expect(await ended).toEqual([null, 'SIGKILL']);
    await expectNoDelete(it, 'profile', 600);
    await expectDeletedNext(it, 'profile', gone, 597);
  });

  it('by a listing whose index was lost on the way: it is listed again from the start', async () => {
    const it = await account(['profile']);
    const gone = it.simulator.change.deleteProfiles({ count: 3 });
    const fault = it.simulator.faults.add({ kind: 'status', status: 403, ...SWEEP, after: 4 });
    expectOutcomes(await it.sync(), 'failed');
    await rm(join(it.dataDir, 'index'), { recursive: true });
    expectOutcomes(await it.sync(), 'failed');
    expect(it.test.events.some((event) => event.type === 'index-rebuilt' && event.table === 'profile' && event.rows === 600)).toBe(true);
    await expectNoDelete(it, 'profile', 600);
    it.simulator.faults.clear(fault);
    await rm(join(it.dataDir, 'index'), { recursive: true });
    const asked = it.simulator.requests.count({ route: 'GET /api/profiles' });
    await expectDeletedNext(it, 'profile', gone, 597);
    // Every page of the listing, the first included, beside the one for the changes.
    expect(it.simulator.requests.count({ route: 'GET /api/profiles' }) - asked).toBeGreaterThanOrEqual(7);
  });

  it('by a listing that shows a page again instead of going on', async () => {
    const it = await account(['profile']);
    const gone = it.simulator.change.deleteProfiles({ count: 3 });
    it.simulator.quirks.repeatPages = 1_000;
    expectOutcomes(await it.sync(), 'failed');
    await expectNoDelete(it, 'profile', 600);
    it.simulator.quirks.repeatPages = 0;
    await expectDeletedNext(it, 'profile', gone, 597);
  });

  it('by rows without an id, which could be any of them', async () => {
    const it = await account(['profile']);
    const gone = it.simulator.change.deleteProfiles({ count: 3 });
    it.simulator.quirks.nullIdRows = 1;
    expectOutcomes(await it.sync(), 'succeeded');
    await expectNoDelete(it, 'profile', 600);
    await expectWithheld(it, 'profile', 3, /without a usable key/);
    it.simulator.quirks.nullIdRows = 0;
    await expectDeletedNext(it, 'profile', gone, 597);
  });

  it('by rows without an id that never go away, until somebody allows it', async () => {
    const it = await account(['profile']);
    const gone = it.simulator.change.deleteProfiles({ count: 3 });
    it.simulator.quirks.nullIdRows = 1;
    expectOutcomes(await it.sync(), 'succeeded');
    await expectWithheld(it, 'profile', 3, /without a usable key/);
    await it.allowDeletes('profile');
    await expectDeletedNext(it, 'profile', gone, 597);
  });

  it('when a quarter is gone at once, until somebody allows it, and then only once', async () => {
    const it = await account(['profile']);
    const gone = it.simulator.change.deleteProfiles({ count: 150 });
    for (const _ of [1, 2]) {
      expectOutcomes(await it.sync(), 'succeeded');
      await expectNoDelete(it, 'profile', 600);
      await expectWithheld(it, 'profile', 150, /150 of 600/);
    }
    await it.allowDeletes('profile');
    await expectDeletedNext(it, 'profile', gone, 450);

    it.simulator.change.deleteProfiles({ count: 140 });
    for (const _ of [1, 2]) {
      expectOutcomes(await it.sync(), 'succeeded');
      await expectWithheld(it, 'profile', 140, /140 of 450/);
      expect((await it.topic('profile')).tombstones).toBe(150);
    }
  });

  it('when the listing hides them and the vendor, asked about each, still has them', async () => {
    const it = await account(['profile']);
    it.simulator.quirks.hiddenProfiles = 0.25;
    expectOutcomes(await it.sync(), 'succeeded');
    await expectNoDelete(it, 'profile', 600);
    expect(it.status('profile')?.withheld?.count).toBeGreaterThan(120);
    await it.allowDeletes('profile');
    await expectDeletedNext(it, 'profile', [], 600);
    // Few enough to be plausible: asked about all the same.
    it.simulator.quirks.hiddenProfiles = 0.1;
    await expectDeletedNext(it, 'profile', [], 600);
  });
});

describe('metrics are not deleted', () => {
  it('before two whole listings in a row have missed them', async () => {
    const it = await account(['metric'], { profiles: 0 });
    const [gone] = it.simulator.change.removeMetric({});
    expectOutcomes(await it.sync(), 'succeeded');
    await expectNoDelete(it, 'metric', 460);
    it.simulator.faults.add({ kind: 'status', status: 403, on: 'GET /api/metrics*', after: 1, times: 1 });
    expectOutcomes(await it.sync(), 'failed');
    await expectNoDelete(it, 'metric', 460);
    await expectDeletedNext(it, 'metric', [gone as string], 459);
  });

  it('by an empty listing and one that misses them: the empty one proves nothing', async () => {
    const it = await account(['metric'], { profiles: 0 });
    it.simulator.quirks.empty = ['metrics'];
    expectOutcomes(await it.sync(), 'succeeded');
    await expectNoDelete(it, 'metric', 460);
    await expectWithheld(it, 'metric', 460, /empty/);
    it.simulator.quirks.empty = [];
    const [gone] = it.simulator.change.removeMetric({});
    expectOutcomes(await it.sync(), 'succeeded');
    await expectNoDelete(it, 'metric', 460);
    await expectDeletedNext(it, 'metric', [gone as string], 459);
  });

  it('unless somebody allows it: then with the next run, however few listings missed them', async () => {
    const it = await account(['metric'], { profiles: 0 });
    const gone = Array.from(
      { length: 120 },
      () => it.simulator.change.removeMetric({ id: [...it.simulator.truth.metrics()][0]?.id as string })[0] as string,
    );
    expectOutcomes(await it.sync(), 'succeeded');
    await expectNoDelete(it, 'metric', 460);
    await expectWithheld(it, 'metric', 120, /120 of 460/);
    await it.allowDeletes('metric');
    await expectDeletedNext(it, 'metric', gone, 340);
  });
});

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);

describe('rows of a vendor that tells totals and lists by parent are not deleted', () => {
  async function shop(): Promise<{ vendor: ShopVendor; it: Subject }> {
    const vendor: ShopVendor = { items: numbered(20), shops: new Map(['a', 'b', 'c'].map((id) => [id, numbered(8)])), refusals: new Map() };
    const it = await subject({ source: shopSource(vendor), settings: {} });
    expectOutcomes(await it.sync(), 'succeeded');
    await expectNoDelete(it, 'product', 24);
    return { vendor, it };
  }

  it('when the vendor announces more than it lists', async () => {
    const { vendor, it } = await shop();
    vendor.items = numbered(17);
    vendor.announced = 20;
    expectOutcomes(await it.sync(), 'succeeded');
    await expectNoDelete(it, 'item', 20);
    await expectWithheld(it, 'item', 3, /announced 20 rows and listed 17/);
    vendor.announced = undefined;
    await expectDeletedNext(it, 'item', ['n17', 'n18', 'n19'], 17);
  });

  it('when their parent could not be read', async () => {
    const { vendor, it } = await shop();
    for (const status of [403, 404]) {
      vendor.refusals.set('b', status);
      vendor.shops.set('b', []);
      expectOutcomes(await it.sync(), 'succeeded');
      await expectNoDelete(it, 'product', 24);
    }
    vendor.refusals.clear();
    vendor.shops.set('b', numbered(6));
    await expectDeletedNext(it, 'product', ['n6', 'n7'], 22);
  });

  it('when the parents themselves could not be listed; with a parent that is gone its children go', async () => {
    const { vendor, it } = await shop();
    vendor.refusals.set('', 403);
    const summaries = await it.sync();
    expect(
      [...summaries]
        .filter(([, { outcome }]) => outcome === 'failed')
        .map(([table]) => table)
        .sort(),
    ).toEqual(['product', 'shop']);
    await expectNoDelete(it, 'product', 24);
    await expectNoDelete(it, 'shop', 3);
    vendor.refusals.clear();
    vendor.shops.delete('c');
    await expectDeletedNext(it, 'product', numbered(8), 16);
    expect((await it.topic('shop')).markers.map(({ id }) => id)).toEqual(['c']);
  });
});
