import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { Row } from '../../src/core/types.ts';
import { activeSlices, itemWatermarks } from '../../src/sdk/readers/item-watermarks.ts';
import { engine } from './harness.ts';

const DAY = 86_400_000;
const error = (code: string): TributaryError => new TributaryError(`It is ${code}.`, { kind: 'data', code });

/** A vendor with users, each active on some days, which are asked about day by day. */
function vendor(active: Readonly<Record<string, readonly number[]>>, maxCalls = 100) {
  const users = new Map(Object.entries(active).map(([id, days]) => [id, [...days]]));
  const state = { asked: [] as string[], failing: new Map<string, TributaryError>(), unusable: 0 };
  const reader = itemWatermarks<unknown, { readonly id: string }>({
    items: async () => ({ items: [...users.keys()].map((id) => ({ id })), unusable: state.unusable }),
    slices: (ctx, { id }, known) => {
      const days = (users.get(id) ?? []).map((day) => day * DAY);
      return days.filter((day) => day <= ctx.runStart && (known === undefined || day >= known - DAY));
    },
    slice: DAY,
    async read(_ctx, { id }, days) {
      for (const day of days) {
        state.asked.push(`${id} ${day / DAY}`);
        const failing = state.failing.get(id);
        if (failing !== undefined) throw failing;
      }
      return days.map((day): Row => ({ id, day: day / DAY }));
    },
    maxCalls: () => maxCalls,
    concurrency: 2,
    delay: DAY,
    judge: ({ code }) => (code === 'v:400' ? 'refused' : code === 'v:broken' ? 'unreadable' : undefined),
    words: { what: 'diary', items: 'users', setting: 'max_calls' },
  });
  const at = (day: number) => ({ runStart: day * DAY, now: () => day * DAY });
  return { users, state, self: engine(reader, {}), at, asked: () => state.asked.splice(0).sort() };
}

const shown = (rows: readonly Row[]): string[] => rows.map(({ id, day }) => `${String(id)} ${String(day)}`).sort();
const warned = (pages: readonly { readonly warnings?: readonly string[] }[]): readonly string[] =>
  pages.flatMap(({ warnings = [] }) => warnings);

