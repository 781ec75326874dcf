import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import { incremental } from '../../src/sdk/readers/incremental.ts';
import { fanOut } from '../../src/sdk/readers/fan-out.ts';
import { orderedMap } from '../../src/sdk/concurrency/ordered-map.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { phases } from '../../src/sdk/readers/phases.ts';
import { prefetch } from '../../src/sdk/concurrency/prefetch.ts';
import type { HttpClient } from '../../src/sdk/http/client.ts';
import type { Json, JsonObject, Page, Row } from '../../src/core/types.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import type { ListingPage, FetchPage } from '../../src/sdk/readers/paginate.ts';
import { windows } from '../../src/sdk/readers/windows.ts';
import { client, engine } from './harness.ts';
import { answerJson, serve } from './server.ts';

/** A listing over HTTP: `rows` from an offset, `size` per page, filters in the query. */
async function listing(rowsOf: (query: URLSearchParams, path: string) => readonly JsonObject[] | number, size = 10) {
  const state = { validFrom: 0, refuseAfter: Number.POSITIVE_INFINITY };
  const server = await serve((request, response, count) => {
    const url = new URL(request.url ?? '', 'http://x');
    const offset = Number(url.searchParams.get('cursor') ?? 0);
    if (count > state.refuseAfter || (offset > 0 && offset < state.validFrom))
      return answerJson(response, { error: 'Invalid cursor.' }, 400);
    const rows = rowsOf(url.searchParams, url.pathname);
    if (typeof rows === 'number') return answerJson(response, { error: 'no' }, rows);
    const end = offset + size;
    answerJson(response, { rows: rows.slice(offset, end), next: end < rows.length ? String(end) : null, total: rows.length });
  });
  const { http } = client(server.url);
  const page = async (
    api: HttpClient,
    path: string,
    query: Record<string, string | number | undefined>,
    cursor: Json | undefined,
    signal: AbortSignal,
  ): Promise<ListingPage> => {
    const { body } = await api.get(path, {
      endpoint: 'list',
      signal,
      query: { ...query, cursor: cursor === undefined ? undefined : String(cursor) },
    });
    const { rows, next, total } = body as unknown as { rows: Row[]; next: string | null; total: number };
    return { rows, next: next ?? END, total };
  };
  return { server, http, page, state };
}

const numbered = (count: number): JsonObject[] => Array.from({ length: count }, (_, id) => ({ id }));
const idsOf = (rows: readonly Row[]): unknown[] => rows.map((row) => row.id);

