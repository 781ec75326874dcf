import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkJsonObject } from '../../src/core/json/check.ts';
import { parseJson } from '../../src/core/json/parse.ts';

/** What JSON.parse makes of the text; undefined when it is no object. */
function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const numbers = fc.constantFrom(
  '0',
  '-0',
  '01',
  '-',
  '1.',
  '.5',
  '1e5',
  '1E+5',
  '1e',
  '1e-',
  '-1.5e-300',
  '1e100',
  '1e099',
  '12345678901234567890',
  '+1',
  '0x1',
  'NaN',
  '1.0000000000000000001',
);
const words = fc.constantFrom('true', 'false', 'null', 'tru', 'nulll', 'True', 'undefined', '');
const strings = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\u00e9"', '"\\uD800"', '"\\u12"', '"\\x"', '"\\/"', '"\t"', '"\u007f\u2028"', "'a'", '"', '"\\"', '"\\\\"'),
);
const spaces = fc.constantFrom('', '', '', ' ', '\n\t\r ', '\u00a0', '\f', '\uFEFF');
const value = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, strings, numbers, words, tie('list'), tie('object')),
  list: fc
    .tuple(fc.array(fc.tuple(spaces, tie('any')), { maxLength: 3 }), spaces, fc.constantFrom(',', ',', ',', '', ',,'))
    .map(([all, space, comma]) => `[${all.flat().join(comma)}${space}]`),
  object: fc
    .tuple(fc.array(fc.tuple(spaces, strings, spaces, fc.constantFrom(':', ':', ':', '', '::'), tie('any')), { maxLength: 3 }), spaces)
    .map(([members, space]) => `{${members.map((member) => member.join('')).join(',')}${space}}`),
}));
/** With one character changed, left out, or written twice. */
const damaged = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(text, fc.nat(), fc.constantFrom('', '{', '}', '[', ']', ',', ':', '"', '\\', ' ', '0', '-', 'e', 'u', '\u0001'))
    .map(([whole, at, mark]) => {
      const place = at % (whole.length + 1);
      return whole.slice(0, place) + mark + whole.slice(place + (at % 2));
    });

test('what is accepted is what JSON.parse accepts, if it is an object', () => {
  let good = 0;
  const objects = fc.oneof(
    fc.object().map((one) => JSON.stringify(one)),
    value.object as fc.Arbitrary<string>,
    value.any as fc.Arbitrary<string>,
  );
  fc.assert(
    fc.property(fc.oneof(objects, damaged(objects)), spaces, spaces, (text, before, behind) => {
      const whole = `${before}${text}${behind}`;
      const expected = parsed(whole) !== undefined;
      if (expected) good += 1;
      expect(checkJsonObject(Buffer.from(whole)) !== undefined, whole).toBe(expected);
    }),
    { numRuns: 20_000 },
  );
  expect(good, 'the property must not hold because nothing is JSON').toBeGreaterThan(1_000);
});

test('a number that a double does not keep is found wherever it stands', () => {
  const kept = (text: string): boolean =>
    JSON.stringify(JSON.parse(text)) === JSON.stringify(parseJson(text), (_, one: unknown) => (typeof one === 'bigint' ? 'other' : one));
  for (const number of [
    '12345678901234567890',
    '-9007199254740993',
    '0.12345678901234567890',
    '1e400',
    '-1E-400',
    '1.5e+400',
    '123456789.123456789e-10',
  ])
    for (const text of [`{"a":${number}}`, `{"a":[1,{"b":${number}}]}`, `{"a":"x","b":[${number},2]}`]) {
      expect(kept(text) && !number.endsWith('e-10'), text).toBe(false);
      expect(checkJsonObject(Buffer.from(text)), text).toEqual({ hasLongNumber: true });
    }
  const short = '{"a":[1,-2.5,1e10,123456789012345,"12345678901234567890","1e400"]}';
  expect(checkJsonObject(Buffer.from(short))).toEqual({ hasLongNumber: false });
});

test('nesting without an end takes no more stack', () => {
  const deep = `{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
  expect(checkJsonObject(Buffer.from(deep))).toEqual({ hasLongNumber: false });
  expect(checkJsonObject(Buffer.from(deep.slice(0, -2)))).toBeUndefined();
});
