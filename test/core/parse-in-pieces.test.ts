import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonInPieces } from '../../src/core/json/parse-in-pieces.ts';
import { TooManyNumbers, parseJson } from '../../src/core/json/parse.ts';

/** Longer than what is looked through character by character, with quotes and backslashes at every place that matters. */
const LONG = ['\\'.repeat(41) + '"[,', '"é\u0001'.repeat(40), 'x'.repeat(62) + '\\', 'x'.repeat(63) + '"', '😀'.repeat(40)].map((text) =>
  JSON.stringify(text),
);

const name = fc.constantFrom('a', 'b', '7', '__proto__', 'toString', 'é');
const blank = fc.constantFrom('', '', '', ' ', '\n\t');
/** JSON text whose strings hold what looks like structure, with names that stand twice. */
const tree: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom('12345678901234567890', '0.5', '1e400', 'true', 'null', '""', '"a,]}\\"[{:b\\\\"', '{}', '[ ]', ...LONG),
    fc
      .tuple(
        blank,
        fc.array(
          fc.tuple(tie('node'), blank).map((part) => part.join('')),
          { maxLength: 5 },
        ),
      )
      .map(([before, items]) => `[${before}${items.join(',')}]`),
    fc
      .array(
        fc.tuple(blank, name, blank, tie('node'), blank).map(([a, key, b, value, c]) => `${a}${JSON.stringify(key)}${b}:${value}${c}`),
        { maxLength: 5 },
      )
      .map((members) => `{${members.join(',')}}`),
  ),
})).node;

/** Everything of a parsed document, its members' order included. */
const whole = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one));

async function outcome(parse: () => unknown): Promise<string> {
  try {
    return whole(await parse());
  } catch (error) {
    if (error instanceof SyntaxError) return 'no JSON';
    throw error;
  }
}

describe('JSON parsed in pieces', () => {
  it('is what it is when parsed at once, wherever the pieces end', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.nat(9), async (text, piece) => {
        expect(await outcome(() => parseJsonInPieces(text, piece))).toBe(await outcome(() => parseJson(text)));
      }),
      { numRuns: 1_500 },
    );
  });

  it('refuses what is refused at once, and nothing else', async () => {
    const marks = [',', ']', '[', '{', '}', '"', ':', '1', ' ', '\\', '"x":', 'null', 'é'];
    await fc.assert(
      fc.asyncProperty(tree, fc.nat(), fc.nat(3), fc.constantFrom(...marks, ''), fc.nat(9), async (good, place, gone, mark, piece) => {
        const at = place % (good.length + 1);
        const text = good.slice(0, at) + mark + good.slice(at + gone);
        expect(await outcome(() => parseJsonInPieces(text, piece)), text).toBe(await outcome(() => parseJson(text)));
      }),
      { numRuns: 3_000 },
    );
  });

  /** Rows alike with rows alike inside, so that a piece can seem to end where it does not. */
  it('is what it is when parsed at once where all rows look alike, inside and out, whole or damaged', async () => {
    const inner = fc.array(fc.constantFrom('{"a":1}', '{"a":{"a":2}}', '{"a":"},{\\"a\\":"}', '{"b":[]}', '3'), { maxLength: 4 });
    const value = fc.oneof(
      fc.constantFrom('1', '"},{"', '"}},{\\"a\\":1"', '[]', '12345678901234567890'),
      inner.map((items) => `[${items.join(',')}]`),
    );
    const row = fc.tuple(value, value).map(([a, b]) => `{"a":${a},"c":{"d":${b}}}`);
    const rows = fc.array(
      fc.oneof({ weight: 6, arbitrary: row }, { weight: 1, arbitrary: inner.map((items) => `{"a":[${items.join(',')}]}`) }),
      {
        minLength: 4,
        maxLength: 30,
      },
    );
    const marks = fc.constantFrom('', '', '', ',', '}', '{', ']', '"', '{"a":1},');
    await fc.assert(
      fc.asyncProperty(rows, fc.nat(), fc.nat(2), marks, fc.integer({ min: 30, max: 160 }), async (all, place, gone, mark, piece) => {
        const good = `{"data":[${all.join(',')}],"next":null}`;
        const at = place % (good.length + 1);
        const text = mark === '' ? good : good.slice(0, at) + mark + good.slice(at + gone);
        expect(await outcome(() => parseJsonInPieces(text, piece)), text).toBe(await outcome(() => parseJson(text)));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('takes %s that are nested deeper than anything', async (_, open, close) => {
    const text = `[${open.repeat(20_000)}1${close.repeat(20_000)},"after"]`;
    const parsed = (await parseJsonInPieces(text, 64)) as readonly unknown[];
    expect([parsed.length, parsed[1]]).toEqual([2, 'after']);
    let depth = 0;
    for (let inner = parsed[0]; typeof inner === 'object'; inner = Object.values(inner as object)[0]) depth += 1;
    expect(depth).toBe(20_000);
    await expect(parseJsonInPieces(text.replace('1', ']'), 64)).rejects.toThrow(SyntaxError);
  });

  it.each([
    ['rows', '{"n":"x"},'],
    ['rows with rows inside that look alike', '{"n":[{"n":"x"},{"n":"y"}]},'],
    ['long numbers', '12345678901234567890,'],
    ['lists in a list', '[[1],[2]],'],
  ])('lets others go first again and again: %s', async (_, unit) => {
    let turns = 0;
    let done = false;
    const others = (async () => {
      for (; !done; turns += 1) await setImmediate();
    })();
    await parseJsonInPieces(`[${unit.repeat((4 * 2 ** 20) / unit.length)}1]`);
    done = true;
    await others;
    expect(turns).toBeGreaterThanOrEqual(15);
  });

  it('takes no more long numbers than fit the memory, and says so', async () => {
    await expect(parseJsonInPieces(`[${'12345678901234567890,'.repeat(500_001)}1]`)).rejects.toThrow(TooManyNumbers);
  });
});