describe('list', () => {
  it('reads a listing as one scan and ends it with the announced total', async () => {
    const { http, page } = await listing(() => numbered(25));
    const { pages, rows } = await engine(
      fullScan<HttpClient>((api, { cursor }, signal) => page(api, '/all', {}, cursor, signal)),
      http,
    ).run();
    expect(idsOf(rows)).toEqual(idsOf(numbered(25)));
    expect(pages.map((one) => one.scan)).toEqual([{ id: 'scan-1' }, { id: 'scan-1' }, { id: 'scan-1', end: { total: 25 } }]);
    expect(pages.map((one) => one.progress)).toEqual([0.4, 0.8, 1]);
  });

  it('proves the end of an empty listing', async () => {
    const { http, page } = await listing(() => []);
    const { pages } = await engine(
      fullScan<HttpClient>((api, { cursor }, signal) => page(api, '/all', {}, cursor, signal)),
      http,
    ).run();
    expect(pages).toEqual([{ rows: [], position: { v: 1 }, scan: { id: 'scan-1', end: { total: 0 } } }]);
  });

  it('goes on in the same scan after a cut, wherever it was', async () => {
    for (const stopAfter of [1, 2, 3, 4]) {
      const { http, page, server } = await listing(() => numbered(35));
      const all = engine(
        fullScan<HttpClient>((api, { cursor }, signal) => page(api, '/all', {}, cursor, signal)),
        http,
      );
      const before = await all.run({ stopAfter });
      const after = await all.run();
      expect(idsOf([...before.rows, ...after.rows].slice(0, 35))).toEqual(idsOf(numbered(35)));
      if (stopAfter < 4) {
        expect(after.pages.at(-1)?.scan).toEqual({ id: 'scan-1', end: { total: 35 } });
        expect(server.asked.length).toBe(4);
      }
    }
  });

  it('reads again what shrank while it was read, so that no row is passed over, and ends even if it never rests', async () => {
    const all = numbered(35);
    let shrinks = 1;
    const { http, page } = await listing(() => all);
    const reader = engine(
      fullScan<HttpClient>(async (api, { cursor }, signal) => {
        const batch = await page(api, '/all', {}, cursor, signal);
        if (cursor === '10' && shrinks > 0) {
          shrinks -= 1;
          all.shift();
        }
        return batch;
      }),
      http,
    );
    const { pages, rows } = await reader.run();
    expect(all).toHaveLength(34);
    expect(new Set(idsOf(rows))).toEqual(new Set(idsOf(numbered(35))));
    expect(pages.flatMap((one) => (one.scan?.end ? [one.scan] : []))).toEqual([{ id: 'scan-2', end: { total: 34 } }]);
    shrinks = 100;
    const restless = await reader.run();
    expect(restless.pages.flatMap((one) => (one.scan?.end ? [one.scan.id] : []))).toEqual(['scan-5']);
    shrinks = 0;
    await reader.run({ stopAfter: 2 });
    all.splice(0, 3);
    const resumed = await reader.run();
    expect(resumed.pages.at(-1)?.scan).toEqual({ id: 'scan-7', end: { total: all.length } });
    expect(idsOf(resumed.pages.filter((one) => one.scan?.id === 'scan-7').flatMap((one) => one.rows))).toEqual(idsOf(all));
  });

  it('starts a new scan when what was seen is no longer known, or the cursor no longer good', async () => {
    for (const lose of ['seen', 'cursor']) {
      const { http, page, state } = await listing(() => numbered(25));
      const all = engine(
        fullScan<HttpClient>((api, { cursor }, signal) => page(api, '/all', {}, cursor, signal)),
        http,
      );
      await all.run({ stopAfter: 1 });
      if (lose === 'seen') all.intact = false;
      else state.validFrom = 15;
      const after = await all.run(lose === 'seen' ? {} : { stopAfter: 1 });
      expect(after.error).toBeUndefined();
      expect(after.pages[0]).toMatchObject({ scan: { id: 'scan-2' }, rows: numbered(10) });
    }
  });

  it('fails without an end when a later page is refused', async () => {
    const { http, page, state } = await listing(() => numbered(25));
    state.refuseAfter = 2;
    const { pages, error } = await engine(
      fullScan<HttpClient>((api, { cursor }, signal) => page(api, '/all', {}, cursor, signal)),
      http,
    ).run();
    expect(error).toMatchObject({ kind: 'data' });
    expect(pages.every((one) => one.scan?.end === undefined)).toBe(true);
  });

  it('goes on past an empty page that names a next one', async () => {
    const batches: Record<string, ListingPage> = {
      start: { rows: [{ id: 1 }], next: 'b' },
      b: { rows: [], next: 'c' },
      c: { rows: [{ id: 2 }], next: END },
    };
    const { rows, pages } = await engine(
      fullScan(async (_, { cursor }) => batches[String(cursor ?? 'start')] as ListingPage),
      {},
    ).run();
    expect(idsOf(rows)).toEqual([1, 2]);
    expect(pages.at(-1)?.scan?.end).toBeDefined();
  });

  it.each([undefined, null, ''])(
    'takes a page whose next one is %j for an error: only a reader that has seen the end may tell of it',
    async (next) => {
      const { error, pages } = await engine(
        fullScan(async () => ({ rows: [{ id: 1 }], next }) as unknown as ListingPage),
        {},
      ).run();
      expect(error).toMatchObject({ kind: 'data', code: 'no_end' });
      expect(pages).toEqual([]);
    },
  );

  it.each<[string, Record<string, ListingPage>]>([
    ['a cursor that names itself', { start: { rows: [{ id: 1 }], next: 'a' }, a: { rows: [{ id: 2 }], next: 'a' } }],
    ['cursors in a circle', { start: { rows: [{ id: 1 }], next: 'a' }, a: { rows: [], next: 'b' }, b: { rows: [{ id: 3 }], next: 'a' } }],
    [
      'a listing that starts over with new cursors',
      {
        start: { rows: [{ id: 1 }, { id: 2 }], next: 'a' },
        a: { rows: [{ id: 3 }, { id: 4 }], next: 'b' },
        b: { rows: [{ id: 1 }, { id: 2 }], next: 'c' },
      },
    ],
    [
      'a page that repeats',
      {
        start: { rows: [{ id: 0 }], next: 'a' },
        a: { rows: [{ id: 1 }, { id: 2 }], next: 'b' },
        b: { rows: [{ id: 1 }, { id: 2 }], next: 'c' },
      },
    ],
  ])('takes %s for an error, never for the end', async (_name, batches) => {
    const { error, pages } = await engine(
      fullScan(async (_, { cursor }) => batches[String(cursor ?? 'start')] as ListingPage),
      {},
    ).run();
    expect(error).toMatchObject({ kind: 'data', code: 'paging_loop' });
    expect(pages.every((one) => one.scan?.end === undefined)).toBe(true);
  });
});

