import { expect, test } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { observeRequests } from '../../src/engine/observe-requests.ts';

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
