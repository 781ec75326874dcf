import { mkdtempSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type IndexEntry, type LiveIndex, openLiveIndex } from '../../src/state/live-index.ts';
import { waitingRoom } from '../../src/state/waiting-rows.ts';
import { covered, gone, hash, identity, indexFolder, names, noScope, put } from './index-rows.ts';

const folder = indexFolder();
const openIndex = (over: Partial<typeof identity> = {}): LiveIndex =>
  folder.closedAfter(openLiveIndex(folder.directory, { ...identity, ...over }));
const storeFile = (): string => join(folder.directory, readdirSync(folder.directory).find((name) => name.endsWith('.mdb')) as string);

describe('the live index', () => {
  it('keeps rows and offsets over a restart', async () => {
    const first = openIndex();
    expect(first.rebuildReason()).toBe('there was none');
    first.apply([put('a', '1'), put('b', '1')], covered(5n));
    first.apply(
      [gone('b'), put('c', '2')],
      new Map([
        [0, 7n],
        [3, 2n],
      ]),
    );
    await first.close();
    const second = openIndex();
    expect(second.rebuildReason()).toBeUndefined();
    expect(second.size()).toBe(2);
    expect(second.get(hash('a'))).toEqual(hash('1'));
    expect(second.get(hash('b'))).toBeUndefined();
    expect(second.coveredOffsets()).toEqual(
      new Map([
        [0, 7n],
        [3, 2n],
      ]),
    );
  });

  it('keeps in memory what it was given outside a scan until it is enough, and shows it all the same', async () => {
    const index = folder.closedAfter(openLiveIndex(folder.directory, identity, Date.now, waitingRoom(800_000)));
    const many = Array.from({ length: 13_000 }, (_, i) => `k${i}`);
    const onDisk = (): number => statSync(storeFile()).size;
    const before = onDisk();
    index.apply(
      many.slice(0, 6_000).map((name) => put(name, '1')),
      covered(1n),
    );
    expect(onDisk()).toBe(before);
    expect(index.get(hash('k5'))).toEqual(hash('1'));
    index.apply([put('k5', '2'), gone('k6')], covered(2n));
    expect([index.get(hash('k5')), index.get(hash('k6')), index.get(hash('k7'))]).toEqual([hash('2'), undefined, hash('1')]);
    index.apply(
      many.slice(6_000).map((name) => put(name, '1')),
      covered(3n),
    );
    expect(onDisk()).toBeGreaterThan(before);
    index.apply([gone('k5')], covered(4n));
    index.clear('test');
    expect([index.get(hash('k5')), index.size(), index.coveredOffsets().size]).toEqual([undefined, 0, 0]);
    await index.close();
  });

  it.each([
    ['has rows wait while there is room for them', 1_000_000, true],
    ['has no rows wait where there is no room', 0, false],
  ])('%s, and shows them either way', async (_, most, waits) => {
    const room = waitingRoom(most);
    const index = folder.closedAfter(openLiveIndex(folder.directory, identity, Date.now, room));
    const print = { text: hash('text'), shapedBy: hash('shape') };
    const changes: [() => unknown, string, string | undefined][] = [
      [() => index.apply([put('a', '1', 'A'), put('b', '1', 'A')], covered(1n)), 'a', '1'],
      [() => index.apply([put('a', '2', 'B')], covered(2n)), 'a', '2'],
      [() => index.apply([gone('b')], covered(3n)), 'b', undefined],
      [() => index.applyInTurns([put('a', '3', 'B')], covered(4n)), 'a', '3'],
      [() => index.learn([{ keyHash: hash('a'), rowHash: hash('3'), print }]), 'a', '3'],
    ];
    for (const [change, key, row] of changes) {
      await change();
      expect(room.taken > 0).toBe(waits);
      expect(index.get(hash(key))).toEqual(row === undefined ? undefined : hash(row));
    }
    expect(index.holds(hash('a'), print)).toBe(true);
    for (const [scope, held] of [
      ['A', []],
      ['B', ['a']],
    ] as const)
      expect([names(index.keysInScope(hash(scope, 8))), index.holdsScope(hash(scope, 8))]).toEqual([held, held.length > 0]);
    expect([index.size(), room.taken]).toEqual([1, 0]);
  });

  it('shares the memory for rows that wait with all other indexes', () => {
    const room = waitingRoom(1_000_000);
    const several = Array.from({ length: 20 }, (_, i) =>
      folder.closedAfter(openLiveIndex(join(folder.directory, `of ${i}`), identity, Date.now, room)),
    );
    for (let round = 0; round < 5; round += 1)
      for (const [at, index] of several.entries()) {
        index.apply(
          Array.from({ length: 300 }, (_, i) => put(`k${round} ${i}`, '1')),
          covered(BigInt(round)),
        );
        expect(room.taken).toBeLessThanOrEqual(room.most);
        if (at === 0) expect(room.taken).toBeGreaterThan(0);
      }
    for (const index of several) expect(index.size()).toBe(1_500);
    expect(room.taken).toBe(0);
  });

  it('never moves an offset back', () => {
    const index = openIndex();
    index.apply([], covered(9n));
    index.apply([], covered(4n));
    expect(index.coveredOffsets()).toEqual(covered(9n));
  });

  it('takes nothing of a call that fails half-way', () => {
    const index = openIndex();
    function* failing(): Generator<IndexEntry> {
      yield put('a', '1');
      throw new Error('cut');
    }
    expect(() => index.apply(failing(), covered(1n))).toThrow(/cannot be used/);
    expect(index.size()).toBe(0);
    expect(index.coveredOffsets().size).toBe(0);
  });

  it.each([
    ['another topic', { topic: 'other' }],
    ['another schema', { valueSchemaId: 8 }],
  ])('starts empty for %s', async (_, over) => {
    const first = openIndex();
    first.apply([put('a', '1')], covered(1n));
    await first.close();
    const second = openIndex(over);
    expect(second.rebuildReason()).toMatch(/another topic, schema or release/);
    expect(second.size()).toBe(0);
    expect(second.coveredOffsets().size).toBe(0);
  });

  describe('with a damaged file', () => {
    const filled = async (): Promise<void> => {
      const index = openIndex();
      index.apply(
        Array.from({ length: 5000 }, (_, i) => put(`k${i}`, 'x')),
        covered(5000n),
      );
      await index.close();
    };
    it.each([
      ['garbage', () => writeFileSync(storeFile(), Buffer.alloc(50_000, 0xab))],
      ['nothing in it', () => writeFileSync(storeFile(), '')],
      ['a few bytes', () => writeFileSync(storeFile(), 'hello')],
      ['its end cut off', () => truncateSync(storeFile(), Math.floor(statSync(storeFile()).size / 2))],
      ['all but the first pages cut off', () => truncateSync(storeFile(), 8192)],
      ['half of the first page', () => truncateSync(storeFile(), 100)],
      [
        'zeros after the first pages',
        () => {
          const size = statSync(storeFile()).size;
          truncateSync(storeFile(), 8192);
          truncateSync(storeFile(), size);
        },
      ],
    ])('%s: starts empty, says so and works', async (_, damage) => {
      await filled();
      damage();
      const index = openIndex();
      expect(index.rebuildReason()).toMatch(/not a|cannot be read|another topic/);
      expect(index.size()).toBe(0);
      index.apply([put('a', '1')], covered(1n));
      await index.close();
      const again = openIndex();
      expect(again.rebuildReason()).toBeUndefined();
      expect(again.get(hash('a'))).toEqual(hash('1'));
    });
  });

  it('lists a scope, also after rows moved between scopes, and survives deletes while listing', () => {
    const index = openIndex();
    index.apply(
      Array.from({ length: 2500 }, (_, i) => put(`a${i}`, 'x', 'parent-1')),
      covered(1n),
    );
    index.apply([put('b1', 'x', 'parent-2'), put('a0', 'y', 'parent-2'), gone('a1')], covered(2n));
    expect(names(index.keysInScope(hash('parent-2', 8)))).toEqual(['a0', 'b1']);
    let listed = 0;
    for (const row of index.keysInScope(hash('parent-1', 8))) {
      listed += 1;
      index.apply([{ keyHash: row.keyHash, row: null }], covered(2n));
    }
    expect(listed).toBe(2498);
    expect(names(index.entries())).toEqual(['a0', 'b1']);
    expect(names(index.keysInScope(noScope))).toEqual(['a0', 'b1']);
    expect(names(index.keysInScope(hash('parent-3', 8)))).toEqual([]);
  });
});

