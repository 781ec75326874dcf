import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gather } from '../../src/sdk/http/gathered.ts';

test('what was added comes back as it was, whatever the pieces, and only once', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200_000 }), { maxLength: 8 }), (pieces) => {
      const gathered = gather();
      for (const piece of pieces) gathered.add(Buffer.from(piece));
      const all = Buffer.concat(pieces);
      expect(gathered.bytes).toBe(all.length);
      expect(gathered.take().equals(all)).toBe(true);
      expect([gathered.bytes, gathered.take().length]).toEqual([0, 0]);
    }),
    { numRuns: 50 },
  );
});

test('what was taken stays as it is while others gather, at the same time and afterwards', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 150_000 }), fc.boolean()), { maxLength: 40, size: 'max' }),
      (steps) => {
        const several = Array.from({ length: 3 }, () => ({ gathered: gather(), expected: [] as Buffer[] }));
        const taken: { readonly all: Buffer; readonly expected: Buffer }[] = [];
        for (const [n, [who, length, takes]] of steps.entries()) {
          const one = several[who];
          if (one === undefined) continue;
          const piece = Buffer.alloc(length, n + 1);
          one.gathered.add(piece);
          one.expected.push(piece);
          if (takes) taken.push({ all: one.gathered.take(), expected: Buffer.concat(one.expected.splice(0)) });
        }
        for (const { all, expected } of taken) expect(all.equals(expected)).toBe(true);
      },
    ),
    { numRuns: 50 },
  );
});

test('four megabytes that come byte by byte take no more memory than others', () => {
  const BYTES = 4 * 2 ** 20;
  const piece = Buffer.from('x');
  const before = process.memoryUsage().heapUsed;
  const gathered = gather();
  for (let i = 0; i < BYTES; i += 1) gathered.add(piece.subarray(0, 1));
  // A hundred times as much where each piece is kept as it came.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(128 * 2 ** 20);
  expect(gathered.take().length).toBe(BYTES);
});
