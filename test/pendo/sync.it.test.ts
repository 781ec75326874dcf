import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pendo } from '../../producers/pendo/index.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import { DEFAULT_KEY, startPendoSimulator, type PendoSimulator } from '../../simulators/pendo/simulator.ts';
import type { PendoTable } from '../../simulators/pendo/options.ts';
import type { VendorRow } from '../../simulators/pendo/rows.ts';
import { openTestEngine, type TestEngine, type TopicTable } from '../support/engine.ts';
import { landInPostgres, type TestLanding } from '../support/landed.ts';
import { compileRecord, keyOf } from '../support/records.ts';
import { SCALE } from '../support/scale.ts';
import { summariesByTable } from '../support/summaries.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const COUNTED: readonly PendoTable[] = ['events', 'feature_events', 'page_events', 'track_events'];
const EVENTS: readonly PendoTable[] = [...COUNTED, 'guide_events', 'poll_events'];
const never = new AbortController().signal;

type Name = 'pendo_day' | 'pendo_hour';
const NAMES: readonly Name[] = ['pendo_day', 'pendo_hour'];

/** With fewer sessions, no two rows of an hour fall on one key. */
const VISITORS = 600 * SCALE;
/** Two subscriptions; Casablanca's clocks go back and forward again within five weeks. */
const vendors = new Map<Name, PendoSimulator>();
let test: TestEngine;
const prefix = `pendo${randomBytes(4).toString('hex')}`;
const vendorOf = (name: Name): PendoSimulator => vendors.get(name) as PendoSimulator;

beforeAll(async () => {
  const now = Date.UTC(2026, 2, 23, 12, 20);
  for (const [seed, name] of NAMES.entries()) {
    vendors.set(
      name,
      await startPendoSimulator({
        seed: seed + 1,
        now,
        timeZone: 'Africa/Casablanca',
        days: 37,
        visitors: VISITORS,
        sessions: 4 * VISITORS,
        lagHours: 6,
        limits: { enabled: false },
      }),
    );
  }
  const began = performance.now();
  // The vendors' time stands still, so that their truth does; ours has to move for anything to be waited for.
  const clock: Clock = { now: () => vendorOf('pendo_day').clock.now() + Math.floor(performance.now() - began), timer: systemClock.timer };
  test = await openTestEngine({
    ...inject('stack'),
    clock,
    prefix,
    connections: NAMES.map((name) => ({
      name,
      source: pendo,
      settings: {
        integration_key: DEFAULT_KEY,
        base_url: vendorOf(name).url,
        period: name === 'pendo_day' ? 'day' : 'hour',
        record_limit: 500,
        requests_per_second: 100_000,
        include_anonymous_visitors: name === 'pendo_day',
        visitor_history: { enabled: true, max_visitors: 60, max_calls: 100_000 },
        ...(name === 'pendo_day'
          ? {}
          : { custom_fields: { visitors: { tier: 'string', seats: 'integer' }, accounts: { churnrisk: 'boolean', renewaldate: 'time' } } }),
      },
    })),
  });
});

afterAll(async () => {
  await test?.close();
  for (const vendor of vendors.values()) await vendor.close();
});

function definitionOf(name: Name, table: PendoTable): TableDefinition {
  return test.settings.connections
    .find((connection) => connection.name === name)
    ?.tables.find((one) => one.name === table) as TableDefinition;
}

function vendorRows(name: Name, table: PendoTable): VendorRow[] {
  const anonymous = name === 'pendo_day';
  const vendor = vendorOf(name);
  const rows = vendor.truth.rows(table, { period: name === 'pendo_day' ? 'dayRange' : 'hourRange', anonymous });
  if (table !== 'visitor_history') return rows;
  const auto = (row: VendorRow): VendorRow | undefined => (row['metadata'] as VendorRow)['auto'] as VendorRow | undefined;
  const newest = vendor.truth
    .rows('visitors', { anonymous })
    .filter((row) => auto(row)?.['lastupdated'])
    .sort(
      (a, b) =>
        (auto(b)?.['lastupdated'] as number) - (auto(a)?.['lastupdated'] as number) ||
        (String(a['visitorId']) < String(b['visitorId']) ? -1 : 1),
    );
  const ids = new Set(newest.slice(0, 60).map((row) => row['visitorId']));
  return rows.filter((row) => ids.has(row['visitorId']));
}