describe('items with a watermark each', () => {
  it('are read up to now, then only from their last time on', async () => {
    const { users, self, at, asked } = vendor({ a: [1, 2], b: [3] });
    const first = await self.run(at(10));
    expect(shown(first.rows)).toEqual(['a 1', 'a 2', 'b 3']);
    expect(first.pages.at(-1)?.readTo).toBe(9 * DAY);
    expect(self.position).toEqual({ v: 1, read: { a: 10 * DAY, b: 10 * DAY } });
    asked();
    users.get('a')?.push(11);
    expect(shown((await self.run(at(12))).rows)).toEqual(['a 11']);
    expect(asked()).toEqual(['a 11']);
  });

  it('share a limit of calls, those read the longest ago first, and the others follow', async () => {
    const { self, at } = vendor({ a: [1, 2, 3], b: [1, 2], c: [5] }, 4);
    const first = await self.run(at(10));
    expect(shown(first.rows)).toEqual(['a 1', 'a 2', 'a 3', 'b 1']);
    expect(warned(first.pages)).toEqual(['2 users are left for the next runs: max_calls is 4.']);
    expect(first.pages.at(-1)).not.toHaveProperty('readTo');
    // Complete up to the end of the last day that was read.
    expect(self.position).toEqual({ v: 1, read: { a: 10 * DAY, b: 2 * DAY } });
    const second = await self.run(at(10));
    expect(shown(second.rows)).toEqual(['b 1', 'b 2', 'c 5']);
    expect(second.pages.at(-1)?.readTo).toBe(9 * DAY);
    expect(warned(second.pages)).toEqual([]);
  });

  it('that always have new rows leave calls for the others', async () => {
    const { users, self, at, asked } = vendor({ busy: [1], quiet: [2] }, 1);
    await self.run(at(10));
    expect(asked()).toEqual(['busy 1']);
    users.get('busy')?.push(10);
    await self.run(at(11));
    expect(asked()).toEqual(['quiet 2']);
    await self.run(at(12));
    expect(asked()).toEqual(['busy 10']);
  });

  it('have no limit in a historical run', async () => {
    const { self, at } = vendor({ a: [1, 2, 3], b: [1, 2] }, 2);
    expect((await self.run({ ...at(10), mode: 'historical' })).rows).toHaveLength(5);
  });

  it('go on after a stop with those that are left, and forget items that are gone', async () => {
    const { users, self, at, asked } = vendor({ a: [1], b: [2], c: [3] });
    await self.run({ ...at(10), stopAfter: 2 });
    asked();
    users.delete('a');
    await self.run(at(10));
    expect(asked()).toEqual(['c 3']);
    expect(self.position).toEqual({ v: 1, read: { b: 10 * DAY, c: 10 * DAY } });
  });

  it('that the vendor refuses are a warning, and are asked about again', async () => {
    const { self, at, state, asked } = vendor({ a: [1], b: [2] });
    state.failing.set('a', error('v:400'));
    const first = await self.run(at(10));
    expect(first.error).toBeUndefined();
    expect(warned(first.pages)).toEqual([
      'The diary of 1 users could not be read and is read again in the next run. The first is a: It is v:400.',
    ]);
    expect(first.pages.at(-1)).not.toHaveProperty('readTo');
    state.failing.clear();
    asked();
    expect(shown((await self.run(at(10))).rows)).toEqual(['a 1']);
  });

  it('that cannot be read fail the run once the others were read, and so do those nobody can be asked about', async () => {
    const { self, at, state } = vendor({ a: [1], b: [2] });
    state.failing.set('a', error('v:broken'));
    const first = await self.run(at(10));
    expect(first.error).toMatchObject({ code: 'v:broken' });
    expect(shown(first.rows)).toEqual(['b 2']);
    state.failing.clear();
    state.unusable = 3;
    const second = await self.run(at(10));
    expect(second.error).toMatchObject({ code: 'unusable_parent', message: expect.stringContaining('3 parent rows') });
    expect(shown(second.rows)).toEqual(['a 1']);
    expect(second.pages.at(-1)).not.toHaveProperty('readTo');
  });

  it('that all fail, or fail with an error of another kind, stop the run', async () => {
    const { self, at, state } = vendor({ a: [1], b: [2] });
    for (const id of ['a', 'b']) state.failing.set(id, error('v:400'));
    const all = await self.run(at(10));
    expect(all.error).toMatchObject({ code: 'v:400' });
    expect(all.pages).toEqual([]);
    state.failing.clear();
    state.failing.set('b', error('v:401'));
    expect((await self.run(at(10))).error).toMatchObject({ code: 'v:401' });
    expect(self.position).toEqual({ v: 1, read: { a: 10 * DAY } });
  });

  it('dated by a clock that was ahead are read again', async () => {
    const { self, at, asked } = vendor({ a: [1, 2] });
    await self.run(at(1_000));
    asked();
    await self.run(at(10));
    expect(asked()).toEqual(['a 1', 'a 2']);
    expect(self.position).toEqual({ v: 1, read: { a: 10 * DAY } });
  });
});

describe('the slices of an item', () => {
  const rules = { slice: DAY, lateness: DAY / 3, kept: 180 * DAY };
  const ctx = { since: undefined, runStart: 1_000.5 * DAY };
  const days = (starts: readonly number[]): readonly number[] => starts.map((start) => start / DAY);

  it('are those from its first activity to the one after its last, in whole slices of UTC', () => {
    expect(days(activeSlices(ctx, { first: 900.7 * DAY, last: 902.2 * DAY, known: undefined }, rules))).toEqual([900, 901, 902, 903]);
  });

  it('begin before the time it was read up to, by a slice or by how late a row may become visible', () => {
    const activity = { first: 1 * DAY, last: 1_000.2 * DAY, known: 999.4 * DAY };
    expect(days(activeSlices(ctx, activity, rules))).toEqual([998, 999, 1_000]);
    expect(days(activeSlices(ctx, activity, { ...rules, lateness: 3 * DAY }))).toEqual([996, 997, 998, 999, 1_000]);
  });

  it('are none when it was read after the last activity could be seen', () => {
    const until = (known: number) => activeSlices(ctx, { first: 0, last: 998 * DAY, known }, rules);
    expect(until(998 * DAY + rules.lateness + 1)).toEqual([]);
    expect(days(until(998 * DAY + rules.lateness))).toEqual([997, 998, 999]);
  });

  it('reach neither into the future, nor behind the start date, nor behind what the vendor keeps', () => {
    const activity = { first: 0, last: 2_000 * DAY, known: undefined };
    expect(days(activeSlices({ ...ctx, since: 998.9 * DAY }, activity, rules))).toEqual([998, 999, 1_000]);
    expect(days(activeSlices(ctx, activity, { ...rules, kept: 2 * DAY }))).toEqual([998.5, 999, 1_000]);
  });
});
