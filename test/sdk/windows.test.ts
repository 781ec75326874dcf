import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { Json, Row } from '../../src/core/types.ts';
import { END, type ListingPage } from '../../src/sdk/readers/paginate.ts';
import { windows, type WindowAsk, type WindowsOptions } from '../../src/sdk/readers/windows.ts';
import { engine } from './harness.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 5, 10);
const BOUND = NOW - 1_000;
const TIERS = [
  { span: 2 * HOUR, every: 0 },
  { span: 7 * DAY, every: DAY },
];

type Ask = WindowAsk & { readonly cursor: Json | undefined };

/** A table read by slices, one after the other. `answer` tells what the vendor says; a number is a status. */
function slicing(answer: (ask: Ask, count: number) => ListingPage | number, options: Partial<WindowsOptions<unknown>> = {}) {
  const asked: Ask[] = [];
  const reader = windows<unknown>({
    call: async (_api, ask) => {
      const { from, to, cursor } = ask;
      asked.push({ from, to, cursor });
      const given = answer(ask, asked.length);
      if (typeof given === 'number') throw new TributaryError('No.', { kind: given < 500 ? 'data' : 'transient', code: `vendor:${given}` });
      return given;
    },
    span: DAY,
    least: HOUR,
    maxPages: 4,
    delay: 1_000,
    tiers: TIERS,
    origin: async () => NOW - 10 * DAY,
    concurrency: 1,
    ...options,
  });
  const table = engine(reader, {}, { runStart: NOW, now: () => NOW });
  const run = (now: number, how: Parameters<typeof table.run>[0] = {}) => {
    asked.length = 0;
    return table.run({ runStart: now, now: () => now, ...how });
  };
  return { asked, table, run };
}
const nothing: ListingPage = { rows: [], next: END };
const one = (next: ListingPage['next'] = END): ListingPage => ({ rows: [{ id: 'a' }], next });
const since = NOW - 3 * DAY;

describe('what a table read by slices remembers', () => {
  it('is up to when and from when on it was read, and when each stretch was', async () => {
    const { asked, table, run } = slicing(() => one());
    const { pages } = await run(NOW, { since });
    expect(asked.map(({ from, to }) => [from, to])).toEqual([
      [since, since + DAY],
      [since + DAY, since + 2 * DAY],
      [since + 2 * DAY, BOUND],
    ]);
    expect(pages.map(({ readTo }) => readTo)).toEqual([since + DAY, since + 2 * DAY, BOUND]);
    expect(pages.map(({ progress }) => progress?.toFixed(2))).toEqual(['0.33', '0.67', '1.00']);
    const tiers = { [2 * HOUR]: NOW, [7 * DAY]: NOW };
    expect(table.position).toEqual({ v: 1, tiers, through: BOUND, oldest: since });
    await run(NOW + HOUR, { since });
    expect(table.position).toEqual({ v: 1, tiers: { ...tiers, [2 * HOUR]: NOW + HOUR }, through: BOUND + HOUR, oldest: since });
  });

  it('is no beginning when all history was wanted, which then is never asked for again', async () => {
    const { asked, table, run } = slicing(() => one());
    await run(NOW);
    expect(asked[0]).toEqual({ from: undefined, to: NOW - 10 * DAY, cursor: undefined });
    expect(table.position).toMatchObject({ oldest: null, through: BOUND, tiers: { [7 * DAY]: NOW } });
    await run(NOW + HOUR);
    expect(asked[0]?.from).toBe(BOUND + HOUR - 2 * HOUR);
    await run(NOW + 2 * HOUR, { since });
    expect(table.position?.oldest).toBeNull();
  });

  it('is all history in one window when its origin is not over yet', async () => {
    const { asked, run } = slicing(() => one(), { origin: async () => NOW + 5 * DAY });
    const { pages } = await run(NOW);
    expect(asked).toEqual([{ from: undefined, to: BOUND, cursor: undefined }]);
    expect(pages[0]).not.toHaveProperty('progress');
  });

  it.each([
    [DAY, false],
    [DAY + 1_000, true],
  ])('is not deep enough when history from %i ms before it is wanted: %s', async (earlier, deeper) => {
    const { asked, run } = slicing(() => one());
    await run(NOW, { since });
    await run(NOW + HOUR, { since: since - earlier });
    expect(asked[0]?.from).toBe(deeper ? since - earlier : BOUND + HOUR - 2 * HOUR);
  });

  it('is deepened to all history', async () => {
    const { asked, table, run } = slicing(() => one());
    await run(NOW, { since });
    const { pages } = await run(NOW + HOUR);
    expect(asked[0]?.from).toBeUndefined();
    // Only what lies behind the end of the run before is news.
    expect(pages.flatMap(({ readTo }) => readTo ?? [])).toEqual([NOW, BOUND + HOUR]);
    expect(table.position?.oldest).toBeNull();
  });

  it('is not read beyond the wanted history, whatever stretch is due', async () => {
    const { asked, run } = slicing(() => one());
    await run(NOW, { since });
    await run(NOW + DAY, { since });
    expect(asked[0]?.from).toBe(since);
    await run(NOW + 2 * DAY);
    expect(asked[0]?.from).toBeUndefined();
  });

  it.each([
    [BOUND - 1_000, 1],
    [BOUND, 0],
    [BOUND + 5_000, 0],
  ])('is nothing to ask for when history is wanted from %i on: %i times', async (wanted, times) => {
    const { asked, run } = slicing(() => one());
    await run(NOW, { since: wanted });
    expect(asked).toHaveLength(times);
  });
});

