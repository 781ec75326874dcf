import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { coverColumns, hashWith } from '../../src/config/columns.ts';
import type { Json, Row } from '../../src/core/types.ts';
import { compileTable } from '../../src/record/codec.ts';
import { compileCoerce } from '../../src/record/coerce.ts';
import { compileRowMask } from '../../src/record/mask.ts';
import { rawText } from '../../src/record/raw-text.ts';
import { compileRow } from '../../src/record/row.ts';
import { table } from '../../src/sdk/define.ts';
import { integer, json, text, timestamp } from '../../src/sdk/fields.ts';

const secret = 'a-long-random-text';
const hmac = (of: string): string => createHmac('sha256', secret).update(of).digest('hex');

const person = table({
  name: 'person',
  docs: 'People',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  deletes: 'scan',
  fields: {
    id: integer('Id'),
    email: text('E-mail'),
    phone: text('Phone'),
    born: timestamp('Birth').epoch('s'),
    city: text('City').from('place.city'),
    street: text('Street').from('place.street'),
    more: json('More'),
    merged_into: text('Where it went'),
  },
  // oxlint-disable-next-line require-yield
  async *read() {},
});

const cover = (rules: Parameters<typeof coverColumns>[1]) => coverColumns(person, rules, hashWith(secret));

function recordOf(rules: Parameters<typeof coverColumns>[1], row: Row) {
  const coerced = compileCoerce(cover(rules))(row);
  if (coerced.refused !== undefined) throw new Error(coerced.detail);
  return coerced.record;
}

describe('hashes', () => {
  test('are keyed, and equal for equal values whatever type their columns have', () => {
    const record = recordOf({ hash: ['id', 'email'] }, { id: 7, email: '7' });
    expect(record).toMatchObject({ id: hmac('7'), email: hmac('7') });
    expect(recordOf({ hash: ['id'] }, { id: '7' })['id']).toBe(hmac('7'));
    expect(recordOf({ hash: ['id'] }, { id: 2n ** 60n })['id']).toBe(hmac(String(2n ** 60n)));
  });

  test('nothing has no hash, and what does not fit its column has one all the same', () => {
    expect(recordOf({ hash: ['email'] }, { id: 1, email: null })).toMatchObject({ email: null, _extra: null });
    expect(recordOf({ hash: ['email', 'born'] }, { id: 1, email: { a: 'b' }, born: 'never' })).toMatchObject({
      email: hmac('{"a":"b"}'),
      born: hmac('never'),
      _extra: null,
    });
  });

  test('a scope given in plain is found by its hash, and a marker holds no plain value', () => {
    const codec = compileTable('shop', { ...cover({ hash: ['email', 'merged_into'] }), scope: ['email'] });
    expect(codec.scopeHashOf({ email: 'a@b.test' })).toEqual(codec.scopeHash({ email: hmac('a@b.test') }));
    const marker = codec.decodeValue(codec.value(codec.markerBody({ id: 1 }, { merged_into: 'plain' }), 0, true)).record;
    expect(marker['merged_into']).toBe(hmac('plain'));
  });
});

describe('what is left out, hashed or masked stands nowhere else', () => {
  const secretive = { drop: ['phone', 'street', 'more.ssn', '_extra.note'], hash: ['email', 'more.ids.value'], mask: ['city'] };
  const plain = ['ada@shop.test', '+4812345678', 'Polna 7', '123-45-6789', 'card-99', 'Gdansk-Wrzeszcz', 'remark'];
  const row: Row = {
    id: 1,
    email: 'ada@shop.test',
    Email: 'ada@shop.test',
    phone: '+4812345678',
    PHONE: '+4812345678',
    place: { city: 'Gdansk-Wrzeszcz', street: 'Polna 7', country: 'PL' },
    more: { ssn: '123-45-6789', ids: [{ value: 'card-99', kind: 'card' }, 3], left: true },
    note: 'remark',
    other: 1,
  };

  test('neither in a column nor in _extra', () => {
    const record = recordOf(secretive, row);
    expect(record).toEqual({
      id: 1,
      email: hmac('ada@shop.test'),
      born: null,
      city: '••••szcz',
      more: `{"ids":[{"kind":"card","value":"${hmac('card-99')}"},3],"left":true}`,
      merged_into: null,
      _extra: `{"Email":"${hmac('ada@shop.test')}","other":1,"place":{"country":"PL"}}`,
    });
  });

  test.each<[string, Json]>([
    ['a text where an object should be', 'Polna 7, Gdansk-Wrzeszcz'],
    ['a list', ['Polna 7']],
    ['an object in a column of text', { city: { name: 'Gdansk-Wrzeszcz' }, street: { name: 'Polna 7' } }],
  ])('also not as %s', (_, place) => {
    const printed = JSON.stringify(recordOf(secretive, { ...row, place }));
    for (const value of plain) expect(printed).not.toContain(value);
  });

  test('JSON that comes as text is looked into as well', () => {
    expect(recordOf({ drop: ['more.ssn'] }, { id: 1, more: '{"ssn":"123-45-6789"}' })['more']).toBe('{}');
  });

  test('a masked JSON column keeps its structure alone, whatever its members are called', () => {
    const more = { name: 'Ada', ids: [{ value: 'card-99-of-a-long-text' }, 3, null], 'ada@shop.test': true };
    const hidden = '{"ids":[{"value":"••••"},"••••",null],"name":"••••","••••":"••••"}';
    expect(recordOf({ mask: ['more'] }, { id: 1, more })['more']).toBe(hidden);
    expect(recordOf({ mask: ['more'] }, { id: 1, more: JSON.stringify(more) })['more']).toBe(hidden);
    expect(recordOf({ mask: ['more'], drop: ['more.name'] }, { id: 1, more: { name: 'Ada', x: 1 } })['more']).toBe('{"x":"••••"}');
    expect(recordOf({ mask: ['more'] }, { id: 1, more: null })['more']).toBeNull();
  });

  test('_extra as a whole', () => {
    expect(recordOf({ drop: ['_extra'] }, { ...row })['_extra']).toBeNull();
  });

  test('a dotted name is written with a backslash', () => {
    expect(recordOf({ drop: ['more.a\\.b'] }, { id: 1, more: { 'a.b': 'x', c: 1 } })['more']).toBe('{"c":1}');
  });

  test('a dead letter shows the structure of its row and the hash of its key alone', () => {
    const definition = { ...cover({ hash: ['id'], drop: ['email'] }), shape: (given: Row) => JSON.parse(String(given.email)) as Row };
    const compile = compileRow(definition, compileTable('shop', definition), { maxBytes: 10_000 });
    const rejected = compile({ id: 1, email: 'ada@shop.test' });
    expect(rejected).toEqual({ deadLetter: 'bad_shape', detail: 'The row is not built as expected.' });
    const { raw } = rawText({ ...row, 'ada@shop.test': 1 }, compileRowMask(definition));
    for (const value of plain) expect(raw).not.toContain(value);
    expect(raw).toContain('"place":{"city":"••••"');
  });
});

test('without rules nothing changes', () => {
  expect(compileCoerce(person)({ id: 1, email: 'ada@shop.test', x: 'y' })).toMatchObject({
    record: { email: 'ada@shop.test', _extra: '{"x":"y"}' },
  });
});
