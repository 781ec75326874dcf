import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { Row } from '../../src/core/types.ts';
import { keysetGroups } from '../../src/sdk/readers/keyset-groups.ts';
import type { GroupAsk, GroupsPart } from '../../src/sdk/readers/keyset-groups.ts';

const LARGEST = 12;
const tooHeavy = new TributaryError('Out of memory.', { kind: 'data', code: 'v:heavy' });

/** A vendor of groups of rows, sorted by group. `cut` shortens an answer as vendors do at will, within a group. */
function vendor(groups: ReadonlyMap<string, number>, limit: number, cut: (rows: number, asked: number) => number = (rows) => rows) {
  const all = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([group, rows]) => Array.from({ length: rows }, (_, n): Row => ({ group, n })));
  const state = { asked: [] as (GroupAsk & { reducible: boolean })[], most: Infinity, all };
  const read = async (after?: string): Promise<GroupsPart[]> => {
    const parts: GroupsPart[] = [];
    const found = keysetGroups({
      title: 'Vendor',
      vendor: 'v',
      name: 'events',
      group: 'user',
      within: 'in one day',
      smaller: 'Read by the hour',
      groupOf: ({ group }) => String(group),
      perGroup: (rows) => rows,
      after,
      limit,
      isTooHeavy: (error) => error === tooHeavy,
      async *stream(next, reducible) {
        const ask = next();
        state.asked.push({ ...ask, reducible });
        if (ask.limit > state.most) throw tooHeavy;
        const following = state.all.filter(({ group }) => ask.after === undefined || String(group) > ask.after).slice(ask.skip);
        const rows = following.slice(0, ask.limit);
        const given = ask.skip > 0 ? rows : rows.slice(0, cut(rows.length, state.asked.length));
        for (let at = 0; at < given.length; at += 3) yield given.slice(at, at + 3);
      },
    });
    for await (const part of found) parts.push(part);
    return parts;
  };
  return { state, read, all };
}

/** Cuts answers that hold a group and more, because a vendor that cuts within the first group withholds rows. */
const cutWithin =
  (cuts: readonly number[]) =>
  (rows: number, asked: number): number =>
    Math.min(rows, Math.max(LARGEST + 1, rows - (cuts[asked] ?? 0)));

const groupsOf = (part: GroupsPart): string[] => [...new Set(part.rows.map(({ group }) => String(group)))];

describe('rows that share their key', () => {
  it('come whole group by whole group, each row once, wherever answers end', async () => {
    const sizes = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.integer({ min: 1, max: LARGEST }), { maxKeys: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 90 }), fc.array(fc.nat(30), { maxLength: 6 }), async (groups, limit, cuts) => {
        const { read, all } = vendor(new Map(Object.entries(groups)), limit, cutWithin(cuts));
        const parts = await read();
        expect(parts.flatMap((part) => part.rows)).toEqual(all);
        expect(parts.at(-1)?.after).toBeUndefined();
        const seen = new Set<string>();
        for (const part of parts) {
          for (const group of groupsOf(part)) expect(seen.has(group)).toBe(false);
          for (const group of groupsOf(part)) seen.add(group);
          if (part.after !== undefined) expect(groupsOf(part).at(-1)).toBe(part.after);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('go on behind a group that was read', async () => {
    const { state, read, all } = vendor(
      new Map([
        ['a', 2],
        ['b', 3],
        ['c', 1],
      ]),
      100,
    );
    expect((await read('a')).flatMap((part) => part.rows)).toEqual(all.slice(2));
    expect(state.asked[0]?.after).toBe('a');
  });

  it('have ended only when a request behind them finds none', async () => {
    const { state, read } = vendor(
      new Map([
        ['a', 2],
        ['b', 3],
      ]),
      100,
    );
    await read();
    expect(state.asked.map(({ after, skip, limit }) => [after, skip, limit])).toEqual([
      [undefined, 0, 100],
      [undefined, 5, 1],
    ]);
  });

  it('are asked for with a higher limit when one group fills the answer', async () => {
    const { state, read, all } = vendor(
      new Map([
        ['a', 1],
        ['b', 50],
        ['c', 1],
      ]),
      8,
    );
    expect((await read()).flatMap((part) => part.rows)).toEqual(all);
    expect(Math.max(...state.asked.map(({ limit }) => limit))).toBe(64);
    expect(state.asked.at(-1)?.limit).toBeLessThanOrEqual(8);
  });

  it('are asked for with a lower limit when the vendor is overloaded, but never below the least one', async () => {
    const groups = new Map(Array.from({ length: 40 }, (_, n) => [`g${String(n).padStart(2, '0')}`, 100]));
    const { state, read, all } = vendor(groups, 4_000);
    state.most = 1_200;
    expect((await read()).flatMap((part) => part.rows)).toEqual(all);
    expect([...new Set(state.asked.filter(({ skip }) => skip === 0).map(({ limit }) => limit))]).toEqual([4_000, 2_000, 1_000]);
    state.most = 400;
    await expect(read()).rejects.toBe(tooHeavy);
    expect(state.asked.at(-1)).toMatchObject({ limit: 500, reducible: false });
  });

  it('of one group that is too heavy for the vendor are an error, because a lower limit would not help', async () => {
    const { state, read } = vendor(new Map([['a', 3_000]]), 1_000);
    state.most = 1_500;
    await expect(read()).rejects.toBe(tooHeavy);
    expect(state.asked.filter(({ skip }) => skip === 0).map(({ limit, reducible }) => [limit, reducible])).toEqual([
      [1_000, true],
      [2_000, false],
    ]);
  });

  it('that the vendor has but never gives are an error that says what helps', async () => {
    const { read } = vendor(new Map([['a', 9]]), 100, () => 4);
    await expect(read()).rejects.toMatchObject({
      kind: 'data',
      code: 'v:cut',
      message: 'Vendor returned 4 rows of events and has more rows of the same user, but does not return them.',
      remedy: expect.stringMatching(/^Read by the hour; /),
    });
  });

  it('in another order than asked for are an error', async () => {
    const { state, read } = vendor(
      new Map([
        ['a', 2],
        ['b', 2],
        ['c', 2],
      ]),
      100,
    );
    state.all.push(state.all.shift() as Row);
    await expect(read()).rejects.toMatchObject({ code: 'v:order' });
  });

  it('of a group that comes twice are an error, also where its place is uncertain', async () => {
    const { state, read } = vendor(new Map([['v10', 2]]), 100);
    // Whether v2 is before v10 depends on the vendor, but not on which row of v10.
    state.all.splice(1, 0, { group: 'v2', n: 0 });
    await expect(read()).rejects.toMatchObject({ code: 'v:order' });
  });

  it('that never come back after an answer broke off within them are an error', async () => {
    const gone = vendor(
      new Map([
        ['a', 2],
        ['b', 4],
        ['c', 2],
      ]),
      4,
      (rows, asked) => {
        // After the first answer, which ends within b, the vendor shows b no more.
        if (asked === 1) gone.state.all = gone.all.filter(({ group }) => group !== 'b');
        return rows;
      },
    );
    await expect(gone.read()).rejects.toMatchObject({ code: 'v:order' });
  });
});