describe('the scopes', () => {
  it('are one of all rows where the table has none', () => {
    const index = openIndex();
    index.apply([put('a', '1'), put('b', '1')], covered(1n));
    expect(names(index.keysInScope(noScope))).toEqual(['a', 'b']);
  });

  it('are listed once each, however many rows they have, and known by themselves', () => {
    const index = openIndex();
    const rows = ['a', 'b', 'c'].flatMap((scope) =>
      Array.from({ length: scope === 'b' ? 1_500 : 2 }, (_, i) => put(`${scope}${i}`, '1', scope)),
    );
    index.apply([...rows, put('none', '1')], covered(5n));
    expect([...index.scopes()].map(({ scopeHash }) => scopeHash.toString('hex')).sort()).toEqual(
      ['a', 'b', 'c'].map((scope) => hash(scope, 8).toString('hex')).sort(),
    );
    expect(['a', 'd'].map((scope) => index.holdsScope(hash(scope, 8)))).toEqual([true, false]);
    index.apply([gone('a0'), gone('a1')], covered(7n));
    expect(index.holdsScope(hash('a', 8))).toBe(false);
    expect([...index.scopes()]).toHaveLength(2);
  });

  it('remember how often their parent was asked about, over restarts and rebuilds, for the life of the topic', async () => {
    const first = openIndex();
    first.trust('one', 1_000);
    first.noteOrphan(hash('a', 8));
    first.noteOrphan(hash('a', 8));
    first.clear('it had not been brought up to date for too long');
    await first.close();
    const second = openIndex();
    second.trust('one', 1_000);
    expect(['a', 'b'].map((scope) => second.orphanChecks(hash(scope, 8)))).toEqual([2, 0]);
    second.trust('two', 1_000);
    expect(second.orphanChecks(hash('a', 8))).toBe(0);
  });
});

