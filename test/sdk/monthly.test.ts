import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { Row } from '../../src/core/types.ts';
import { monthly, type MonthlyOptions } from '../../src/sdk/readers/monthly.ts';
import { END, type ListingPage } from '../../src/sdk/readers/paginate.ts';
import { engine } from './harness.ts';

const HOUR = 3_600_000;
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
const NOW = day('2026-06-10');

const rowsOf = (...days: readonly (string | null)[]): Row[] => days.map((text) => ({ id: text, at: text === null ? null : day(text) }));

/** A report by months. `reports` has the pages of each month by cursor; what is missing is empty, a number is a status. */
function reporting(reports: Record<string, Record<string, ListingPage | number>> = {}, options: Partial<MonthlyOptions<unknown>> = {}) {
  const asked: string[] = [];
  const reader = monthly<unknown>({
    call: async (_api, { month, cursor }) => {
      const page = cursor === undefined ? '1' : String(cursor);
      asked.push(`${month.slice(0, 7)}/${page}`);
      const given = reports[month.slice(0, 7)]?.[page] ?? { rows: [], next: END };
      if (typeof given === 'number') throw new TributaryError('No.', { kind: 'data', code: `vendor:${given}` });
      return given;
    },
    by: (row) => (typeof row.at === 'number' ? row.at : null),
    series: (row) => String(row.series ?? ''),
    closingDays: 5,
    mostMonths: 3,
    ...options,
  });
  const table = engine(reader, {});
  const run = async (now: number, how: Parameters<typeof table.run>[0] = {}) => {
    asked.length = 0;
    const done = await table.run({ runStart: now, now: () => now, ...how });
    return { ...done, asked: [...asked], days: done.rows.map(({ id }) => id) };
  };
  return { table, run, reports };
}
const two = (first: string, second: string, more: Partial<ListingPage> = {}): Record<string, ListingPage> => ({
  1: { rows: rowsOf(first), next: '2', ...more },
  2: { rows: rowsOf(second), next: END, ...more },
});
const three = (): Record<string, Record<string, ListingPage | number>> => ({
  '2026-04': two('2026-04-01', '2026-04-30'),
  '2026-05': two('2026-05-01', '2026-05-31'),
  '2026-06': two('2026-06-01', '2026-06-09'),
});

describe('a report by months', () => {
  it('is read up to the current month, which alone is read again', async () => {
    const { table, run } = reporting(three());
    const first = await run(NOW);
    expect(first.asked).toEqual(['2026-04/1', '2026-04/2', '2026-05/1', '2026-05/2', '2026-06/1', '2026-06/2']);
    expect(first.days).toEqual(['2026-04-01', '2026-04-30', '2026-05-01', '2026-05-31', '2026-06-01', '2026-06-09']);
    expect(first.pages.map(({ readTo }) => readTo)).toEqual([undefined, undefined, undefined, undefined, undefined, NOW]);
    expect(table.position).toEqual({ v: 1, high: day('2026-06-09'), through: '2026-06-01' });
    expect((await run(NOW + HOUR)).asked).toEqual(['2026-06/1', '2026-06/2']);
    expect((await run(day('2026-07-20'))).asked, 'June was not final').toEqual(['2026-06/1', '2026-06/2', '2026-07/1']);
  });

  it('is read again from the month of its last row on', async () => {
    const { run } = reporting({ '2026-05': two('2026-05-01', '2026-05-31') });
    await run(NOW);
    expect((await run(NOW + HOUR)).asked).toEqual(['2026-05/1', '2026-05/2', '2026-06/1']);
  });

  it('is read again for a month until it was read after its closing days', async () => {
    const { table, run } = reporting(three());
    await run(day('2026-06-05'));
    expect(table.position?.through).toBe('2026-05-01');
    expect((await run(day('2026-06-06'))).asked).toEqual(['2026-05/1', '2026-05/2', '2026-06/1', '2026-06/2']);
    expect(table.position?.through).toBe('2026-06-01');
  });

  it.each([
    ['2026-05-20', ['2026-05/1', '2026-06/1']],
    ['2025-12-31', ['2025-12/1', '2026-01/1', '2026-02/1', '2026-03/1', '2026-04/1', '2026-05/1', '2026-06/1']],
  ])('begins with the month of the wanted history, %s', async (since, months) => {
    expect((await reporting().run(NOW, { since: day(since) })).asked).toEqual(months);
  });

  it('is not read further back than wanted, and at least the month it was read to when what is wanted is to come', async () => {
    const { run } = reporting();
    await run(day('2026-04-10'));
    expect((await run(NOW, { since: day('2026-06-03') })).asked).toEqual(['2026-06/1']);
    await run(NOW);
    expect((await run(NOW, { since: day('2026-04-03') })).asked, 'what was read is not read again').toEqual(['2026-06/1']);
    const other = reporting();
    await other.run(day('2026-05-10'));
    expect((await other.run(NOW, { since: day('2026-07-03') })).asked).toEqual(['2026-05/1', '2026-06/1']);
  });

  it('takes no time to come for its last row, and keeps rows without a time', async () => {
    const { table, run } = reporting({
      '2026-06': { 1: { rows: rowsOf('2026-06-10', '2026-06-11', null), next: END, warnings: ['Odd.'] } },
    });
    const { days, pages } = await run(NOW);
    expect(days).toEqual(['2026-06-10', '2026-06-11', null]);
    expect(table.position?.high).toBe(NOW);
    expect(pages.flatMap(({ warnings = [] }) => warnings)).toEqual(['Odd.']);
  });

  it('counts times that differ on a day of one series', async () => {
    const at = (hour: number, series = ''): Row => ({ id: hour, at: day('2026-06-03') + hour * HOUR, series });
    const { run } = reporting({
      '2026-06': { 1: { rows: [at(1), at(1), at(1), at(2), at(3, 'other'), ...rowsOf('2026-06-04')], next: END } },
    });
    expect((await run(NOW)).counted).toEqual({ rows_of_one_day: 1 });
  });

  it('whose rows are all from other months is an error', async () => {
    const months = (...days: readonly string[]) => reporting({ '2026-05': { 1: { rows: rowsOf(...days), next: END } } }).run(NOW);
    expect((await months('2026-04-28', '2026-04-29')).error).toMatchObject({ code: 'other_answer' });
    expect((await months('2026-06-03', '2026-06-04')).error).toMatchObject({ code: 'other_answer' });
    expect((await months('2026-04-30', '2026-04-30')).error, 'the day before, in another zone').toBeUndefined();
    expect((await months('2026-06-02', '2026-06-02')).error, 'the day behind').toBeUndefined();
  });
});

