import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { Json, Row } from '../../src/core/types.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { keysetPages } from '../../src/sdk/readers/keyset.ts';
import { engine } from './harness.ts';

const tooHeavy = new TributaryError('Out of memory.', { kind: 'data', code: 'v:heavy' });
const padded = (n: number): string => `r${String(n).padStart(5, '0')}`;

/** A vendor that answers with rows after an id, in batches of 7, and may break off, be out of memory, or mix up the order. */
function vendor(count: number, limit = 100) {
  const state = {
    all: Array.from({ length: count }, (_, n): Row => ({ id: padded(n) })),
    asked: [] as { cursor: Json | undefined; limit: number; reducible: boolean }[],
    most: Infinity,
    /** Rows after which an attempt breaks off and is made again, once. */
    breaksAfter: Infinity,
    /** Answers that come in the wrong order. */
    mixedUp: 0,
    shortBy: 0,
    closed: 0,
  };
  const reader = keysetPages<unknown>(
    {
      title: 'Vendor',
      vendor: 'v',
      name: 'orders',
      perPage: 20,
      cursorOf: ({ id }) => (typeof id === 'string' ? id : undefined),
      limit: () => limit,
      isTooHeavy: (error) => error === tooHeavy,
      async *stream(_api, next, { reducible }) {
        for (let attempt = 0; attempt < 2; attempt += 1) {
          const { cursor, limit: wanted } = next();
          state.asked.push({ cursor, limit: wanted, reducible });
          if (wanted > state.most) throw tooHeavy;
          let rows = state.all.filter(({ id }) => cursor === undefined || String(id) > String(cursor)).slice(0, wanted);
          rows = rows.slice(0, Math.max(1, rows.length - state.shortBy));
          if (state.mixedUp > 0 && rows.length > 10) {
            state.mixedUp -= 1;
            rows = [...rows.slice(0, 3), ...rows.slice(4, 9), rows[3] as Row, ...rows.slice(9)];
          }
          try {
            for (let at = 0; at < Math.min(rows.length, state.breaksAfter); at += 7) yield rows.slice(at, at + 7);
            if (rows.length <= state.breaksAfter) return;
            state.breaksAfter = Infinity;
          } finally {
            state.closed += 1;
          }
        }
      },
    },
    fullScan,
  );
  return { state, self: engine(reader, {}) };
}

const ids = (rows: readonly Row[]): string[] => rows.map(({ id }) => String(id));
const upTo = (count: number): string[] => Array.from({ length: count }, (_, n) => padded(n));

describe('keyset pages of large answers', () => {
  it('come several from one answer, and end only with one without rows', async () => {
    const { state, self } = vendor(250);
    const { rows, pages, error } = await self.run();
    expect(error).toBeUndefined();
    expect(ids(rows)).toEqual(upTo(250));
    expect(Math.max(...pages.map((page) => page.rows.length))).toBeLessThanOrEqual(26);
    expect(state.asked.map(({ cursor }) => cursor)).toEqual([undefined, padded(99), padded(199), padded(249)]);
    expect(pages.filter(({ scan }) => scan?.end !== undefined)).toHaveLength(1);
  });

  it('miss nothing when answers are shorter than asked for', async () => {
    const { state, self } = vendor(90);
    state.shortBy = 30;
    expect(ids((await self.run()).rows)).toEqual(upTo(90));
  });

  it('go on behind the rows of an attempt that broke off', async () => {
    const { state, self } = vendor(90);
    state.breaksAfter = 42;
    expect(ids((await self.run()).rows)).toEqual(upTo(90));
    expect(state.asked[1]?.cursor).toBe(padded(41));
  });

  it('go on behind the last committed page, and leave no answer open', async () => {
    const { state, self } = vendor(250);
    const first = await self.run({ stopAfter: 3 });
    expect(state.closed).toBe(state.asked.length);
    state.asked.length = 0;
    const second = await self.run();
    expect(ids([...first.rows, ...second.rows])).toEqual(upTo(250));
    expect(state.asked[0]?.cursor).toBe(ids(first.rows).at(-1));
  });

  it('are asked for with a lower limit when the vendor is overloaded, until the limit is as low as can be', async () => {
    const { state, self } = vendor(250, 1_000);
    state.most = 130;
    expect(ids((await self.run()).rows)).toEqual(upTo(250));
    expect([...new Set(state.asked.map(({ limit }) => limit))]).toEqual([1_000, 500, 250, 125]);
    const low = vendor(250, 60);
    low.state.most = 10;
    expect((await low.self.run()).error).toBe(tooHeavy);
    expect(low.state.asked.map(({ limit, reducible }) => [limit, reducible])).toEqual([
      [60, true],
      [50, false],
    ]);
  });

  it('in another order than asked for are read again from the start, then fail with the position of the run before', async () => {
    const once = vendor(60);
    once.state.mixedUp = 1;
    const well = await once.self.run();
    expect(well.error).toBeUndefined();
    expect(new Set(ids(well.rows))).toEqual(new Set(upTo(60)));
    const { state, self } = vendor(60);
    state.mixedUp = 10;
    const { error, pages } = await self.run();
    expect(error).toMatchObject({ kind: 'data', code: 'v:order', message: expect.stringContaining('orders') });
    expect(state.mixedUp).toBe(7);
    expect(pages.some(({ scan }) => scan?.end !== undefined)).toBe(false);
    expect(self.position).toEqual({ v: 1 });
  });

  it('cannot go on behind a row without an id', async () => {
    const { state, self } = vendor(5);
    state.all[4] = { id: null };
    expect((await self.run()).error).toMatchObject({ kind: 'data', code: 'v:no_id' });
  });
});
