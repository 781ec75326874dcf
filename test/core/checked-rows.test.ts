import { describe, expect, test } from 'vitest';
import { checkedRows, faultOfRow, idText } from '../../src/core/checked-rows.ts';
import { parseJson } from '../../src/core/json/parse.ts';
import type { Json, Row } from '../../src/core/types.ts';

const deep = (levels: number): Json => parseJson('['.repeat(levels) + ']'.repeat(levels));

describe('what a vendor lists', () => {
  test('a list of good rows is given back as it is', () => {
    const rows: Json[] = [{ id: 1 }, { id: 2, more: [{}] }];
    expect(checkedRows(rows)).toBe(rows);
  });

  test.each<[string, Json]>([
    ['null', null],
    ['text', 'x'],
    ['a number', 7],
    ['a list', [{ id: 1 }]],
    ['a long number', parseJson('0.12345678901234567890')],
  ])('%s among the rows can be looked into, and says what it was', (_, odd) => {
    const [good, bad] = checkedRows([{ id: 1 }, odd]) as [Row, Row];
    expect(faultOfRow(good)).toBeUndefined();
    expect(bad.id).toBeUndefined();
    expect(faultOfRow({ ...bad, source_id: 's' })).toMatchObject({ reason: 'bad_shape', original: odd });
  });

  test('a row nested a hundred thousand levels keeps what is flat', () => {
    const row: Row = { id: 'a', other: deep(100_000) };
    const [bad] = checkedRows([row]) as [Row];
    expect(bad).toMatchObject({ id: 'a' });
    expect(faultOfRow(bad)).toMatchObject({ reason: 'too_deep', original: row });
  });

  test('an id that may stand in a request has an encoding and is no other path', () => {
    expect(['ok', 'a/b', 'ü', '', '.', '..', '\uDC00', 7, 1e300, null, true].map((id) => idText(id as Json))).toEqual([
      'ok',
      'a/b',
      'ü',
      undefined,
      undefined,
      undefined,
      undefined,
      '7',
      undefined,
      undefined,
      undefined,
    ]);
  });
});
