import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { customerIo } from '../../producers/customer_io/index.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { sendControl } from '../../src/kafka/meta/control.ts';
import { followStatus, type LiveStatus } from '../../src/observability/status-view.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import type { Source } from '../../src/sdk/source.ts';
import type { CustomerIoTable } from '../../simulators/customer-io/options.ts';
import { startCustomerIoSimulator, type CustomerIoSimulator } from '../../simulators/customer-io/simulator.ts';
import { LISTS } from '../../simulators/customer-io/world.ts';
import { compare, digestOf, none, type Contents } from '../support/contents.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { landInPostgres, type TestLanding } from '../support/landed.ts';
import { SCALE } from '../support/scale.ts';
import { summariesByTable } from '../support/summaries.ts';
import { expectedRecords } from './expected.ts';

/** One workspace, from its back-fill on; the steps build on each other. */
const size = {
  people: 2_400 * SCALE,
  deliveries: 6_000 * SCALE,
  deliveryDays: 60,
  activities: 3_000,
  activityDays: 25,
  newsletters: 205,
  bounces: 2_300,
};
const SYNC_MS = 240_000;
const LANDING_MS = 240_000;
const HOUR = 3_600_000;

const stack = inject('stack');
const prefix = `cio${randomBytes(4).toString('hex')}`;
const never = new AbortController().signal;

let simulator: CustomerIoSimulator;
let test: TestEngine;
let landing: TestLanding;
let status: LiveStatus;
let tables: readonly CustomerIoTable[];
let clock: Clock;

/** The budget the connection keeps to; lifted together with the vendor's limit once that has been shown to hold. */
const allowance = { limit: 0, per: 0 };
const source: Source = {
  ...customerIo,
  connect: (settings, env) =>
    customerIo.connect(settings, {
      ...env,
      http: (options) => {
        const { windows } = options.budget.buckets['default'] ?? { windows: [] };
        expect(windows).toMatchObject([{ limit: 10, per: 1_000 }]);
        if (allowance.limit === 0) Object.assign(allowance, windows[0]);
        return env.http({ ...options, budget: { ...options.budget, buckets: { default: { windows: [allowance] } } } });
      },
    }),
};

beforeAll(async () => {
  simulator = await startCustomerIoSimulator(size);
  tables = simulator.truth.tables;
  const began = performance.now();
  // The vendor's time stands still, so that its truth does; ours has to move for anything to be waited for.
  clock = { now: () => simulator.clock.now() + Math.floor(performance.now() - began), timer: systemClock.timer };
  test = await openTestEngine({
    ...stack,
    prefix,
    clock,
    // Days without a delivery are asked for as well.
    connections: [{ source, settings: { access_token: simulator.keys.full, base_url: simulator.baseUrl }, history: { range: '90d' } }],
  });
  status = followStatus(
    test.bus,
    tables.map((table) => ({ connection: 'customer_io', source: 'customer_io', table })),
    clock.now,
  );
});

afterAll(async () => {
  status?.stop();
  await landing?.close();
  await test?.close();
  await simulator?.close();
});

async function sync(of?: readonly CustomerIoTable[]): Promise<Map<CustomerIoTable, RunSummary>> {
  const summaries = await test.engine.sync([{ connection: 'customer_io', ...(of && { tables: of }) }], never);
  for (const { ref, outcome, error } of summaries)
    expect(outcome, `${ref.table}: ${error?.message} ${error?.detail ?? ''}`).toBe('succeeded');
  return summariesByTable<CustomerIoTable>(summaries);
}

const truthOf = (table: CustomerIoTable): Contents =>
  new Map([...expectedRecords(simulator.truth, table)].map(([id, record]) => [id, digestOf(record)]));
const keyOf = (table: CustomerIoTable, columns: Record<string, unknown>): string => String(columns[table === 'snippets' ? 'name' : 'id']);

interface Topic {
  readonly rows: ReadonlyMap<string, string>;
  readonly markers: readonly string[];
  readonly messages: number;
  readonly tombstones: number;
  readonly repeated: number;
}

async function topicOf(table: CustomerIoTable): Promise<Topic> {
  const rows = new Map<string, string>();
  const markers: string[] = [];
  let [messages, tombstones, repeated] = [0, 0, 0];
  await test.visitTable(table, ({ id: key, kind, record = {} }) => {
    const id = keyOf(table, JSON.parse(key) as Record<string, unknown>);
    messages += 1;
    if (kind === 'marker') markers.push(id);
    if (kind === 'tombstone') {
      tombstones += 1;
      rows.delete(id);
    }
    if (kind !== 'row') return;
    const digest = digestOf(record);
    if (rows.get(id) === digest) repeated += 1;
    rows.set(id, digest);
  });
  return { rows, markers, messages, tombstones, repeated };
}

