import { expect, test } from 'vitest';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import { summariesByTable } from '../support/summaries.ts';

const totals = { fetched: 1, published: 2, unchanged: 3, deleted: 4, deadLetters: 5, messages: 6, requests: 7, waitedMs: 8 };
const run = (table: string, outcome: RunSummary['outcome'], connection = 'a'): RunSummary => ({
  ...{
    ref: { connection, source: 'shop', table },
    runId: `${table} ${outcome}`,
    mode: 'periodic',
    outcome,
    totals,
    startedAt: 1,
    endedAt: 2,
  },
});

test('a table that runs twice in one sync counts twice, and stays failed when one of them was', () => {
  const found = summariesByTable([run('x', 'failed'), run('y', 'succeeded'), run('x', 'succeeded'), run('y', 'interrupted')]);
  expect([...found.values()].map(({ ref, outcome }) => [ref.table, outcome])).toEqual([
    ['x', 'failed'],
    ['y', 'interrupted'],
  ]);
  expect(found.get('x')?.totals).toEqual({
    fetched: 2,
    published: 4,
    unchanged: 6,
    deleted: 8,
    deadLetters: 10,
    messages: 12,
    requests: 14,
    waitedMs: 16,
  });
});

test('runs of other connections are kept apart by another name', () => {
  const found = summariesByTable([run('x', 'succeeded'), run('x', 'failed', 'b')], ({ ref }) => `${ref.connection}.${ref.table}`);
  expect([...found].map(([name, { outcome }]) => [name, outcome])).toEqual([
    ['a.x', 'succeeded'],
    ['b.x', 'failed'],
  ]);
});