describe('following', () => {
  const START = 1_000_000_000_000;
  const reader = (page: Awaited<ReturnType<typeof listing>>['page']) =>
    incremental<HttpClient>({
      call: (api, { after, before, cursor }, signal) => page(api, '/changes', { after, before }, cursor, signal),
      by: (row) => (typeof row.at === 'number' ? row.at : null),
      overlap: 1_000,
      delay: 5_000,
    });
  const changes = (rows: JsonObject[]) =>
    listing((query) =>
      rows
        .filter((row) => {
          const at = Number(row.at);
          return at > Number(query.get('after') ?? 0) && at < Number(query.get('before'));
        })
        .sort((a, b) => Number(a.at) - Number(b.at)),
    );

  it('neither loses nor endlessly repeats rows at the edges, whenever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            wait: fc.integer({ min: 0, max: 20 }),
            add: fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 15, size: 'max' }),
            stopAfter: fc.integer({ min: 1, max: 4 }),
          }),
          { minLength: 1, maxLength: 6 },
        ),
        async (steps) => {
          const rows: JsonObject[] = [];
          const read = new Set<unknown>();
          let now = START;
          let highest = 0;
          const call: FetchPage<object, { after: number | undefined; before: number }> = async (_, { after = 0, before, cursor }) => {
            const found = rows
              .filter((row) => Number(row.at) > after && Number(row.at) < before)
              .sort((a, b) => Number(a.at) - Number(b.at) || Number(a.id) - Number(b.id));
            const offset = Number(cursor ?? 0);
            return { rows: found.slice(offset, offset + 4), next: offset + 4 < found.length ? String(offset + 4) : END };
          };
          const following_ = engine(incremental<object>({ call, by: (row) => Number(row.at), overlap: 1_000, delay: 5_000 }), {});
          for (const step of [...steps, { wait: 60, add: [], stopAfter: 10_000 }]) {
            now += step.wait * 1_000;
            // Visible within the vendor's delay: a row appears at most four seconds after its time.
            for (const jitter of step.add) rows.push({ id: rows.length, at: Math.max(now - 3_000 + jitter * 1_000, START - 3_000) });
            const { rows: got, error } = await following_.run({ runStart: now, stopAfter: step.stopAfter });
            expect(error).toBeUndefined();
            for (const row of got) read.add(row.id);
            const at = Number(following_.position?.at ?? 0);
            expect(at).toBeLessThanOrEqual(now - 5_000);
            expect(at).toBeGreaterThanOrEqual(highest);
            highest = at;
          }
          expect(read.size).toBe(rows.length);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('ignores dates from the future and rows without one', async () => {
    const rows = [
      { id: 1, at: START - 60_000 },
      { id: 2, at: START + 86_400_000 },
      { id: 3, at: null },
    ];
    const { http, page } = await listing(() => rows as JsonObject[]);
    const changed = engine(reader(page), http);
    const { rows: read, pages } = await changed.run({ runStart: START });
    expect(idsOf(read)).toEqual([1, 2, 3]);
    expect(changed.position).toEqual({ v: 1, at: START - 60_000 });
    expect(pages.at(-1)?.readTo).toBe(START - 5_000);
  });

  it('counts rows out of order and loses none of them', async () => {
    const rows = Array.from({ length: 30 }, (_, id) => ({ id, at: START - 600_000 + (id % 7) * 1_000 }));
    const { http, page } = await listing(() => rows);
    const { counted, rows: read } = await engine(reader(page), http).run({ runStart: START });
    expect(counted.rows_out_of_order).toBeGreaterThan(0);
    expect(read).toHaveLength(30);
  });

  it('goes on from the last value read in order when its cursor is lost', async () => {
    const { http, page, state, server } = await changes(Array.from({ length: 60 }, (_, id) => ({ id, at: START - 600_000 + id * 5_000 })));
    const changed = engine(reader(page), http);
    const before = await changed.run({ runStart: START, stopAfter: 3 });
    state.validFrom = 31;
    server.asked.length = 0;
    const after = await changed.run({ runStart: START + 1, stopAfter: 1 });
    expect(after.counted.cursors_lost).toBe(1);
    expect(after.pages[0]?.rows[0]).toEqual({ id: 29, at: START - 600_000 + 29 * 5_000 });
    expect(before.rows).toHaveLength(30);
  });
});

