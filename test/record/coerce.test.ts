import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/core/json/parse.ts';
import type { Row } from '../../src/core/types.ts';
import { compileCoerce } from '../../src/record/coerce.ts';
import { table } from '../../src/sdk/define.ts';
import { boolean, date, integer, json, number, text, timestamp } from '../../src/sdk/fields.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';

const things = (change: Partial<TableDefinition> = {}): TableDefinition =>
  table({
    name: 'things',
    docs: 'Vendor: things',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    deletes: 'none',
    fields: {
      id: text('Id'),
      name: text('Name'),
      size: integer('Size'),
      rate: number('Rate'),
      is_on: boolean('On'),
      created_at: timestamp('Made'),
      born: date('Birthday'),
      tags: json('Tags'),
      city: text('City').from('location.city'),
      zip: integer('Zip').from('location.zip'),
    },
    async *read() {},
    ...change,
  }) as TableDefinition;

function coerced(row: unknown, definition = things()): TableRecord & { misfits: number; unknown: number } {
  const result = compileCoerce(definition)(row as Row);
  if (result.refused !== undefined) throw new Error(`${result.refused}: ${result.detail}`);
  return { ...result.record, misfits: result.misfits, unknown: result.unknown } as never;
}
const column = (name: string, value: unknown): unknown => coerced({ id: 'x', [name]: value })[name];
const extraOf = (row: unknown, definition = things()): unknown =>
  JSON.parse((coerced(row, definition)['_extra'] as string | null) ?? 'null');

