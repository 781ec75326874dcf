import { expect, test } from 'vitest';
import type { ConnectClient } from '../../src/landing/connect-client.ts';
import type { LandingStatus } from '../../src/landing/status.ts';
import { supervisor, TRIES } from '../../src/landing/supervise.ts';

const MINUTE = 60_000;

function ward() {
  let now = 1_000_000;
  const restarted: number[] = [];
  const connect = { restart: async () => void restarted.push(now) } as unknown as ConnectClient;
  const supervised = supervisor('wh', () => now);
  const sink = (failure?: string): LandingStatus => ({
    connector: 'wh-shop',
    connection: 'shop',
    state: 'RUNNING',
    tasks: [{ id: 0, state: failure === undefined ? 'RUNNING' : 'FAILED' }],
    ...(failure === undefined ? {} : { failure }),
    topics: [],
    deadLetterTopic: 't._dlq.wh-shop',
    deadLetters: 0,
  });
  return {
    restarted,
    supervised,
    /** Looks every 15 s for so long. */
    async pass(ms: number, failure?: string) {
      const told = [];
      for (const end = now + ms; now < end; now += 15_000) told.push(...(await supervised.attend(connect, [sink(failure)])));
      return told.map(({ error }) => error);
    },
  };
}

test('a failed sink is restarted at once, then ever more rarely, and each time it is told', async () => {
  const { restarted, pass } = ward();
  const told = await pass(10 * MINUTE, 'the database is away');
  const gaps = restarted.slice(1).map((at, index) => at - restarted[index]!);
  expect(restarted[0]).toBe(1_000_000);
  expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
  expect(gaps.at(-1)).toBeGreaterThanOrEqual(150_000);
  expect(told).toHaveLength(restarted.length);
  expect(told[0]).toMatchObject({ landing: 'wh', connector: 'wh-shop', code: 'landing:task_failed', message: 'the database is away' });
});

test('after a dozen tries in vain it gives up in words, tries once an hour, and is well again when the sink has run for two minutes', async () => {
  const { restarted, supervised, pass } = ward();
  const told = await pass(40 * MINUTE, 'no such column');
  expect(restarted).toHaveLength(TRIES);
  expect(told.at(-1)!.code).toBe('landing:given_up');
  expect(told.at(-1)!.summary).toMatch(/restarted 12 times within \d+ minutes without success.*once an hour.*landing apply wh/);
  expect(supervised.sink('wh-shop')).toMatchObject({ givenUp: true });
  await pass(120 * MINUTE, 'no such column');
  expect(restarted.length - TRIES).toBeGreaterThanOrEqual(1);
  expect(restarted.length - TRIES).toBeLessThanOrEqual(3);
  await pass(3 * MINUTE);
  expect(supervised.sink('wh-shop')).toMatchObject({ givenUp: false, restarts: 0 });
  const before = restarted.length;
  expect((await pass(15_000, 'away'))[0]!.code).toBe('landing:task_failed');
  expect(restarted.length).toBe(before + 1);
});

test('a sink that runs for a moment between two failures is not taken for well', async () => {
  const { pass, supervised } = ward();
  for (let round = 0; round < 8; round += 1) {
    await pass(15_000, 'refused');
    await pass(45_000);
  }
  expect(supervised.sink('wh-shop')!.restarts).toBeGreaterThan(3);
});

test('a sink that somebody has paused or that runs is left alone', async () => {
  const { restarted, pass, supervised } = ward();
  expect(await pass(5 * MINUTE)).toEqual([]);
  expect([restarted, supervised.sink('wh-shop')]).toEqual([[], undefined]);
});