describe('windows', () => {
  const HOUR = 3_600_000;
  const DAY = 24 * HOUR;
  const NOW = 1_700_000_000_000;
  const tiers = [
    { span: 2 * HOUR, every: 0 },
    { span: 7 * DAY, every: DAY },
  ];

  function world(rows: JsonObject[], pageSize = 5) {
    const asked: { from: number | undefined; to: number }[] = [];
    let lost = false;
    let inFlight = 0;
    let most = 0;
    const call: FetchPage<object, { from: number | undefined; to: number }> = async (_, { from, to, cursor }, signal) => {
      if (cursor === undefined) asked.push({ from, to });
      if (lost && cursor !== undefined) throw new TributaryError('Invalid cursor.', { kind: 'data' });
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
      inFlight -= 1;
      signal.throwIfAborted();
      const found = rows.filter((row) => Number(row.at) >= (from ?? 0) && Number(row.at) < to);
      const offset = Number(cursor ?? 0);
      return { rows: found.slice(offset, offset + pageSize), next: offset + pageSize < found.length ? String(offset + pageSize) : END };
    };
    const reader = windows<object>({
      call,
      span: DAY,
      least: HOUR,
      maxPages: 4,
      delay: 30_000,
      tiers,
      origin: async () => NOW - 60 * DAY,
      concurrency: 4,
    });
    return {
      asked,
      reader: engine(reader, {}, { runStart: NOW, now: () => NOW }),
      lose: (value: boolean) => {
        lost = value;
      },
      most: () => most,
    };
  }
  const spread = (count: number, over: number): JsonObject[] =>
    Array.from({ length: count }, (_, id) => ({ id, at: NOW - over + Math.floor((id * (over - 60_000)) / count) }));

  it('covers the wanted history without a gap, in order and in parallel', async () => {
    const { asked, reader, most } = world(spread(300, 20 * DAY));
    const { rows, pages } = await reader.run({ since: NOW - 20 * DAY });
    expect(idsOf(rows)).toEqual(idsOf(spread(300, 20 * DAY)));
    expect(asked[0]?.from).toBe(NOW - 20 * DAY);
    for (let i = 1; i < asked.length; i += 1) expect(asked[i]?.from).toBe(asked[i - 1]?.to);
    expect(asked.at(-1)?.to).toBe(NOW - 30_000);
    expect(most()).toBeGreaterThan(1);
    expect(most()).toBeLessThanOrEqual(4);
    const shares = pages.map((page) => page.progress ?? 0);
    expect([...shares].sort((a, b) => a - b)).toEqual(shares);
    expect(shares.at(-1)).toBe(1);
    const bounds = pages.flatMap((page) => page.readTo ?? []);
    expect([...bounds].sort((a, b) => a - b)).toEqual(bounds);
    expect(bounds.at(-1)).toBe(NOW - 30_000);
  });

  it('reads what lies before the slices when all history is wanted', async () => {
    const old = { id: 'old', at: 5 };
    const { asked, reader } = world([old, ...spread(5, DAY)]);
    const { rows } = await reader.run();
    expect(asked[0]).toEqual({ from: undefined, to: NOW - 60 * DAY });
    expect(rows).toHaveLength(6);
  });

  it('halves the slices where they hold many pages', async () => {
    const { asked, reader } = world(spread(2_000, 10 * DAY));
    await reader.run({ since: NOW - 10 * DAY });
    const spans = asked.map(({ from, to }) => to - (from ?? 0));
    expect(spans[0]).toBe(DAY);
    expect(Math.min(...spans.slice(0, -1))).toBeLessThanOrEqual(DAY / 4);
    expect(Math.min(...spans.slice(0, -1))).toBeGreaterThanOrEqual(HOUR);
  });

  it("goes on inside the slice it was cut in, or from the slice's start when the cursor is lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.boolean(), async (stopAfter, lose) => {
        const rows = spread(150, 5 * DAY);
        const { reader, lose: setLost } = world(rows);
        const before = await reader.run({ since: NOW - 5 * DAY, stopAfter });
        if (lose) {
          // Only the first page after the restart asks with the saved cursor.
          setLost(true);
          setTimeout(() => setLost(false), 0);
        }
        const after = await reader.run({ since: NOW - 5 * DAY });
        expect(after.error).toBeUndefined();
        const read = [...before.rows, ...after.rows];
        expect(new Set(idsOf(read)).size).toBe(150);
        expect(read.length).toBeLessThanOrEqual(150 + 40);
      }),
      { numRuns: 25 },
    );
  });

  it('reads trailing stretches again when they are due, and at least the last hours each run', async () => {
    const { asked, reader } = world(spread(20, 10 * DAY));
    await reader.run({ since: NOW - 10 * DAY });
    const earliest = async (at: number): Promise<number> => {
      asked.length = 0;
      await reader.run({ since: at - 10 * DAY, runStart: at, now: () => at });
      return Math.min(...asked.map(({ from }) => from ?? 0));
    };
    expect(await earliest(NOW + HOUR)).toBe(NOW + HOUR - 30_000 - 2 * HOUR);
    expect(await earliest(NOW + DAY)).toBe(NOW + DAY - 30_000 - 7 * DAY);
    expect(await earliest(NOW + DAY + HOUR)).toBe(NOW + DAY + HOUR - 30_000 - 2 * HOUR);
    expect(await earliest(NOW + 5 * DAY)).toBe(NOW + 5 * DAY - 30_000 - 7 * DAY);
  });

  it('reads a stretch again although a wrong clock says that it was read later than now', async () => {
    const { asked, reader } = world(spread(5, DAY));
    await reader.run({ since: NOW - 20 * DAY, runStart: NOW + 400 * DAY, now: () => NOW + 400 * DAY });
    const from = asked.length;
    await reader.run({ since: NOW - 20 * DAY });
    expect(asked[from]?.from).toBe(NOW - 30_000 - 7 * DAY);
    // Nor does it take for read what nobody could have read then, when it comes back later than any stretch reaches.
    const later = NOW + 9 * DAY;
    const before = asked.length;
    await reader.run({ since: NOW - 20 * DAY, runStart: later, now: () => later });
    expect(Math.min(...asked.slice(before).map((ask) => ask.from ?? 0))).toBeLessThanOrEqual(NOW - 30_000);
  });

  it('closes no gap after a long pause by skipping it', async () => {
    const { asked, reader } = world(spread(20, 10 * DAY));
    await reader.run({ since: NOW - 10 * DAY });
    asked.length = 0;
    const later = NOW + 40 * DAY;
    await reader.run({ since: later - 10 * DAY, runStart: later, now: () => later });
    expect(Math.min(...asked.map(({ from }) => from ?? 0))).toBeLessThanOrEqual(NOW - 30_000);
  });

  it('reads deeper history when it is asked for later', async () => {
    const rows = spread(100, 30 * DAY);
    const { reader } = world(rows);
    await reader.run({ since: NOW - 5 * DAY });
    const { rows: read } = await reader.run({ since: NOW - 30 * DAY, runStart: NOW + 1, now: () => NOW + 1 });
    expect(new Set(idsOf(read)).size).toBe(100);
    const again = await reader.run({ since: NOW - 30 * DAY, runStart: NOW + 1, now: () => NOW + 1 });
    expect(again.rows.length).toBeLessThan(5);
  });

  it('cancels what is under way when its consumer leaves', async () => {
    let open = 0;
    const call: FetchPage<object, { from: number | undefined; to: number }> = async (_, { from }, signal) => {
      if ((from ?? 0) <= NOW - 5 * DAY) return { rows: [], next: END };
      open += 1;
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
      });
      open -= 1;
      throw new TributaryError('stopped', { kind: 'stopped' });
    };
    const reader = windows<object>({
      call,
      span: DAY,
      least: HOUR,
      maxPages: 4,
      delay: 30_000,
      tiers,
      origin: async () => 0,
      concurrency: 4,
    });
    const { error } = await engine(reader, {}, { runStart: NOW, now: () => NOW }).run({ since: NOW - 5 * DAY, stopAfter: 1 });
    expect(error).toBeUndefined();
    expect(open).toBe(0);
  });
});

