import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsHash, mergedRows, overwritten, presentFields, valuesOf } from '../../src/sdk/merge-rows.ts';
import type { Row } from '../../src/core/types.ts';

const rules = {
  identity: (row: Row) => valuesOf(row, ['page', 'user']),
  sums: ['clicks', 'views'],
  smallest: 'first',
  largest: 'last',
};

describe('rows of one identity', () => {
  it('become one: counts are added up, times span all, the rest is that of the latest', () => {
    const rows = [
      { page: 'a', user: 1, clicks: 2, first: 10, last: 20, browser: 'old' },
      { page: 'b', user: 1, clicks: 5, first: 1, last: 2 },
      { page: 'a', user: 1, clicks: 3, first: 15, last: 30, browser: 'new' },
      { page: 'a', user: 1, first: 'none', last: 5 },
    ];
    expect(mergedRows(rows, rules)).toEqual([{ page: 'a', user: 1, clicks: 5, first: 10, last: 30, browser: 'new' }, rows[1]]);
  });

  it('are the same in whatever order they came, and nothing is counted twice or left out', () => {
    const row = fc.record({
      page: fc.constantFrom('a', 'b'),
      user: fc.option(fc.integer({ min: 1, max: 2 })),
      clicks: fc.nat(9),
      first: fc.nat(9),
      last: fc.nat(3),
      tab: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), fc.nat(), (rows, turn) => {
        const key = (one: Row): string => JSON.stringify(rules.identity(one));
        const sorted = (found: readonly Row[]): readonly Row[] => [...found].sort((a, b) => (key(a) < key(b) ? -1 : 1));
        const found = sorted(mergedRows(rows, rules));
        const at = turn % Math.max(1, rows.length);
        expect(sorted(mergedRows([...rows.slice(at), ...rows.slice(0, at)].reverse(), rules))).toEqual(found);
        expect(new Set(found.map(key)).size).toBe(found.length);
        const total = (some: readonly Row[]): number => some.reduce((sum, { clicks }) => sum + Number(clicks), 0);
        expect(total(found)).toBe(total(rows));
        expect(overwritten(rows, ['page', 'user'])).toBe(rows.length - found.length);
      }),
    );
  });

  it('are themselves when each has another', () => {
    const rows = [{ page: 'a' }, { page: 'b' }];
    expect(mergedRows(rows, rules)).toBe(rows);
  });
});

it('a hash of fields does not tell null, missing and empty apart, but tells all else', () => {
  const fields = ['a', 'b'];
  const hash = fieldsHash({ a: 1 }, fields);
  expect(hash).toMatch(/^[0-9a-f]{32}$/);
  expect(
    [
      { a: 1, b: null },
      { a: 1, b: {} },
      { b: null, a: 1 },
      { a: 1, other: 2 },
    ].map((row) => fieldsHash(row, fields)),
  ).toEqual(Array.from({ length: 4 }, () => hash));
  const others = [{ a: 2 }, { b: 1 }, { a: '1' }, { a: 1, b: [] }, { a: 1, b: 0 }, { a: 1, b: '' }, { a: 1, b: false }];
  expect(new Set([hash, ...others.map((row) => fieldsHash(row, fields))]).size).toBe(8);
  expect(presentFields({ a: 1, b: {}, c: 3 }, fields)).toEqual({ a: 1 });
});
