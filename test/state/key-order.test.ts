import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inKeyOrder, type KeyList, writtenByKey } from '../../src/state/key-order.ts';
import { waitingRoom, waitingRows, type WaitingRow } from '../../src/state/waiting-rows.ts';

const rows = fc
  .uniqueArray(fc.uint8Array({ minLength: 16, maxLength: 16 }), { selector: (bytes) => bytes.join(), size: 'max', maxLength: 200 })
  .map((keys) => keys.map((bytes): WaitingRow => ({ keyHash: Buffer.from(bytes), packed: Buffer.from(bytes), fresh: false })));

test('keys are ordered by their beginning, and stay in their order where those are alike', () => {
  const beginnings = fc.array(fc.oneof(fc.nat({ max: 2 ** 32 - 1 }), fc.nat(5), fc.constant(2 ** 32 - 1)), { size: 'max', maxLength: 200 });
  fc.assert(
    fc.property(beginnings, (all) => {
      const beginningOf = (number: number): number => all[number - 3] as number;
      const numbers = all.map((_, at) => at + 3);
      const expected = [...numbers].sort((a, b) => beginningOf(a) - beginningOf(b));
      expect([...inKeyOrder(Uint32Array.from(numbers), beginningOf)]).toEqual(expected);
    }),
  );
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
      const waiting = waitingRows(waitingRoom(Infinity));
      for (const row of all) waiting.add(row);
      for (const step of writtenByKey(waiting.batch(), most, write, (key) => placed.push(name(key)))) {
        const before = written.length + placed.length;
        step();
        expect(written.length + placed.length - before).toBeLessThanOrEqual(most);
      }
      expect([...written].sort()).toEqual(all.map(({ keyHash }) => name(keyHash)).sort());
      expect([...placed].sort()).toEqual(written.filter((key) => Number.parseInt(key.slice(0, 2), 16) % 2 === 0).sort());
    }),
  );
});