describe('coercion of one value', () => {
  it.each([
    ['name', 'a', 'a'],
    ['name', 5, '5'],
    ['name', true, 'true'],
    ['name', 2n ** 70n, (2n ** 70n).toString()],
    ['name', '', ''],
    ['size', 5, 5],
    ['size', '5', 5],
    ['size', -0, 0],
    ['size', 2n ** 63n - 1n, 2n ** 63n - 1n],
    ['size', '-9223372036854775808', -(2n ** 63n)],
    ['size', 42n, 42],
    ['rate', 1.5, 1.5],
    ['rate', '1.50', 1.5],
    ['rate', 7n, 7],
    ['rate', '-2e3', -2000],
    ['rate', '0.000', 0],
    ['is_on', true, true],
    ['is_on', 'false', false],
    ['is_on', 1, true],
    ['is_on', 0, false],
    ['created_at', '2024-02-29T12:34:56.789Z', Date.UTC(2024, 1, 29, 12, 34, 56, 789)],
    ['created_at', '2024-02-29 12:34:56', Date.UTC(2024, 1, 29, 12, 34, 56)],
    ['created_at', '2024-02-29T12:34', Date.UTC(2024, 1, 29, 12, 34)],
    ['created_at', '2024-02-29T12:34:56.5+05:30', Date.UTC(2024, 1, 29, 7, 4, 56, 500)],
    ['created_at', '2024-02-29T12:34:56-0800', Date.UTC(2024, 1, 29, 20, 34, 56)],
    ['created_at', '2024-02-29T12:34:56.000000+00', Date.UTC(2024, 1, 29, 12, 34, 56)],
    ['created_at', '2024-02-29', Date.UTC(2024, 1, 29)],
    ['created_at', '0001-01-01T00:00:00Z', -62_135_596_800_000],
    ['created_at', '9999-12-31T23:59:59.999Z', 253_402_300_799_999],
    ['born', '1999-12-31', '1999-12-31'],
    ['born', '1999-12-31T00:00:00Z', '1999-12-31'],
    ['tags', { b: 1, a: [null] }, '{"a":[null],"b":1}'],
    // A list or object that the vendor sends as JSON text is that very thing, not a text of it.
    ['tags', '{"b":1,"a":[2]}', '{"a":[2],"b":1}'],
    ['tags', ' [1, 2]', '[1,2]'],
    ['tags', '[no JSON', '"[no JSON"'],
    ['tags', 'x', '"x"'],
    ['tags', [], '[]'],
    ['tags', '\u0000\ud800', '"\\u0000\\ud800"'],
  ])('%s takes %s', (name, value, native) => {
    expect(column(name, value)).toBe(native);
    expect(coerced({ id: 'x', [name]: value })).toMatchObject({ _extra: null, misfits: 0, unknown: 0 });
  });

  it.each([
    ['name', { a: 1 }],
    ['name', ['a']],
    ['size', 1.5],
    ['size', '1.0'],
    ['size', '007'],
    ['size', ''],
    ['size', true],
    ['size', '9223372036854775808'],
    ['size', 1e300],
    ['rate', 'NaN'],
    ['rate', '0x10'],
    ['rate', '1e999'],
    ['rate', {}],
    ['is_on', 'yes'],
    ['is_on', 2],
    ['created_at', '0000-01-01T00:00:00Z'],
    ['created_at', '0001-01-01T00:00:00+01:00'],
    ['created_at', '9999-12-31T23:59:59-01:00'],
    ['created_at', '2023-02-29T00:00:00Z'],
    ['created_at', '2023-01-01T24:00:00Z'],
    ['created_at', '2023-01-01T00:00:60Z'],
    ['created_at', '10000-01-01'],
    ['created_at', 1_700_000_000],
    ['created_at', '2023-01-01T00:00:00.Z'],
    ['created_at', '2023-01-01T00:00:00 UTC'],
    ['created_at', 'soon'],
    ['born', '2023-13-01'],
    ['born', '2023-01-01T05:00:00Z'],
    ['born', '2023-01-01T01:00:00+01:00'],
    ['born', 20230101],
  ])('%s leaves %s to _extra', (name, value) => {
    expect(column(name, value)).toBeNull();
    expect(extraOf({ id: 'x', [name]: value })).toEqual({ [name]: value });
    expect(coerced({ id: 'x', [name]: value }).misfits).toBe(1);
  });

  it('keeps the original of what fits only approximately', () => {
    expect(coerced({ id: 'x', createdAt: '2024-01-01T00:00:00.1234567Z' })).toMatchObject({
      created_at: Date.UTC(2024, 0, 1) + 123,
      misfits: 0,
    });
    expect(extraOf({ id: 'x', createdAt: '2024-01-01T00:00:00.1234567Z' })).toEqual({ createdAt: '2024-01-01T00:00:00.1234567Z' });
    expect(coerced(parseJson('{"id":"x","rate":0.12345678901234567890}'))).toMatchObject({
      rate: 0.12345678901234568,
      _extra: '{"rate":0.12345678901234567890}',
    });
    expect(coerced(parseJson('{"id":"x","rate":1e400}'))).toMatchObject({ rate: null, _extra: '{"rate":1e400}' });
    expect(coerced(parseJson('{"id":"x","tags":[12345678901234567890]}'))).toMatchObject({ tags: '[12345678901234567890]', _extra: null });
  });

  it('replaces what no landing can store and keeps the original escaped', () => {
    expect(coerced({ id: 'x', name: 'a\u0000b\ud800c😀' })).toMatchObject({
      name: 'a\ufffdb\ufffdc😀',
      _extra: '{"name":"a\\u0000b\\ud800c😀"}',
      misfits: 1,
    });
  });

  it('reads epoch times only where the definition names the unit', () => {
    const definition = things({ fields: { id: text('Id'), s: timestamp('s').epoch('s'), ms: timestamp('ms').epoch('ms') } });
    expect(coerced({ id: 'x', s: 1_700_000_000.123, ms: 1_700_000_000_123 }, definition)).toMatchObject({
      s: 1_700_000_000_123,
      ms: 1_700_000_000_123,
      _extra: null,
    });
    expect(coerced({ id: 'x', s: '1700000000', ms: '2023-11-14T22:13:20Z' }, definition)).toMatchObject({
      s: 1_700_000_000_000,
      ms: 1_700_000_000_000,
    });
    expect(coerced({ id: 'x', s: 1e18 }, definition)).toMatchObject({ s: null, misfits: 1 });
  });
});