describe('forEach', () => {
  const parents = ['c', 'a', 'b', 'a'].map((id) => ({ id }));
  const children = (path: string): JsonObject[] => Array.from({ length: 12 }, (_, i) => ({ id: `${path.slice(1)}${i}` }));
  const each = (page: Awaited<ReturnType<typeof listing>>['page'], unreadOn: number[] = []) =>
    fanOut<HttpClient>(
      'parents',
      (parent) =>
        (api, { cursor }, signal) =>
          page(api, `/${String(parent.id)}`, {}, cursor, signal),
      { key: (parent) => String(parent.id), scope: (parent) => ({ parent_id: parent.id ?? null }), unreadOn, concurrency: 2 },
    );

  it('reads each parent once, all of them one scan', async () => {
    const { http, page } = await listing((_, path) => children(path), 5);
    const { rows, pages } = await engine(each(page), http, { parents: async () => parents }).run();
    expect(idsOf(rows)).toEqual([...children('/a'), ...children('/b'), ...children('/c')].map((row) => row.id));
    expect(new Set(pages.map((one) => one.scan?.id)).size).toBe(1);
    expect(pages.filter((one) => one.scan?.end)).toHaveLength(1);
    expect(pages.at(-1)?.scan?.end).toEqual({});
  });

  it('ends at once without parents', async () => {
    const { http, page } = await listing(() => []);
    const { pages } = await engine(each(page), http).run();
    expect(pages).toMatchObject([{ rows: [], scan: { end: {} } }]);
  });

  it('leaves out a parent that may not be read, and names its scope', async () => {
    const { http, page } = await listing((_, path) => (path === '/b' ? 404 : children(path)), 5);
    const { pages, rows, error } = await engine(each(page, [404]), http, { parents: async () => parents }).run();
    expect(error).toBeUndefined();
    expect(rows).toHaveLength(24);
    expect(pages.at(-1)?.scan?.end).toEqual({ unread: [{ parent_id: 'b' }] });
    expect(pages.flatMap((one) => one.warnings ?? [])).toHaveLength(1);
  });

  it('fails on any other error of a parent, without an end', async () => {
    const { http, page } = await listing((_, path) => (path === '/b' ? 403 : children(path)), 5);
    const { pages, error } = await engine(each(page, [404]), http, { parents: async () => parents }).run();
    expect(error).toMatchObject({ kind: 'config', code: 'vendor:403' });
    expect(pages.every((one) => one.scan?.end === undefined)).toBe(true);
  });

  it('goes on at the parent and page it was cut at, keeping what was left out', async () => {
    for (let stopAfter = 1; stopAfter < 7; stopAfter += 1) {
      const { http, page } = await listing((_, path) => (path === '/a' ? 404 : children(path)), 5);
      const all = engine(each(page, [404]), http, { parents: async () => parents });
      const before = await all.run({ stopAfter });
      const after = await all.run();
      expect(idsOf([...before.rows, ...after.rows])).toEqual([...children('/b'), ...children('/c')].map((row) => row.id));
      expect(after.pages.at(-1)?.scan).toEqual({ id: 'scan-1', end: { unread: [{ parent_id: 'a' }] } });
    }
  });

  it('starts over when the parents already read are no longer the same', async () => {
    const { http, page } = await listing((_, path) => children(path), 5);
    const all = engine(each(page), http, { parents: async () => parents });
    await all.run({ stopAfter: 4 });
    const after = await all.run({ parents: async () => [...parents, { id: 'A' }] });
    expect(after.pages[0]?.scan?.id).toBe('scan-2');
    expect(after.rows).toHaveLength(48);
  });
});

