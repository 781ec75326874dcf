import { isDeepStrictEqual } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { applyLanding } from '../../src/landing/apply.ts';
import { connectClient } from '../../src/landing/connect-client.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { postgresLanding } from '../../src/landing/settings.ts';
import { setUpPostgres } from '../../src/landing/setup-postgres.ts';
import { deadLetterTopics } from '../../src/landing/status.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { eventually } from '../landing/kafka-helpers.ts';
import { startSharedConnect } from '../setup/shared-stack.ts';
import { converterLogin, stackLogin } from '../support/login.ts';
import type { SegmentSimulator } from '../../simulators/segment/segment-simulator.ts';
import type { TestEngine } from '../support/engine.ts';
import { asLanded, landedRows } from './landed.ts';
import { keyOf } from '../support/records.ts';
import { SCALE } from '../support/scale.ts';
import { failures, never, openOnStack, type OnStack } from './on-stack.ts';

const HOUR = 3_600_000;
/** With 3 the workspace that the documents of the vendor reckon with. */
const SOURCES = 20 * SCALE;
const AUDIT_EVENTS = 2_800 * SCALE;

let simulator: SegmentSimulator;
let test: TestEngine;
let sync: OnStack['sync'];
let expectTruth: OnStack['expectTruth'];
let prefix: string;

beforeAll(async () => {
  ({ simulator, test, sync, expectTruth, prefix } = await openOnStack({
    sources: SOURCES,
    destinations: 3 * SOURCES,
    warehouses: 5,
    usageMonths: 3,
    auditEvents: AUDIT_EVENTS,
    catalogDestinations: 230,
  }));
});

afterAll(async () => {
  await test?.close();
  await simulator?.close();
});