describe('against a model', () => {
  const key = fc.integer({ min: 0, max: 12 }).map((n) => `k${n}`);
  const step = fc.oneof(
    fc.record({ do: fc.constant('put' as const), key, row: fc.constantFrom('1', '2'), scope: fc.constantFrom(undefined, 'A', 'B') }),
    fc.record({ do: fc.constant('gone' as const), key }),
    fc.record({ do: fc.constant('seen' as const), key }),
    fc.record({ do: fc.constant('begin' as const) }),
    fc.record({ do: fc.constant('end' as const) }),
    fc.record({ do: fc.constant('reopen' as const) }),
    fc.record({ do: fc.constant('clear' as const) }),
  );

  it('holds the rows, scopes and scans a plain map holds, over any restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
        const home = mkdtempSync(join(folder.directory, 'model-'));
        let index = openLiveIndex(home, identity);
        try {
          const rows = new Map<string, { row: string; scope: string | undefined; missed: number; seenNow: boolean }>();
          let scanning = false;
          let offset = 0n;
          let scans = 0;
          for (const [at, s] of steps.entries()) {
            if (s.do === 'put') {
              index.apply([put(s.key, s.row, s.scope)], covered((offset += 1n)));
              rows.set(s.key, { row: s.row, scope: s.scope, missed: 0, seenNow: true });
            } else if (s.do === 'gone') {
              index.apply([gone(s.key)], covered((offset += 1n)));
              rows.delete(s.key);
            } else if (s.do === 'seen') {
              index.markSeen([hash(s.key)]);
              const row = rows.get(s.key);
              if (scanning && row) Object.assign(row, { missed: 0, seenNow: true });
            } else if (s.do === 'begin') {
              index.beginScan(`scan ${at}`);
              scanning = true;
              for (const row of rows.values()) row.seenNow = false;
            } else if (s.do === 'end') {
              index.endScan();
              if (scanning) {
                scans += 1;
                for (const row of rows.values()) row.missed = row.seenNow ? 0 : row.missed + 1;
              }
              scanning = false;
            } else if (s.do === 'reopen') {
              await index.close();
              index = openLiveIndex(home, identity);
              expect(index.rebuildReason()).toBeUndefined();
            } else {
              index.clear('test');
              rows.clear();
              [scanning, scans, offset] = [false, 0, 0n];
            }
            // Before anything is asked that puts on disk what waits.
            const row = 'key' in s ? rows.get(s.key)?.row : undefined;
            if ('key' in s) expect(index.get(hash(s.key))).toEqual(row === undefined ? undefined : hash(row));
          }
          expect(index.size()).toBe(rows.size);
          expect(index.coveredOffsets()).toEqual(offset === 0n && index.coveredOffsets().size === 0 ? new Map() : covered(offset));
          for (const [name, { row }] of rows) expect(index.get(hash(name))).toEqual(hash(row));
          for (const scope of ['A', 'B']) {
            expect(names(index.keysInScope(hash(scope, 8)))).toEqual(
              [...rows]
                .filter(([, r]) => r.scope === scope)
                .map(([name]) => name)
                .sort(),
            );
          }
          const missing = (row: { missed: number; seenNow: boolean }): number =>
            scanning ? (row.seenNow ? 0 : row.missed + 1) : row.missed;
          for (const absent of [1, 2, 3]) {
            const expected =
              scans + (scanning ? 1 : 0) < absent
                ? []
                : [...rows]
                    .filter(([, r]) => missing(r) >= absent)
                    .map(([name]) => name)
                    .sort();
            expect(names(index.vanished(absent))).toEqual(expected);
          }
        } finally {
          await index.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});
