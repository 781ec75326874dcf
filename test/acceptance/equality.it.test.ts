import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { tableTopic } from '../../src/kafka/meta/topic-names.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import type { TableRecord } from '../../src/core/table.ts';
import { expectedRows, type KlaviyoTable } from '../klaviyo/expected.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { compare, digestOf, digestsOf, none, type Contents } from '../support/contents.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { landInPostgres, type TestLanding } from '../support/landed.ts';
import { landInS3 } from '../support/landed-files.ts';
import { SCALE } from '../support/scale.ts';
import { summariesByTable } from '../support/summaries.ts';

/** One account, from its back-fill on; the steps build on each other. */
const size = {
  profiles: 5_000 * SCALE,
  /** A million with TRIBUTARY_TEST_SCALE=50. */
  events: 20_000 * SCALE,
  updates: 200 * SCALE,
  deletes: 60 * SCALE,
  merges: 20,
  late: 60 * SCALE,
  insertedProfiles: 40,
  insertedEvents: 60,
};
/** By hand the landing can be S3: TRIBUTARY_TEST_LANDING=s3, on a stack that has its connector. */
const warehouse = process.env['TRIBUTARY_TEST_LANDING'] === 's3' ? 'S3' : 'PostgreSQL';
const SYNC_MS = 480_000 * Math.max(1, SCALE / 10);
const LANDING_MS = 300_000 * Math.max(1, SCALE / 10);
const DAY = 86_400_000;

const tables = ['metric', 'profile', 'event'] as const satisfies readonly KlaviyoTable[];
const stack = inject('stack');
const prefix = `equal${randomBytes(4).toString('hex')}`;
const never = new AbortController().signal;

let simulator: KlaviyoSimulator;
let test: TestEngine;
let landing: TestLanding;
let ahead = 0;

beforeAll(async () => {
  simulator = await startKlaviyoSimulator({ seed: 7, profiles: size.profiles, events: size.events, limits: false });
  for (const [as, count] of [
    ['lone-surrogates', 12],
    ['extreme-years', 6],
    ['unknown-fields', 2],
  ] as const) {
    simulator.change.spoil({ table: 'profiles', as, count });
    simulator.change.spoil({ table: 'events', as, count });
  }
  pass(DAY);
  test = await openTestEngine({
    ...stack,
    prefix,
    clock: { now: () => Date.now() + ahead, timer: systemClock.timer },
    connections: [{ source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: simulator.url } }],
  });
});

afterAll(async () => {
  await landing?.close();
  await test?.close();
  await simulator?.close();
});

/** For the vendor and for us. */
function pass(ms: number): void {
  simulator.clock.advance(ms);
  ahead += ms;
}

async function sync(): Promise<Map<string, RunSummary>> {
  const summaries = await test.engine.sync([{ connection: 'klaviyo' }], never);
  for (const { ref, outcome, error } of summaries) expect(outcome, `${ref.table}: ${error?.message}`).toBe('succeeded');
  return summariesByTable(summaries);
}

const truthOf = (table: KlaviyoTable): Contents => digestsOf(expectedRows(simulator.truth, table));

/** Profiles that some event names. */
const owners = new Set<string>();

function* noteOwners(rows: ReturnType<typeof expectedRows>): ReturnType<typeof expectedRows> {
  for (const row of rows) {
    owners.add(String(row.columns['profile_id']));
    yield row;
  }
}

async function messagesIn(table: KlaviyoTable): Promise<number> {
  let count = 0;
  await readTopics(test.access, [{ topic: tableTopic({ prefix }, 'klaviyo', table) }], () => void (count += 1));
  return count;
}

interface Topic {
  readonly rows: ReadonlyMap<string, string>;
  readonly syncedAt: ReadonlyMap<string, number>;
  readonly markers: readonly TableRecord[];
  readonly messages: number;
  readonly tombstones: number;
  /** Rows published again although nothing in them had changed. */
  readonly repeated: number;
}