function truth(name: Name, table: PendoTable): Map<string, TableRecord> {
  const definition = definitionOf(name, table);
  const recordOf = compileRecord(definition);
  return new Map(
    vendorRows(name, table).map((row) => {
      const record = recordOf(row as never);
      return [keyOf(definition, record), record];
    }),
  );
}

async function sync(tables?: readonly PendoTable[]): Promise<Map<string, RunSummary>> {
  const summaries = await test.engine.sync(
    NAMES.map((connection) => ({ connection, ...(tables && { tables }) })),
    never,
  );
  expect(
    summaries.filter(({ outcome }) => outcome !== 'succeeded').map(({ ref, error }) => `${ref.connection}.${ref.table}: ${error?.message}`),
  ).toEqual([]);
  return summariesByTable(summaries, ({ ref }) => `${ref.connection}.${ref.table}`);
}

/** The topic against the vendor, row by row; `vanished` keys may still stand there. */
async function expectTruth(name: Name, table: PendoTable, vanished: ReadonlySet<string> = new Set()): Promise<TopicTable> {
  const topic = await test.readTable(table, name);
  const wanted = truth(name, table);
  expect([...wanted.keys()].filter((key) => !topic.rows.has(key)).slice(0, 3), `${name}.${table}: missing`).toEqual([]);
  expect([...topic.rows.keys()].filter((key) => !wanted.has(key) && !vanished.has(key)).slice(0, 3), `${name}.${table}: too much`).toEqual(
    [],
  );
  const [wrong] = [...wanted].filter(([key, record]) => !isDeepStrictEqual({ ...topic.rows.get(key) }, { ...record }));
  expect(wrong && topic.rows.get(wrong[0]), `${name}.${table}`).toEqual(wrong?.[1]);
  expect(topic.repeated, `${name}.${table}: published again unchanged`).toBe(0);
  return topic;
}

const sum = (rows: Iterable<TableRecord>, column: string): number => [...rows].reduce((total, row) => total + Number(row[column]), 0);

