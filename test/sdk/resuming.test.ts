import { describe, expect, it } from 'vitest';
import { checkedRows } from '../../src/core/checked-rows.ts';
import { TributaryError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json/parse.ts';
import type { Json, Page, Row } from '../../src/core/types.ts';
import { details } from '../../src/sdk/readers/details.ts';
import { fanOut, type FanOutOptions } from '../../src/sdk/readers/fan-out.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { asNumber, asObject, asText, pastTime, printed } from '../../src/sdk/readers/resume.ts';
import { END, type FetchPage, type ListingPage } from '../../src/sdk/readers/paginate.ts';
import { engine } from './harness.ts';

/*
 * What a listing that goes on from a saved position may tell. Its end deletes what it did not show, so every doubt whether this is the
 * same listing makes it begin again.
 */

type Pages = Record<string, ListingPage | number>;

const rowsOf = (...ids: readonly string[]): Row[] => ids.map((id) => ({ id }));
const idsOf = (rows: readonly Row[]): unknown[] => rows.map((row) => row.id);
const endsOf = (pages: readonly Page[]): unknown[] => pages.flatMap(({ scan }) => (scan?.end ? [scan] : []));

function refusal(status: number): TributaryError {
  return new TributaryError('No.', { kind: status < 500 ? 'data' : 'transient', code: `vendor:${status}` });
}

/** A vendor with these pages by cursor; a number is the status it refuses the page with. */
const serving =
  (pages: Pages): FetchPage<unknown> =>
  async (_api, { cursor }) => {
    const page = pages[cursor === undefined ? 'start' : String(cursor)] ?? 400;
    if (typeof page === 'number') throw refusal(page);
    return page;
  };

describe('a whole listing that was cut', () => {
  const whole: Pages = {
    start: { rows: rowsOf('a', 'b'), next: '2' },
    2: { rows: rowsOf('c', 'd'), next: '3' },
    3: { rows: rowsOf('e', 'f'), next: END },
  };
  const cutAfter = async (stopAfter: number, pages: Pages) => {
    const table = engine(fullScan(serving(pages)), {});
    await table.run({ stopAfter });
    return table;
  };

  it.each<[string, Pages]>([
    ['the end at once', { 2: { rows: [], next: END } }],
    ['empty pages up to the end', { 2: { rows: [], next: '3' }, 3: { rows: [], next: END } }],
  ])('begins again when its cursor leads to nothing but %s', async (_what, changed) => {
    const pages = { ...whole };
    const table = await cutAfter(1, pages);
    Object.assign(pages, changed);
    const { pages: read, counted, error } = await table.run({ stopAfter: 6 });
    expect(error).toBeUndefined();
    expect(counted.cursors_lost).toBe(1);
    expect(endsOf(read)).toEqual([{ id: 'scan-2', end: {} }]);
    expect(idsOf(read.filter(({ scan }) => scan?.id === 'scan-2').flatMap(({ rows }) => rows))).toEqual(['a', 'b']);
  });

  it('goes on over an empty page behind which there are rows', async () => {
    const pages = { ...whole };
    const table = await cutAfter(1, pages);
    pages[2] = { rows: [], next: '3' };
    const { pages: read, counted } = await table.run();
    expect(counted).toEqual({});
    expect(read.map(({ scan }) => scan)).toEqual([{ id: 'scan-1' }, { id: 'scan-1', end: {} }]);
  });

  it('takes rows that only prove a key for rows', async () => {
    const pages = { ...whole };
    const table = await cutAfter(1, pages);
    pages[2] = { rows: [], seen: rowsOf('c'), next: END };
    expect(endsOf((await table.run()).pages)).toEqual([{ id: 'scan-1', end: {} }]);
  });

  it('fails, and does not begin again, when a page behind its cursor is refused', async () => {
    const pages = { ...whole };
    const table = await cutAfter(1, pages);
    pages[3] = 400;
    const { pages: read, error, counted } = await table.run();
    expect(error).toMatchObject({ code: 'vendor:400' });
    expect(counted).toEqual({});
    expect(read.map(({ scan }) => scan)).toEqual([{ id: 'scan-1' }]);
  });

  it('keeps its cursor while the vendor fails to answer', async () => {
    const pages = { ...whole };
    const table = await cutAfter(1, pages);
    const { position } = table;
    pages[2] = 500;
    const { error, counted } = await table.run();
    expect(error).toMatchObject({ code: 'vendor:500' });
    expect([counted, table.position]).toEqual([{}, position]);
  });

  it('begins again when its position is one of another release', async () => {
    const table = await cutAfter(1, whole);
    table.position = { ...table.position, v: 2 };
    expect((await table.run()).pages[0]).toMatchObject({ rows: rowsOf('a', 'b'), scan: { id: 'scan-2' } });
  });

  it('begins anew with the run after one that was read to its end', async () => {
    const table = await cutAfter(3, whole);
    expect(table.position).toEqual({ v: 1 });
    expect((await table.run()).pages.map(({ scan }) => scan?.id)).toEqual(['scan-2', 'scan-2', 'scan-2']);
  });
});

describe('how far a whole listing is', () => {
  it('counts rows that only prove a key, and is told only by a listing read from its first page on', async () => {
    const pages: Pages = {
      start: { rows: rowsOf('a'), seen: rowsOf('x'), next: '2', total: 8 },
      2: { rows: rowsOf('b', 'c'), next: '3', total: 8 },
      3: { rows: rowsOf('d', 'e', 'f', 'g', 'h', 'i'), next: END, total: 8 },
    };
    const table = engine(fullScan(serving(pages)), {});
    const { pages: read } = await table.run({ stopAfter: 2 });
    expect(read.map(({ progress }) => progress)).toEqual([0.25, 0.5]);
    for (const page of (await table.run()).pages) expect(page).not.toHaveProperty('progress');
    expect((await table.run()).pages.at(-1)?.progress, 'more than announced').toBe(1);
  });

  it.each([undefined, 0])('is not told when %s rows are announced', async (total) => {
    const { pages } = await engine(
      fullScan(async () => ({ rows: rowsOf('a'), next: END, ...(total === undefined ? {} : { total }) })),
      {},
    ).run();
    for (const page of pages) expect(page).not.toHaveProperty('progress');
  });
});

describe('a listing per parent that was cut', () => {
  const three = rowsOf('a', 'b', 'c');
  /** Each parent has two pages of one row. */
  function children(changed: Record<string, Pages> = {}) {
    const asked: string[] = [];
    const reader = (options: Partial<FanOutOptions> = {}, parents: readonly Row[] | string = three) =>
      fanOut<unknown>(
        typeof parents === 'string' ? parents : async () => parents,
        (parent) => async (api, ask, signal) => {
          const id = String(parent.id);
          asked.push(`${id}${ask.cursor === undefined ? '' : String(ask.cursor)}`);
          return serving({ start: { rows: rowsOf(`${id}1`), next: '2' }, 2: { rows: rowsOf(`${id}2`), next: END }, ...changed[id] })(
            api,
            ask,
            signal,
          );
        },
        { key: (parent) => String(parent.id), scope: (parent) => ({ parent: parent.id as Json }), ...options },
      );
    return { asked, reader, changed };
  }
  /** Cut after as many pages; then with other parents. */
  async function resumed(
    stopAfter: number,
    parents: readonly Row[],
    change: (vendor: ReturnType<typeof children>) => void = () => undefined,
  ) {
    const vendor = children();
    let now: readonly Row[] = three;
    const table = engine(vendor.reader({}, 'parents'), {}, { parents: async () => now });
    await table.run({ stopAfter });
    vendor.asked.length = 0;
    now = parents;
    change(vendor);
    return { ...(await table.run()), asked: vendor.asked, table };
  }

  it('goes on with the parents that are left, also when others came behind them', async () => {
    const { asked, pages } = await resumed(3, rowsOf('a', 'b', 'c', 'd'));
    expect(asked).toEqual(['b2', 'c', 'c2', 'd', 'd2']);
    expect(endsOf(pages)).toEqual([{ id: 'scan-1', end: {} }]);
  });

  it.each<[string, number, readonly Row[]]>([
    ['one of the parents before it is gone', 3, rowsOf('b', 'c')],
    ['one of the parents before it is another', 2, rowsOf('aa', 'b', 'c')],
    ['a parent has come before it', 2, rowsOf('0', 'b', 'c')],
    ['the parent it was in is gone', 3, rowsOf('a', 'c')],
    ['fewer parents are left than it had read', 4, rowsOf('a')],
  ])('begins again when %s', async (_what, stopAfter, parents) => {
    const { pages, rows } = await resumed(stopAfter, parents);
    expect(endsOf(pages)).toEqual([{ id: 'scan-2', end: {} }]);
    expect(idsOf(rows)).toEqual(parents.flatMap(({ id }) => [`${String(id)}1`, `${String(id)}2`]));
  });

  it('begins again when nobody knows any more what it has shown', async () => {
    const vendor = children();
    const table = engine(vendor.reader(), {});
    await table.run({ stopAfter: 3 });
    table.intact = false;
    expect(endsOf((await table.run()).pages)).toEqual([{ id: 'scan-2', end: {} }]);
  });

  it('ends without a question when the parents that were left are gone', async () => {
    const { asked, pages, error } = await resumed(4, rowsOf('a', 'b'));
    expect(error).toBeUndefined();
    expect(asked).toEqual([]);
    expect(pages).toEqual([{ rows: [], position: { v: 1 }, scan: { id: 'scan-1', end: {} } }]);
  });

  it.each<[string, Pages[string]]>([
    ['is refused', 400],
    ['leads to the end without a row', { rows: [], next: END }],
  ])('reads the parent again whose cursor %s, as the same scan', async (_what, answer) => {
    const { asked, pages, counted } = await resumed(3, three, ({ changed }) => {
      changed.b = { start: { rows: rowsOf('b1', 'b2'), next: END }, 2: answer };
    });
    expect(counted).toEqual({ cursors_lost: 1 });
    expect(asked).toEqual(['b2', 'b', 'c', 'c2']);
    expect(endsOf(pages)).toEqual([{ id: 'scan-1', end: {} }]);
  });

  it('fails, and reads nothing again, when a page behind its cursor is refused', async () => {
    const { pages, error, counted } = await resumed(3, three, ({ changed }) => {
      changed.c = { start: 400 };
    });
    expect(error).toMatchObject({ code: 'vendor:400' });
    expect(counted).toEqual({});
    expect(endsOf(pages)).toEqual([]);
  });

  const nothing: Pages = { start: { rows: [], next: END } };

  it('begins again when no parent that is left has a row', async () => {
    const { pages } = await resumed(2, three, ({ changed }) => {
      changed.b = { ...nothing };
      changed.c = { ...nothing };
    });
    expect(endsOf(pages)).toEqual([{ id: 'scan-2', end: {} }]);
  });

  it('ends as it is when what is left shows only that keys exist', async () => {
    const { pages } = await resumed(4, three, ({ changed }) => {
      changed.c = { start: { rows: [], seen: rowsOf('c1'), next: END } };
    });
    expect(endsOf(pages)).toEqual([{ id: 'scan-1', end: {} }]);
    expect(pages.at(-1)?.seen).toEqual(rowsOf('c1'));
  });

  it('ends as it is when it was read from its start and no parent has a row', async () => {
    const vendor = children({ a: { ...nothing }, b: { ...nothing }, c: { ...nothing } });
    const { pages } = await engine(vendor.reader(), {}).run();
    expect(endsOf(pages)).toEqual([{ id: 'scan-1', end: {} }]);
    expect(pages.map(({ progress }) => progress)).toEqual([1 / 3, 2 / 3, 1]);
  });

  describe('of which some may not be read', () => {
    const allRefused = { a: { start: 404 }, b: { start: 403 }, c: { start: 404 } };

    it('fails when all are refused and one of them as forbidden, and begins at the first one the next time', async () => {
      const vendor = children(allRefused);
      const table = engine(vendor.reader({ unreadOn: [403, 404] }), {});
      const { pages, error } = await table.run();
      expect(error).toMatchObject({ code: 'vendor:403' });
      expect(pages.map(({ rows, scan }) => ({ rows, scan }))).toEqual(pages.map(() => ({ rows: [], scan: { id: 'scan-1' } })));
      expect(table.position).toEqual({ v: 1 });
    });

    it.each<[string, Record<string, Pages>, string[]]>([
      ['none of them as forbidden', { ...allRefused, b: { start: 404 } }, ['a', 'b', 'c']],
      ['not all', { b: { start: 403 } }, ['b']],
      ['the last one', { c: { start: 403 } }, ['c']],
    ])('ends without those, when %s is refused', async (_what, changed, unread) => {
      const { pages, error } = await engine(children(changed).reader({ unreadOn: [403, 404] }), {}).run();
      expect(error).toBeUndefined();
      expect(endsOf(pages)).toEqual([{ id: 'scan-1', end: { unread: unread.map((parent) => ({ parent })) } }]);
      expect(pages.flatMap(({ warnings = [] }) => warnings)).toEqual(unread.map((parent) => `${parent} could not be read: No.`));
    });

    it('leaves out the same ones when it goes on', async () => {
      const vendor = children({ a: { start: 404 } });
      const table = engine(vendor.reader({ unreadOn: [404] }), {});
      await table.run({ stopAfter: 2 });
      expect(endsOf((await table.run()).pages)).toEqual([{ id: 'scan-1', end: { unread: [{ parent: 'a' }] } }]);
    });
  });

  it.each([
    ['more', 3],
    ['fewer', 1],
  ])('keeps the rows of a parent whose vendor announced %s than it showed', async (_what, total) => {
    const { pages } = await engine(
      children({ b: { start: { rows: rowsOf('b1'), seen: rowsOf('bx'), next: END, total } } }).reader(),
      {},
    ).run();
    expect(endsOf(pages)).toEqual([{ id: 'scan-1', end: { unread: [{ parent: 'b' }] } }]);
    expect(pages.flatMap(({ warnings = [] }) => warnings)).toEqual([
      `b: The vendor announced ${total} rows and showed 2. None of its rows are deleted.`,
    ]);
  });

  it('keeps the rows of a parent whose vendor leaves a doubt on any page of it', async () => {
    const { pages } = await engine(
      children({ b: { start: { rows: rowsOf('b1'), next: '2', doubt: 'These may be of another.' } } }).reader(),
      {},
    ).run();
    expect(endsOf(pages)).toEqual([{ id: 'scan-1', end: { unread: [{ parent: 'b' }] } }]);
    expect(pages.flatMap(({ warnings = [] }) => warnings)).toEqual(['b: These may be of another. None of its rows are deleted.']);
  });

  it('is whole when each vendor showed as many rows as it announced, on the last page that does', async () => {
    const { pages, table } = await resumed(4, three, ({ changed }) => {
      changed.c = { start: { rows: rowsOf('c1'), next: '2', total: 2 }, 2: { rows: rowsOf('c2'), next: END } };
    });
    expect(endsOf(pages)).toEqual([{ id: 'scan-1', end: {} }]);
    for (const page of pages) expect(page).not.toHaveProperty('warnings');
    expect(table.position).toEqual({ v: 1 });
  });

  it('does not judge by the announced total a parent that is read from a saved cursor on', async () => {
    const { pages } = await resumed(3, three, ({ changed }) => {
      changed.b = { 2: { rows: rowsOf('b2'), next: END, total: 2 } };
    });
    expect(endsOf(pages)).toEqual([{ id: 'scan-1', end: {} }]);
  });

  describe('with a parent of no usable shape', () => {
    const parents = checkedRows([{ id: 'a' }, 'text', null]);

    it('reads the others and then fails, and never ends', async () => {
      const { rows, pages, error } = await engine(children().reader({}, parents), {}).run();
      expect(error).toMatchObject({ code: 'unusable_parent', message: expect.stringContaining('2 parent rows') });
      expect(idsOf(rows)).toEqual(['a1', 'a2']);
      expect(pages.map(({ scan }) => scan)).toEqual([{ id: 'scan-1' }, { id: 'scan-1' }]);
    });

    it('fails when there is no other', async () => {
      const { pages, error } = await engine(children().reader({}, parents.slice(1)), {}).run();
      expect(error).toMatchObject({ kind: 'data', code: 'unusable_parent' });
      expect(pages).toEqual([{ rows: [], position: { v: 1 }, scan: { id: 'scan-1' } }]);
    });
  });

  it('reads one parent at a time unless told otherwise', async () => {
    let open = 0;
    let most = 0;
    const reader = fanOut<unknown>(
      async () => three,
      () => async () => {
        most = Math.max(most, (open += 1));
        await new Promise((resolve) => setTimeout(resolve, 1));
        open -= 1;
        return { rows: [], next: END };
      },
      { key: (parent) => String(parent.id), scope: () => ({}) },
    );
    await engine(reader, {}).run();
    expect(most).toBe(1);
  });
});

describe('a listing whose details are not what was asked for', () => {
  const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `r${n}`);
  const reader = (listed: number, sent: readonly string[], idOf?: (row: Row) => string | undefined) =>
    details<unknown>({
      call: async () => ({ rows: rowsOf(...ids(listed)), next: END }),
      id: (row) => String(row.id),
      size: 100,
      concurrency: 1,
      seen: (row) => row,
      fetch: async () => rowsOf(...sent),
      ...(idOf === undefined ? {} : { idOf }),
    });

  it('is an error when more than ten rows were asked for and none came, as if all had gone', async () => {
    const { pages, error } = await engine(reader(11, []), {}).run();
    expect(error).toMatchObject({ kind: 'data', code: 'no_details', message: expect.stringContaining('None of 11') });
    expect(pages).toEqual([]);
    const few = await engine(reader(10, []), {}).run();
    expect([few.error, few.counted]).toEqual([undefined, { listed_without_details: 10 }]);
  });

  it('is an error when all that came is of others, where a row tells whose it is', async () => {
    const whose = (row: Row): string | undefined => (row.id === 'nobody' ? undefined : String(row.id));
    expect((await engine(reader(2, ['x', 'nobody']), {}).run()).error).toBeUndefined();
    expect((await engine(reader(2, ['x', 'nobody'], whose), {}).run()).error).toMatchObject({
      message: expect.stringContaining('2 others'),
    });
    const some = await engine(reader(3, ['x', 'r1'], whose), {}).run();
    expect([some.error, some.counted]).toEqual([undefined, { listed_without_details: 1 }]);
    expect((await engine(reader(2, ['r0', 'r1'], whose), {}).run()).counted).toEqual({});
    expect((await engine(reader(2, [], whose), {}).run()).error).toBeUndefined();
  });
});

