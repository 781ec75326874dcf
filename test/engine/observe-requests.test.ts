import { expect, test } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { observeRequests } from '../../src/engine/observe-requests.ts';
import { withinRun } from '../../src/engine/run-scope.ts';
import { emptyTotals } from '../../src/engine/table-run.ts';

const where = { connection: 'shop', source: 'klaviyo' };

test('what holds up requests outside a run, as those of verify, is told, and again a minute later', () => {
  const events: EngineEvent[] = [];
  let now = Date.parse('2026-11-30T08:00:00Z');
  const observer = observeRequests(
    where,
    (event) => events.push(event),
    () => now,
  );
  const away = new TributaryError('api.example did not answer.', { kind: 'transient' });
  const told = () => events.splice(0).flatMap((event) => (event.type === 'notice' ? [event.message] : []));

  observer.onRetry(away);
  observer.onRetry(away);
  expect(told()).toEqual(['api.example did not answer. It is tried again.']);
  observer.onThrottled('/events', now + 30_000, true);
  observer.onThrottled('/events', now + 31_000, true);
  expect(told()).toEqual(['shop is asked to wait until 2026-11-30T08:00:30.000Z.']);
  // Our own pacing is part of normal work.
  observer.onThrottled('/events', now + 30_000, false);
  expect(told()).toEqual([]);
  now += 60_000;
  observer.onRetry(away);
  expect(told()).toEqual(['api.example did not answer. It is tried again.']);
});

function observed() {
  const events: EngineEvent[] = [];
  let now = 1_000_000;
  const observer = observeRequests(
    where,
    (event) => events.push(event),
    () => now,
  );
  return { observer, take: () => events.splice(0), pass: (ms: number) => void (now += ms), at: () => now };
}
const ref = { ...where, table: 'event' };

test('what a request of a run meets is told as of its table, and counted in its totals', async () => {
  const { observer, take, pass, at } = observed();
  const totals = emptyTotals();
  const failure = new TributaryError('api.example did not answer.', {
    kind: 'transient',
    code: 'klaviyo:timeout',
    remedy: 'It is tried again.',
  });
  await withinRun({ ref, totals }, async () => {
    pass(10_000);
    observer.onWaited('/events', 6_000);
    expect(totals).toMatchObject({ requests: 0, waitedMs: 6_000 });
    // It was under way for the last two of those six seconds, and for a second before them.
    pass(1_000);
    observer.onRequest('/events', 200, 3_000, 512);
    expect(totals).toMatchObject({ requests: 1, waitedMs: 4_000 });
    observer.onThrottled('/events', at() + 500, true);
    observer.onThrottled('/events', at() + 900, false);
    observer.onRetry(failure);
    observer.onRecovered();
  });
  const until = at() + 500;
  expect(take()).toEqual([
    { type: 'request', endpoint: '/events', status: 200, durationMs: 3_000, bytes: 512, ...ref },
    { type: 'throttled', endpoint: '/events', until, ...ref },
    { type: 'rate-limited', until, ...ref },
    { type: 'throttled', endpoint: '/events', until: until + 400, ...ref },
    { type: 'rate-limited', until: until + 400, pacing: true, ...ref },
    {
      type: 'run-retrying',
      stage: 'extract',
      failure: { kind: 'transient', message: failure.message, remedy: failure.remedy, code: failure.code },
      ...ref,
    },
    { type: 'run-recovered', ...ref },
  ]);
});

test('requests outside a run are told without a table, and count for nobody', () => {
  const { observer, take, at } = observed();
  observer.onRequest('/accounts', 200, 10, 20);
  observer.onThrottled('/accounts', at(), false);
  observer.onWaited('/accounts', 5);
  observer.onRecovered();
  expect(take()).toEqual([
    { type: 'request', endpoint: '/accounts', status: 200, durationMs: 10, bytes: 20, ...where },
    { type: 'throttled', endpoint: '/accounts', until: at(), ...where },
  ]);
});

test('a score of different failures is remembered; more are forgotten together, so that memory stays small', () => {
  const { observer, take } = observed();
  const fail = (n: number): void => observer.onRetry(new TributaryError(`Failure ${n}.`, { kind: 'transient' }));
  for (let n = 0; n <= 20; n += 1) fail(n);
  expect(take()).toHaveLength(21);
  fail(0);
  fail(20);
  expect(take()).toEqual([]);
  fail(21);
  fail(0);
  expect(take()).toHaveLength(2);
});
