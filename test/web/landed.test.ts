import { expect, test } from 'vitest';
import { statusOf } from '../../src/web/model/status.ts';
import { tableRow, type TableLanding } from '../../src/web/model/table-row.ts';
import { fakeFacts, fakeSettings, NOW, runRecord } from './open-site.ts';

// The history of this table was read by a run that ended a minute ago, and had begun a minute before.
const settings = fakeSettings();
const facts = fakeFacts({
  states: { 'klaviyo.profile': { lastSuccessAt: NOW - 60_000, readTo: NOW - 120_000 } as never },
  runs: { 'klaviyo.profile': [runRecord('klaviyo.profile', { mode: 'historical' })] },
});
const [connection] = settings.connections;
const status = statusOf(facts, settings, NOW).tables.find(({ table }) => table === 'profile');

function shown(lag: Partial<TableLanding['lag']>, seenAt: number | undefined, unseen = false, known = facts) {
  if (connection === undefined || status === undefined) throw new Error('no such table');
  const whole = { topic: 't', missing: false, caughtUp: false, rowsAtMost: 1, lagSeconds: 0, deletesMayBeMissed: false, ...lag };
  const landings = [{ landing: 'warehouse', connector: 'c', lag: whole, seenAt }];
  const row = tableRow({ connection, status, facts: known, landings, unseen, sinkProblems: [], now: NOW });
  return [row.historical.state.kind, row.freshnessMs !== undefined];
}

test('a history is completed once its landing was seen to hold what its run published, however old the look', () => {
  // Oldest record that has not landed: of before the run's end, seen a moment ago or long enough ago to pass for a newer one.
  expect(shown({ lagSeconds: 65 }, NOW)).toEqual(['landing', false]);
  expect(shown({ lagSeconds: 5 }, NOW - 58_000)).toEqual(['landing', false]);
  // Caught up, but with what there was before the run's end.
  expect(shown({ caughtUp: true }, NOW - 61_000)).toEqual(['landing', false]);
  expect(shown({ caughtUp: true, missing: true }, NOW)).toEqual(['landing', false]);
  expect(shown({ caughtUp: true }, undefined)).toEqual(['landing', false]);
  expect(shown({ caughtUp: true }, NOW, true)).toEqual(['landing', false]);

  expect(shown({ caughtUp: true }, NOW - 59_000)).toEqual(['completed', true]);
  expect(shown({ lagSeconds: 5 }, NOW - 50_000)).toEqual(['completed', true]);
});

test('nor is it completed before that where its run is not in the list yet, or no longer', () => {
  const runs = (list: readonly ReturnType<typeof runRecord>[]) => ({ ...facts, runs: () => list });
  const many = Array.from({ length: 60 }, () => runRecord('klaviyo.profile'));
  for (const known of [runs([]), runs(many)]) {
    expect(shown({ caughtUp: true }, undefined, false, known)).toEqual(['landing', false]);
    expect(shown({ caughtUp: true }, NOW, true, known)).toEqual(['landing', false]);
    expect(shown({ caughtUp: true }, NOW, false, known)).toEqual(['completed', true]);
  }
});