async function topicOf(table: KlaviyoTable): Promise<Topic> {
  const rows = new Map<string, string>();
  const syncedAt = new Map<string, number>();
  const markers: TableRecord[] = [];
  let [messages, tombstones, repeated] = [0, 0, 0];
  await test.visitTable(table, (message) => {
    const id = (JSON.parse(message.id) as { id: string }).id;
    messages += 1;
    if (message.kind === 'marker') markers.push(message.record ?? {});
    if (message.kind === 'tombstone') {
      tombstones += 1;
      rows.delete(id);
    }
    if (message.kind !== 'row') return;
    const digest = digestOf(message.record ?? {});
    if (rows.get(id) === digest) repeated += 1;
    rows.set(id, digest);
    syncedAt.set(id, message.syncedAt ?? 0);
  });
  return { rows, syncedAt, markers, messages, tombstones, repeated };
}

const topics = async (): Promise<Record<KlaviyoTable, Topic>> => ({
  metric: await topicOf('metric'),
  profile: await topicOf('profile'),
  event: await topicOf('event'),
});

/** Differing rows in full, so that a failure shows the column and not a digest. */
function inFull(table: KlaviyoTable, ids: readonly string[]): TableRecord[] {
  const found: TableRecord[] = [];
  for (const { id, columns } of expectedRows(simulator.truth, table)) if (ids.includes(id)) found.push(columns);
  return found;
}

async function expectTopicEqual(table: KlaviyoTable, truth: Contents, topic: Topic): Promise<void> {
  const differences = compare(truth, topic.rows);
  const some = new Set(differences.different.slice(0, 3));
  if (some.size > 0) {
    const found = new Map<string, TableRecord>();
    await test.visitTable(table, ({ id, kind, record }) => {
      const plain = (JSON.parse(id) as { id: string }).id;
      if (kind === 'row' && record && some.has(plain)) found.set(plain, record);
    });
    for (const columns of inFull(table, [...some])) expect(found.get(String(columns['id'])), table).toEqual(columns);
  }
  expect(differences, table).toEqual(none);
  expect(topic.repeated, table).toBe(0);
}

async function expectLandedEqual(table: KlaviyoTable, truth: Contents, topic: Topic): Promise<void> {
  const rows = new Map<string, string>();
  const some = new Map<string, TableRecord>();
  let stale = 0;
  await landing.visit(table, (columns, { syncedAt, deleted }) => {
    const id = String(columns['id']);
    const digest = digestOf(columns);
    if (rows.has(id)) throw new Error(`${table} ${id} stands twice in the warehouse`);
    rows.set(id, digest);
    if (deleted || syncedAt !== topic.syncedAt.get(id)) stale += 1;
    if (some.size < 3 && truth.has(id) && truth.get(id) !== digest) some.set(id, columns);
  });
  for (const columns of inFull(table, [...some.keys()])) expect(some.get(String(columns['id'])), table).toEqual(columns);
  expect(compare(truth, rows), table).toEqual(none);
  expect(stale, `${table}: rows of another version than the topic's last`).toBe(0);
}

