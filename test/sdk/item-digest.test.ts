import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, knownSince, type Item } from '../../src/sdk/readers/item-digest.ts';

const BEFORE = 1_000;
const item = fc.record({
  id: fc.integer({ min: 1, max: 2_000_000 }),
  at: fc.option(fc.integer({ min: 0, max: 2_000 })),
  weight: fc.constantFrom('', '1', '2'),
});
const items = fc.uniqueArray(item, { selector: ({ id }) => id, maxLength: 60 });

describe('what is known of many items', () => {
  it('is text of one length, however many there are and in whatever order', () => {
    fc.assert(
      fc.property(items, (all) => {
        expect(digestOf(all, BEFORE)).toHaveLength(digestOf([], BEFORE).length);
        expect(digestOf([...all].reverse(), BEFORE)).toBe(digestOf(all, BEFORE));
      }),
    );
  });

  it('holds for all that were there before, whatever has been sent since', () => {
    fc.assert(
      fc.property(items, items, (all, later) => {
        const then = digestOf(all, BEFORE);
        const ids = new Set(all.map(({ id }) => id));
        const now: Item[] = [...all, ...later.filter(({ id }) => !ids.has(id)).map((one) => ({ ...one, at: BEFORE + 1 }))];
        const known = knownSince(now, BEFORE, then);
        for (const one of now) expect(known(one)).toBe(one.at === null || one.at < BEFORE);
      }),
    );
  });

  it('never holds for one that came into sight later, or weighs differently', () => {
    fc.assert(
      fc.property(items, item, (all, other) => {
        const then = digestOf(
          all.filter(({ id }) => id !== other.id),
          BEFORE,
        );
        const old = { ...other, at: 5 };
        expect(knownSince([...all.filter(({ id }) => id !== other.id), old], BEFORE, then)(old)).toBe(false);
        const weighed = digestOf([old], BEFORE);
        const heavier = { ...old, weight: '99' };
        expect(knownSince([heavier], BEFORE, weighed)(heavier)).toBe(false);
      }),
    );
  });

  it('of a text that is none of ours is nothing', () => {
    expect(knownSince([{ id: 1, at: 5, weight: '' }], BEFORE, '')({ id: 1, at: 5, weight: '' })).toBe(false);
  });
});
