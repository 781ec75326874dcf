import { describe, expect, expectTypeOf, it } from 'vitest';
import { table } from '../../src/sdk/define.ts';
import { date, integer, json, number, text, timestamp } from '../../src/sdk/fields.ts';
import type { RecordOf, TableDefinition } from '../../src/core/table.ts';

async function* nothing(): AsyncGenerator<never, void, void> {}

const good = {
  name: 'things',
  docs: 'Vendor: things',
  documentedKey: ['thingId'],
  key: ['thing_id'],
  method: 'full_table',
  fields: { thing_id: text('Id'), size: integer('Size'), _merged_into: text('Id of the row it went into') },
  read: nothing,
  deletes: 'none',
} as const;

const faultsOf = (change: object): string => {
  try {
    table({ ...good, ...change } as unknown as TableDefinition);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('table', () => {
  it('returns a good definition with its row type', () => {
    const things = table({ ...good, key: ['thing_id'] });
    expect(things.name).toBe('things');
    expectTypeOf<RecordOf<typeof things.fields>>().toEqualTypeOf<{
      readonly thing_id: string | null;
      readonly size: number | bigint | null;
      readonly _merged_into: string | null;
    }>();
  });

  it.each([
    ['a key that is no field', { key: ['nope'], keyReason: 'x' }, 'key column "nope"'],
    ['a key that differs without a reason', { key: ['thing_id', 'size'] }, 'keyReason'],
    ['no key', { key: [], documentedKey: [] }, 'no key'],
    ['a doubled key column', { key: ['thing_id', 'thing_id'], keyReason: 'x' }, 'twice'],
    ['a camel-case column', { fields: { ...good.fields, someName: text('x') } }, 'someName'],
    ['an engine column', { fields: { ...good.fields, _extra: json('x') } }, 'reserved'],
    ['a landing column', { fields: { ...good.fields, _kafka_offset: integer('x') } }, 'reserved'],
    ['an undocumented column', { fields: { ...good.fields, other: text('') } }, 'no doc'],
    ['a masked key', { fields: { ...good.fields, thing_id: text('x').masked() } }, 'masked'],
    ['a floating key', { fields: { ...good.fields, thing_id: number('x') } }, 'type number'],
    ['a default outside the key', { fields: { ...good.fields, size: integer('x').orWhenMissing(0) } }, 'not part of the key'],
    ['an unknown scope', { scope: ['nope'] }, 'scope column'],
    ['an unknown replication key', { replicationKey: 'nope' }, 'replicationKey'],
    ['a mark in the key', { fields: { ...good.fields, thing_id: text('x').mark() } }, 'is a mark'],
    ['flag without a rule', { deletes: 'flag' }, 'nothing tells'],
    ['a name with capitals', { name: 'Things' }, 'its name'],
  ])('refuses %s', (_, change, words) => {
    expect(faultsOf(change)).toContain(words);
  });
});

describe('a field', () => {
  it('is never changed by its methods', () => {
    const plain = timestamp('When');
    const changed = plain.epoch('s').from('a.b').masked();
    expect(plain.path).toBeUndefined();
    expect(plain.secret).toBeUndefined();
    expect(changed).toMatchObject({ type: 'timestamp', doc: 'When', path: 'a.b', epochUnit: 's', secret: true });
    expect(Object.isFrozen(date('x'))).toBe(true);
  });
});
