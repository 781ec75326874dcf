import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { waitingRoom, waitingRows, type WaitingRow } from '../../src/state/waiting-rows.ts';
import { hash } from './index-rows.ts';

const row = (key: string, packed: string | null = 'packed', fresh = false): WaitingRow => ({
  keyHash: hash(key),
  packed: packed === null ? null : Buffer.from(packed),
  fresh,
});
const plain = (rows: readonly WaitingRow[]): unknown[] =>
  rows.map(({ keyHash, packed, fresh }) => [keyHash.toString('hex'), packed?.toString() ?? null, fresh]);

describe('rows that wait', () => {
  it('are found by their keys and come in their order, each as it was given', () => {
    const rows = waitingRows(waitingRoom(1_000_000));
    expect(rows.packed(hash('a'))).toBeUndefined();
    const given = [row('a', 'one', true), row('b', null), row('c', 'three')];
    for (const one of given) rows.add(one);
    expect(rows.count()).toBe(3);
    expect(rows.packed(hash('a'))?.toString()).toBe('one');
    expect(rows.packed(hash('b')), 'a delete').toBeNull();
    expect(rows.packed(hash('d')), 'another key').toBeUndefined();
    expect(plain(rows.first(2))).toEqual(plain(given.slice(0, 2)));
    for (const most of [3, 4]) expect(plain(rows.first(most))).toEqual(plain(given));
  });

  it('keep what they were given, whatever becomes of its bytes', () => {
    const rows = waitingRows(waitingRoom(1_000_000));
    const [keyHash, packed] = [hash('a'), Buffer.from('one')];
    rows.add({ keyHash, packed, fresh: false });
    const before = plain(rows.first(1));
    keyHash.fill(0);
    packed.fill(0);
    expect(plain(rows.first(1))).toEqual(before);
    expect(rows.packed(hash('a'))?.toString()).toBe('one');
  });

  it('know whether a key waits twice, of which the last row counts, also once the first is written', () => {
    const rows = waitingRows(waitingRoom(1_000_000));
    for (const one of [row('a', 'old'), row('b')]) rows.add(one);
    expect(rows.holdsEachOnce()).toBe(true);
    rows.add(row('a', 'new'));
    expect(rows.holdsEachOnce()).toBe(false);
    rows.written(1);
    expect(rows.packed(hash('a'))?.toString()).toBe('new');
    expect(rows.holdsEachOnce()).toBe(true);
    rows.written(1);
    expect([rows.packed(hash('b')), rows.count()]).toEqual([undefined, 1]);
    rows.written(1);
    expect([rows.packed(hash('a')), rows.count(), rows.holdsEachOnce()]).toEqual([undefined, 0, true]);
  });

  it('hold what a list holds whose first items are taken away', () => {
    const step = fc.oneof(
      fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), packed: fc.option(fc.string({ minLength: 1 })), fresh: fc.boolean() }),
      fc.nat(4),
    );
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 60 }), (steps) => {
        const room = waitingRoom(1_000_000);
        const rows = waitingRows(room);
        let list: WaitingRow[] = [];
        for (const one of steps) {
          if (typeof one === 'number') {
            const count = Math.min(one, list.length);
            rows.written(count);
            list = list.slice(count);
          } else {
            list.push(row(one.key, one.packed, one.fresh));
            rows.add(row(one.key, one.packed, one.fresh));
          }
          expect(plain(rows.first(100))).toEqual(plain(list));
          expect(rows.holdsEachOnce()).toBe(new Set(list.map(({ keyHash }) => keyHash.toString('hex'))).size === list.length);
          for (const key of ['a', 'b', 'c', 'd']) {
            const last = list.findLast(({ keyHash }) => keyHash.equals(hash(key)));
            expect(rows.packed(hash(key))?.toString()).toBe(last?.packed?.toString());
          }
        }
        rows.written(rows.count());
        expect(room.taken).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});

describe('rows that wait have to be written', () => {
  it('by the index that adds one when all of them take more than their room, and by none that has no rows', () => {
    const room = waitingRoom(10_000);
    const [one, other, empty] = [waitingRows(room), waitingRows(room), waitingRows(room)];
    expect(one.isFull()).toBe(false);
    one.add(row('a', 'x'.repeat(3_000)));
    expect([one.isFull(), other.isFull()]).toEqual([false, false]);
    other.add(row('b', 'x'.repeat(7_000)));
    expect([one.isFull(), other.isFull(), empty.isFull()]).toEqual([true, true, false]);
    other.written(1);
    expect([one.isFull(), other.isFull()]).toEqual([false, false]);
  });

  it('as they are packed and with what each takes besides', () => {
    const room = waitingRoom(1_000_000);
    const rows = waitingRows(room);
    rows.add(row('a', null));
    const each = room.taken;
    expect(each).toBeGreaterThan(100);
    rows.add(row('b', 'x'.repeat(500)));
    expect(room.taken).toBe(2 * each + 500);
    rows.written(1);
    expect(room.taken).toBe(each + 500);
  });

  it('when one index has 12,000 of them, however small', () => {
    const rows = waitingRows(waitingRoom(1_000_000_000));
    for (let n = 0; n < 11_999; n += 1) rows.add(row('a'));
    expect(rows.isFull()).toBe(false);
    rows.add(row('a'));
    expect(rows.isFull()).toBe(true);
  });
});
