import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AbortedTransaction, RawRecord } from '../../src/kafka/committed.ts';
import { committed, endOf } from '../../src/kafka/committed.ts';

const CONTROL = { abort: Buffer.from([0, 0, 0, 0]), commit: Buffer.from([0, 0, 0, 1]) };

function record(offset: number, producerId: string, kind: 'data' | 'abort' | 'commit', inTransaction = true): RawRecord {
  return {
    offset: String(offset),
    timestamp: '0',
    key: kind === 'data' ? Buffer.from(`k${offset}`) : CONTROL[kind],
    value: null,
    headers: {},
    isControlRecord: kind !== 'data',
    batchContext: { firstOffset: String(offset), lastOffsetDelta: 0, producerId, inTransaction },
  };
}

/** A log of interleaved transactions, the broker's list of the aborted ones (by end), and what is committed. */
function logOf(steps: readonly { readonly producer: number; readonly act: 'data' | 'abort' | 'commit' }[]) {
  const records: RawRecord[] = [];
  const aborted: AbortedTransaction[] = [];
  const good = new Set<string>();
  const open = new Map<string, RawRecord[]>();
  const close = (producerId: string, act: 'abort' | 'commit'): void => {
    const rows = open.get(producerId) ?? [];
    if (rows.length === 0) return;
    if (act === 'abort') aborted.push({ producerId, firstOffset: rows[0]?.offset ?? '' });
    else rows.forEach((row) => good.add(row.offset));
    records.push(record(records.length, producerId, act));
    open.delete(producerId);
  };
  for (const { producer, act } of steps) {
    const producerId = String(producer);
    if (act !== 'data') close(producerId, act);
    else {
      const row = record(records.length, producerId, 'data');
      records.push(row);
      open.set(producerId, [...(open.get(producerId) ?? []), row]);
    }
  }
  [...open.keys()].forEach((producerId) => close(producerId, 'abort'));
  return { records, aborted, good };
}

describe('committed records', () => {
  const steps = fc.array(
    fc.record({
      producer: fc.integer({ min: 1, max: 4 }),
      act: fc.constantFrom('data' as const, 'data' as const, 'data' as const, 'abort' as const, 'commit' as const),
    }),
    // Without a size, ten steps at most: too few for a producer that aborts and then commits.
    { maxLength: 80, size: 'max' },
  );

  test('are exactly those of committed transactions, however transactions overlap', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const { records, aborted, good } = logOf(taken);
        expect([...committed(records, aborted, 0n)].map(({ offset }) => offset)).toEqual(
          records.filter(({ offset }) => good.has(offset)).map(({ offset }) => offset),
        );
      }),
    );
  });

  test('are the same when a fetch begins in the middle of transactions', () => {
    fc.assert(
      fc.property(steps, fc.nat(80), (taken, start) => {
        const { records, aborted, good } = logOf(taken);
        const rest = records.slice(start);
        // The broker lists the aborted transactions that reach into what it answers.
        const ends = (one: AbortedTransaction): number =>
          records.findIndex(
            ({ offset, isControlRecord, batchContext }) =>
              isControlRecord && batchContext.producerId === one.producerId && Number(offset) > Number(one.firstOffset),
          );
        const listed = aborted.filter((one) => ends(one) >= start);
        expect([...committed(rest, listed, BigInt(start))].map(({ offset }) => offset)).toEqual(
          rest.filter(({ offset }) => good.has(offset)).map(({ offset }) => offset),
        );
      }),
    );
  });

  test('of a producer go on after an aborted transaction of its own, and only after that', () => {
    const records = [
      record(0, '1', 'data'),
      record(1, '1', 'data'),
      record(2, '1', 'abort'),
      record(3, '1', 'data'),
      record(4, '1', 'commit'),
    ];
    const offsets = (read: readonly RawRecord[]): string[] =>
      [...committed(read, [{ producerId: '1', firstOffset: '0' }], 0n)].map(({ offset }) => offset);
    expect(offsets(records)).toEqual(['3']);
    // A control record that says nothing of an abort ends none.
    for (const key of [null, Buffer.from([0, 0, 0]), CONTROL.commit])
      expect(offsets(records.map((one) => (one.offset === '2' ? { ...one, key } : one))), String(key)).toEqual([]);
  });

  test('of an offset before the wanted one are left out', () => {
    expect([...committed([record(4, '-1', 'data', false), record(5, '-1', 'data', false)], [], 5n)].map(({ offset }) => offset)).toEqual([
      '5',
    ]);
  });
});

test('the next fetch begins behind the last batch, its compacted tail included', () => {
  const last = record(7, '-1', 'data', false);
  expect(endOf([{ ...last, batchContext: { ...last.batchContext, firstOffset: '5', lastOffsetDelta: 9 } }], 5n)).toBe(15n);
  expect(endOf([], 5n)).toBe(5n);
  expect(endOf([last], 20n)).toBe(20n);
});