describe('two subscriptions in the topics', () => {
  it('are there row by row after one sync, by day and by hour, through both changes of the clock', async () => {
    const summaries = await sync();
    for (const name of NAMES) {
      const {
        truth: { tables },
        world,
      } = vendorOf(name);
      expect(tables).toHaveLength(15);
      const topics = new Map<PendoTable, TopicTable['rows']>();
      for (const table of tables) {
        const topic = await expectTruth(name, table);
        topics.set(table, topic.rows);
        expect(topic.tombstones).toBe(0);
        expect(summaries.get(`${name}.${table}`)?.totals, `${name}.${table}`).toMatchObject({
          published: topic.rows.size,
          deleted: 0,
          deadLetters: 0,
        });
      }
      const rowsOf = (table: PendoTable): TopicTable['rows'] => topics.get(table) ?? new Map();
      const events = rowsOf('events');
      // Whatever rows were summed, nothing of what happened is lost or counted twice.
      const seen = world.raws.filter(({ visibleAt }) => visibleAt <= vendorOf(name).clock.now());
      const kinds: Record<string, readonly string[]> = {
        events: ['page', 'feature'],
        feature_events: ['feature'],
        page_events: ['page'],
        track_events: ['track'],
      };
      for (const table of COUNTED) {
        expect(sum(rowsOf(table).values(), 'num_events'), `${name}.${table}`).toBe(
          seen.filter(({ kind }) => kinds[table]?.includes(kind)).length,
        );
        const collided = test.events.filter(
          (event) => event.type === 'rows-odd' && event.what === 'key_collisions' && event.connection === name && event.table === table,
        );
        if (table === 'events' || table === 'page_events') expect(collided.length, `${name}.${table}`).toBeGreaterThan(0);
      }
      expect(events.size).toBeGreaterThan(1.5 * VISITORS);
      const days = [...new Set([...events.values()].map((row) => row['day'] as number))].sort((a, b) => a - b);
      const lengths = days.slice(1).map((day, i) => (day - (days[i] as number)) / HOUR);
      expect(lengths.filter((length) => length !== 24).sort()).toEqual([23, 25]);
      const seats = [...rowsOf('visitors').values()].map((row) => row['metadata_custom_seats']);
      expect(new Set(seats)).toEqual(new Set(name === 'pendo_day' ? [undefined] : [null, 25]));
      expect(summaries.get(`${name}.visitors`)?.totals.published).toBe(name === 'pendo_day' ? VISITORS : 0.9 * VISITORS);
    }
  }, 600_000);

  it('are not published again when nothing changed', async () => {
    const summaries = await sync();
    for (const [name, { totals }] of summaries) expect(totals.published + totals.deleted, name).toBe(0);
  }, 300_000);

  it('get late rows, and a bucket that fills is changed, never doubled', async () => {
    const before = new Map<string, number>();
    for (const name of NAMES) {
      const vendor = vendorOf(name);
      for (const table of EVENTS) before.set(`${name}.${table}`, (await test.readTable(table, name)).rows.size);
      const context = { kind: 'page' as const, visitorId: 'u-1500', tabId: 'open' };
      vendor.change['event.add']({ ...context, ts: vendor.clock.now() - 3_000 });
    }
    await sync(['events', 'page_events']);
    const opened = new Map<Name, number>();
    for (const name of NAMES) opened.set(name, (await expectTruth(name, 'events')).rows.size);
    for (const name of NAMES) {
      const vendor = vendorOf(name);
      expect(opened.get(name)).toBe((before.get(`${name}.events`) as number) + 1);
      vendor.change['event.add']({ kind: 'page', visitorId: 'u-1500', tabId: 'open', ts: vendor.clock.now() - 1_000 });
    }
    const grown = await sync(['events']);
    for (const name of NAMES) {
      expect((await expectTruth(name, 'events')).rows.size, name).toBe(opened.get(name));
      expect(grown.get(`${name}.events`)?.totals.published).toBe(1);
    }

    // Six hours of events were still on their way, out of order, and one comes nine days late.
    for (const name of NAMES) {
      const vendor = vendorOf(name);
      expect(vendor.change['events.release']()).toBeGreaterThan(0);
      vendor.change['event.add']({ kind: 'feature', visitorId: 'u-1501', tabId: 'late', ts: vendor.clock.now() - 8 * DAY });
      vendor.clock.advance(DAY + HOUR);
    }
    const late = await sync(EVENTS);
    for (const name of NAMES) {
      for (const table of EVENTS) await expectTruth(name, table);
      expect(late.get(`${name}.events`)?.totals.published, name).toBeGreaterThan(1);
    }
  }, 300_000);

  it('lose what was deleted once two complete listings show it, and nothing else', async () => {
    for (const name of NAMES) {
      const { change, world } = vendorOf(name);
      change['row.delete']({ list: 'features', id: world.features[4]?.['id'] as string });
      change['row.delete']({ list: 'visitors', id: 'u-1510' });
      change['field.set']({ of: 'visitor', name: 'odd' });
    }
    const tables: readonly PendoTable[] = ['features', 'visitors', 'metadata_visitors', 'metadata_accounts'];
    const first = await sync(tables);
    for (const name of NAMES) for (const table of tables) expect(first.get(`${name}.${table}`)?.totals.deleted, table).toBe(0);
    for (const vendor of vendors.values()) vendor.clock.advance(DAY + HOUR);
    const second = await sync(tables);
    for (const name of NAMES) {
      for (const table of tables.slice(0, 3)) {
        expect(second.get(`${name}.${table}`)?.totals.deleted, `${name}.${table}`).toBe(1);
        await expectTruth(name, table);
      }
    }
  }, 300_000);
});

describe('two subscriptions in PostgreSQL', () => {
  let landing: TestLanding | undefined;
  afterAll(() => landing?.close());

  it('land as the vendor holds them', async () => {
    landing = await landInPostgres(inject('stack'), test);
    await landing.untilLanded(300_000);
    for (const name of NAMES) {
      for (const table of vendorOf(name).truth.tables) {
        const definition = definitionOf(name, table);
        const { rows: wanted } = await test.readTable(table, name);
        let landed = 0;
        let wrong: readonly [TableRecord, TableRecord | undefined] | undefined;
        await landing.visit(
          table,
          (columns, { deleted }) => {
            landed += 1;
            const record = wanted.get(keyOf(definition, columns));
            if (deleted || !isDeepStrictEqual({ ...columns }, { ...record })) wrong ??= [columns, record];
          },
          name,
        );
        expect(landed, `${name}.${table}`).toBe(wanted.size);
        expect(wrong?.[0], `${name}.${table}`).toEqual(wrong?.[1]);
        expect(landed).toBeGreaterThan(0);
      }
      for (const table of COUNTED) await expectTruth(name, table);
    }
  }, 600_000);
});