describe('a table read by slices that was cut', () => {
  /** Each slice has two pages. */
  const two = ({ cursor }: Ask): ListingPage => one(cursor === undefined ? 'second' : END);

  it('goes on at its page, and then with the slice behind it', async () => {
    const { asked, table, run } = slicing(two);
    await run(NOW, { since, stopAfter: 3 });
    const plan = { from: since, origin: since, bound: BOUND, startedAt: NOW, done: since + DAY };
    expect(table.position).toEqual({ v: 1, tiers: {}, plan: { ...plan, slice: { to: since + 2 * DAY, cursor: 'second' } } });
    const { pages } = await run(NOW + HOUR, { since, stopAfter: 3 });
    expect(asked.slice(0, 2)).toEqual([
      { from: since + DAY, to: since + 2 * DAY, cursor: 'second' },
      { from: since + 2 * DAY, to: BOUND, cursor: undefined },
    ]);
    expect(pages.map(({ progress }) => progress?.toFixed(2))).toEqual(['0.67', '0.67', '1.00']);
    // A stretch counts as read when its reading began.
    expect(table.position?.tiers).toEqual({ [2 * HOUR]: NOW, [7 * DAY]: NOW });
  });

  it('goes on at its page before the first slice of all history', async () => {
    const { asked, table, run } = slicing(two);
    await run(NOW, { stopAfter: 1 });
    expect(table.position?.plan).toMatchObject({ from: null, origin: NOW - 10 * DAY, done: null });
    await run(NOW, { stopAfter: 2 });
    expect(asked.slice(0, 2)).toEqual([
      { from: undefined, to: NOW - 10 * DAY, cursor: 'second' },
      { from: NOW - 10 * DAY, to: NOW - 9 * DAY, cursor: undefined },
    ]);
    expect(table.position).toMatchObject({ plan: { from: null } });
    await run(NOW);
    expect(table.position?.oldest).toBeNull();
  });

  it('goes on between two slices', async () => {
    const { asked, table, run } = slicing(two);
    await run(NOW, { since, stopAfter: 2 });
    expect(table.position?.plan).not.toHaveProperty('slice');
    await run(NOW, { since, stopAfter: 1 });
    expect(asked[0]).toEqual({ from: since + DAY, to: since + 2 * DAY, cursor: undefined });
  });

  it.each<[string, ListingPage | number]>([
    ['is refused', 400],
    ['leads to the end without a row', nothing],
  ])('reads its slice again when its cursor %s', async (_what, answer) => {
    let lost = false;
    const { asked, run } = slicing((ask) =>
      lost && ask.cursor !== undefined && ask.to === since + 2 * DAY ? answer : lost ? one() : two(ask),
    );
    await run(NOW, { since, stopAfter: 3 });
    lost = true;
    const { counted, error } = await run(NOW, { since, stopAfter: 2 });
    expect([error, counted]).toEqual([undefined, { cursors_lost: 1 }]);
    expect(asked.slice(0, 3)).toEqual([
      { from: since + DAY, to: since + 2 * DAY, cursor: 'second' },
      { from: since + DAY, to: since + 2 * DAY, cursor: undefined },
      { from: since + 2 * DAY, to: BOUND, cursor: undefined },
    ]);
  });

  it('fails, and reads nothing again, when a page behind its cursor is refused', async () => {
    let failing = false;
    const { asked, run } = slicing((ask) => (failing && ask.cursor === undefined ? 400 : two(ask)));
    await run(NOW, { since, stopAfter: 3 });
    failing = true;
    const { counted, error } = await run(NOW, { since });
    expect([error, counted]).toMatchObject([{ code: 'vendor:400' }, {}]);
    expect(asked).toHaveLength(2);
  });

  it('asks for no time to come when a wrong clock had begun it', async () => {
    const wrong = NOW + 2 * DAY;
    const { asked, run } = slicing(two);
    // In a slice that ends in the future.
    await run(wrong, { since, stopAfter: 5 });
    const { pages } = await run(NOW, { since });
    expect(asked.slice(0, 2)).toEqual([
      { from: since + 2 * DAY, to: BOUND, cursor: undefined },
      { from: since + 2 * DAY, to: BOUND, cursor: 'second' },
    ]);
    for (const { to } of asked) expect(to).toBeLessThanOrEqual(BOUND);
    expect(pages.at(-1)?.readTo).toBe(BOUND);
  });

  it('is begun anew when a wrong clock had read up to a time to come', async () => {
    const { asked, run } = slicing(two);
    await run(NOW + 2 * DAY, { since, stopAfter: 8 });
    await run(NOW, { since });
    expect(asked[0]).toEqual({ from: since, to: since + DAY, cursor: undefined });
  });

  it('goes on with a slice that ends at this very moment', async () => {
    const { asked, run } = slicing(two);
    await run(NOW, { since, stopAfter: 5 });
    await run(NOW, { since });
    expect(asked[0]).toEqual({ from: since + 2 * DAY, to: BOUND, cursor: 'second' });
  });
});

