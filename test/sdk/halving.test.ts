import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halving } from '../../src/sdk/readers/halving.ts';

const tooMuch = new Error('Too many rows.');
const options = { least: 10_000, smallerHelps: (error: unknown) => error === tooMuch };

async function all<T>(values: AsyncGenerator<T, void, void>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

describe('a window that is read in halves', () => {
  it('leaves no gap and no overlap, and is divided only as far as needed', async () => {
    const length = fc.integer({ min: 20_000, max: 10_000_000 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1_000_000 }), length, length, async (begin, span, most) => {
        const windows = await all(
          halving(begin, begin + span, options, async function* read(from, to, divisible) {
            if (to - from > most && divisible) throw tooMuch;
            yield [from, to] as const;
          }),
        );
        expect(windows[0]?.[0]).toBe(begin);
        expect(windows.at(-1)?.[1]).toBe(begin + span);
        for (const [at, [from, to]] of windows.entries()) {
          expect(to).toBeGreaterThan(from);
          if (at > 0) expect(from).toBe(windows[at - 1]?.[1]);
          if (at > 0) expect(from % 1_000).toBe(0);
        }
        if (span <= most) expect(windows).toHaveLength(1);
      }),
    );
  });

  it('tells when a failure will not be divided any further, and lets it pass then', async () => {
    const asked: [number, boolean][] = [];
    const failing = halving(0, 40_000, options, async function* read(from, to, divisible) {
      asked.push([to - from, divisible]);
      yield await Promise.reject(tooMuch);
    });
    await expect(all(failing)).rejects.toBe(tooMuch);
    expect(asked).toEqual([
      [40_000, true],
      [20_000, true],
      [10_000, false],
    ]);
  });

  it('is not divided once something of it was given, nor for another error', async () => {
    const other = new Error('No.');
    for (const [first, error] of [
      [true, tooMuch],
      [false, other],
    ] as const) {
      let asked = 0;
      const failing = halving(0, 40_000, options, async function* read() {
        asked += 1;
        if (first) yield 1;
        throw error;
      });
      await expect(all(failing)).rejects.toBe(error);
      expect(asked).toBe(1);
    }
  });
});
