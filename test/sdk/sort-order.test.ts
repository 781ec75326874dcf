import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { disordered, isDisordered, surelyBefore, watchOrder } from '../../src/sdk/readers/sort-order.ts';
import { TributaryError } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/types.ts';

const listed = { title: 'Vendor', vendor: 'vendor', name: 'orders' };

describe('the order of rows', () => {
  it('is watched from the cursor on, by the first value that differs', () => {
    const inOrder = watchOrder(listed, [5, 'b']);
    inOrder([5, 'c']);
    inOrder([6, 'a']);
    inOrder([6, 'a']);
    expect(() => inOrder([5, 'z'])).toThrow("Vendor's answer about orders is not in the requested order.");
    expect(() => watchOrder(listed, [5, 'b'])([5, 'a'])).toThrow(TributaryError);
    expect(() => watchOrder(listed)([5, 'a'])).not.toThrow();
  });

  it('that is wrong is an error of its own', () => {
    expect(disordered(listed)).toMatchObject({ kind: 'data', code: 'vendor:order' });
    expect(isDisordered(disordered(listed))).toBe(true);
    expect(isDisordered(new TributaryError('No.', { kind: 'data', code: 'vendor:400' }))).toBe(false);
    expect(isDisordered(new Error('vendor:order'))).toBe(false);
  });

  it('is never wrong for rows that any usual comparison has sorted', () => {
    const collations = [undefined, 'en', 'sv'].flatMap((locale) => [
      ...(locale === undefined ? [] : [new Intl.Collator(locale).compare, new Intl.Collator(locale, { numeric: true }).compare]),
    ]);
    const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
    const text = fc.stringMatching(/^[A-Za-z0-9_-]{1,6}$/);
    fc.assert(
      fc.property(fc.array(text, { maxLength: 20 }), fc.constantFrom(byCode, ...collations), (texts, compare) => {
        const inOrder = watchOrder(listed);
        for (const one of [...texts].sort(compare)) inOrder([one]);
      }),
      { numRuns: 500 },
    );
  });

  it('of numbers and of plain words is certain', () => {
    expect(surelyBefore(1, 2)).toBe(true);
    expect(surelyBefore('apple', 'pear')).toBe(true);
    const texts: Json[] = ['pear', 'apple'];
    const inOrder = watchOrder(listed);
    inOrder([texts[0] as Json]);
    expect(() => inOrder([texts[1] as Json])).toThrow(TributaryError);
  });
});
