import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { waitingRoom, waitingRows, type WaitingRow, type WaitingRows } from '../../src/state/waiting-rows.ts';
import { hash } from './index-rows.ts';

const row = (key: string, packed: string | null = 'packed', fresh = false): WaitingRow => ({
  keyHash: hash(key),
  packed: packed === null ? null : Buffer.from(packed),
  fresh,
});
const plain = (rows: Iterable<WaitingRow>): unknown[] =>
  [...rows].map(({ keyHash, packed, fresh }) => [keyHash.toString('hex'), packed?.toString() ?? null, fresh]);
const inOrder = (rows: readonly WaitingRow[]): unknown[] =>
  plain([...rows].sort((a, b) => a.keyHash.readUInt32BE(0) - b.keyHash.readUInt32BE(0)));
const all = (rows: WaitingRows): unknown[] => plain(rows.batch().rows(0, Infinity));

describe('rows that wait', () => {
  it('are found by their keys and come in the order of these, each as it was given', () => {
    const rows = waitingRows(waitingRoom(1_000_000));
    expect([rows.packed(hash('a')), all(rows)]).toEqual([undefined, []]);
    const given = [row('a', 'one', true), row('b', null), row('c', 'three'), row('d', null, true)];
    for (const one of given) rows.add(one);
    expect([rows.count(), rows.batch().count]).toEqual([4, 4]);
    expect(rows.packed(hash('a'))?.toString()).toBe('one');
    expect(rows.packed(hash('b')), 'a delete').toBeNull();
    expect(rows.packed(hash('e')), 'another key').toBeUndefined();
    expect(all(rows)).toEqual(inOrder(given));
    const batch = rows.batch();
    expect([...plain(batch.rows(0, 1)), ...plain(batch.rows(1, 2)), ...plain(batch.rows(3, 9))]).toEqual(inOrder(given));
  });

  it('keep what they were given, whatever becomes of its bytes', () => {
    const rows = waitingRows(waitingRoom(1_000_000));
    const [keyHash, packed] = [hash('a'), Buffer.from('one')];
    rows.add({ keyHash, packed, fresh: false });
    const before = all(rows);
    keyHash.fill(0);
    packed.fill(0);
    expect(all(rows)).toEqual(before);
    expect(rows.packed(hash('a'))?.toString()).toBe('one');
  });

  it('wait once for each key, and then nothing is known of the store', () => {
    const rows = waitingRows(waitingRoom(1_000_000));
    for (const one of [row('a', 'old', true), row('b', 'x', true), row('a', 'new', true)]) rows.add(one);
    expect(rows.count()).toBe(2);
    expect(all(rows)).toEqual(inOrder([row('a', 'new', false), row('b', 'x', true)]));
  });

  it('are forgotten when they are written, except what has been added since', () => {
    const rows = waitingRows(waitingRoom(1_000_000));
    for (const key of ['a', 'b', 'c']) rows.add(row(key, 'old', true));
    const batch = rows.batch();
    rows.add(row('b', 'new', true));
    rows.add(row('d', null));
    expect(plain(batch.rows(0, 3)), 'what has been replaced is not written any more').toEqual(
      inOrder([row('a', 'old', true), row('c', 'old', true)]),
    );
    batch.written();
    expect(all(rows)).toEqual(inOrder([row('b', 'new', false), row('d', null)]));
    batch.written();
    expect(rows.count(), 'once').toBe(2);
    rows.clear();
    expect([rows.count(), all(rows), rows.packed(hash('b'))]).toEqual([0, [], undefined]);
  });

  it('may be larger than any piece of memory that others share', () => {
    const rows = waitingRows(waitingRoom(1_000_000));
    const given = [row('a'), row('b', 'x'.repeat(1_000_000)), row('c'), row('d', 'y'.repeat(300_000), true), row('e')];
    for (const one of given) rows.add(one);
    expect(all(rows)).toEqual(inOrder(given));
  });

  it('are thousands, some of them replaced', () => {
    const rows = waitingRows(waitingRoom(1_000_000_000));
    const last = new Map<string, string>();
    for (let n = 0; n < 40_000; n += 1) {
      const key = `k${n % 30_000}`;
      last.set(key, `packed ${n}`.padEnd(40));
      rows.add(row(key, last.get(key)));
    }
    expect([rows.count(), last.size]).toEqual([30_000, 30_000]);
    for (const [key, packed] of last) if (rows.packed(hash(key))?.toString() !== packed) expect.fail(key);
    expect(all(rows)).toEqual(inOrder([...last].map(([key, packed]) => row(key, packed))));
  });

  it('hold what a map holds, whenever some are written', () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ key: fc.constantFrom(...'abcdefgh'), packed: fc.option(fc.string({ minLength: 1 })), fresh: fc.boolean() }),
      },
      { weight: 1, arbitrary: fc.constantFrom('begin', 'end', 'clear') },
    );
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 80 }), (steps) => {
        const room = waitingRoom(1_000_000);
        const rows = waitingRows(room);
        let map = new Map<string, WaitingRow>();
        let begun: { batch: ReturnType<WaitingRows['batch']>; rows: Map<string, WaitingRow> } | undefined;
        for (const one of steps) {
          if (one === 'begin') begun = { batch: rows.batch(), rows: new Map(map) };
          else if (one === 'end') {
            begun?.batch.written();
            for (const [key, given] of begun?.rows ?? []) if (map.get(key) === given) map.delete(key);
            begun = undefined;
          } else if (one === 'clear') {
            rows.clear();
            map = new Map();
          } else if (typeof one !== 'string') {
            rows.add(row(one.key, one.packed, one.fresh));
            map.set(one.key, row(one.key, one.packed, one.fresh && !map.has(one.key)));
          }
          expect(rows.count()).toBe(map.size);
          expect(all(rows)).toEqual(inOrder([...map.values()]));
          for (const key of 'abcdefgh') expect(rows.packed(hash(key))?.toString()).toBe(map.get(key)?.packed?.toString());
        }
        rows.clear();
        expect(room.taken).toBe(0);
      }),
      { numRuns: 100 },
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
    other.batch().written();
    expect([one.isFull(), other.isFull()]).toEqual([false, false]);
  });

  it('as they are packed and with what each takes besides', () => {
    const room = waitingRoom(1_000_000);
    const rows = waitingRows(room);
    rows.add(row('a', null));
    const each = room.taken;
    expect(each, 'its key, and where it is').toBeGreaterThan(30);
    rows.add(row('b', 'x'.repeat(500)));
    expect(room.taken).toBe(2 * each + 500);
    rows.add(row('b', 'y'));
    expect(room.taken, 'what is replaced takes memory until all are written').toBe(3 * each + 501);
    const batch = rows.batch();
    rows.add(row('c', null));
    batch.written();
    expect(room.taken).toBe(each);
  });

  it('when one index has 96,000 of them, however small', () => {
    const rows = waitingRows(waitingRoom(1_000_000_000));
    const keyHash = Buffer.alloc(16);
    for (let n = 0; n < 96_000; n += 1) {
      if (rows.isFull()) expect.fail(`full with ${n}`);
      keyHash.writeUInt32BE(n, 0);
      rows.add({ keyHash, packed: null, fresh: true });
    }
    expect(rows.isFull()).toBe(true);
  });
});