async function expectTopicEqual(table: CustomerIoTable): Promise<Topic> {
  const topic = await topicOf(table);
  const differences = compare(truthOf(table), topic.rows);
  const [one] = differences.different;
  if (one !== undefined) {
    const read = await test.readTable(table);
    expect(
      [...read.rows.values()].find((record) => keyOf(table, record) === one),
      table,
    ).toEqual(expectedRecords(simulator.truth, table).get(one));
  }
  expect(differences, table).toEqual(none);
  expect(topic.repeated, table).toBe(0);
  return topic;
}

async function expectLandedEqual(table: CustomerIoTable): Promise<void> {
  const rows = new Map<string, string>();
  let one: Record<string, unknown> | undefined;
  const truth = truthOf(table);
  await landing.visit(table, (columns, { deleted }) => {
    const id = keyOf(table, columns);
    const digest = digestOf(columns);
    if (rows.has(id) || deleted) throw new Error(`${table} ${id} stands twice in the database, or is a deleted one`);
    rows.set(id, digest);
    if (truth.has(id) && truth.get(id) !== digest) one ??= columns;
  });
  if (one) expect(one, table).toEqual(expectedRecords(simulator.truth, table).get(keyOf(table, one)));
  expect(compare(truth, rows), table).toEqual(none);
}

