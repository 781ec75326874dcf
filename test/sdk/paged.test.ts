import { describe, expect, it } from 'vitest';
import { concat } from '../../src/sdk/readers/concat.ts';
import type { Json, JsonObject } from '../../src/core/types.ts';
import type { HttpClient } from '../../src/sdk/http/client.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { paged } from '../../src/sdk/readers/paged.ts';
import type { NextPlace } from '../../src/sdk/answers.ts';
import type { Paging } from '../../src/sdk/readers/paged.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import type { FetchPage } from '../../src/sdk/readers/paginate.ts';
import { client, engine } from './harness.ts';
import { answerJson, serve } from './server.ts';

async function read(paging: Paging, answer: (query: URLSearchParams) => unknown) {
  const server = await serve((request, response) => answerJson(response, answer(new URL(request.url ?? '', 'http://x').searchParams)));
  const call = paged<HttpClient>({
    http: (api) => api,
    endpoint: 'rows',
    path: () => '/rows',
    rows: 'data.rows',
    total: 'data.total',
    paging,
  });
  return { ...(await engine(fullScan(call), client(server.url).http).run()), asked: server.asked };
}
const NEXT: NextPlace = { at: 'data.pagination.next', ends: ['absent', 'null'], beside: 'current' };
const all = Array.from({ length: 10 }, (_, id) => ({ id }));

describe('paged endpoints', () => {
  it('reads a listing without pages in one request', async () => {
    const { rows, asked } = await read({ by: 'none' }, () => ({ data: { rows: all } }));
    expect(rows).toHaveLength(10);
    expect(asked).toEqual(['/rows']);
  });

  it('follows a cursor in the answer until there is none', async () => {
    const { rows, asked, pages } = await read({ by: 'cursor', param: 'pagination.cursor', next: NEXT }, (query) => {
      const at = Number(query.get('pagination.cursor')?.replace('==', '') ?? 0);
      return {
        data: { rows: all.slice(at, at + 4), total: 10, pagination: { current: `${at}==`, ...(at + 4 < 10 && { next: `${at + 4}==` }) } },
      };
    });
    expect(rows).toEqual(all);
    expect(asked).toEqual(['/rows', '/rows?pagination.cursor=4%3D%3D', '/rows?pagination.cursor=8%3D%3D']);
    expect(pages.at(-1)?.scan?.end).toEqual({ total: 10 });
  });

  it.each([
    [3, 5],
    [5, 3],
    [10, 2],
  ])('counts offsets in pages of %i up to an empty one', async (size, requests) => {
    const { rows, asked } = await read({ by: 'offset', param: 'offset' }, (query) => {
      const at = Number(query.get('offset'));
      return { data: { rows: all.slice(at, at + size) } };
    });
    expect(rows).toEqual(all);
    expect(asked).toHaveLength(requests);
  });

  it('counts page numbers', async () => {
    const { rows, asked } = await read({ by: 'page', param: 'page', first: 1 }, (query) => ({
      data: { rows: all.slice((Number(query.get('page')) - 1) * 4, Number(query.get('page')) * 4) },
    }));
    expect(rows).toEqual(all);
    expect(asked).toEqual(['/rows?page=1', '/rows?page=2', '/rows?page=3', '/rows?page=4']);
  });

  it('never takes an answer without the list for an empty list', async () => {
    for (const data of [{}, null, [], { rows: null }, { rows: {} }, { rows: 'none' }]) {
      const { error, pages } = await read({ by: 'none' }, () => ({ data }));
      expect(error, JSON.stringify(data)).toMatchObject({ kind: 'data', code: 'no_list' });
      expect(pages).toEqual([]);
    }
  });

  it('goes on past a page that is shorter than the others', async () => {
    const { rows } = await read({ by: 'offset', param: 'offset' }, (query) => {
      const at = Number(query.get('offset'));
      return { data: { rows: all.slice(at, at === 0 ? 1 : at + 4) } };
    });
    expect(rows).toEqual(all);
  });

  it('passes over no row because another one of the page stands twice', async () => {
    const { rows } = await read({ by: 'offset', param: 'offset' }, (query) => {
      const at = Number(query.get('offset'));
      const page = all.slice(at, at + 4);
      return { data: { rows: at === 0 ? [page[0], ...page] : page } };
    });
    expect(new Set(rows.map((row) => JSON.stringify(row)))).toEqual(new Set(all.map((row) => JSON.stringify(row))));
  });

  it.each([
    ['no object that could name a next page', undefined],
    ['nothing but a place for it', {}],
    ['an object of another kind', []],
    ['null', null],
    ['a cursor of another type', { current: 'a', next: { cursor: 'b' } }],
    ['a boolean', { current: 'a', next: false }],
    ['no name of its own', { next: null }],
    ['a name of another type', { current: 1, next: null }],
  ])('never takes a page with %s for the last one', async (_what, pagination) => {
    const { error, pages } = await read({ by: 'cursor', param: 'cursor', next: NEXT }, () => ({
      data: { rows: [{ id: 1 }, { id: 2 }], pagination },
    }));
    expect(error).toMatchObject({ kind: 'data', code: 'no_end', message: expect.stringContaining('whether another page follows') });
    expect(pages).toEqual([]);
  });

  it.each([
    [['absent'], { current: 'a' }],
    [['null'], { current: 'a', next: null }],
    [['empty'], { current: 'a', next: '' }],
  ] as const)('take %s for the end only where the vendor means it', async (ends, pagination) => {
    for (const end of ['absent', 'null', 'empty'] as const) {
      const { error, pages } = await read({ by: 'cursor', param: 'cursor', next: { ...NEXT, ends: [end] } }, () => ({
        data: { rows: [], pagination },
      }));
      expect([error === undefined, pages.length]).toEqual((ends as readonly string[]).includes(end) ? [true, 1] : [false, 0]);
    }
  });
});

