import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyProgress, resumed, type Progress } from '../../src/sdk/readers/item-progress.ts';
import type { Item } from '../../src/sdk/readers/item-digest.ts';
import type { JsonObject } from '../../src/core/types.ts';

const items: Item[] = Array.from({ length: 12 }, (_, n) => ({ id: 100 + n, at: null, weight: '' }));
const stored = (progress: Progress): JsonObject => JSON.parse(JSON.stringify(progress.save())) as JsonObject;

describe('how far a walk has come', () => {
  it('is known again from what was saved, in whatever order items were finished', () => {
    const step = fc.record({
      item: fc.nat(11),
      mark: fc.option(fc.record({ page: fc.integer({ min: 1, max: 9 }), print: fc.string({ minLength: 1 }) })),
      over: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const progress = emptyProgress(items);
        for (const { item: place, mark, over } of steps) {
          const item = items[place] as Item;
          if (progress.isOver(item)) continue;
          if (over) progress.finish(item);
          else progress.reached(item, mark ?? undefined);
        }
        const again = resumed(items, stored(progress)) as Progress;
        expect(again.count()).toBe(progress.count());
        expect(again.count()).toBe(items.filter((item) => again.isOver(item)).length);
        for (const item of items) {
          expect(again.isOver(item)).toBe(progress.isOver(item));
          expect(again.after(item)).toEqual(progress.after(item));
        }
        expect(stored(again)).toEqual(stored(progress));
      }),
    );
  });

  it('takes no room for items that are over together with all before them', () => {
    const progress = emptyProgress(items);
    for (const item of items) progress.finish(item);
    expect(progress.save()).toEqual({ done: 12, before: expect.any(String) });
    expect(progress.ahead()).toBe(0);
  });

  it('is worth nothing when the items that were over are others by now, or are in another order', () => {
    const progress = emptyProgress(items);
    for (const item of items.slice(0, 3)) progress.finish(item);
    const saved = stored(progress);
    expect(resumed(items.slice(0, 3), saved)?.count()).toBe(3);
    expect(resumed([...items, { id: 999, at: null, weight: '' }], saved)?.count()).toBe(3);
    expect(resumed(items.slice(1), saved)).toBeUndefined();
    expect(resumed([items[1] as Item, items[0] as Item, ...items.slice(2)], saved)).toBeUndefined();
    expect(resumed(items.slice(0, 2), saved)).toBeUndefined();
    // 100 and 101 are not 1 and 00101.
    expect(resumed([{ id: 10010, at: null, weight: '' }, { id: 1102, at: null, weight: '' }, items[2] as Item], saved)).toBeUndefined();
  });

  it('tells texts as ids apart as well as numbers', () => {
    const named = ['a" "b', 'a', 'b', '__proto__'].map((id): Item => ({ id, at: null, weight: '' }));
    const progress = emptyProgress(named);
    progress.finish(named[0] as Item);
    progress.finish(named[3] as Item);
    const saved = stored(progress);
    expect(resumed(named, saved)?.count()).toBe(2);
    expect(resumed([named[1] as Item, named[2] as Item], { ...saved, done: 2 })).toBeUndefined();
  });
});
