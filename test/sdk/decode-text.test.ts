import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText, textOf } from '../../src/sdk/http/decode-text.ts';

/** ASCII alone and larger than one block, so that blocks of ASCII follow blocks of other text. */
const ascii = fc.integer({ min: 0, max: 90_000 }).map((length) => Buffer.alloc(length, 'ascii '));
const other = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text));
/** Also bytes that are no UTF-8, and characters that end in the next piece. */
const bytes = fc.uint8Array({ maxLength: 5 }).map((array) => Buffer.from(array));
const block = fc.integer({ min: 65_530, max: 65_540 }).map((length) => Buffer.alloc(length, 'é'));
const pieces = fc.array(fc.oneof(ascii, other, bytes, block), { maxLength: 8 });

test('an answer is decoded as UTF-8, in whatever pieces it arrives and wherever it is ASCII only', () => {
  fc.assert(
    fc.property(pieces, (all) => {
      const decoded = decodeText();
      for (const piece of all) decoded.add(piece);
      const expected = Buffer.concat(all).toString('utf8');
      expect(decoded.take() === expected.replace(/^\uFEFF/, '')).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('bytes that are ASCII only are the same text as in UTF-8, and others are decoded as UTF-8', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string().map((text) => Buffer.from(text)),
        other,
        bytes,
      ),
      (one) => {
        expect(textOf(one)).toBe(one.toString('utf8'));
      },
    ),
  );
});
