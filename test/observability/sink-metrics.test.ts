import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { LandingStatus } from '../../src/landing/status.ts';
import { addSinkGauges, type WatchedLanding } from '../../src/observability/sink-metrics.ts';

const sink = (more: Partial<LandingStatus>): LandingStatus => ({
  connector: 'wh-shop',
  connection: 'shop',
  state: 'RUNNING',
  tasks: [{ id: 0, state: 'RUNNING' }],
  deadLetterTopic: 't._dlq.wh-shop',
  deadLetters: 0,
  topics: [{ topic: 't.shop.item', missing: false, caughtUp: false, rowsAtMost: 12, lagSeconds: 3.5, deletesMayBeMissed: false }],
  ...more,
});

async function shown(...landings: WatchedLanding[]): Promise<string[]> {
  const registry = new Registry();
  addSinkGauges(
    registry,
    () => landings,
    () => 1_090_000,
  );
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.endsWith(' 0'));
}

test('lag, tasks, dead letters and when they were seen', async () => {
  expect(await shown({ landing: 'wh', sinks: [sink({ deadLetters: 2 })], seenAt: 1_000_000 })).toEqual([
    'tributary_sink_lag_records{connector="wh-shop",connection="shop",topic="t.shop.item"} 12',
    'tributary_sink_lag_seconds{connector="wh-shop",connection="shop",topic="t.shop.item"} 3.5',
    'tributary_sink_tasks{connector="wh-shop",connection="shop",state="running"} 1',
    'tributary_sink_dead_letters{connector="wh-shop",connection="shop"} 2',
    'tributary_sink_seen_timestamp_seconds{landing="wh"} 1000',
  ]);
});

test.each<[string, Partial<LandingStatus>, string]>([
  ['a failed task', { tasks: [{ id: 0, state: 'FAILED' }] }, 'state="failed"} 1'],
  ['a connector that failed before it had tasks', { state: 'FAILED', tasks: [] }, 'state="failed"} 1'],
  ['a connector that failed beside its tasks', { state: 'FAILED' }, 'state="failed"} 1'],
  ['one somebody stopped', { state: 'STOPPED', tasks: [] }, 'state="stopped"} 1'],
  ['one that is not there', { state: 'MISSING', tasks: [] }, 'state="missing"} 1'],
  ['one without tasks', { tasks: [] }, 'state="unassigned"} 1'],
])('%s is counted', async (_, more, expected) => {
  expect((await shown({ landing: 'wh', sinks: [sink(more)] })).join('\n')).toContain(
    `tributary_sink_tasks{connector="wh-shop",connection="shop",${expected}`,
  );
});

test('a topic that is not there has no lag', async () => {
  const topics = [{ topic: 't', missing: true, caughtUp: true, rowsAtMost: 0, lagSeconds: 0, deletesMayBeMissed: false }];
  const registry = new Registry();
  addSinkGauges(registry, () => [{ landing: 'wh', sinks: [sink({ topics })] }], Date.now);
  expect(await registry.metrics()).not.toContain('topic="t"');
});

test('how old the warehouse is from the vendor on, and the newest row it shows', async () => {
  const known = { connection: 'shop', table: 'item' };
  const facts = { landedTo: [{ ...known, to: 1_000_000 }], newestRows: [{ ...known, at: 990_000 }] };
  expect(await shown({ landing: 'wh', sinks: [], ...facts })).toEqual([
    'tributary_warehouse_freshness_seconds{landing="wh",connection="shop",table="item"} 90',
    'tributary_warehouse_newest_row_timestamp_seconds{landing="wh",connection="shop",table="item"} 990',
  ]);
});
