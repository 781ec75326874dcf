import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { Json, Row } from '../../src/core/types.ts';
import { incremental, type IncrementalAsk, type IncrementalOptions } from '../../src/sdk/readers/incremental.ts';
import { END, type ListingPage } from '../../src/sdk/readers/paginate.ts';
import { engine } from './harness.ts';

const NOW = 1_000_000;
const BOUND = NOW - 5_000;
const OVERLAP = 1_000;

type Ask = IncrementalAsk & { readonly cursor: Json | undefined };

const at = (...times: readonly (number | null)[]): Row[] => times.map((time, id) => ({ id: `${time}-${id}`, at: time }));

/** A table read by `at`. What the vendor answers is taken in turn; a number is a status. */
function following(answers: (ListingPage | number)[], options: Partial<IncrementalOptions<unknown>> = {}) {
  const asked: Ask[] = [];
  const reader = incremental<unknown>({
    call: async (_api, ask) => {
      asked.push({ ...ask });
      const answer = answers.shift() ?? { rows: [], next: END };
      if (typeof answer === 'number')
        throw new TributaryError('No.', { kind: answer < 500 ? 'data' : 'transient', code: `vendor:${answer}` });
      return answer;
    },
    by: (row) => (typeof row.at === 'number' ? row.at : null),
    overlap: OVERLAP,
    delay: 5_000,
    ...options,
  });
  return { asked, answers, table: engine(reader, {}, { runStart: NOW, now: () => NOW }) };
}

describe('a table read by a time that grows', () => {
  it('is asked for all up to what the vendor shows by now, and then from a little before the highest value on', async () => {
    const { asked, answers, table } = following([{ rows: at(10_000, 20_000), next: END }]);
    const first = await table.run();
    expect(first.pages).toEqual([{ rows: at(10_000, 20_000), position: { v: 1, at: 20_000 }, readTo: BOUND }]);
    // Only what was read before: the highest value stays.
    answers.push({ rows: at(19_500), next: END });
    await table.run({ runStart: NOW + 10_000 });
    expect(table.position).toEqual({ v: 1, at: 20_000 });
    expect(asked).toEqual([
      { after: undefined, before: BOUND, cursor: undefined },
      { after: 20_000 - OVERLAP, before: BOUND + 10_000, cursor: undefined },
    ]);
  });

  it('is asked up to whole steps of its time', async () => {
    const { asked, table } = following([], { granularity: 60_000 });
    await table.run({ runStart: NOW });
    const seconds = following([]);
    await seconds.table.run({ runStart: NOW + 999 });
    expect([asked[0]?.before, seconds.asked[0]?.before]).toEqual([960_000, BOUND]);
  });

  it('begins at the wanted history only where it is limited to it', async () => {
    const limited = following([], { limitedHistory: true });
    await limited.table.run({ since: 7_000 });
    const whole = following([]);
    await whole.table.run({ since: 7_000 });
    expect([limited.asked, whole.asked].map(([ask]) => ask?.after)).toEqual([7_000, undefined]);
  });

  it.each([
    [BOUND - 1, 1],
    [BOUND, 0],
    [BOUND + 1, 0],
  ])('that is wanted from %i on is asked for %i times', async (since, times) => {
    const { asked, table } = following([], { limitedHistory: true });
    await table.run({ since });
    expect(asked).toHaveLength(times);
  });

  it('has no position without a row, and takes the bound itself for one, but nothing after it', async () => {
    const { answers, table } = following([{ rows: [], next: END }]);
    await table.run();
    expect(table.position).toEqual({ v: 1 });
    answers.push({ rows: at(null, BOUND, BOUND + 1), next: END });
    await table.run();
    expect(table.position).toEqual({ v: 1, at: BOUND });
  });
});