describe('a workspace in the topics', () => {
  it('is there row by row after one sync, parents read once', async () => {
    const summaries = await sync();
    expect(failures(summaries)).toEqual([]);
    expect(summaries.size).toBe(18);
    for (const name of simulator.truth.tables) {
      const topic = await expectTruth(name);
      expect(topic.tombstones, name).toBe(0);
      expect(summaries.get(name)?.totals, name).toMatchObject({ published: topic.rows.size, deleted: 0, deadLetters: 0 });
    }
    // Some have left the 90 days.
    expect((await test.readTable('audit_events')).rows.size).toBeGreaterThanOrEqual(0.89 * AUDIT_EVENTS);
    expect((await test.readTable('usage_mtu_per_source_daily')).rows.size).toBe(SOURCES * (31 + 28 + 18));
    expect(simulator.requests.count({ route: 'GET /sources' })).toBe(1);
    expect(simulator.requests.count({ route: 'GET /destinations' })).toBe(1);
  });

  it('is not published again when nothing changed', async () => {
    const before = await Promise.all(simulator.truth.tables.map(async (name) => (await test.readTable(name)).messages));
    const summaries = await sync();
    expect(failures(summaries)).toEqual([]);
    expect([...summaries.values()].map(({ totals }) => totals.published + totals.deleted)).toEqual(Array.from({ length: 18 }, () => 0));
    expect(await Promise.all(simulator.truth.tables.map(async (name) => (await test.readTable(name)).messages))).toEqual(before);
  });

  it('loses the old pair of a destination that moved to another source', async () => {
    const moved = simulator.workspace.destinations[10] as Record<string, string>;
    const { id, sourceId: from } = moved as { id: string; sourceId: string };
    const to = simulator.workspace.sources[15]?.['id'] as string;
    simulator.mutate['destination.move']({ id, sourceId: to });
    const tables = ['destinations', 'source_connected_destinations', 'destination_delivery_metrics_summary', 'sources'] as const;
    const summaries = await sync(tables);
    expect(failures(summaries)).toEqual([]);
    for (const name of ['destinations', 'source_connected_destinations'] as const) {
      const topic = await expectTruth(name);
      expect([topic.tombstones, summaries.get(name)?.totals.published, summaries.get(name)?.totals.deleted], name).toEqual([1, 1, 1]);
      expect(topic.markers, name).toContainEqual(expect.objectContaining({ id, source_id: from, name: null }));
      expect(topic.rows.has(JSON.stringify({ id, source_id: to })), name).toBe(true);
    }
    await expectTruth('destination_delivery_metrics_summary');
  });

  it('loses the children of a source that was deleted, and keeps its history', async () => {
    const [source] = simulator.workspace.sources as [Record<string, string>];
    const id = source['id'] as string;
    const children = {
      source_connected_warehouses: simulator.workspace.connections.get(id)?.length as number,
      source_connected_destinations: simulator.workspace.destinations.filter((row) => row['sourceId'] === id).length,
    };
    expect(Math.min(...Object.values(children))).toBeGreaterThan(1);
    const usage = (await test.readTable('usage_api_calls_per_source_daily')).rows.size;
    simulator.mutate['source.delete']({ id });
    const summaries = await sync();
    expect(failures(summaries)).toEqual([]);
    for (const [name, count] of Object.entries(children)) expect(summaries.get(name)?.totals.deleted, name).toBe(count);
    for (const name of [
      'sources',
      'destinations',
      'source_connected_warehouses',
      'source_connected_destinations',
      'destination_subscriptions',
      'destination_delivery_metrics_summary',
    ] as const)
      await expectTruth(name);
    expect((await test.readTable('usage_api_calls_per_source_daily')).rows.size).toBe(usage);
  });

  it('loses nothing when a child call is refused, throttled or fails', async () => {
    const hasChildren = (id: string): boolean => (simulator.workspace.connections.get(id)?.length ?? 0) > 0;
    const victim = simulator.workspace.sources.find(({ id }) => hasChildren(id as string) && !String(id).includes('/')) as Record<
      string,
      string
    >;
    const path = `GET /sources/${victim['id']}/*`;
    const tables = ['source_connected_warehouses', 'source_connected_destinations'] as const;
    const before = await Promise.all(tables.map(async (name) => (await test.readTable(name)).messages));
    const rules = [
      { kind: 'status', status: 404 },
      { kind: 'status', status: 403, body: '{"errors":[{"type":"forbidden","message":"No."}]}' },
      { kind: 'throttled', times: 2 },
      { kind: 'status', status: 502, times: 2 },
      { kind: 'reset', times: 1 },
    ] as const;
    for (const rule of rules) {
      const fault = simulator.faults.add({ ...rule, on: path });
      const summaries = await sync(tables);
      simulator.faults.clear(fault);
      expect(failures(summaries)).toEqual([]);
      expect(await Promise.all(tables.map(async (name) => (await test.readTable(name)).messages)), JSON.stringify(rule)).toEqual(before);
    }
    for (const name of tables) await expectTruth(name);
  });

  it('loses nothing below a destination whose call is refused, throttled or fails either', async () => {
    const { id } = simulator.workspace.destinations.find((row) => simulator.workspace.subscriptions.get(row['id'] as string)?.length) as {
      id: string;
    };
    const tables = ['destination_subscriptions', 'destination_delivery_metrics_summary'] as const;
    const before = await Promise.all(tables.map(async (name) => (await test.readTable(name)).messages));
    for (const rule of [
      { kind: 'status', status: 404 },
      { kind: 'throttled', times: 2 },
      { kind: 'status', status: 503, times: 2 },
      { kind: 'reset', times: 1 },
    ] as const) {
      const fault = simulator.faults.add({ ...rule, on: `GET /destinations/${id}/*` });
      const summaries = await sync(tables);
      expect(simulator.faults.list().find((one) => one.id === fault)?.hits).toBeGreaterThan(0);
      simulator.faults.clear(fault);
      expect(failures(summaries)).toEqual([]);
      expect(await Promise.all(tables.map(async (name) => (await test.readTable(name)).messages)), JSON.stringify(rule)).toEqual(before);
    }
    for (const name of tables) await expectTruth(name);
  });

  it('tells about a feature the plan does not hold without touching other tables, and goes on once it does', async () => {
    const gated = ['audit_events', 'transformations', 'destination_subscriptions'] as const;
    const before = await Promise.all(gated.map(async (name) => (await test.readTable(name)).messages));
    Object.assign(simulator.switches, { auditTrail: false, protocols: false, destinationSubscriptions: false });
    simulator.mutate['row.change']({ table: 'users', id: simulator.workspace.users[0]?.['id'] as string, changes: { name: 'Renamed' } });
    const refused = await sync();
    expect(
      [...refused.values()]
        .filter(({ outcome }) => outcome === 'failed')
        .map(({ ref }) => ref.table)
        .sort(),
    ).toEqual([...gated].sort());
    for (const name of gated)
      expect(refused.get(name)?.error, name).toMatchObject({ kind: 'config', reach: 'table', message: expect.stringMatching(/plan/) });
    expect(refused.get('users')?.totals.published).toBe(1);
    expect(await Promise.all(gated.map(async (name) => (await test.readTable(name)).messages))).toEqual(before);

    Object.assign(simulator.switches, { auditTrail: true, protocols: true, destinationSubscriptions: true });
    simulator.mutate['audit.add']({});
    simulator.clock.advance(HOUR);
    const summaries = await sync(gated);
    expect(failures(summaries)).toEqual([]);
    expect(summaries.get('audit_events')?.totals.published).toBe(1);
    for (const name of ['transformations', 'destination_subscriptions'] as const) await expectTruth(name);
  });

  it('grows with the running day and turns over with the month', async () => {
    const names = [
      'usage_api_calls_per_source_daily',
      'usage_api_calls_workspace_daily',
      'usage_mtu_per_source_daily',
      'usage_mtu_workspace_daily',
    ] as const;
    simulator.clock.advance(Date.UTC(2026, 3, 2, 6) - simulator.clock.now());
    const summaries = await sync(names);
    expect(failures(summaries)).toEqual([]);
    for (const name of names) await expectTruth(name);
    expect(summaries.get('usage_api_calls_workspace_daily')?.totals.published).toBe(31 - 18 + 1 + 2);
    const sourceId = simulator.workspace.sources[3]?.['id'] as string;
    simulator.mutate['usage.restate']({ sourceId, day: '2026-03-31', apiCalls: '9' });
    const restated = await sync(names);
    expect(restated.get('usage_api_calls_per_source_daily')?.totals.published).toBe(1);
    await expectTruth('usage_api_calls_per_source_daily');
  });
});

