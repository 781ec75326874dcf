import { describe, expect, it } from 'vitest';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { incremental } from '../../src/sdk/readers/incremental.ts';
import { listingThenChanges } from '../../src/sdk/readers/listing-then-changes.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import type { Row } from '../../src/core/types.ts';
import { engine } from './harness.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A vendor with people, two a page; some have no time of change. */
function vendor() {
  const people = new Map<string, number | null>([
    ['a', HOUR],
    ['b', null],
    ['c', 2 * HOUR],
    ['d', 3 * HOUR],
    ['e', 4 * HOUR],
  ]);
  const state = { listed: 0, asked: [] as (number | undefined)[] };
  const reader = listingThenChanges<unknown>({
    listing: fullScan(async (_api, { cursor }) => {
      state.listed += 1;
      const ids = [...people.keys()].filter((id) => cursor === undefined || id > String(cursor)).slice(0, 2);
      return { rows: ids.map((id): Row => ({ id, at: people.get(id) ?? null })), next: ids.length < 2 ? END : (ids.at(-1) as string) };
    }),
    changes: incremental({
      async call(_api, { after, before }) {
        state.asked.push(after);
        const rows = [...people].filter(([, at]) => at !== null && at > (after ?? 0) && at < before).map(([id, at]): Row => ({ id, at }));
        return { rows, next: END };
      },
      by: (row) => row.at as number | null,
      overlap: HOUR,
      delay: 0,
    }),
    every: DAY,
  });
  const at = (hours: number) => ({ runStart: hours * HOUR, now: () => hours * HOUR });
  return { people, state, self: engine(reader, {}), at };
}

const ids = (rows: readonly Row[]): string[] => rows.map(({ id }) => String(id));

describe('a listing and the changes since', () => {
  it('lists everything first, then reads the changes from the start of that listing', async () => {
    const { state, self, at } = vendor();
    const { rows, pages } = await self.run(at(100));
    expect(ids(rows)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(pages.filter(({ scan }) => scan?.end !== undefined)).toHaveLength(1);
    expect(state.asked).toEqual([99 * HOUR]);
    expect(self.position).toMatchObject({ listed: 100 * HOUR });
  });

  it('reads changes alone until a period has passed, or a listing is asked for', async () => {
    const { people, state, self, at } = vendor();
    await self.run(at(100));
    state.listed = 0;
    people.set('c', 101 * HOUR);
    expect(ids((await self.run(at(110))).rows)).toEqual(['c']);
    expect(state.listed).toBe(0);
    await self.run({ ...at(111), rescan: true });
    expect(state.listed).toBe(3);
    await self.run(at(134));
    expect(state.listed).toBe(3);
    await self.run(at(135));
    expect(state.listed).toBe(6);
  });

  it('goes on with an interrupted listing as the same one, and misses no change since it began', async () => {
    const { people, state, self, at } = vendor();
    const first = await self.run({ ...at(100), stopAfter: 1 });
    expect(ids(first.rows)).toEqual(['a', 'b']);
    people.set('a', 101 * HOUR);
    const second = await self.run(at(130));
    expect(ids(second.rows)).toEqual(['c', 'd', 'e', 'a']);
    expect(new Set([...first.pages, ...second.pages].map(({ scan }) => scan?.id).filter((id) => id !== undefined)).size).toBe(1);
    expect(state.asked).toEqual([99 * HOUR]);
    // As old as its start.
    expect(self.position).toMatchObject({ listed: 100 * HOUR });
    expect(self.position).not.toHaveProperty('began');
  });

  it('dated by a clock that was ahead is made again', async () => {
    const { people, state, self, at } = vendor();
    await self.run(at(1_000));
    people.set('a', 101 * HOUR);
    state.asked.length = 0;
    const { rows } = await self.run(at(110));
    expect(new Set(ids(rows))).toEqual(new Set(['a', 'b', 'c', 'd', 'e']));
    expect(state.asked).toEqual([109 * HOUR]);
    expect(self.position).toMatchObject({ listed: 110 * HOUR });
  });
});
