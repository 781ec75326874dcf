import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inKeyOrder, type KeyList, writtenByKey } from '../../src/state/key-order.ts';
import type { WaitingRow } from '../../src/state/waiting-rows.ts';

const rows = fc
  .uniqueArray(fc.uint8Array({ minLength: 16, maxLength: 16 }), { selector: (bytes) => bytes.join(), size: 'max', maxLength: 200 })
  .map((keys) => keys.map((bytes): WaitingRow => ({ keyHash: Buffer.from(bytes), packed: Buffer.from(bytes), fresh: false })));

test('items are ordered by the beginning of their keys, and stay as they are where those are alike', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const beginning = ({ keyHash }: WaitingRow): number => keyHash.readUInt32BE(0);
      expect(inKeyOrder(all, ({ keyHash }) => keyHash)).toEqual([...all].sort((a, b) => beginning(a) - beginning(b)));
    }),
  );
  const alike = ['1', '2', '3'].map((end) => Buffer.from(`same begin ${end}`));
  expect(inKeyOrder(alike, (key) => key)).toEqual(alike);
});

test('every row is written once, in transactions of no more than so many, and then each of its places among the scopes', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 50 }), (all, most) => {
      const written: string[] = [];
      const placed: string[] = [];
      const name = (bytes: Buffer): string => bytes.toString('hex');
      const write = ({ keyHash }: WaitingRow, scopeKeys: KeyList): void => {
        expect(placed).toEqual([]);
        written.push(name(keyHash));
        // Of every second row, so that there are fewer places than rows.
        if (keyHash[0]! % 2 === 0) scopeKeys.push(keyHash);
      };
      for (const step of writtenByKey(all, most, write, (key) => placed.push(name(key)))) {
        const before = written.length + placed.length;
        step();
        expect(written.length + placed.length - before).toBeLessThanOrEqual(most);
      }
      expect([...written].sort()).toEqual(all.map(({ keyHash }) => name(keyHash)).sort());
      expect([...placed].sort()).toEqual(written.filter((key) => Number.parseInt(key.slice(0, 2), 16) % 2 === 0).sort());
    }),
  );
});
