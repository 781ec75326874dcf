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
