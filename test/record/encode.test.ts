import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bodyFields, keySchema, valueSchema } from '../../src/record/avro.ts';
import { avroTypeOf } from '../../src/record/avro-types.ts';
import { compileTable } from '../../src/record/codec.ts';
import { compileRecord, NOT_HERE, TOO_LONG } from '../../src/record/encode.ts';
import { table } from '../../src/sdk/define.ts';
import { boolean, date, integer, json, number, text, timestamp } from '../../src/sdk/fields.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';

const definition = table({
  name: 'kinds',
  docs: 'A column of every type',
  documentedKey: ['id', 'part', 'dayOf'],
  key: ['id', 'part', 'day_of'],
  method: 'full_table',
  deletes: 'none',
  fields: {
    id: text('Id'),
    part: integer('Part'),
    day_of: date('Day'),
    n: integer('N'),
    x: number('X'),
    ok: boolean('Ok'),
    at: timestamp('At'),
    day: date('Day'),
    props: json('Props'),
    name: text('Name'),
  },
  async *read() {},
}) as TableDefinition;
const codec = compileTable('vendor', definition);
const fields = bodyFields(definition);
/** avsc's own encoding, which everybody who reads the topics goes by. */
const bodyType = avroTypeOf({ ...valueSchema('vendor', definition), fields });
const keyType = avroTypeOf(keySchema('vendor', definition));

/** Around the lengths at which the length itself takes another byte, in characters of one to four bytes. Halves of a pair never get here. */
const longText = fc
  .tuple(
    fc.constantFrom(23, 24, 25, 31, 32, 63, 64, 4_096, 8_191, 8_192, 70_000),
    fc.constantFrom('a', 'é', '€', '😀', '\u0000'),
    fc.string(),
  )
  .map(
    ([length, one, rest]) =>
      one
        .repeat(length)
        .slice(0, length)
        .replace(/\p{Surrogate}/gu, '') + rest,
  );
const anyText = fc.oneof({ weight: 4, arbitrary: fc.string({ unit: 'binary' }) }, { weight: 1, arbitrary: longText });
const long = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    63,
    64,
    -64,
    -65,
    2 ** 31,
    -(2 ** 31),
    2 ** 52,
    2 ** 52 + 1,
    -(2 ** 52),
    -(2 ** 52) - 1,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).filter((value) => !Number.isSafeInteger(Number(value))),
);
const day = fc.integer({ min: -719_162, max: 2_932_896 }).map((d) => new Date(d * 86_400_000).toISOString().slice(0, 10));
const record: fc.Arbitrary<TableRecord> = fc.record({
  id: anyText,
  part: long,
  day_of: day,
  n: fc.option(long),
  x: fc.option(fc.double()),
  ok: fc.option(fc.boolean()),
  at: fc.option(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 })),
  day: fc.option(day),
  props: fc.option(anyText),
  name: fc.option(anyText),
  _extra: fc.option(anyText),
});

it('keys and bodies are byte for byte what avsc makes of the record', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30, size: 'max' }), (records) => {
      const encoded = records.map((one) => ({ body: codec.body(one), key: codec.keyBody(one) }));
      // Compared only now: none of them may have been written over another.
      records.forEach((one, i) => {
        expect(encoded[i]?.body.equals(bodyType.toBuffer(one))).toBe(true);
        expect(encoded[i]?.key.equals(keyType.toBuffer(one))).toBe(true);
      });
    }),
    { numRuns: 300 },
  );
});

it('a record is written whole or not at all, whatever room there is', () => {
  const write = compileRecord(fields);
  fc.assert(
    fc.property(record, fc.nat(40), (one, more) => {
      const expected = bodyType.toBuffer(one);
      const into = Buffer.alloc(Math.max(0, expected.length - 20 + more));
      const end = write(one, into, 0);
      if (end >= 0) expect(into.subarray(0, end).equals(expected)).toBe(true);
      else expect([TOO_LONG, NOT_HERE]).toContain(end);
    }),
    { numRuns: 500 },
  );
});

it.each([
  ['a number in a text column', { name: 5 }],
  ['a text in a number column', { n: '5' }],
  ['a fraction in an integer column', { n: 1.5 }],
  ['no day', { day: 'tomorrow' }],
  ['null in a key', { id: null }],
])('%s is refused, as by avsc', (_, wrong) => {
  const good: TableRecord = {
    id: 'a',
    part: 1,
    day_of: '2026-01-02',
    n: 1,
    x: 1,
    ok: true,
    at: 1,
    day: null,
    props: null,
    name: null,
    _extra: null,
  };
  expect(() => codec.body(good)).not.toThrow();
  expect(() => bodyType.toBuffer({ ...good, ...wrong })).toThrow();
  expect(() => codec.body({ ...good, ...wrong } as TableRecord)).toThrow();
});
