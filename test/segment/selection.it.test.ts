import { afterEach, expect, it } from 'vitest';
import { segment } from '../../producers/segment/index.ts';
import { readConnection } from '../../src/config/connections.ts';
import type { ConnectionSettings } from '../../src/config/settings.ts';
import type { SegmentTable } from '../../simulators/segment/options.ts';
import { failures, openOnStack, type OnStack } from './on-stack.ts';

let on: OnStack | undefined;
afterEach(async () => {
  await on?.close();
  on = undefined;
});

/** What the settings file makes of a connection; the token and address are the simulator's. */
function written(raw: Record<string, unknown>): Pick<ConnectionSettings, 'history'> & { tables: SegmentTable[] } {
  const read = readConnection('segment', { settings: { api_token: 'x' }, ...raw } as Parameters<typeof readConnection>[1], {
    sources: [segment],
    now: Date.now(),
    hashSecret: undefined,
  });
  if (Array.isArray(read)) throw new Error(JSON.stringify(read));
  return { history: read.history, tables: read.tables.map(({ name }) => name as SegmentTable) };
}

it('a start date as MM/DD/YYYY brings events from that day and usage from its month on', async () => {
  on = await openOnStack(
    { usageMonths: 3, auditEvents: 300 },
    written({ start_date: '02/20/2026', tables: ['audit_events', 'usage_api_calls_per_source_daily'] }),
  );
  const { sync, simulator, test } = on;
  expect(failures(await sync())).toEqual([]);
  const since = Date.UTC(2026, 1, 20);
  const events = simulator.truth.rows('audit_events').filter((row) => Date.parse(row['timestamp'] as string) >= since);
  expect([...(await test.readTable('audit_events')).rows.values()].map(({ id }) => id).sort()).toEqual(events.map(({ id }) => id).sort());
  const usage = simulator.truth.rows('usage_api_calls_per_source_daily').filter((row) => row['period'] !== '2026-01-01');
  expect((await test.readTable('usage_api_calls_per_source_daily')).rows.size).toBe(usage.length);
  expect(events.length).toBeGreaterThan(0);
});

it('children are read and lose their rows although their parents are left out', async () => {
  const exclude = ['sources', 'destinations', 'audit_events', 'transformations'];
  on = await openOnStack({}, written({ exclude }));
  const { sync, simulator, expectTruth, test } = on;
  const tables = test.settings.connections[0]?.tables.map(({ name }) => name as SegmentTable) ?? [];
  expect(tables).toHaveLength(14);
  expect(tables.filter((name) => exclude.includes(name))).toEqual([]);
  expect(failures(await sync())).toEqual([]);
  for (const name of tables) await expectTruth(name);
  expect([simulator.requests.count({ route: 'GET /sources' }), simulator.requests.count({ route: 'GET /destinations' })]).toEqual([1, 1]);
  for (const route of ['GET /audit-events', 'GET /transformations']) expect(simulator.requests.count({ route }), route).toBe(0);

  simulator.mutate['source.delete']({ id: simulator.workspace.sources[0]?.['id'] as string });
  expect(failures(await sync())).toEqual([]);
  const below = [
    'source_connected_warehouses',
    'source_connected_destinations',
    'destination_subscriptions',
    'destination_delivery_metrics_summary',
  ] as const;
  for (const name of below) expect((await expectTruth(name)).tombstones, name).toBeGreaterThan(0);
});
