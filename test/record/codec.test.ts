import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/core/types.ts';
import { compileTable } from '../../src/record/codec.ts';
import { table } from '../../src/sdk/define.ts';
import { boolean, date, integer, json, number, text, timestamp } from '../../src/sdk/fields.ts';
import { compileRow } from '../../src/record/row.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import { frame, unframe } from '../../src/record/framing.ts';

const things = table({
  name: 'things',
  docs: 'Vendor: things',
  documentedKey: ['parentId', 'id'],
  key: ['parent_id', 'id'],
  method: 'full_table',
  deletes: 'flag',
  scope: ['parent_id'],
  replicationKey: 'changed_at',
  deleted: (row) => row['archived'] === true,
  shape: (row) => (row['data'] as Row | undefined) ?? row,
  fields: {
    parent_id: integer('Parent').orWhenMissing(0),
    id: text('Id'),
    n: integer('N'),
    x: number('X'),
    ok: boolean('Ok'),
    changed_at: timestamp('Changed'),
    day: date('Day'),
    props: json('Props'),
    _merged_into: text('Merged into'),
  },
  ignore: ['archived'],
  async *read() {},
}) as TableDefinition;
const codec = compileTable('vendor', things);
const step = compileRow(things, codec, { maxBytes: 2000 });
const compiled = (row: unknown): Exclude<ReturnType<typeof step>, { deadLetter: string }> => {
  const result = step(row as Row);
  if (result.deadLetter !== undefined) throw new Error(result.detail);
  return result;
};

const record: fc.Arbitrary<TableRecord> = fc.record({
  parent_id: fc.integer(),
  id: fc.string(),
  n: fc.option(fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }), fc.constant(-(2n ** 63n)))),
  x: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => v + 0)),
  ok: fc.option(fc.boolean()),
  changed_at: fc.option(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 })),
  day: fc.option(fc.integer({ min: -719_162, max: 2_932_896 }).map((d) => new Date(d * 86_400_000).toISOString().slice(0, 10))),
  props: fc.option(fc.json()),
  _merged_into: fc.option(fc.string()),
  _extra: fc.option(fc.json()),
});

describe('the codec', () => {
  it('gives back every record it encoded', () => {
    fc.assert(
      fc.property(record, fc.integer({ min: 0, max: 4e12 }), fc.boolean(), (given, at, deleted) => {
        const body = codec.body(given);
        const read = codec.decodeValue(codec.value(body, at, deleted));
        expect({ ...read.record }).toEqual(given);
        expect(read).toMatchObject({ syncedAt: at, deleted });
        expect(read.body).toEqual(body);
        expect(codec.decodeKey(codec.keyBody(given))).toEqual({ parent_id: given['parent_id'], id: given['id'] });
      }),
      { numRuns: 500 },
    );
  });

  it('gives different keys different bytes and equal keys equal bytes', () => {
    fc.assert(
      fc.property(record, record, (a, b) => {
        const same = a['parent_id'] === b['parent_id'] && a['id'] === b['id'];
        expect(codec.keyBody(a).equals(codec.keyBody(b))).toBe(same);
        expect(codec.keyHash(codec.keyBody(a)).equals(codec.keyHash(codec.keyBody(b)))).toBe(same);
      }),
    );
    expect(codec.keyBody({ parent_id: 1, id: '2x' })).not.toEqual(codec.keyBody({ parent_id: 12, id: 'x' }));
  });

  it('writes the wire format every registry client reads', () => {
    const framed = frame(7, codec.keyBody({ parent_id: 1, id: 'a' }));
    expect(framed.toString('hex')).toBe('0000000007' + '02' + '0261');
    expect(unframe(framed)).toEqual({ schemaId: 7, payload: framed.subarray(5) });
    expect(() => unframe(Buffer.from('{"id":1}'))).toThrow(/wire format/);
  });

  it('orders the value: columns, _extra, then the sync columns', () => {
    expect(codec.valueSchema.fields.map(({ name }) => name)).toEqual([...Object.keys(things.fields), '_extra', '_synced_at', '_deleted']);
    expect(codec.keySchema.fields.map(({ name }) => name)).toEqual(['parent_id', 'id']);
    expect(codec.keySchema.namespace).toBe('tributary.vendor.things');
  });

  it('builds a marker of the key, what is known, and nulls', () => {
    const marker = codec.decodeValue(codec.value(codec.markerBody({ parent_id: 1, id: 'a' }, { _merged_into: 'b' }), 5, true));
    expect({ ...marker.record }).toEqual({
      parent_id: 1,
      id: 'a',
      n: null,
      x: null,
      ok: null,
      changed_at: null,
      day: null,
      props: null,
      _merged_into: 'b',
      _extra: null,
    });
    expect(marker.deleted).toBe(true);
  });

  it('reads a value of an older schema as if it had been written today', () => {
    const { n: _, _merged_into: __, ...older } = things.fields;
    const old = compileTable('vendor', { ...things, fields: older } as TableDefinition);
    const row = { parent_id: 1, id: 'a', x: 1.5, ok: null, changed_at: null, day: '2024-02-29', props: null, _extra: null };
    const read = codec.decodeValue(old.value(old.body(row), 5, false), JSON.parse(JSON.stringify(old.valueSchema)));
    expect(read.body).toEqual(codec.body({ ...row, n: null, _merged_into: null }));
    const back = old.decodeValue(codec.value(codec.body({ ...row, n: 2, _merged_into: 'x' }), 5, false), codec.valueSchema);
    expect({ ...back.record }).toEqual(row);
  });

  it("hashes a scope the same from a record and from the vendor's values", () => {
    expect(codec.scopeHashOf({ parent_id: '12' })).toEqual(codec.scopeHash({ parent_id: 12, id: 'a' }));
    expect(codec.scopeHashOf({ parent_id: 13 })).not.toEqual(codec.scopeHash({ parent_id: 12, id: 'a' }));
    expect(compileTable('v', { ...things, scope: [] } as never).scopeHash({ parent_id: 1 })).toEqual(Buffer.alloc(8));
  });

  it('keeps its hashes over releases', () => {
    expect(codec.keyHash(Buffer.from('abc'))).toEqual(createHash('sha256').update('abc').digest().subarray(0, 16));
  });
});