describe('coercion of a row', () => {
  it('finds columns by their snake-case name and by path, and leaves the rest of a used object to _extra', () => {
    const row = {
      id: 'x',
      isOn: true,
      CreatedAt: '2024-01-01',
      location: { city: 'Bonn', zip: 'D-53111', geo: { lat: 1 } },
      newField: null,
    };
    expect(coerced(row)).toMatchObject({ is_on: true, created_at: Date.UTC(2024, 0, 1), city: 'Bonn', zip: null, misfits: 1, unknown: 1 });
    // A null says nothing: `_extra IS NOT NULL` finds the rows that hold more than their columns.
    expect(extraOf(row)).toEqual({ location: { zip: 'D-53111', geo: { lat: 1 } } });
    expect(coerced({ id: 'x', newField: null, other: null })).toMatchObject({ _extra: null, unknown: 0 });
    expect(coerced({ id: 'x', newField: {}, other: { a: null, b: { c: null, d: {} } } })).toMatchObject({ _extra: null, unknown: 0 });
    expect(coerced(parseJson('{"id":"x","newField":{"a":null,"b":{"c":1e400}},"list":[null]}'))).toMatchObject({
      _extra: '{"list":[null],"newField":{"a":null,"b":{"c":1e400}}}',
      unknown: 2,
    });
  });

  it('leaves a text where an object was expected to _extra', () => {
    expect(extraOf({ id: 'x', location: 'Bonn' })).toEqual({ location: 'Bonn' });
    expect(extraOf({ id: 'x', location: null })).toBeNull();
  });

  it('settles two names for one column without looking at their order', () => {
    for (const row of [
      { id: 'x', isOn: true, is_on: false, IsOn: true },
      { IsOn: true, is_on: false, isOn: true, id: 'x' },
    ]) {
      expect(coerced(row)).toMatchObject({ is_on: false, _extra: '{"IsOn":true,"isOn":true}', unknown: 2 });
    }
  });

  it('drops what the table ignores and nothing else', () => {
    expect(extraOf({ id: 'x', links: { self: 'u' }, Links: 1 }, things({ ignore: ['links'] }))).toEqual({ Links: 1 });
  });

  it('derives, and keeps the source of what could not be derived', () => {
    const definition = things({
      fields: {
        id: text('Id'),
        n: integer('N')
          .from('raw')
          .of((row) => (row['raw'] === 'bad' ? undefined : Number(row['raw']) * 2)),
        boom: text('B').of(() => {
          throw new Error('no');
        }),
      },
    });
    expect(coerced({ id: 'x', raw: '4' }, definition)).toMatchObject({ n: 8, _extra: null });
    expect(coerced({ id: 'x', raw: 'bad' }, definition)).toMatchObject({ n: null, boom: null, _extra: '{"raw":"bad"}', misfits: 2 });
  });

  it('refuses a row whose key is missing, does not fit or would be changed', () => {
    const refusal = (row: unknown, definition = things()): unknown => compileCoerce(definition)(row as Row).refused;
    expect(refusal({})).toBe('missing_key');
    expect(refusal({ id: null })).toBe('missing_key');
    expect(refusal({ id: { a: 1 } })).toBe('bad_key');
    expect(refusal({ id: 'a\u0000' })).toBe('bad_key');
    const byTime = things({ fields: { id: timestamp('When') } });
    expect(refusal({ id: '2024-01-01T00:00:00.123456Z' }, byTime)).toBe('bad_key');
    const replaced = things({ fields: { id: integer('Id').orWhenMissing(0) } });
    expect(coerced({}, replaced)['id']).toBe(0);
    expect(refusal({ id: 'x' }, replaced)).toBe('bad_key');
  });

  it('masks secrets in their columns and beside them', () => {
    const definition = things({ fields: { id: text('Id'), token: text('T').masked(), settings: json('S').masked() } });
    const row = {
      id: 'x',
      token: 'abcdefghijklmnop',
      settings: {
        host: 'h',
        apiKey: 'sk_live_1234567890',
        nested: [{ password: 'p', user: 'u' }],
        privateKey: { pem: ['long enough to show'] },
        tokenCount: 3,
      },
      credentials: { a: 'whatever' },
      plain: 'kept',
    };
    expect(coerced(row, definition)).toMatchObject({ token: '••••mnop' });
    expect(JSON.parse(coerced(row, definition)['settings'] as string)).toEqual({
      host: 'h',
      apiKey: '••••7890',
      nested: [{ password: '••••', user: 'u' }],
      privateKey: { pem: ['••••show'] },
      tokenCount: '••••',
    });
    expect(extraOf(row, definition)).toEqual({ credentials: { a: '••••' }, plain: 'kept' });
    expect(
      JSON.stringify(coerced({ id: 'x', token: { deep: 'secret-value-1234' }, Token: 'secret-value-5678' }, definition)),
    ).not.toContain('secret-value');
  });

  it('takes 10,000 unknown fields, names like __proto__, and deep nesting within reason', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field${i}`, i]));
    expect(coerced({ id: 'x', ...many }).unknown).toBe(10_000);
    expect(Object.keys(extraOf({ id: 'x', ...many }) as object).length).toBe(10_000);
    const odd = parseJson('{"id":"x","__proto__":{"polluted":1},"constructor":2,"location":{"__proto__":3}}');
    expect(coerced(odd)['_extra']).toBe('{"__proto__":{"polluted":1},"constructor":2,"location":{"__proto__":3}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
    expect(compileCoerce(things())({ id: 'x', tags: deep }).refused).toBe('too_deep');
    expect(compileCoerce(things())({ id: 'x', other: deep }).refused).toBe('too_deep');
  });
});

describe('for any row', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.constantFrom('2024-01-01', '2024-01-01T00:00:00.000001Z', '12', 'true', 'a\ud800'),
  );
  const anyJson = fc.jsonValue({ noUnicodeString: false } as never);
  const value = fc.oneof(
    anyJson,
    anyText,
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const member = fc.oneof(
    fc.constantFrom('name', 'Name', 'size', 'rate', 'isOn', 'is_on', 'createdAt', 'born', 'tags', 'location', '__proto__'),
    fc.string(),
  );
  const location = fc.dictionary(fc.oneof(fc.constantFrom('city', 'zip'), fc.string()), value);
  const row = fc.array(fc.tuple(member, fc.oneof(value, location)), { maxLength: 12 }).map((pairs) => {
    const made: Record<string, unknown> = Object.create(null);
    for (const [name, given] of [...pairs, ['id', 'x'] as const]) made[name] = given;
    return made;
  });
  const coerce = compileCoerce(things());
  const saysNothing = (v: unknown): boolean =>
    v === null || (typeof v === 'object' && !Array.isArray(v) && Object.values(v).every(saysNothing));
  const leaf = (v: unknown): string =>
    typeof v === 'object' && v !== null
      ? JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? `${x}` : Object.is(x, -0) ? 0 : x))
      : String(v);

  it('coercion never throws and loses nothing: every value is in a column or in _extra', () => {
    fc.assert(
      fc.property(row, (given) => {
        const result = coerce(given as Row);
        if (result.refused !== undefined) throw new Error(result.detail);
        const { record } = result;
        const extra = record['_extra'] === null ? {} : (parseJson(record['_extra'] as string) as Record<string, unknown>);
        const kept = (path: readonly string[], v: unknown): boolean => {
          let at: unknown = extra;
          for (const name of path)
            at = at !== null && typeof at === 'object' && Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined;
          return at !== undefined && canonical(at) === canonical(v) && (typeof v !== 'bigint' || String(at) === String(v));
        };
        const inColumn = (v: unknown): boolean =>
          Object.entries(record).some(([name, held]) => {
            if (name === '_extra' || held === null) return false;
            if (String(held) === leaf(v) || Object.is(held, v)) return true;
            // The parser gives such a number as a bigint; as a double its digits are the exact ones, not the shortest.
            if (typeof v === 'number' && Number.isInteger(v) && !Number.isSafeInteger(v)) return String(held) === String(BigInt(v));
            if (typeof v === 'bigint' && typeof held === 'number') return Number.isInteger(held) && BigInt(held) === v;
            if (typeof held === 'boolean') return v === Number(held) || v === String(held);
            if (name === 'tags') return canonical(parseJson(held as string)) === canonical(v);
            if (name === 'created_at' || name === 'born')
              return typeof v === 'string' && new Date(held as never).getTime() === Date.parse(v as string);
            return (name === 'size' || name === 'rate') && typeof v === 'string' && Number(v) === Number(held);
          });
        for (const name of Object.keys(given)) {
          const v = given[name];
          if (name === 'location' && v !== null && typeof v === 'object' && !Array.isArray(v)) {
            for (const [inner, w] of Object.entries(v))
              if (!saysNothing(w)) expect(inColumn(w) || kept([name, inner], w), `location.${inner}`).toBe(true);
          } else if (!saysNothing(v)) expect(inColumn(v) || kept([name], v), name).toBe(true);
        }
      }),
      { numRuns: 2000, examples: [[{ id: 'x', rate: 30_023_997_515_803_312n }]] },
    );
  });

  it('equal data gives equal records whatever the order of the members', () => {
    fc.assert(
      fc.property(row, (given) => {
        const turned: Record<string, unknown> = Object.create(null);
        for (const name of Object.keys(given).reverse()) turned[name] = given[name];
        expect(coerce(turned as Row)).toEqual(coerce(given as Row));
      }),
    );
  });
});

const canonical = (v: unknown): string =>
  JSON.stringify(v, (_, x) => {
    if (typeof x === 'bigint' || typeof x === 'number') return Number(x) + 0;
    return x !== null && typeof x === 'object' && !Array.isArray(x)
      ? Object.fromEntries(Object.entries(x).sort(([a], [b]) => (a < b ? -1 : 1)))
      : x;
  });

it.each([
  ['{"b": [1, 2], "a": 12345678901234567890}', '{"a":12345678901234567890,"b":[1,2]}'],
  [' [1, {}]', '[1,{}]'],
  ['{"a":', '"{\\"a\\":"'],
  ['gold', '"gold"'],
  ['7', '"7"'],
])('JSON that comes as text is JSON in its column, and other text is text: %j', (given, held) => {
  const coerced = compileCoerce(things({ fields: { id: text('Id'), j: json('J') } }))({ id: '1', j: given });
  expect(coerced).toMatchObject({ record: { j: held } });
});

it('hides the secrets in JSON that comes as text', () => {
  const coerced = compileCoerce(things({ fields: { id: text('Id'), j: json('J').masked() } }))({
    id: '1',
    j: '{"apiKey":"s3cret-value-1234"}',
  });
  expect(JSON.stringify(coerced)).not.toContain('s3cret-value-1234');
  expect(coerced).toMatchObject({ record: { j: expect.stringContaining('apiKey') } });
});
