import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { Row } from '../../src/core/types.ts';
import { incrementalFanOut } from '../../src/sdk/readers/incremental-fan-out.ts';
import type { IncrementalFanOutOptions, Items } from '../../src/sdk/readers/incremental-fan-out.ts';
import type { Item } from '../../src/sdk/readers/item-digest.ts';
import { engine } from './harness.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const error = (code: string): TributaryError => new TributaryError(`It is ${code}.`, { kind: 'data', code });

/** A vendor with campaigns, whose recipients are listed one campaign at a time, two a page, with the hour of each. */
function vendor(count: number, options: Partial<IncrementalFanOutOptions<unknown, Item>> = {}) {
  const campaigns = new Map<string, { at: number | null; weight: string; recipients: number[] }>();
  for (let n = 0; n < count; n += 1)
    campaigns.set(`c${n} x`, { at: 0, weight: '', recipients: [1, 2, 3, 4, 5].map((hour) => hour * HOUR) });
  const state = {
    asked: [] as { id: string; from: number | undefined; after: number | undefined }[],
    failing: new Map<string, TributaryError>(),
    more: {} as Partial<Items<Item>>,
    underWay: 0,
    most: 0,
  };
  const reader = incrementalFanOut<unknown, Item>({
    items: async () => ({ items: [...campaigns].map(([id, { at, weight }]) => ({ id, at, weight })), ...state.more }),
    name: ({ id }) => `Campaign ${id}`,
    async *read(_ctx, { id }, { from, to, after }) {
      state.asked.push({ id: String(id), from, after: after?.page });
      state.underWay += 1;
      state.most = Math.max(state.most, state.underWay);
      try {
        const wanted = (campaigns.get(String(id))?.recipients ?? []).filter((at) => at >= (from ?? 0) && at < to);
        for (let page = after?.page ?? 0; page * 2 < wanted.length; page += 1) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          yield {
            rows: wanted.slice(page * 2, page * 2 + 2).map((at): Row => ({ id, at })),
            page: { page: page + 1, print: 'x' },
            count: { seen: 1 },
          };
        }
        const failing = state.failing.get(String(id));
        if (failing !== undefined) throw failing;
      } finally {
        state.underWay -= 1;
      }
    },
    incremental: true,
    rereadFor: () => 0,
    overlap: HOUR,
    fullEvery: () => 7 * DAY,
    concurrency: () => 3,
    judge: ({ code }) => (code === 'v:refused' ? 'refused' : code === 'v:broken' ? 'unreadable' : undefined),
    nothingShown: 'No campaign is shown any more.',
    ...options,
  });
  const self = engine(reader, {});
  const at = (hour: number) => ({ runStart: hour * HOUR, now: () => hour * HOUR });
  const asked = (): string[] =>
    state.asked.splice(0).map(({ id, from = 0, after }) => `${id} ${from / HOUR}${after === undefined ? '' : ` after ${after}`}`);
  return { campaigns, state, self, at, asked };
}

const sorted = (rows: readonly Row[]): string[] => rows.map(({ id, at }) => `${String(id)} ${Number(at) / HOUR}`).sort();
const allOf = (campaigns: ReadonlyMap<string, { recipients: readonly number[] }>): string[] =>
  [...campaigns].flatMap(([id, { recipients }]) => recipients.map((at) => `${id} ${at / HOUR}`)).sort();