describe('a row', () => {
  it('gives equal bytes for equal data in any order', () => {
    const a = compiled({ data: { parentId: 1, id: 'x', props: { b: [1, { d: 1, c: 2 }], a: 1 }, unknown: 1, more: 2 } });
    const b = compiled({ data: { more: 2, unknown: 1, props: { a: 1, b: [1, { c: 2, d: 1 }] }, id: 'x', parentId: '1' } });
    expect(a.body).toEqual(b.body);
    expect(a.rowHash).toEqual(b.rowHash);
    expect(a).toMatchObject({ misfits: 0, unknown: 2, deleted: false });
  });

  it("carries its scope, its replication value and the vendor's delete flag", () => {
    const row = compiled({ parentId: 4, id: 'x', changedAt: '2024-01-01T00:00:00Z', archived: true });
    expect(row.scopeHash).toEqual(codec.scopeHashOf({ parent_id: 4 }));
    expect(row.replicationValue).toBe(Date.UTC(2024, 0, 1));
    expect(row.deleted).toBe(true);
    expect(compiled({ id: 'x' }).replicationValue).toBeUndefined();
    expect(codec.decodeKey(compiled({ id: 'x' }).keyBody)).toEqual({ parent_id: 0, id: 'x' });
  });

  it.each([
    ['no key', { parentId: 1 }, 'missing_key'],
    ['a key of the wrong type', { parentId: 'one', id: 'x' }, 'bad_key'],
    ['a shape that is no object', { data: [1] }, 'bad_shape'],
    ['more bytes than a message takes', { id: 'x', props: 'y'.repeat(3000) }, 'too_large'],
  ])('with %s is a dead letter', (_, row, reason) => {
    expect(step(row as unknown as Row)).toMatchObject({ deadLetter: reason });
  });

  it('whose shape() throws is a dead letter that says so', () => {
    const failing = compileRow(
      {
        ...things,
        shape: () => {
          throw new Error('no envelope');
        },
      },
      codec,
      { maxBytes: 2000 },
    );
    expect(failing({})).toMatchObject({ deadLetter: 'bad_shape', detail: expect.stringContaining('no envelope') });
  });
});

describe('a mark of the vendor', () => {
  const counted = table({
    name: 'counted',
    docs: 'Vendor: counted',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    deletes: 'scan',
    fields: { id: text('Id'), name: text('Name'), counted_until: timestamp('Until when it was counted').epoch('ms').mark() },
    async *read() {},
  }) as TableDefinition;
  const own = compileTable('vendor', counted);
  const rowStep = compileRow(counted, own, { maxBytes: 2000 });
  const hashes = (row: Row): { row: string; topic: string } => {
    const result = rowStep(row);
    if (result.deadLetter !== undefined) throw new Error(result.detail);
    const { record: read, body } = own.decodeValue(own.value(result.body, 1, false));
    return { row: result.rowHash.toString('hex'), topic: own.rowHash(body, read).toString('hex') };
  };

  it('is published with its row, and changes the hash of a row neither as listed nor as read back', () => {
    const first = hashes({ id: 'a', name: 'one', countedUntil: 1_000 });
    expect(first.topic).toBe(first.row);
    for (const countedUntil of [2_000, null]) expect(hashes({ id: 'a', name: 'one', countedUntil })).toEqual(first);
    expect(hashes({ id: 'a', name: 'two', countedUntil: 1_000 }).row).not.toBe(first.row);
    expect(own.decodeValue(own.value(own.body({ id: 'a', name: 'one', counted_until: 7, _extra: null }), 1, false)).record).toMatchObject({
      counted_until: 7,
    });
  });

  it('stands in the schema, so that an index made when it was none is made anew', () => {
    expect(own.valueSchema.fields.find(({ name }) => name === 'counted_until')?.doc).toBe(
      'Until when it was counted. A change of it alone publishes nothing.',
    );
  });
});