describe('a report by months that was cut', () => {
  it('goes on at its page of a month that was over', async () => {
    const { table, run } = reporting(three());
    await run(NOW, { stopAfter: 1 });
    expect(table.position).toEqual({ v: 1, high: day('2026-04-01'), open: '2026-06-01', month: '2026-04-01', cursor: '2', read: 1 });
    const { asked, days } = await run(NOW, { stopAfter: 2 });
    expect(asked.slice(0, 2)).toEqual(['2026-04/2', '2026-05/1']);
    expect(days).toEqual(['2026-04-30', '2026-05-01']);
  });

  it('goes on with the month behind one that was read', async () => {
    const { table, run } = reporting(three());
    await run(NOW, { stopAfter: 2 });
    expect(table.position).toEqual({ v: 1, high: day('2026-04-30'), open: '2026-06-01', month: '2026-05-01' });
    expect((await run(NOW, { stopAfter: 1 })).asked[0]).toBe('2026-05/1');
  });

  it('begins the current month again, because its rows shift', async () => {
    const { table, run } = reporting(three());
    await run(NOW);
    await run(NOW, { stopAfter: 1 });
    expect(table.position).toEqual({ v: 1, high: day('2026-06-09'), through: '2026-06-01', open: '2026-06-01', month: '2026-06-01' });
    expect((await run(NOW)).asked).toEqual(['2026-06/1', '2026-06/2']);
  });

  it('keeps in mind which month was not final', async () => {
    const { table, run } = reporting(three());
    await run(day('2026-06-02'), { stopAfter: 1 });
    await run(NOW);
    expect(table.position?.through).toBe('2026-05-01');
  });

  it.each<[string, ListingPage | number]>([
    ['is refused', 400],
    ['leads to the end without a row', { rows: [], next: END }],
  ])('reads its month again when its cursor %s', async (_what, answer) => {
    const { run, reports } = reporting(three());
    await run(NOW, { stopAfter: 1 });
    reports['2026-04'] = { 1: { rows: rowsOf('2026-04-01', '2026-04-02'), next: END, total: 2 }, 2: answer };
    const { asked, counted, error, pages } = await run(NOW);
    expect(error).toBeUndefined();
    expect(asked.slice(0, 3)).toEqual(['2026-04/2', '2026-04/1', '2026-05/1']);
    expect(counted).toEqual({ cursors_lost: 1 });
    for (const page of pages) expect(page, 'what was read before does not count twice').not.toHaveProperty('warnings');
  });

  it('fails, and reads nothing again, when a page behind its cursor is refused', async () => {
    const { run, reports } = reporting(three());
    await run(NOW, { stopAfter: 1 });
    reports['2026-04'] = { 2: { rows: rowsOf('2026-04-30'), next: '3' }, 3: 400 };
    const { asked, counted, error } = await run(NOW);
    expect(error).toMatchObject({ code: 'vendor:400' });
    expect([asked, counted]).toEqual([['2026-04/2', '2026-04/3'], {}]);
  });
});

