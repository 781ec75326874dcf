import { isUtf8 } from 'node:buffer';
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

/** Each byte alone, and the longest character from there on that UTF-8 decodes without a fault. */
function reference(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    // Only where there is a fault, its bytes are looked at one by one: a piece may be long.
    const whole = wholeCharacters(bytes.subarray(at, at + 4_096));
    const length = whole ?? [1, 2, 3, 4].find((count) => at + count <= bytes.length && isUtf8(bytes.subarray(at, at + count)));
    text += length === undefined ? `\uFFFD${bytes[at]!.toString(16)}` : bytes.toString('utf8', at, at + length);
    at += length ?? 1;
  }
  return text;
}

/** Its length without what may be the beginning of a character at its end, when all before that is UTF-8. */
function wholeCharacters(bytes: Buffer): number | undefined {
  return [0, 1, 2, 3].map((cut) => bytes.length - cut).find((length) => length > 0 && isUtf8(bytes.subarray(0, length)));
}

test('bytes that are no UTF-8 stay told apart, and do not grow without an end', () => {
  const latin1 = (text: string): string => textOf(Buffer.from(text, 'latin1'));
  expect(latin1('caf\u00e9')).toBe('caf\uFFFDe9');
  expect(latin1('caf\u00e9')).not.toBe(latin1('caf\u00e8'));
  expect(textOf(Buffer.from('\uFFFD'))).toBe('\uFFFD');
  expect(textOf(Buffer.alloc(2_000_000, 0xff)).length).toBeLessThan(2_300_000);
});

test('an answer is decoded as UTF-8, in whatever pieces it arrives and wherever it is ASCII only', () => {
  fc.assert(
    fc.property(pieces, (all) => {
      const decoded = decodeText();
      for (const piece of all) decoded.add(piece);
      const expected = reference(Buffer.concat(all));
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
        expect(textOf(one)).toBe(reference(one));
      },
    ),
  );
});
