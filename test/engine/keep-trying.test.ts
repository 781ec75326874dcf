import { expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { TributaryError, type ErrorKind } from '../../src/core/errors.ts';
import { keepTrying, outOfPatience, type Trying } from '../../src/engine/keep-trying.ts';
import { backoff } from '../../src/sdk/http/retry.ts';

const away = (kind: ErrorKind = 'transient', tries?: number): TributaryError =>
  new TributaryError('Kafka is away.', { kind, remedy: 'Look at it.', ...(tries === undefined ? {} : { tries }) });

/** Work that fails so often, with what became of it. */
async function tried(failures: number, error: TributaryError, more: Partial<Trying> = {}) {
  let asked = 0;
  const told: number[] = [];
  const outcome = await keepTrying(
    async () => {
      asked += 1;
      if (asked <= failures) throw error;
      return 'done';
    },
    {
      clock: systemClock,
      random: () => 0,
      patience: undefined,
      signal: new AbortController().signal,
      onRetry: (_, retryAt) => void told.push(retryAt),
      what: 'Starting',
      ...more,
    },
  ).catch((thrown: unknown) => thrown);
  return { asked, told: told.length, outcome };
}

test('what passes is tried again and told each time', async () => {
  expect(await tried(2, away())).toEqual({ asked: 3, told: 2, outcome: 'done' });
});

test('what time cannot heal, and what nobody has classified after its tries, is thrown as it is', async () => {
  const config = away('config');
  expect(await tried(1, config)).toEqual({ asked: 1, told: 0, outcome: config });
  const odd = away('transient', 2);
  expect(await tried(9, odd)).toEqual({ asked: 2, told: 1, outcome: odd });
});

test('at the end of the patience it is given up in words, with the remedy', async () => {
  const { asked, outcome } = await tried(9, away(), {
    patience: 0,
    clock: {
      now: (
        (at) => () =>
          (at += 1_000)
      )(0),
      timer: systemClock.timer,
    },
  });
  expect(asked).toBe(1);
  expect(outcome).toMatchObject({
    kind: 'transient',
    message: expect.stringMatching(/^Kafka is away\. Given up after \d+ s\.$/) as string,
    remedy: 'Look at it.',
  });
});

test('the signal ends the waiting', async () => {
  const stop = new AbortController();
  const { outcome } = await tried(99, away(), { signal: stop.signal, random: () => 0.999, onRetry: () => stop.abort() });
  expect(outcome).toMatchObject({ kind: 'stopped', message: 'Starting was stopped while it waited: Kafka is away.' });
});

/** A clock that shows these times one after the other, then the last one for ever. */
const showing = (...times: readonly number[]) => {
  const left = [...times];
  return { now: () => (left.length > 1 ? left.shift() : left[0]) as number, timer: systemClock.timer };
};

test('a retry is told with its time, and comes as long as it is not behind the patience', async () => {
  const random = () => 0.01;
  const wait = backoff(1, random);
  expect(wait).toBeGreaterThan(0);
  const at: number[] = [];
  const within = { random, onRetry: (_: TributaryError, retryAt: number) => void at.push(retryAt) };
  expect((await tried(1, away(), { ...within, clock: showing(5_000), patience: wait })).outcome).toBe('done');
  expect(at).toEqual([5_000 + wait]);
  const { asked, outcome } = await tried(1, away(), { ...within, clock: showing(5_000), patience: wait - 1 });
  expect({ asked, told: at.length }).toEqual({ asked: 1, told: 1 });
  expect(outcome).toMatchObject({ message: 'Kafka is away. Given up after 0 s.' });
});

test('the time after which it was given up is the one that has passed', async () => {
  const { outcome } = await tried(1, away(), { clock: showing(1_000, 8_400), patience: 7_000 });
  expect(outcome).toMatchObject({ message: 'Kafka is away. Given up after 7 s.' });
});

test('the final error keeps what the failure told, and no more', () => {
  const whole = { kind: 'transient', reach: 'connection', code: 'kafka:x', detail: 'KafkaJSError: x', remedy: 'Look at it.' } as const;
  const failure = new TributaryError('Kafka is away.', whole);
  expect(outOfPatience(failure, 1_500)).toMatchObject({ ...whole, message: 'Kafka is away. Given up after 2 s.', cause: failure });
  const bare = outOfPatience(new TributaryError('No.', { kind: 'transient' }), 0);
  expect(bare).toMatchObject({ code: undefined, detail: undefined, remedy: undefined, reach: 'table' });
});
