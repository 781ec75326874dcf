import { describe, expect, test } from 'vitest';
import { checkedRows, faultOfRow, idText, needsId } from '../../src/core/checked-rows.ts';
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

  test('an id that no address would take cannot be asked about, whatever it is made of', () => {
    expect(
      ['x'.repeat(800), 'x'.repeat(801), parseJson('9'.repeat(20_000)), parseJson('9'.repeat(30))].map((id) => idText(id)?.length),
    ).toEqual([800, undefined, undefined, 30]);
    const rows = checkedRows([{ id: 'good' }, { id: 'x'.repeat(801) }, { id: '..' }, {}, { id: parseJson('1e400') }], needsId('id'));
    // One that is missing is another fault, told where keys are made.
    expect(rows.map((row) => faultOfRow(row)?.reason)).toEqual([undefined, 'bad_shape', 'bad_shape', undefined, 'bad_shape']);
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