describe('passes', () => {
  const HOUR = 3_600_000;
  const counter = (name: string, pages: number) =>
    async function* read(ctx: { position: { at?: Json } | undefined }): AsyncGenerator<Page> {
      for (let at = Number(ctx.position?.at ?? 0); at < pages; at += 1)
        yield { rows: [{ id: `${name}${at}` }], position: { v: 1, at: at + 1 === pages ? 0 : at + 1 } };
    };
  const reader = phases<object>({
    each: { read: counter('e', 2) as never },
    rare: { read: counter('r', 3) as never, every: 24 * HOUR, listsAll: true, notAtFirst: true },
  });

  it('runs each pass when it is due, with its own position', async () => {
    let now = 0;
    const table = engine(reader, {}, { now: () => now });
    const at = async (hours: number, more = {}): Promise<unknown[]> => {
      now = hours * HOUR;
      return idsOf((await table.run({ runStart: now, ...more })).rows);
    };
    expect(await at(0)).toEqual(['e0', 'e1']);
    expect(await at(1)).toEqual(['e0', 'e1']);
    expect(await at(24)).toEqual(['e0', 'e1', 'r0', 'r1', 'r2']);
    expect(await at(25)).toEqual(['e0', 'e1']);
    expect(await at(26, { rescan: true })).toEqual(['e0', 'e1', 'r0', 'r1', 'r2']);
    expect(await at(49)).toEqual(['e0', 'e1']);
    expect(await at(50)).toEqual(['e0', 'e1', 'r0', 'r1', 'r2']);
  });

  it('lists nothing whole for those who want only changes, and leaves it due', async () => {
    const table = engine(reader, {}, { now: () => 0 });
    await table.run({ runStart: 0 });
    const later = { runStart: 25 * HOUR, now: () => 25 * HOUR };
    expect(idsOf((await table.run({ ...later, changesOnly: true, rescan: true })).rows)).toEqual(['e0', 'e1']);
    expect(idsOf((await table.run(later)).rows)).toEqual(['e0', 'e1', 'r0', 'r1', 'r2']);
  });

  it('does not wait for a moment that a wrong clock set', async () => {
    let now = 1_000 * 24 * HOUR;
    const table = engine(reader, {}, { now: () => now });
    await table.run({ runStart: now });
    now = 0;
    expect(idsOf((await table.run({ runStart: now })).rows)).toEqual(['e0', 'e1', 'r0', 'r1', 'r2']);
    now = HOUR;
    expect(idsOf((await table.run({ runStart: now })).rows)).toEqual(['e0', 'e1']);
  });

  it('goes on first with the pass that was cut', async () => {
    let now = 0;
    const table = engine(reader, {}, { now: () => now });
    await table.run({ runStart: 0 });
    now = 24 * HOUR;
    expect(idsOf((await table.run({ runStart: now, stopAfter: 5 })).rows)).toEqual(['e0', 'e1', 'r0', 'r1']);
    now += HOUR;
    expect(idsOf((await table.run({ runStart: now })).rows)).toEqual(['r2', 'e0', 'e1']);
  });
});