describe('a listing with details that was cut', () => {
  const reader = (pages: Pages) =>
    details<unknown>({
      call: serving(pages),
      id: (row) => String(row.id),
      size: 2,
      concurrency: 1,
      seen: (row) => row,
      fetch: async (_api, ids) => rowsOf(...ids),
    });

  it('begins again when its cursor leads to the end without a row', async () => {
    const pages: Pages = { start: { rows: rowsOf('a', 'b'), next: '2' }, 2: { rows: rowsOf('c'), next: END } };
    const table = engine(reader(pages), {});
    await table.run({ stopAfter: 1 });
    pages[2] = { rows: [], next: END };
    const { pages: read, counted, error } = await table.run();
    expect(error).toBeUndefined();
    expect(counted).toEqual({ cursors_lost: 1 });
    expect(endsOf(read)).toEqual([{ id: 'scan-2', end: {} }]);
  });

  it('fails, and does not begin again, when a page behind its cursor is refused', async () => {
    const pages: Pages = { start: { rows: rowsOf('a', 'b'), next: '2' }, 2: { rows: rowsOf('c'), next: '3' }, 3: 400 };
    const table = engine(reader(pages), {});
    await table.run({ stopAfter: 1 });
    const { counted, error, pages: read } = await table.run();
    expect(error).toMatchObject({ code: 'vendor:400' });
    expect(counted).toEqual({});
    expect(new Set(read.map(({ scan }) => scan?.id))).toEqual(new Set(['scan-1']));
  });
});

describe('what a saved position holds', () => {
  it('is read as what it is, and as nothing when it is of another kind', () => {
    expect([asNumber(5), asNumber('5'), asText('5'), asText(5)]).toEqual([5, undefined, '5', undefined]);
    expect([{ a: 1 }, [1], null, 'text', 5, parseJson('1e400')].map((value) => asObject(value as Json))).toEqual([
      { a: 1 },
      ...Array.from({ length: 5 }, () => undefined),
    ]);
  });

  it('is told as text, whatever it is', () => {
    expect(['text', 5, null, { a: [1] }, parseJson('{"toString":1e400}')].map((value) => printed(value as Json))).toEqual([
      'text',
      '5',
      'null',
      '{"a":[1]}',
      '{"toString":1e400}',
    ]);
  });

  it('is no time when it is one to come', () => {
    expect([pastTime(5, 5), pastTime(6, 5), pastTime(undefined, 5)]).toEqual([5, undefined, undefined]);
  });
});