describe('one listing per item', () => {
  it('is read whole at first, several at once, then only what has come since the last run', async () => {
    const { campaigns, self, at, asked, state } = vendor(5);
    const first = await self.run(at(100));
    expect(first.error).toBeUndefined();
    expect(sorted(first.rows)).toEqual(allOf(campaigns));
    expect(first.pages.at(-1)?.readTo).toBe(100 * HOUR);
    expect(first.counted.seen).toBe(15);
    expect(state.most).toBe(3);
    asked();
    campaigns.get('c2 x')?.recipients.push(101 * HOUR);
    const second = await self.run(at(110));
    expect(sorted(second.rows)).toEqual(['c2 x 101']);
    expect(asked()).toEqual([0, 1, 2, 3, 4].map((n) => `c${n} x 99`));
    expect(self.position).not.toHaveProperty('walk');
  });

  it('is read from its start for a new item, for one that was never read, and for all every now and then', async () => {
    const { campaigns, self, at, asked } = vendor(2);
    await self.run(at(100));
    asked();
    campaigns.set('new', { at: 90 * HOUR, weight: '', recipients: [3 * HOUR] });
    expect(sorted((await self.run(at(110))).rows)).toEqual(['new 3']);
    expect(asked()).toEqual(['c0 x 99', 'c1 x 99', 'new 0']);
    await self.run(at(100 + 7 * 24));
    expect(asked()).toEqual(['c0 x 0', 'c1 x 0', 'new 0']);
  });

  it('that cannot be limited in time is read again only when its item has changed or is young', async () => {
    const { campaigns, self, at, asked } = vendor(3, { incremental: false, rereadFor: () => 24 * HOUR });
    campaigns.set('young', { at: 95 * HOUR, weight: '', recipients: [HOUR] });
    await self.run(at(100));
    asked();
    (campaigns.get('c1 x') as { weight: string }).weight = '7';
    await self.run(at(110));
    expect(asked()).toEqual(['c1 x 0', 'young 0']);
    await self.run(at(130));
    expect(asked()).toEqual(['young 0']);
    await self.run(at(140));
    expect(asked()).toEqual([]);
  });

  it('goes on where a stopped run was, item by item and page by page', async () => {
    for (let stopAfter = 1; stopAfter < 18; stopAfter += 1) {
      const { campaigns, self, at, asked } = vendor(6);
      const first = await self.run({ ...at(100), stopAfter });
      const before = asked().length;
      // Begun up to the time of the first run, however much later it goes on.
      const second = await self.run(at(100.5));
      expect(second.error).toBeUndefined();
      expect([...new Set(sorted([...first.rows, ...second.rows]))]).toEqual(allOf(campaigns));
      expect(self.position?.to).toBe(100 * HOUR);
      expect(asked().length).toBeLessThanOrEqual(6 - before + 4);
    }
  });

  it('of a stopped run that is old is followed by another at once', async () => {
    const { self, at } = vendor(3);
    await self.run({ ...at(100), stopAfter: 2 });
    await self.run(at(102));
    expect(self.position?.to).toBe(102 * HOUR);
  });

  it('is begun again when the items of a stopped run are others by now', async () => {
    const { campaigns, self, at } = vendor(6);
    await self.run({ ...at(100), stopAfter: 12 });
    campaigns.delete('c0 x');
    const { rows } = await self.run(at(100.5));
    expect(sorted(rows)).toEqual(allOf(campaigns));
  });

  it('that the vendor refuses is left out with a warning, and read again from where it was', async () => {
    const { campaigns, self, at, asked, state } = vendor(3);
    await self.run(at(100));
    state.failing.set('c1 x', error('v:refused'));
    const failed = await self.run(at(110));
    expect(failed.error).toBeUndefined();
    expect(failed.pages.flatMap(({ warnings = [] }) => warnings)).toEqual([
      'Campaign c1 x could not be read and is read again in the next run: It is v:refused.',
    ]);
    expect(failed.pages.at(-1)?.readTo).toBe(100 * HOUR);
    expect(failed.counted.items_left_out).toBe(1);
    asked();
    state.failing.clear();
    campaigns.get('c1 x')?.recipients.push(105 * HOUR);
    const next = await self.run(at(120));
    expect(asked()).toEqual(['c0 x 109', 'c1 x 99', 'c2 x 109']);
    expect(sorted(next.rows)).toEqual(['c1 x 105']);
    expect(next.pages.at(-1)?.readTo).toBe(120 * HOUR);
  });

  it('that cannot be read fails the run once all others were read', async () => {
    const { self, at, state } = vendor(3);
    state.failing.set('c0 x', error('v:broken'));
    const { error: thrown, rows } = await self.run(at(100));
    expect(thrown).toMatchObject({ code: 'v:broken' });
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(['c0 x', 'c1 x', 'c2 x']));
    expect(self.position).toMatchObject({ to: 100 * HOUR, behind: { 'c0 x': 0 } });
  });

  it('stops at once for an error of another kind, and after ten in a row that fail', async () => {
    const { self, at, state } = vendor(30);
    state.failing.set('c2 x', error('v:401'));
    expect((await self.run(at(100))).error).toMatchObject({ code: 'v:401' });
    expect(self.position).not.toHaveProperty('to');
    state.failing.clear();
    for (let n = 0; n < 30; n += 1) state.failing.set(`c${n} x`, error('v:refused'));
    const { error: thrown, pages } = await self.run(at(100));
    expect(thrown).toMatchObject({ code: 'v:refused' });
    expect(pages.flatMap(({ warnings = [] }) => warnings).length).toBe(9);
  });

  it('is not taken as read when no item could be', async () => {
    const { campaigns, self, at, state } = vendor(2);
    for (const id of campaigns.keys()) state.failing.set(id, error('v:refused'));
    for (let twice = 0; twice < 2; twice += 1) {
      expect((await self.run(at(100))).error).toMatchObject({ code: 'v:refused' });
      expect(self.position).toEqual({ v: 1 });
    }
    state.failing.clear();
    expect(sorted((await self.run(at(101))).rows)).toEqual(allOf(campaigns));
  });

  it('claims nothing while items are missing, and fails for those that cannot be asked about', async () => {
    const { campaigns, self, at, state } = vendor(2);
    state.more = { incomplete: 'Campaigns of a folder could not be listed.' };
    const incomplete = await self.run(at(100));
    expect(incomplete.pages.at(-1)).toMatchObject({ warnings: ['Campaigns of a folder could not be listed.'] });
    expect(incomplete.pages.at(-1)).not.toHaveProperty('readTo');
    state.more = { unusable: error('v:no_id') };
    const unusable = await self.run(at(110));
    expect(unusable.error).toMatchObject({ code: 'v:no_id' });
    expect(unusable.pages.at(-1)).not.toHaveProperty('readTo');
    expect(self.position?.to).toBe(110 * HOUR);
    state.more = {};
    const position = self.position;
    campaigns.clear();
    const none = await self.run(at(120));
    expect(none.pages).toEqual([{ rows: [], position, warnings: ['No campaign is shown any more.'] }]);
  });

  it('of a clock that was ahead is read again once the clock is right', async () => {
    const { campaigns, self, at } = vendor(2);
    await self.run(at(1_000));
    const { rows } = await self.run(at(100));
    expect(sorted(rows)).toEqual(allOf(campaigns));
    expect(self.position?.to).toBe(100 * HOUR);
  });

  it('keeps a position that does not grow with the number of items', async () => {
    const { self, at } = vendor(400);
    let longest = 0;
    await self.run({ ...at(100), stopAfter: 700 });
    longest = JSON.stringify(self.position).length;
    await self.run(at(100));
    expect(longest).toBeLessThan(2_500);
    expect(JSON.stringify(self.position).length).toBeLessThan(900);
  });
});
