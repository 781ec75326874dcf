import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import { checkedRows, faultOfRow, idText, needsId } from '../../src/core/checked-rows.ts';
import { parseJson } from '../../src/core/json/parse.ts';
import { details } from '../../src/sdk/readers/details.ts';
import type { Row } from '../../src/core/types.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import { engine } from './harness.ts';

/** A vendor whose listing has pages of 25 and whose rows are asked for in tens. */
function vendor(count: number) {
  const all = Array.from({ length: count }, (_, n) => `r${n}`);
  const gone = new Set<string>();
  const state = { listed: 0, asked: [] as string[][], underWay: 0, most: 0, refuse: undefined as string | undefined, failing: false };
  const reader = details<unknown>({
    async call(_api, { cursor }) {
      state.listed += 1;
      if (cursor !== undefined && cursor === state.refuse) {
        state.refuse = undefined;
        throw new TributaryError('No such cursor.', { kind: 'data', code: 'v:400' });
      }
      const at = Number(cursor ?? 0);
      const rows = all.slice(at, at + 25).map((id): Row => ({ id }));
      return { rows, next: at + 25 < count ? String(at + 25) : END };
    },
    id: (row) => String(row.id),
    size: 10,
    concurrency: 3,
    seen: (row) => ({ key: row.id ?? null }),
    async fetch(_api, ids) {
      state.asked.push([...ids]);
      state.underWay += 1;
      state.most = Math.max(state.most, state.underWay);
      await new Promise((resolve) => setTimeout(resolve, 5 + (state.asked.length % 3) * 5));
      state.underWay -= 1;
      if (state.failing) throw new TributaryError('No.', { kind: 'data', code: 'v:500' });
      return ids.filter((id) => !gone.has(id)).map((id) => ({ id, detail: `of ${id}` }));
    },
  });
  return { reader, state, gone, all };
}

const ids = (rows: readonly Row[]): string[] => rows.map((row) => String(row.id));

describe('a listing whose rows are asked for in groups', () => {
  it("gives every row in the listing's order, as one scan that ends once, several groups at a time", async () => {
    const { reader, state, all } = vendor(107);
    const { rows, pages, error } = await engine(reader, {}).run();
    expect(error).toBeUndefined();
    expect(ids(rows)).toEqual(all);
    expect(pages.flatMap(({ seen = [] }) => seen).map((row) => row.key)).toEqual(all);
    expect(pages.map(({ scan }) => scan?.end !== undefined)).toEqual([...Array.from({ length: pages.length - 1 }, () => false), true]);
    expect(state.asked.every((group) => group.length > 0 && group.length <= 10)).toBe(true);
    expect(state.most).toBe(3);
  });

  it('puts a row aside that nobody can be asked about, and asks for the others', async () => {
    const listed = [
      { id: 'a' },
      { id: parseJson('1e400') },
      { id: parseJson('{"toString":1}') },
      { id: 'x'.repeat(900) },
      null,
      { id: 'b' },
    ];
    const asked: string[][] = [];
    const reader = details<unknown>({
      call: async () => ({ rows: checkedRows(listed, needsId('id')), next: END }),
      id: (row) => idText(row.id),
      size: 10,
      concurrency: 1,
      seen: (row) => row,
      async fetch(_api, ids) {
        asked.push([...ids]);
        return ids.map((id) => ({ id, detail: 'x' }));
      },
    });
    const { rows, error } = await engine(reader, {}).run();
    expect(error).toBeUndefined();
    expect(asked).toEqual([['a', 'b']]);
    expect(rows.filter((row) => faultOfRow(row) === undefined).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(rows.filter((row) => faultOfRow(row) !== undefined)).toHaveLength(4);
  });

  it('that is empty ends at once', async () => {
    const { reader, state } = vendor(0);
    const { pages } = await engine(reader, {}).run();
    expect(pages).toMatchObject([{ rows: [], position: { v: 1 }, scan: { end: {} } }]);
    expect(state.asked).toEqual([]);
  });

  it("goes on at the listing's page it was cut in, wherever that was", async () => {
    for (let stopAfter = 1; stopAfter < 13; stopAfter += 1) {
      const { reader, all } = vendor(107);
      const self = engine(reader, {});
      const before = await self.run({ stopAfter });
      const after = await self.run();
      expect([...new Set([...ids(before.rows), ...ids(after.rows)])], String(stopAfter)).toEqual(all);
      expect(before.rows.length + after.rows.length, String(stopAfter)).toBeLessThanOrEqual(107 + 20);
      // Inside the first page there is nothing to go on from.
      if (stopAfter > 2) expect(new Set([...before.pages, ...after.pages].map(({ scan }) => scan?.id)).size, String(stopAfter)).toBe(1);
    }
  });

  it('begins again when its cursor was lost or what was seen is no longer known', async () => {
    const { reader, state, all } = vendor(60);
    const self = engine(reader, {});
    const before = await self.run({ stopAfter: 5 });
    expect(ids(before.rows)).toEqual(all.slice(0, 45));
    state.refuse = '25';
    const again = await self.run();
    expect([again.counted['cursors_lost'], ids(again.rows)]).toEqual([1, all]);
    await self.run({ stopAfter: 5 });
    self.intact = false;
    expect(ids((await self.run()).rows)).toEqual(all);
  });

  it('counts rows that went before they were asked for', async () => {
    const { reader, gone, all } = vendor(60);
    for (const id of all.slice(0, 4)) gone.add(id);
    const { rows, counted, pages } = await engine(reader, {}).run();
    expect([rows.length, counted['listed_without_details']]).toEqual([56, 4]);
    expect(pages.flatMap(({ seen = [] }) => seen)).toHaveLength(60);
  });

  it('proves nothing when a group fails', async () => {
    const { reader, state } = vendor(60);
    state.failing = true;
    const { pages, error } = await engine(reader, {}).run();
    expect(error).toMatchObject({ code: 'v:500' });
    expect(pages).toEqual([]);
    expect(state.underWay).toBe(0);
  });
});