describe('a table read by a time that grows, when it is cut', () => {
  const cut = async (pages: ListingPage[], options: Partial<IncrementalOptions<unknown>> = {}, stopAfter = 1) => {
    const self = following([...pages], options);
    await self.table.run({ stopAfter });
    self.asked.length = 0;
    self.answers.length = 0;
    return self;
  };
  const page = (rows: Row[], next = 'next'): ListingPage => ({ rows, next });

  it('goes on at its cursor in the same range, and reads what came since from the highest value on', async () => {
    const { asked, answers, table } = await cut([page(at(10_000, 20_000))]);
    expect(table.position).toEqual({ v: 1, walk: { before: BOUND, cursor: 'next', high: 20_000, reached: 20_000 } });
    answers.push({ rows: at(30_000), next: END });
    const { counted } = await table.run({ runStart: NOW + 60_000 });
    expect(asked).toEqual([
      { after: undefined, before: BOUND, cursor: 'next' },
      { after: 30_000 - OVERLAP, before: BOUND + 60_000, cursor: undefined },
    ]);
    expect(counted).toEqual({});
    expect(table.position).toEqual({ v: 1, at: 30_000 });
  });

  it('keeps the range and the value of the run before while it goes on', async () => {
    const { asked, answers, table } = following([{ rows: at(50_000), next: END }, page(at(49_500)), page(at(60_000), 'third')]);
    await table.run();
    await table.run({ stopAfter: 2 });
    const walk = { before: BOUND, after: 50_000 - OVERLAP, cursor: 'third', high: 60_000, reached: 60_000 };
    expect(table.position).toEqual({ v: 1, at: 50_000, walk });
    answers.push(page(at(null), 'fourth'));
    await table.run({ stopAfter: 1 });
    expect(table.position, 'a page without a value').toEqual({ v: 1, at: 50_000, walk: { ...walk, cursor: 'fourth' } });
    answers.push({ rows: at(55_000), next: END });
    await table.run({ stopAfter: 1 });
    expect(asked.at(-1)).toEqual({ after: 50_000 - OVERLAP, before: BOUND, cursor: 'fourth' });
    expect(table.position, 'the highest of all its pages').toEqual({ v: 1, at: 60_000 });
  });

  it.each([400, { rows: [], next: END } satisfies ListingPage])(
    'reads again from the last value in order when its cursor no longer works (%j), and then what came since',
    async (answer) => {
      const { asked, answers, table } = await cut([page(at(10_000, 20_000))]);
      answers.push(answer, { rows: at(20_000, 25_000), next: END });
      const { counted, error } = await table.run();
      expect(error).toBeUndefined();
      expect(counted).toEqual({ cursors_lost: 1 });
      expect(asked).toEqual([
        { after: undefined, before: BOUND, cursor: 'next' },
        { after: 20_000 - OVERLAP, before: BOUND, cursor: undefined },
        { after: 25_000 - OVERLAP, before: BOUND, cursor: undefined },
      ]);
    },
  );

  it('fails, and reads nothing again, when a page behind its cursor is refused', async () => {
    const { asked, answers, table } = await cut([page(at(10_000))]);
    answers.push(page(at(20_000), 'third'), 400);
    const { counted, error } = await table.run();
    expect(error).toMatchObject({ code: 'vendor:400' });
    expect(counted).toEqual({});
    expect(asked).toHaveLength(2);
  });

  it.each<[string, ListingPage, Partial<IncrementalOptions<unknown>>]>([
    ['listed in no order', page(at(10_000, 20_000)), { unordered: true }],
    ['out of order', page(at(20_000, 10_000)), {}],
    ['without a value so far', page(at(null)), {}],
  ])('reads its whole range again when its cursor is lost and it is %s', async (_what, first, options) => {
    const { asked, answers, table } = await cut([first], options);
    expect(table.position?.walk).not.toHaveProperty('reached');
    answers.push(400);
    await table.run();
    expect(asked.map(({ after, cursor }) => [after, cursor])).toEqual([
      [undefined, 'next'],
      [undefined, undefined],
    ]);
  });

  it('stays without order on the pages that follow', async () => {
    const { answers, table } = await cut([page(at(20_000, 10_000))]);
    answers.push(page(at(30_000), 'third'));
    await table.run({ stopAfter: 1 });
    expect(table.position?.walk).toEqual({ before: BOUND, cursor: 'third', high: 30_000 });
  });

  it('counts rows out of order once, and equal values as in order', async () => {
    const { table } = following([page(at(20_000, 20_000)), page(at(10_000, 5_000), 'third'), { rows: at(1_000), next: END }]);
    const { counted } = await table.run();
    expect(counted).toEqual({ rows_out_of_order: 1 });
  });

  it('asks for no time to come when a wrong clock had begun the range', async () => {
    const { asked, table } = following([page(at(10_000, 20_000))]);
    await table.run({ runStart: NOW + 500_000, stopAfter: 1 });
    asked.length = 0;
    const { counted } = await table.run();
    expect(counted).toEqual({ cursors_lost: 1 });
    expect(asked).toEqual([
      { after: 20_000 - OVERLAP, before: BOUND, cursor: undefined },
      { after: 20_000 - OVERLAP, before: BOUND, cursor: undefined },
    ]);
    const same = await cut([page(at(10_000))]);
    await same.table.run();
    expect(same.asked[0]?.cursor, 'a range up to this very moment').toBe('next');
  });
});

describe('how far a table read by a time is', () => {
  const progressOf = async (self: ReturnType<typeof following>, stopAfter = 9) =>
    (await self.table.run({ stopAfter })).pages.map(({ progress }) => progress);

  it('is told by the values read in order, from the first of all or from where the range begins', async () => {
    const start = BOUND - 100_000;
    const pages = (): ListingPage[] => [
      { rows: at(start, start + 25_000), next: 'b' },
      { rows: at(start + 50_000), next: 'c' },
      { rows: at(start + 60_000), next: END },
    ];
    expect(await progressOf(following(pages()))).toEqual([0.25, 0.5, undefined]);
    const limited = following([{ rows: at(BOUND - 50_000), next: 'b' }], { limitedHistory: true });
    expect((await limited.table.run({ since: start, stopAfter: 1 })).pages.map(({ progress }) => progress)).toEqual([0.5]);
  });

  it('is not told without order, without a value, or where there is nothing between', async () => {
    expect(await progressOf(following([{ rows: at(20_000, 10_000), next: 'b' }]), 1)).toEqual([undefined]);
    expect(await progressOf(following([{ rows: at(10_000, 20_000), next: 'b' }], { unordered: true }), 1)).toEqual([undefined]);
    expect(await progressOf(following([{ rows: at(null), next: 'b' }]), 1)).toEqual([undefined]);
    expect(await progressOf(following([{ rows: at(BOUND), next: 'b' }]), 1)).toEqual([undefined]);
  });

  it('is never less than nothing', async () => {
    const { table } = following([{ rows: at(100), next: 'b' }], { limitedHistory: true });
    expect((await table.run({ since: 50_000, stopAfter: 1 })).pages[0]?.progress).toBe(0);
  });
});
