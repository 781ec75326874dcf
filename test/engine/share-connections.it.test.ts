import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/core/clock.ts';
import { ownTopics } from '../../src/kafka/meta/own-topics.ts';
import { ensureTopics } from '../../src/kafka/topics.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { shareConnections, type SharingOptions } from '../../src/engine/share-connections.ts';
import { accessTo, until } from '../kafka/support.ts';
import { startProxy, type KafkaProxy } from '../kafka/tcp-proxy.ts';

let proxy: KafkaProxy;
beforeAll(async () => void (proxy = await startProxy(inject('stack').brokers[0] ?? '')));
afterAll(() => proxy.close());

/** Shares one connection until `stop` is called; what it emits is in `events`. */
async function sharing(
  start: SharingOptions['start'],
  through?: KafkaProxy,
  onSettings?: NonNullable<SharingOptions['onSettings']>,
): Promise<{ readonly events: EngineEvent[]; stop(): Promise<void> }> {
  const events: EngineEvent[] = [];
  const access = accessTo();
  await ensureTopics(access, ownTopics(access.settings));
  const ended = new AbortController();
  const done = shareConnections(
    {
      access: through ? { ...access, socketFactory: through.socketFactory, requestTimeout: 1_000 } : access,
      connections: [{ name: 'shop', source: 'klaviyo' }],
      start,
      ...(onSettings === undefined ? {} : { onSettings }),
      emit: (event) => void events.push(event),
      clock: systemClock,
      random: () => 0,
    },
    ended.signal,
  );
  return {
    events,
    async stop() {
      ended.abort();
      await done;
    },
  };
}

const nothing = { apply: () => undefined, close: () => Promise.resolve() };
const failures = (events: readonly EngineEvent[]) => events.flatMap((event) => (event.type === 'connection-failed' ? [event.failure] : []));

test('an opening that fails for a while is told with its next try, and tried again until it works', async () => {
  let tries = 0;
  let opened = false;
  const { events, stop } = await sharing(() => {
    tries += 1;
    if (tries < 3) return Promise.reject(new TributaryError('The registry cannot be reached.', { kind: 'transient' }));
    opened = true;
    return Promise.resolve(nothing);
  });
  await until('it is open', () => opened);
  await stop();
  expect(tries).toBe(3);
  expect(failures(events)).toEqual(
    [1, 2].map(() => ({ kind: 'transient', message: 'The registry cannot be reached.', retryAt: expect.any(Number) })),
  );
});

test('a connection that the settings change is told to be ours after it was told to be let go', async () => {
  let take: Parameters<NonNullable<SharingOptions['onSettings']>>[0] = () => undefined;
  let open = 0;
  const { events, stop } = await sharing(
    () => {
      open += 1;
      return Promise.resolve(nothing);
    },
    undefined,
    (taken) => {
      take = taken;
      return () => undefined;
    },
  );
  await until('it is open', () => open === 1);
  take([{ name: 'shop', source: 'klaviyo' }], ['shop']);
  await until('it is open anew', () => open === 2);
  const told = events.map(({ type }) => type);
  await stop();
  expect(told).toEqual(['connection-assigned', 'connection-revoked', 'connection-assigned']);
});

test('a connection only the user can help is looked at again later, and given up at once when it is to end', async () => {
  const { events, stop } = await sharing(() =>
    Promise.reject(new TributaryError('The topic is not compacted.', { kind: 'config', remedy: 'Set cleanup.policy.' })),
  );
  await until('the failure is told', () => failures(events).length > 0);
  await stop();
  const [failure] = failures(events);
  expect(failure).toMatchObject({ kind: 'config', remedy: 'Set cleanup.policy.' });
  expect(failure?.retryAt).toBeGreaterThan(Date.now());
  expect(failures(events)).toHaveLength(1);
});

test('when Kafka is away the connection is let go and the reason told; when it is back the connection is taken up again', async () => {
  let open = 0;
  const { events, stop } = await sharing(() => {
    open += 1;
    return Promise.resolve({ ...nothing, close: () => Promise.resolve(void (open -= 1)) });
  }, proxy);
  await until('it is open', () => open === 1);
  proxy.freeze(true);
  await until(
    'the trouble is told',
    () => failures(events).some(({ code, retryAt }) => code?.startsWith('kafka:') === true && retryAt !== undefined),
    100,
  );
  await until('it is let go', () => open === 0);
  proxy.freeze(false);
  await until('it is open again', () => open === 1, 100);
  await stop();
  expect(open).toBe(0);
  expect(events.filter(({ type }) => type === 'connection-assigned').length).toBeGreaterThanOrEqual(2);
});

test('a connection that somebody else takes is let go and asked for again, as often as it happens; the process lives', async () => {
  let open = 0;
  let starts = 0;
  let told: ((error: TributaryError) => void) | undefined;
  const { events, stop } = await sharing((_name, _lifetime, onFatal) => {
    starts += 1;
    if (starts === 3) return Promise.reject(new TributaryError('Somebody else has taken it.', { kind: 'fenced' }));
    open += 1;
    told = onFatal;
    return Promise.resolve({ ...nothing, close: () => Promise.resolve(void (open -= 1)) });
  });
  await until('it is open', () => open === 1);
  for (const before of [1, 2]) {
    expect(starts).toBe(before);
    told?.(new TributaryError('Somebody else has taken it.', { kind: 'fenced' }));
    // Two tables of one connection are both fenced: that is one loss.
    told?.(new TributaryError('Somebody else has taken it.', { kind: 'fenced' }));
    await until('it is let go', () => open === 0);
    await until('it is open again', () => open === 1, 30);
  }
  await stop();
  expect(starts).toBe(4);
  expect(failures(events).map(({ kind, retryAt }) => [kind, typeof retryAt])).toEqual(
    Array.from({ length: 3 }, () => ['fenced', 'number']),
  );
});