describe('a row beyond the end of its month', () => {
  const late = { id: 'of April', at: day('2026-05-01') };
  const reports = (may: Record<string, ListingPage>): Record<string, Record<string, ListingPage>> => ({
    '2026-04': { 1: { rows: [...rowsOf('2026-04-30'), late], next: END } },
    '2026-05': may,
  });

  it('comes with the end of the next month, unless that has it, too', async () => {
    const without = reporting(reports(two('2026-05-02', '2026-05-03')));
    expect((await without.run(NOW)).days).toEqual(['2026-04-30', '2026-05-02', '2026-05-03', 'of April']);
    const corrected = { ...late, id: 'of May' };
    const { run } = reporting(reports({ 1: { rows: [corrected], next: END } }));
    const { days, counted } = await run(NOW);
    expect(days).toEqual(['2026-04-30', 'of May']);
    expect(counted).toEqual({ rows_of_two_months: 1 });
    const otherSeries = reporting(reports({ 1: { rows: [{ ...corrected, series: 'x' }], next: END } }));
    expect((await otherSeries.run(NOW)).days).toEqual(['2026-04-30', 'of May', 'of April']);
  });

  it('comes at once in the current month', async () => {
    const { run } = reporting({ '2026-06': { 1: { rows: rowsOf('2026-07-01'), next: END } } });
    expect((await run(NOW)).days).toEqual(['2026-07-01']);
  });

  it('makes a run that is cut begin again with its month', async () => {
    const { table, run } = reporting(reports(two('2026-05-02', '2026-05-03')));
    for (const stopAfter of [1, 2]) {
      table.position = undefined;
      await run(NOW, { stopAfter });
      expect(table.position, String(stopAfter)).toMatchObject({ month: '2026-04-01' });
      expect(table.position).not.toHaveProperty('cursor');
    }
    const { days } = await run(NOW);
    expect(days).toContain('of April');
    const page = reporting({ '2026-04': { 1: { rows: [late], next: '2' }, 2: { rows: rowsOf('2026-04-30'), next: END } } });
    await page.run(NOW, { stopAfter: 1 });
    expect(page.table.position, 'inside its own month').not.toHaveProperty('cursor');
  });
});

describe('the total of a month', () => {
  it('that disagrees is told, and the month is read again', async () => {
    const { table, run } = reporting({
      '2026-05': two('2026-05-01', '2026-05-31', { total: 3 }),
      '2026-06': { 1: { rows: [], next: END, total: 5, warnings: ['Odd.'] } },
    });
    const { pages } = await run(NOW);
    expect(pages.flatMap(({ warnings = [] }) => warnings)).toEqual([
      'The vendor announced 3 rows for the month of 2026-05-01 and showed 2; the next run reads it again.',
      'Odd.',
      'The vendor announced 5 rows for the month of 2026-06-01 and showed 0; the next run reads it again.',
    ]);
    expect(table.position?.through).toBe('2026-05-01');
  });

  it('that agrees is not told of, also over a cut', async () => {
    const { table, run } = reporting({ '2026-04': two('2026-04-01', '2026-04-30', { total: 2 }) });
    await run(NOW, { stopAfter: 1 });
    for (const page of (await run(NOW)).pages) expect(page).not.toHaveProperty('warnings');
    expect(table.position?.through).toBe('2026-06-01');
  });

  it('tells how far its reading is', async () => {
    const { run } = reporting({
      '2026-04': two('2026-04-01', '2026-04-30', { total: 4 }),
      '2026-05': two('2026-05-01', '2026-05-31'),
      '2026-06': two('2026-06-01', '2026-06-09', { total: 0 }),
    });
    expect((await run(NOW)).pages.map(({ progress = 0 }) => (progress * 12).toFixed(2))).toEqual([
      '1.00',
      '4.00',
      '4.00',
      '8.00',
      '8.00',
      '12.00',
    ]);
    const more = reporting({ '2026-04': { 1: { rows: rowsOf('2026-04-01', '2026-04-02'), next: '2', total: 1 } } });
    expect((await more.run(NOW, { stopAfter: 1 })).pages[0]?.progress).toBeCloseTo(1 / 3);
  });
});
