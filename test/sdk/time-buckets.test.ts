import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import { wallClockOf } from '../../src/core/time-zone.ts';
import type { Row } from '../../src/core/types.ts';
import { disordered } from '../../src/sdk/readers/sort-order.ts';
import { timeBuckets } from '../../src/sdk/readers/time-buckets.ts';
import type { TimeBucketsOptions } from '../../src/sdk/readers/time-buckets.ts';
import { daysOfSomeZone, hoursAtOnce, hoursOfSomeZone } from '../../src/sdk/readers/time-grain.ts';
import type { TimeGrain } from '../../src/sdk/readers/time-grain.ts';
import { engine } from './harness.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 2, 20, 16);
const tooHeavy = new TributaryError('Out of memory.', { kind: 'data', code: 'v:heavy' });
const listed = { title: 'Vendor', vendor: 'v', name: 'visits' };

const days = daysOfSomeZone((row) => row.day as number);
const hours = hoursOfSomeZone((row) => row.hour as number);
const dayOfHours = hoursAtOnce(24);

/** Begin of the day in Chicago, which the vendor does not tell. */
const zone = wallClockOf('America/Chicago');
const dayOf = (at: number): number => zone.instantOf(Math.floor(zone.shownAt(at) / DAY) * DAY);

/** A vendor that counts visits by the days of its zone; each visit is seen some time after it happened. */
function vendor(options: Partial<TimeBucketsOptions<unknown, TimeGrain>> = {}) {
  const state = {
    now: NOW,
    asked: [] as number[],
    visits: [] as { at: number; seen: number }[],
    selection: 'all',
    fail: undefined as Error | undefined,
  };
  const reader = timeBuckets<unknown, TimeGrain>({
    ...listed,
    grains: () => ({ usual: days }),
    async *read(_ctx, { at, after }) {
      state.asked.push(at);
      if (state.fail !== undefined) throw state.fail;
      const day = dayOf(at);
      const visits = state.visits.filter((visit) => dayOf(visit.at) === day && visit.seen <= state.now);
      // Two groups a day, the second of which is empty on most days.
      const rows = visits.length === 0 ? [] : [{ day, group: 'a', count: visits.length }];
      if (after === undefined && rows.length > 0) yield { rows, after: 'a' };
      yield { rows: [], after: undefined };
    },
    isTooHeavy: (error) => error === tooHeavy,
    lateness: 8 * HOUR,
    fresh: DAY,
    lookback: () => 10 * DAY,
    origin: async () => (state.visits.length === 0 ? undefined : Math.min(...state.visits.map(({ at }) => at))),
    selection: () => ({ shops: state.selection }),
    noted: () => ({ period: 'day' }),
    ...options,
  });
  const self = engine(reader, {});
  const run = (at: number, how: { stopAfter?: number; since?: number } = {}) => {
    state.now = at;
    return self.run({ runStart: at, now: () => at, ...how });
  };
  return { state, self, run };
}

/** What the topic holds: a later row of a bucket replaces an earlier one. */
function held(topic: Map<unknown, unknown>, rows: readonly Row[]): Map<unknown, unknown> {
  for (const { day, count } of rows) topic.set(day, count);
  return topic;
}

function truth(visits: readonly { readonly at: number }[]): Map<unknown, unknown> {
  const counts = new Map<unknown, number>();
  for (const { at } of visits) counts.set(dayOf(at), (counts.get(dayOf(at)) ?? 0) + 1);
  return counts;
}

const sorted = (map: Map<unknown, unknown>): [unknown, unknown][] => [...map].sort(([a], [b]) => Number(a) - Number(b));