describe('the length of slices', () => {
  it('is halved behind one with too many pages, kept, and doubled again behind one with few', async () => {
    // Pages of each slice in turn.
    const pages = [4, 5, 5, 4, 2, 1, 1, 1, 5, 5, 5, 5, 5];
    let slice = -1;
    const { asked, run } = slicing(
      ({ cursor }) => {
        if (cursor === undefined) slice += 1;
        const page = Number(cursor ?? 1);
        return { rows: [{ id: `${slice}-${page}` }], next: page < (pages[slice] ?? 2) ? String(page + 1) : END };
      },
      { least: 2 * HOUR, granularity: HOUR, span: 10 * HOUR },
    );
    await run(NOW, { since });
    const hours = asked.filter(({ cursor }) => cursor === undefined).map(({ from = 0, to }) => (to - from) / HOUR);
    // 10, kept, halved to 5 and 2 whole hours; doubled to 4, 8 and at most 10; halved down to the least of 2.
    expect(hours.slice(0, 13)).toEqual([10, 10, 5, 2, 2, 2, 4, 8, 10, 5, 2, 2, 2]);
  });
});

describe('rows of another window', () => {
  const at = (...times: readonly number[]): Row[] => times.map((time) => ({ id: String(time), at: time }));
  const reading = async (rows: Row[], options: Partial<WindowsOptions<unknown>> = { by: (row) => Number(row.at) }) =>
    (await slicing(() => ({ rows, next: END }), options).run(NOW, { since: BOUND - HOUR })).error;
  const other = { kind: 'data', code: 'other_answer' };

  it('are noticed, where a row tells when it is from', async () => {
    expect(await reading(at(BOUND - 9 * HOUR, BOUND - 8 * HOUR))).toMatchObject(other);
    expect(await reading(at(BOUND - 9 * HOUR, BOUND - 8 * HOUR), {})).toBeUndefined();
  });

  it('may be off by the smallest step of time', async () => {
    const from = BOUND - HOUR - 1_000;
    const to = BOUND + 1_000;
    expect(await reading(at(from, from))).toBeUndefined();
    expect(await reading(at(to, to))).toBeUndefined();
    expect(await reading(at(from - 1, from - 1))).toMatchObject(other);
    expect(await reading(at(to + 1, to + 1))).toMatchObject(other);
  });

  it('may be from any time before a window without a beginning', async () => {
    const options: Partial<WindowsOptions<unknown>> = { by: (row) => Number(row.at), origin: async () => NOW };
    const { run } = slicing(() => ({ rows: at(NOW - 3_000 * DAY, NOW - 2_000 * DAY), next: END }), options);
    expect((await run(NOW)).error).toBeUndefined();
  });
});
