import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deletePair } from '../../src/state/tombstones.ts';
import { decideVanished, type ScanFacts } from '../../src/state/vanished.ts';
import { compileTable } from '../../src/record/codec.ts';
import { table } from '../../src/sdk/define.ts';
import { text } from '../../src/sdk/fields.ts';
import { unframe } from '../../src/record/framing.ts';

const facts = (change: Partial<ScanFacts> = {}): ScanFacts => ({
  intact: true,
  seen: 990,
  live: 1000,
  vanished: 10,
  allowed: 0,
  ...change,
});
const decision = (change: Partial<ScanFacts>): string => {
  const made = decideVanished(facts(change));
  return made.release ? 'release' : made.reason;
};

describe('vanished rows', () => {
  it.each<[string, Partial<ScanFacts>, string]>([
    ['a plausible number', {}, 'release'],
    ['100 of few', { live: 120, vanished: 100, seen: 20 }, 'release'],
    ['101 of few', { live: 120, vanished: 101, seen: 19 }, 'too_many'],
    ['exactly a fifth', { vanished: 200, seen: 800 }, 'release'],
    ['more than a fifth', { vanished: 201, seen: 799 }, 'too_many'],
    ['a quarter, allowed', { vanished: 250, seen: 750, allowed: 250 }, 'release'],
    ['far more than was allowed', { vanished: 600, seen: 400, allowed: 250 }, 'too_many'],
    ['an empty listing', { vanished: 3, live: 3, seen: 0 }, 'empty_listing'],
    ['an empty listing, allowed', { vanished: 3, live: 3, seen: 0, allowed: 3 }, 'release'],
    ['an empty listing larger than allowed', { vanished: 4, live: 4, seen: 0, allowed: 3 }, 'empty_listing'],
    ['a total that agrees', { announced: 990 }, 'release'],
    ['a total that disagrees', { announced: 995 }, 'total_disagrees'],
    ['a total that disagrees, allowed', { announced: 995, allowed: 10 }, 'release'],
    ['a scan that was not followed whole', { intact: false }, 'scan_not_intact'],
    ['a scan that was not followed whole, allowed', { intact: false, allowed: 1000 }, 'scan_not_intact'],
    ['nothing', { vanished: 0, seen: 0, live: 0, intact: false }, 'release'],
  ])('%s', (_, change, expected) => {
    expect(decision(change)).toBe(expected);
  });

  it('a larger allowance never withholds what a smaller one released', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(2000), fc.nat(2000), fc.nat(500), fc.nat(500), (seen, live, vanished, allowed, more) => {
        const given = { seen, live, vanished: Math.min(vanished, live) };
        if (decision({ ...given, allowed }) === 'release') expect(decision({ ...given, allowed: allowed + more })).toBe('release');
      }),
    );
  });
});

describe('a delete', () => {
  it("is a marker with what is known and then a tombstone, both under the row's own key", () => {
    const codec = compileTable(
      'vendor',
      table({
        name: 'things',
        docs: 'Vendor',
        documentedKey: ['id'],
        key: ['id'],
        method: 'full_table',
        deletes: 'scan',
        fields: { id: text('Id'), name: text('Name'), _merged_into: text('Into') },
        async *read() {},
      }) as never,
    );
    const keyBody = codec.keyBody({ id: 'a' });
    const { marker, tombstone } = deletePair(codec, { keySchemaId: 3, valueSchemaId: 4 }, keyBody, 1000, { _merged_into: 'b' });
    expect(unframe(marker.key)).toEqual({ schemaId: 3, payload: keyBody });
    expect(tombstone).toEqual({ key: marker.key, value: null });
    const value = unframe(marker.value);
    expect(value.schemaId).toBe(4);
    expect(codec.decodeValue(value.payload)).toMatchObject({
      record: { id: 'a', name: null, _merged_into: 'b', _extra: null },
      deleted: true,
      syncedAt: 1000,
    });
  });
});