describe('buckets of time', () => {
  it('hold every row, however late it was seen within the allowed lateness, and wherever runs were stopped', async () => {
    const visit = fc.record({ ago: fc.integer({ min: 0, max: 30 * 24 }), late: fc.integer({ min: 0, max: 7 }) });
    const step = fc.record({ wait: fc.integer({ min: 1, max: 60 }), stopAfter: fc.option(fc.integer({ min: 1, max: 4 })) });
    await fc.assert(
      fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 30 }), fc.array(step, { maxLength: 6 }), async (visits, steps) => {
        const { state, run } = vendor();
        const begin = NOW - 30 * DAY;
        state.visits = visits.map(({ ago, late }) => ({ at: NOW - ago * HOUR, seen: NOW - ago * HOUR + late * HOUR }));
        state.visits.push({ at: begin, seen: begin });
        const topic = new Map<unknown, unknown>();
        let at = NOW - 12 * DAY;
        for (const { wait, stopAfter } of steps) {
          held(topic, (await run(at, stopAfter === null ? {} : { stopAfter })).rows);
          at += wait * HOUR;
        }
        at = Math.max(at, NOW + 8 * HOUR);
        for (let more = 0; more < 2; more += 1) held(topic, (await run(at + more * HOUR)).rows);
        expect(sorted(topic)).toEqual(sorted(truth(state.visits)));
      }),
      { numRuns: 60 },
    );
  });

  it('that cannot change any more are not read again but once a day, as far as the lookback', async () => {
    const { state, self, run } = vendor();
    state.visits = Array.from({ length: 30 }, (_, n) => ({ at: NOW - n * DAY, seen: NOW - n * DAY }));
    await run(NOW);
    expect(self.position).toMatchObject({ period: 'day', shops: 'all', lookedBack: NOW, oldest: NOW - 29 * DAY });
    expect(Number(self.position?.settled) + 33 * HOUR).toBeLessThanOrEqual(NOW);
    state.asked.length = 0;
    const soon = await run(NOW + HOUR);
    expect(state.asked.length).toBeLessThanOrEqual(3);
    expect(soon.pages.at(-1)?.readTo).toBe(NOW + HOUR - 8 * HOUR);
    state.asked.length = 0;
    await run(NOW + 25 * HOUR);
    expect(state.asked.length).toBeGreaterThanOrEqual(10);
    expect(state.asked.length).toBeLessThanOrEqual(13);
  });

  it('go on in the bucket and behind the group a stopped run was in', async () => {
    const { state, self, run } = vendor();
    state.visits = Array.from({ length: 5 }, (_, n) => ({ at: NOW - n * DAY, seen: NOW - n * DAY }));
    await run(NOW, { stopAfter: 2 });
    expect(self.position?.pass).toMatchObject({ after: 'a', began: NOW });
    const at = state.asked.at(-1);
    state.asked.length = 0;
    const { rows } = await run(NOW + HOUR);
    expect(state.asked[0]).toBe(at);
    expect(rows).toHaveLength(3);
  });

  it('are read from the start for a deeper history and for another selection', async () => {
    const { state, run } = vendor();
    state.visits = Array.from({ length: 20 }, (_, n) => ({ at: NOW - n * DAY, seen: NOW - n * DAY }));
    expect((await run(NOW, { since: NOW - 5 * DAY })).rows).toHaveLength(6);
    expect((await run(NOW + HOUR, { since: NOW - 15 * DAY })).rows).toHaveLength(16);
    expect((await run(NOW + 2 * HOUR, { since: NOW - 15 * DAY })).rows.length).toBeLessThanOrEqual(3);
    state.selection = 'one';
    expect((await run(NOW + 3 * HOUR, { since: NOW - 15 * DAY })).rows).toHaveLength(16);
  });

  it('of a vendor that shows nothing yet are asked about again with the next run', async () => {
    const { state, self, run } = vendor();
    await run(NOW);
    expect(self.position).not.toHaveProperty('oldest');
    state.visits = [{ at: NOW - 5 * DAY, seen: NOW + HOUR }];
    expect((await run(NOW + 2 * HOUR)).rows).toHaveLength(1);
  });

  it('of another time than asked for are an error, and so are warnings told', async () => {
    const { state, self, run } = vendor({
      async *read() {
        yield { rows: [{ day: NOW - 40 * DAY }], after: undefined };
      },
    });
    state.visits = [{ at: NOW - DAY, seen: 0 }];
    expect((await run(NOW)).error).toMatchObject({ kind: 'data', code: 'v:bucket' });
    expect(self.position).toBeUndefined();
    const warning = vendor({ warnings: () => ['Rows overwrite one another.'] });
    expect((await warning.run(NOW)).pages.at(-1)?.warnings).toEqual(['Rows overwrite one another.']);
  });

  it('that are too heavy are asked for by a finer grain, in this run alone', async () => {
    const asked: [TimeGrain, number][] = [];
    const { self, run } = vendor({
      grains: () => ({ usual: dayOfHours, finer: hours }),
      async *read(_ctx, { at, grain }) {
        asked.push([grain, at]);
        if (grain === dayOfHours) throw tooHeavy;
        yield { rows: [{ hour: Math.floor(at / HOUR) * HOUR }], after: undefined };
      },
    });
    const { error, rows } = await run(NOW, { since: NOW - 2 * DAY });
    expect(error).toBeUndefined();
    expect(asked[0]).toEqual([dayOfHours, NOW - 2 * DAY]);
    expect(rows.map(({ hour }) => hour)).toEqual(Array.from({ length: 49 }, (_, n) => NOW - 2 * DAY + n * HOUR));
    asked.length = 0;
    await run(NOW + DAY, { since: NOW - 2 * DAY });
    expect(asked[0]?.[0]).toBe(dayOfHours);
    expect(self.position).not.toHaveProperty('pass');
  });

  it('in another order than asked for are read again from their start, then fail', async () => {
    const { state, self, run } = vendor();
    state.visits = [{ at: NOW - DAY, seen: 0 }];
    state.fail = disordered(listed);
    const { error } = await run(NOW);
    expect(error).toBe(state.fail);
    expect(state.asked).toHaveLength(3);
    expect(self.position?.pass).not.toHaveProperty('after');
    state.fail = undefined;
    expect((await run(NOW)).rows).toHaveLength(1);
  });

  it('are read from their start, not behind a group, once the order was wrong', async () => {
    const asked: (string | undefined)[] = [];
    const { run } = vendor({
      async *read(_ctx, { at, after }) {
        asked.push(after);
        yield { rows: [{ day: dayOf(at), count: 1 }], after: 'm' };
        if (asked.length === 1) throw disordered(listed);
        yield { rows: [], after: undefined };
      },
    });
    const { error, rows } = await run(NOW, { since: NOW });
    expect(error).toBeUndefined();
    expect(asked).toEqual([undefined, undefined]);
    expect(rows).toHaveLength(2);
  });

  it('without rows are asked for once each as soon as a row has shown where days begin', async () => {
    const { state, run } = vendor();
    state.visits = [{ at: NOW - 40 * DAY, seen: 0 }];
    await run(NOW);
    expect(state.asked.length).toBeLessThanOrEqual(43);
  });
});