describe('a workspace in PostgreSQL', () => {
  it('lands as the topics hold it, deleted rows gone', async () => {
    const stack = inject('stack');
    const settings = postgresLanding.parse({
      kind: 'postgres',
      host: stack.postgres.host,
      port: stack.postgres.port,
      database: stack.postgres.database,
      schema: prefix,
      user: `${prefix}_sink`,
      reader: `${prefix}_reader`,
      password_ref: 'env:TRIBUTARY_WAREHOUSE_PASSWORD',
      sslmode: 'disable',
    });
    const tables = test.settings.connections[0]?.tables as readonly TableDefinition[];
    const rendered = renderLanding({
      name: prefix,
      prefix,
      replicationFactor: 1,
      settings,
      connections: [{ name: 'segment', tables }],
      converter: { kind: 'apicurio', registryUrl: stack.registryUrl.replace(/\/ccompat\/v7\/?$/, '/registry/v2'), ...converterLogin() },
    });
    const connect = connectClient(await startSharedConnect(), { login: stackLogin() });
    await ensureTopics(test.access, deadLetterTopics(rendered));
    await setUpPostgres(rendered, settings, stack.postgres, stack.postgres.password);
    const database = new Client(stack.postgres);
    await database.connect();
    try {
      await applyLanding(rendered, connect, { now: Date.now, signal: never });
      for (const table of tables) {
        const topic = await test.readTable(table.name);
        const wanted = new Map([...topic.rows].map(([key, record]) => [key, asLanded(table, record)]));
        expect(wanted.size, table.name).toBeGreaterThan(0);
        await eventually(async () => {
          const landed = await landedRows(database, `${prefix}.segment_${table.name}`, table);
          expect(landed.length, table.name).toBe(wanted.size);
          const records = new Map([...topic.rows].map(([key, record]) => [keyOf(table, asLanded(table, record)), wanted.get(key)]));
          const wrong = landed.find((row) => !isDeepStrictEqual({ ...row }, { ...records.get(keyOf(table, row)) }));
          expect(wrong, table.name).toEqual(wrong && records.get(keyOf(table, wrong)));
        }, 300_000);
      }
    } finally {
      for (const { name } of rendered.connectors) await connect.delete(name).catch(() => undefined);
      await database.end();
    }
  });
});