describe(`an account with ${size.profiles} profiles and ${size.events} events`, () => {
  let truth: Record<KlaviyoTable, Contents>;
  let before: Record<KlaviyoTable, Topic>;

  it(
    'is in the topics, row by row and column by column, after a back-fill',
    async () => {
      truth = {
        metric: truthOf('metric'),
        profile: truthOf('profile'),
        event: digestsOf(noteOwners(expectedRows(simulator.truth, 'event'))),
      };
      const summaries = await sync();
      before = await topics();
      for (const table of tables) {
        await expectTopicEqual(table, truth[table], before[table]);
        expect([before[table].messages, before[table].tombstones], table).toEqual([truth[table].size, 0]);
        expect(summaries.get(table)?.totals, table).toMatchObject({ messages: truth[table].size, deleted: 0, deadLetters: 0 });
      }
      expect([truth.profile.size, truth.event.size]).toEqual([size.profiles, size.events]);
    },
    SYNC_MS,
  );

  it(
    `is in ${warehouse}, row by row and column by column`,
    async () => {
      landing = await (warehouse === 'S3' ? landInS3 : landInPostgres)(stack, test);
      await landing.untilLanded(LANDING_MS);
      for (const table of tables) await expectLandedEqual(table, truth[table], before[table]);
    },
    LANDING_MS + 60_000,
  );

  it(
    'costs no message when it is read again and nothing has changed',
    async () => {
      pass(8 * DAY);
      const asked = simulator.requests.count({ route: 'GET /api/profiles' });
      const summaries = await sync();
      // The weekly listing of all profiles and the weekly stretch of events were due, and found all as it was.
      expect(simulator.requests.count({ route: 'GET /api/profiles' }) - asked).toBeGreaterThanOrEqual(size.profiles / 100);
      expect(summaries.get('event')?.totals.fetched).toBeGreaterThan(size.events / 40);
      for (const table of tables) {
        expect(summaries.get(table)?.totals, table).toMatchObject({ messages: 0, published: 0, deleted: 0, deadLetters: 0 });
        expect(await messagesIn(table), table).toBe(before[table].messages);
      }
    },
    SYNC_MS,
  );

  it(
    'brings exactly what changed: updates, deletes, merges, late events',
    async () => {
      const { change } = simulator;
      change.insertProfiles({ count: size.insertedProfiles });
      change.updateProfiles({ count: size.updates });
      const deleted = change.deleteProfiles({ count: size.deletes });
      const merged = change.mergeProfiles({ count: size.merges });
      change.addEvents({ count: size.insertedEvents, touch: true });
      change.addLateEvents({ count: size.late, howLateMs: 17 * DAY });
      pass(8 * DAY);
      const now = { metric: truthOf('metric'), profile: truthOf('profile'), event: truthOf('event') };
      const upserts = (table: KlaviyoTable): number => [...now[table]].filter(([id, digest]) => truth[table].get(id) !== digest).length;
      const gone = compare(now.profile, truth.profile).surplus;
      // One that came and went between two runs was never known.
      expect([...gone].sort()).toEqual([...deleted, ...merged.map(({ source }) => source)].filter((id) => truth.profile.has(id)).sort());
      expect(upserts('profile')).toBeGreaterThan(size.updates * 0.9);
      expect(upserts('event')).toBeGreaterThan(size.late + size.insertedEvents + size.deletes);

      const first = await sync();
      // What the deletes and merges did to events older than any stretch was handed over to the next run.
      const second = await sync();

      const after = await topics();
      for (const table of tables) {
        await expectTopicEqual(table, now[table], after[table]);
        const deletes = table === 'profile' ? gone.length : 0;
        const messages = upserts(table) + 2 * deletes;
        const published = [first, second].map((summaries) => summaries.get(table)?.totals.messages ?? 0);
        expect(
          { new: after[table].messages - before[table].messages, published: published.reduce((sum, part) => sum + part) },
          table,
        ).toEqual({ new: messages, published: messages });
        expect([after[table].markers.length, after[table].tombstones], table).toEqual([deletes, deletes]);
      }
      // Every delete by its key, and where a merged profile went as far as any event can tell.
      expect(after.profile.markers.map(({ id }) => String(id)).sort()).toEqual([...gone].sort());
      const survivors = new Map(after.profile.markers.map(({ id, _merged_into: into }) => [id, into]));
      for (const { source } of merged.filter(({ source }) => truth.profile.has(source)))
        expect(survivors.get(source), source).toBe(owners.has(source) ? simulator.truth.mergedInto(source) : null);
      for (const id of deleted.filter((one) => truth.profile.has(one))) expect(survivors.get(id), id).toBeNull();
      truth = now;
      before = after;
    },
    2 * SYNC_MS,
  );

  it(
    `is in ${warehouse} again, the deleted rows gone`,
    async () => {
      await landing.untilLanded(LANDING_MS);
      for (const table of tables) await expectLandedEqual(table, truth[table], before[table]);
    },
    LANDING_MS + 60_000,
  );

  it(
    'costs nothing again after that',
    async () => {
      const summaries = await sync();
      for (const table of tables) expect(summaries.get(table)?.totals, table).toMatchObject({ messages: 0, deadLetters: 0 });
    },
    SYNC_MS,
  );
});