describe('fetching ahead', () => {
  async function* counting(log: string[], upTo: number): AsyncGenerator<number, void, void> {
    try {
      for (let i = 0; i < upTo; i += 1) {
        log.push(`made ${i}`);
        yield i;
      }
    } finally {
      log.push('closed');
    }
  }

  it('makes one value more than was asked for, and closes its source', async () => {
    const log: string[] = [];
    const values = prefetch(counting(log, 10), 1);
    expect((await values.next()).value).toBe(0);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(log).toEqual(['made 0', 'made 1']);
    await values.return();
    expect(log).toEqual(['made 0', 'made 1', 'closed']);
  });

  it('gives an error in its place, after the values before it', async () => {
    const values = prefetch(
      (async function* failing() {
        yield 1;
        yield 2;
        throw new Error('broken');
      })(),
      2,
    );
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const value of values) seen.push(value);
      })(),
    ).rejects.toThrow('broken');
    expect(seen).toEqual([1, 2]);
  });

  it('keeps the order of the items whatever each takes, bounded in number', async () => {
    let running = 0;
    let most = 0;
    const values: number[] = [];
    for await (const value of orderedMap(
      [30, 1, 20, 2, 10].values(),
      async function* slow(ms) {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => {
          setTimeout(resolve, ms);
        });
        yield ms;
        running -= 1;
      },
      { signal: new AbortController().signal, concurrency: 3 },
    ))
      values.push(value);
    expect(values).toEqual([30, 1, 20, 2, 10]);
    expect(most).toBe(3);
  });
});
