import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson, rawNumberText } from '../../src/core/json/parse.ts';
import type { Json } from '../../src/core/types.ts';

/** Prints what was parsed, numbers with every digit they were sent with. */
function print(value: Json): string {
  const raw = rawNumberText(value);
  if (raw !== undefined) return raw;
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(print).join(',')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value as Record<string, Json>)
      .map(([key, inner]) => `${JSON.stringify(key)}:${print(inner)}`)
      .join(',')}}`;
  return JSON.stringify(value);
}

/** The exact value of a JSON number as digits and an exponent. */
function exact(token: string): string {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token) as unknown as string[];
  let digits = BigInt(`${whole}${fraction}`);
  let power = Number(exponent) - fraction!.length;
  if (digits === 0n) return '0';
  while (digits % 10n === 0n) {
    digits /= 10n;
    power += 1;
  }
  return `${sign}${digits}e${power}`;
}

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
const numberToken = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      fc.constant('0'),
      fc.tuple(fc.integer({ min: 1, max: 9 }), digits(0, 25)).map(([first, rest]) => `${first}${rest}`),
    ),
    fc.option(digits(1, 25), { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), fc.integer({ min: 0, max: 420 })), { nil: undefined }),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent === undefined ? '' : exponent.join('')}`,
  );

const text = fc.string({ unit: 'binary' });
const tree: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    numberToken,
    text.map((value) => JSON.stringify(value)),
    digits(10, 30).map((value) => JSON.stringify(value)),
    fc.constantFrom('true', 'false', 'null'),
    fc.array(tie('node'), { maxLength: 4 }).map((items) => `[ ${items.join(' ,\n')} ]`),
    fc
      .uniqueArray(fc.tuple(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'a"b', 'a\\')), tie('node')), {
        maxLength: 4,
        selector: ([key]) => key,
      })
      .map((items) => `{${items.map(([key, value]) => `${JSON.stringify(key)} : ${value}`).join(',')}}`),
  ),
})).node;

describe('lossless JSON', () => {
  it('keeps the exact value of every number', () => {
    fc.assert(
      fc.property(numberToken, (token) => {
        const [parsed] = parseJson(`[${token}]`) as [Json];
        expect(exact(print(parsed))).toBe(exact(token));
      }),
      { numRuns: 3_000 },
    );
  });

  it('agrees with the native parser on everything but numbers', () => {
    const blur = (_: string, value: unknown): unknown => (typeof value === 'number' ? 0 : value);
    const flatten = (value: Json): unknown => {
      if (rawNumberText(value) !== undefined || typeof value === 'bigint' || typeof value === 'number') return 0;
      if (Array.isArray(value)) return (value as readonly Json[]).map(flatten);
      if (typeof value !== 'object' || value === null) return value;
      const copy = {};
      for (const [key, inner] of Object.entries(value as Record<string, Json>))
        Object.defineProperty(copy, key, { value: flatten(inner), enumerable: true, writable: true, configurable: true });
      return copy;
    };
    fc.assert(
      fc.property(tree, (source) => {
        expect(flatten(parseJson(source))).toEqual(JSON.parse(source, blur));
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses exactly what the native parser refuses', () => {
    const accepts = (parse: (source: string) => unknown, source: string): boolean => {
      try {
        parse(source);
        return true;
      } catch {
        return false;
      }
    };
    const broken = fc
      .tuple(tree, fc.nat(), fc.constantFrom('', '"', '12345678901234567890', ':', ',', '-', '+', '.', '0', 'e', ']', '}', '\\', '\u0001'))
      .map(([source, at, insert]) => {
        const cut = at % (source.length + 1);
        return source.slice(0, cut) + insert + source.slice(cut + (at % 3));
      });
    fc.assert(
      fc.property(broken, (source) => {
        expect(accepts(parseJson, source)).toBe(accepts(JSON.parse, source));
      }),
      { numRuns: 5_000 },
    );
    for (const source of [
      '{12345678901234567890:1}',
      '[12345678901234567-1]',
      '[012345678901234567890]',
      '["a" 12345678901234567890]',
      '[1e999',
      '"1234567890123456',
    ]) {
      expect(() => parseJson(source)).toThrow(SyntaxError);
    }
  });

  it('keeps lone surrogates, NUL and keys named like the prototype', () => {
    const source = '{"__proto__":{"polluted":12345678901234567890},"a":"\\ud800","b":"\\u0000","n":12345678901234567890}';
    const parsed = parseJson(source) as Record<string, Json>;
    expect(Object.hasOwn(parsed, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(print(parsed)).toBe(source);
    const direct = parseJson('{"__proto__":12345678901234567890}') as Record<string, Json>;
    expect(Object.getOwnPropertyDescriptor(direct, '__proto__')?.value).toBe(12345678901234567890n);
  });

  it('leaves digits in strings alone', () => {
    const source = '{"id":"12345678901234567890","q":"say \\"12345678901234567890\\" \\\\","n":9007199254740993}';
    expect(parseJson(source)).toEqual({ id: '12345678901234567890', q: 'say "12345678901234567890" \\', n: 9007199254740993n });
  });

  it('survives nesting deeper than the call stack and numbers of a million digits', () => {
    const deep = 200_000;
    expect(() => parseJson(`${'['.repeat(deep)}12345678901234567890${']'.repeat(deep)}`)).not.toThrow();
    expect(rawNumberText((parseJson(`[${'9'.repeat(1_000_000)}]`) as Json[])[0])).toHaveLength(1_000_000);
  });
});