/** Asks as the reader does, bucket after bucket. */
function walk(grain: TimeGrain, startOf: (at: number) => number | undefined, from: number, until: number): number[] {
  const asked: number[] = [];
  let border: number | undefined;
  for (let at = grain.begin(from, border), last = false; !last;) {
    last = at >= until;
    if (last) at = until;
    asked.push(at);
    const start = startOf(at);
    if (start !== undefined) border = Math.max(border ?? start, start);
    last ||= grain.holds(until, at, start);
    if (!last) at = grain.next(at, start, border);
  }
  return asked;
}

describe('a grain', () => {
  const zones = ['America/Chicago', 'America/Havana', 'Asia/Kathmandu', 'Pacific/Chatham', 'UTC'];
  const from = fc.integer({ min: Date.UTC(2017, 0, 1), max: Date.UTC(2026, 11, 31) });
  const span = fc.integer({ min: 0, max: 40 * DAY });

  it('of days passes over none, in whatever zone they are and whether or not they hold rows', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), from, span, fc.integer({ min: 1, max: 9 }), (name, begin, length, every) => {
        const clock = wallClockOf(name);
        const numberOf = (at: number): number => Math.floor(clock.shownAt(at) / DAY);
        const startOf = (at: number): number | undefined => {
          if (numberOf(at) % every !== 0) return undefined;
          // Midnight, or the first moment after it where midnight is left out.
          const midnight = numberOf(at) * DAY;
          return [0, HOUR].map((later) => clock.instantOf(midnight + later)).find((instant) => numberOf(instant) === numberOf(at));
        };
        const asked = new Set(walk(days, startOf, begin, begin + length).map(numberOf));
        for (let day = numberOf(begin); day <= numberOf(begin + length); day += 1) expect(asked.has(day)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('of hours leaves no gap', () => {
    fc.assert(
      fc.property(fc.constantFrom([hours, HOUR] as const, [dayOfHours, DAY] as const), from, span, ([grain, length], begin, time) => {
        const asked = walk(grain, () => undefined, begin, begin + time);
        expect(asked[0]).toBeLessThanOrEqual(begin);
        for (const [at, one] of asked.entries()) expect(asked[at + 1] ?? begin + time).toBeLessThanOrEqual(one + length);
      }),
    );
  });
});