describe('chained listings', () => {
  const part =
    (name: string): FetchPage<object> =>
    async (_, { cursor }) =>
      cursor === undefined ? { rows: [{ id: `${name}1` }], next: 'more' } : { rows: [{ id: `${name}2` }], next: END };

  it('reads one after the other, and goes on in the part it was cut in', async () => {
    const both = engine(
      fullScan(
        concat(
          new Map([
            ['a', part('a')],
            ['b', part('b')],
          ]),
        ),
      ),
      {},
    );
    const before = await both.run({ stopAfter: 3 });
    const after = await both.run();
    expect([...before.rows, ...after.rows].map((row) => row.id)).toEqual(['a1', 'a2', 'b1', 'b2']);
    expect(after.pages.at(-1)?.scan).toEqual({ id: 'scan-1', end: {} });
  });

  it('starts over when the part it was cut in is gone', async () => {
    const reading = engine(
      fullScan(
        concat(
          new Map([
            ['a', part('a')],
            ['b', part('b')],
          ]),
        ),
      ),
      {},
    );
    await reading.run({ stopAfter: 3 });
    const { position } = reading;
    const other = engine(fullScan(concat(new Map([['a', part('a')]]))), {});
    other.position = reading.position;
    expect((await other.run()).rows.map((row) => row.id)).toEqual(['a1', 'a2']);
    const more = engine(
      fullScan(
        concat(
          new Map([
            ['0', part('0')],
            ['a', part('a')],
            ['b', part('b')],
          ]),
        ),
      ),
      {},
    );
    more.position = position;
    expect((await more.run()).rows.map((row) => row.id)).toEqual(['01', '02', 'a1', 'a2', 'b1', 'b2']);
  });

  it('end at once where there is nothing to read, and refuse a cursor of other listings', async () => {
    const { signal } = new AbortController();
    expect(await concat(new Map())({}, { cursor: undefined }, signal)).toEqual({ rows: [], next: END });
    const asking = concat(new Map([['a', part('a')]]));
    const { next } = await asking({}, { cursor: undefined }, signal);
    expect((await asking({}, { cursor: next as Json }, signal)).next).toBe(END);
    for (const cursor of [
      { ...(next as JsonObject), part: 'b' },
      { ...(next as JsonObject), of: 'others' },
    ])
      await expect(asking({}, { cursor }, signal)).rejects.toMatchObject({
        kind: 'data',
        code: 'cursor_lost',
        message: `The listing "${String((cursor as JsonObject).part)}" is no longer read, or the list of listings has changed.`,
      });
  });
});

describe('one endpoint', () => {
  const asking = async (options: Partial<Parameters<typeof paged<HttpClient>>[0]>, body: Json) => {
    const asked: unknown[] = [];
    const http = { get: async (path: string, { signal: _, ...how }: object & { signal?: unknown }) => (asked.push([path, how]), { body }) };
    const call = paged<HttpClient>({
      http: (api) => api,
      endpoint: 'rows',
      path: () => '/rows',
      rows: 'rows',
      paging: { by: 'none' },
      ...options,
    });
    const page = await call(http as unknown as HttpClient, { cursor: 'saved' }, new AbortController().signal);
    return { page, asked };
  };

  it('is asked for within its bucket, and without a cursor where it has none', async () => {
    expect((await asking({}, { rows: [] })).asked).toEqual([['/rows', { endpoint: 'rows', query: {} }]]);
    const query = () => ({ size: 5 });
    const paging: Paging = { by: 'offset', param: 'offset' };
    expect((await asking({ bucket: 'slow', query, paging }, { rows: [] })).asked).toEqual([
      ['/rows', { endpoint: 'rows', bucket: 'slow', query: { size: 5, offset: 'saved' } }],
    ]);
  });

  it('may write an empty list as null only where the vendor does', async () => {
    expect((await asking({ orNull: true }, { rows: null })).page).toEqual({ rows: [], next: END });
    await expect(asking({}, { rows: null })).rejects.toMatchObject({ kind: 'data' });
  });

  it('announces a total only where the vendor does', async () => {
    expect((await asking({ total: 'count' }, { rows: [], count: 3 })).page).toEqual({ rows: [], next: END, total: 3 });
    expect((await asking({ total: 'count' }, { rows: [] })).page).not.toHaveProperty('total');
    expect((await asking({}, { rows: [], count: 3 })).page).not.toHaveProperty('total');
  });
});