describe(`a workspace with ${size.people} people and ${size.deliveries} deliveries`, () => {
  it(
    'is in the topics, row by row and column by column, all tables sharing one allowance',
    async () => {
      const summaries = await sync();
      // Hardly one has to be refused, although no answer tells what is left.
      expect(simulator.requests.count({ status: 429 })).toBeLessThan(simulator.traffic.arrivals.length / 20);
      for (const table of tables) {
        const topic = await expectTopicEqual(table);
        expect([topic.messages, topic.tombstones], table).toEqual([topic.rows.size, 0]);
        expect(topic.rows.size, table).toBeGreaterThan(2);
        expect(summaries.get(table)?.totals, table).toMatchObject({ published: topic.rows.size, deleted: 0, deadLetters: 0 });
      }
      expect(truthOf('messages').size).toBe(size.deliveries);
      expect(
        status
          .snapshot()
          .tables.filter(({ freshnessMs }) => freshnessMs === undefined)
          .map(({ table }) => table),
        'tables that do not tell how fresh they are',
      ).toEqual([]);
    },
    SYNC_MS,
  );

  it(
    'is in PostgreSQL, row by row and column by column',
    async () => {
      landing = await landInPostgres(stack, test);
      await landing.untilLanded(LANDING_MS);
      for (const table of tables) await expectLandedEqual(table);
    },
    LANDING_MS + 60_000,
  );

  it(
    'costs no message when it is read again and nothing has changed',
    async () => {
      allowance.limit = 100_000;
      simulator.limits.enabled = false;
      simulator.clock.advance(2 * HOUR);
      const summaries = await sync();
      // The look-back was due.
      expect(summaries.get('messages')?.totals.fetched).toBeGreaterThan((size.deliveries * 25) / size.deliveryDays);
      for (const table of tables)
        expect(summaries.get(table)?.totals, table).toMatchObject({ messages: 0, published: 0, deleted: 0, deadLetters: 0 });
    },
    SYNC_MS,
  );

  it(
    'brings exactly what changed, and deletes nothing for one listing that lacks it',
    async () => {
      const { mutate, world } = simulator;
      simulator.clock.advance(2 * HOUR);
      const [first, second, third, fourth] = [...world.people.keys()] as [string, string, string, string];
      const affected = new Map(tables.map((table) => [table, truthOf(table)]));
      mutate['person.change']({ cioId: first, attributes: { plan: 'platinum' } });
      mutate['person.add']();
      // More than a page, all of one second.
      mutate['delivery.add']({ at: simulator.clock.now() / 1000 - 60, count: 1_200 });
      const clicked = world.deliveries.find(({ row }) => Number(row['created']) < simulator.clock.now() / 1000 - 20 * 86_400);
      mutate['delivery.metric']({ id: String(clicked?.row['id']), metric: 'clicked' });
      mutate['activity.add']();
      mutate['row.change']({ table: 'campaigns', id: 12, changes: { name: 'Renamed' } });
      mutate['row.change']({ table: 'collections', id: 2, changes: { rows: 99 } });
      mutate['suppression.add']({ type: 'invalid_emails' });
      const upserts = (table: CustomerIoTable): number =>
        [...truthOf(table)].filter(([id, digest]) => affected.get(table)?.get(id) !== digest).length;
      const wanted = new Map(tables.map((table) => [table, upserts(table)]));
      expect(
        [...wanted]
          .filter(([, count]) => count > 0)
          .map(([table]) => table)
          .sort(),
      ).toEqual(['activities', 'campaigns', 'collections', 'customers', 'eps_suppression', 'messages']);

      for (const table of LISTS)
        if (!['segments', 'exports'].includes(table)) mutate['row.delete']({ table, id: keyOf(table, world.lists[table].at(-1) ?? {}) });
      mutate['segment.archive']({ id: 4 });
      mutate['suppression.lift']({ type: 'bounces', email: 'gone000007@example.net' });
      mutate['ip.remove']({ address: '192.0.2.11' });
      mutate['row.delete']({ table: 'exports', id: 502 });
      for (const cioId of [second, third, fourth]) world.people.delete(cioId);
      const summaries = await sync();
      for (const table of tables)
        expect(summaries.get(table)?.totals, table).toMatchObject({
          published: wanted.get(table),
          deleted: table === 'customers' ? 3 : 0,
          deadLetters: 0,
        });
      const customers = await expectTopicEqual('customers');
      expect([...customers.markers].sort()).toEqual([second, third, fourth].sort());
    },
    SYNC_MS,
  );

  it(
    'loses what two complete listings lack, not counting one that failed in between',
    async () => {
      simulator.clock.advance(10_000);
      const stop = new AbortController();
      const trouble = simulator.faults.add({ kind: 'status', status: 503, on: 'GET /v1/campaigns' });
      const unavailable = test.engine.sync([{ connection: 'customer_io', tables: ['campaigns'] }], stop.signal);
      await vi.waitFor(() => expect(simulator.requests.count({ status: 503 })).toBeGreaterThan(1), { timeout: 30_000, interval: 50 });
      stop.abort();
      expect(await unavailable).toMatchObject([{ outcome: 'interrupted', totals: { deleted: 0 } }]);
      simulator.faults.clear(trouble);
      simulator.faults.add({ kind: 'status', status: 400, on: 'GET /v1/campaigns', times: 1 });
      const [failed] = await test.engine.sync([{ connection: 'customer_io', tables: ['campaigns'] }], never);
      expect(failed).toMatchObject({ outcome: 'failed', totals: { deleted: 0 } });
      expect((await topicOf('campaigns')).tombstones).toBe(0);

      const lacking = [...LISTS.filter((table) => table !== 'exports'), 'eps_suppression', 'ip_addresses'] as const;
      expect(lacking).toHaveLength(14);
      const summaries = await sync([...lacking, 'exports']);
      for (const table of lacking) {
        expect(summaries.get(table)?.totals, table).toMatchObject({ deleted: 1, published: 0 });
        const topic = await expectTopicEqual(table);
        expect([topic.markers.length, topic.tombstones], table).toEqual([1, 1]);
      }
      // A job that left the vendor's list is no job that did not exist.
      expect((await topicOf('exports')).rows.has('502')).toBe(true);
    },
    SYNC_MS,
  );

  it(
    'keeps what slipped from one page to another because a row went meanwhile',
    async () => {
      const { mutate, world, midway } = simulator;
      const gone = [...world.people.keys()].sort()[10] as string;
      midway.add('POST /v1/customers', 1, () => void world.people.delete(gone));
      midway.add('GET /v1/newsletters', 1, () => mutate['row.delete']({ table: 'newsletters', id: 81 }));
      const deleted: number[][] = [];
      for (let listing = 0; listing < 3; listing += 1) {
        simulator.clock.advance(10_000);
        const summaries = await sync(['customers', 'newsletters']);
        deleted.push((['customers', 'newsletters'] as const).map((table) => summaries.get(table)?.totals.deleted ?? -1));
      }
      expect(midway.pending).toBe(0);
      // The first listing had shown both before they went.
      expect(deleted).toEqual([
        [0, 0],
        [1, 0],
        [0, 1],
      ]);
      for (const table of ['customers', 'newsletters'] as const)
        expect((await expectTopicEqual(table)).rows.size).toBe(truthOf(table).size);
    },
    SYNC_MS,
  );

  it(
    'deletes nobody when the vendor names nobody at all, asked about people who slipped from its listing',
    async () => {
      const { world, midway, faults } = simulator;
      simulator.clock.advance(10_000);
      const gone = [...world.people.keys()].sort()[10] as string;
      midway.add('POST /v1/customers', 1, () => void world.people.delete(gone));
      // With the last request for the profiles of those who are listed; one has slipped from the listing.
      midway.add('POST /v1/customers/attributes', Math.ceil((world.people.size - 1) / 100) - 1, () => {
        faults.add({ kind: 'status', status: 200, on: 'POST /v1/customers/attributes', times: 1, body: '{"customers":[]}' });
      });
      const before = (await topicOf('customers')).tombstones;
      const { totals } = (await sync(['customers'])).get('customers') as RunSummary;
      expect(midway.pending).toBe(0);
      expect(totals.deleted).toBe(0);
      expect(status.snapshot().tables.find(({ table }) => table === 'customers')?.withheld).toMatchObject({ count: 1 });
      expect((await topicOf('customers')).tombstones).toBe(before);
      simulator.clock.advance(10_000);
      expect((await sync(['customers'])).get('customers')?.totals.deleted).toBe(1);
      await expectTopicEqual('customers');
    },
    SYNC_MS,
  );

  it(
    'keeps its rows when a table comes empty or with a quarter less, until somebody allows it',
    async () => {
      const { mutate, world } = simulator;
      const newsletters = truthOf('newsletters');
      const kept = [...world.lists.newsletters];
      mutate['rows.clear']({ table: 'newsletters' });
      const leaving = [...world.people].slice(0, size.people / 4);
      for (const [cioId] of leaving) world.people.delete(cioId);
      for (let listing = 0; listing < 3; listing += 1) {
        simulator.clock.advance(10_000);
        const summaries = await sync(['newsletters', 'customers']);
        for (const table of ['newsletters', 'customers'] as const) expect(summaries.get(table)?.totals.deleted, table).toBe(0);
      }
      const withheld = (table: CustomerIoTable) => status.snapshot().tables.find((one) => one.table === table)?.withheld;
      expect(withheld('newsletters')).toMatchObject({ count: newsletters.size, reason: expect.stringMatching(/empty/) });
      expect(withheld('customers')).toMatchObject({
        count: leaving.length,
        reason: expect.stringMatching(new RegExp(`${leaving.length} of \\d+ rows`)),
      });
      expect(compare(newsletters, (await topicOf('newsletters')).rows)).toEqual(none);

      world.lists.newsletters.push(...kept);
      await sendControl(test.access, [
        { connection: 'customer_io', table: 'customers', slot: 'allow-deletes', value: { id: randomUUID(), at: clock.now() } },
      ]);
      simulator.clock.advance(10_000);
      const summaries = await sync(['newsletters', 'customers']);
      expect(summaries.get('newsletters')?.totals).toMatchObject({ published: 0, deleted: 0 });
      expect(summaries.get('customers')?.totals).toMatchObject({ published: 0, deleted: leaving.length });
      await expectTopicEqual('customers');
      for (const table of ['newsletters', 'customers'] as const) expect(withheld(table), table).toBeUndefined();
    },
    SYNC_MS,
  );

  it(
    "waits when the day's quota is used up, says so, and goes on when it is not",
    async () => {
      simulator.clock.advance(10_000);
      simulator.limits.dailyQuotaSpent = true;
      const running = sync(['campaigns', 'topics', 'customers']);
      const state = (table: CustomerIoTable) => status.snapshot().tables.find((one) => one.table === table)?.state;
      await vi.waitFor(
        () => {
          for (const table of ['campaigns', 'topics', 'customers'] as const)
            expect(state(table), table).toMatchObject({ kind: 'rate_limited' });
        },
        { timeout: 30_000, interval: 50 },
      );
      const refused = simulator.requests.count({ status: 429 });
      await vi.waitFor(() => expect(simulator.requests.count({ status: 429 })).toBeGreaterThan(refused), { timeout: 30_000, interval: 50 });
      // While it asks again it may show as at work, and waits again at once.
      await vi.waitFor(() => expect(state('customers')).toMatchObject({ kind: 'rate_limited' }), { timeout: 30_000, interval: 5 });
      expect(simulator.requests.list({ status: 429 }).length).toBeLessThan(60);
      simulator.limits.dailyQuotaSpent = false;
      const summaries = await running;
      for (const [table, { totals }] of summaries) expect(totals, table).toMatchObject({ published: 0, deleted: 0 });
    },
    SYNC_MS,
  );

  it(
    'is in PostgreSQL again, the deleted rows gone',
    async () => {
      await landing.untilLanded(LANDING_MS);
      for (const table of tables.filter((name) => name !== 'exports')) await expectLandedEqual(table);
    },
    LANDING_MS + 60_000,
  );
});
