import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { seal } from '../../src/state/index-file.ts';
import { type IndexEntry, type LiveIndex, openLiveIndex, type PrintedRow } from '../../src/state/live-index.ts';
import { covered, gone, hash, identity, indexFolder, names, put } from './index-rows.ts';

/* Work for more than one transaction (4,000 rows), with one key all the time where that is enough, so that it is quick. */

const folder = indexFolder();
/** Its size is the test's. */
let room: { taken: number; most: number };
let index: LiveIndex;
beforeEach(() => {
  room = { taken: 0, most: 1_000_000_000 };
  index = folder.closedAfter(openLiveIndex(folder.directory, identity, Date.now, room));
});

const changes = (count: number): IndexEntry[] => Array.from({ length: count }, (_, n) => put('a', String(n + 1)));
const keys = (count: number, content: string): IndexEntry[] => Array.from({ length: count }, (_, n) => put(`k${n}`, content));
const print = { text: hash('text'), shapedBy: hash('shape') };
const prints = (count: number, row: string): PrintedRow[] =>
  Array.from({ length: count }, () => ({ keyHash: hash('a'), rowHash: hash(row), print }));

/** How often others had their turn meanwhile. */
async function turnsDuring(work: Promise<void>): Promise<number> {
  let done = false;
  void work.then(() => (done = true));
  // What is done without a turn is done before the first one.
  for (let turns = 0; ; turns += 1) {
    for (let n = 0; n < 20; n += 1) await Promise.resolve();
    if (done) return turns;
    await setImmediate();
  }
}

describe('others have a turn after each 4,000 rows', () => {
  it.each([
    [1, 0],
    [4_000, 0],
    [4_001, 1],
    [8_000, 1],
    [8_001, 2],
  ])('that are taken or learnt: of %i rows, %i', async (count, turns) => {
    expect(await turnsDuring(index.applyInTurns(changes(count), covered(9n)))).toBe(turns);
    index.flush();
    expect(await turnsDuring(index.learn(prints(count, String(count))))).toBe(turns);
    expect([index.get(hash('a')), index.holds(hash('a'), print), index.coveredOffsets()]).toEqual([hash(String(count)), true, covered(9n)]);
  });

  it('that are written because there is no more room', async () => {
    index.apply(keys(8_001, '1'), covered(1n));
    room.most = 0;
    expect(await turnsDuring(index.applyInTurns([put('a', 'last')], covered(2n)))).toBe(3);
    expect([index.get(hash('a')), index.get(hash('k8000')), index.coveredOffsets(), room.taken]).toEqual([
      hash('last'),
      hash('1'),
      covered(2n),
      0,
    ]);
  });

  it.each([
    [4_000, 0],
    [4_001, 2],
    [8_001, 3],
  ])('that are written at the end of a reading: of %i rows, %i', async (count, turns) => {
    index.apply(keys(count, '1'), covered(1n));
    expect(await turnsDuring(index.flushInTurns())).toBe(turns);
    expect([room.taken, index.size(), index.coveredOffsets()]).toEqual([0, count, covered(1n)]);
    expect(await turnsDuring(index.flushInTurns()), 'nothing waits').toBe(0);
  });

  it.each(['written', 'replaced'])('and what is %s in one is not lost', async (what) => {
    index.apply([...keys(8_001, '1'), put('scoped', '1', 'A')], covered(1n));
    const written = index.flushInTurns();
    await setImmediate();
    if (what === 'written') index.flush();
    index.apply([put('k1', '2', 'B'), gone('k2'), put('scoped', '2', 'B')], covered(2n));
    await written;
    index.flush();
    expect([index.get(hash('k1')), index.get(hash('k2')), index.get(hash('k3')), index.size()]).toEqual([
      hash('2'),
      undefined,
      hash('1'),
      8_001,
    ]);
    expect([names(index.keysInScope(hash('A', 8))), names(index.keysInScope(hash('B', 8)))]).toEqual([[], ['k1', 'scoped']]);
    expect([room.taken, index.coveredOffsets()]).toEqual([0, covered(2n)]);
  });
});

it('a process that ends while waiting rows are written reads the topic from its beginning, or from where it was', async () => {
  const onDisk = (name: string): LiveIndex => {
    const copy = join(folder.directory, name);
    const files = readdirSync(folder.directory, { withFileTypes: true }).filter((entry) => entry.isFile());
    mkdirSync(copy);
    for (const { name: file } of files) {
      copyFileSync(join(folder.directory, file), join(copy, file));
      // As it is mended before it is opened.
      if (file.endsWith('.mdb')) seal(join(copy, file));
    }
    return folder.closedAfter(openLiveIndex(copy, identity));
  };
  for (const [name, before] of [
    ['first', 0n],
    ['second', 2n],
  ] as const) {
    room.most = 1_000_000_000;
    index.apply(keys(4_001, name), covered(before + 1n));
    room.most = 0;
    const taking = index.applyInTurns([put('a', name)], covered(before + 2n));
    const copy = onDisk(name);
    const held = [...copy.entries()].filter(({ rowHash }) => rowHash.equals(hash(name)));
    expect([held.length, copy.coveredOffsets()]).toEqual([4_000, covered(before)]);
    await taking;
  }
  expect(index.coveredOffsets()).toEqual(covered(4n));
});

it.each(['closed', 'cleared'])('prints are learnt no more once the index is %s', async (how) => {
  index.apply([put('a', '1')], covered(1n));
  const learning = index.learn(prints(4_001, '1'));
  if (how === 'closed') await index.close();
  else index.clear('a test');
  await learning;
  expect(room.taken).toBe(0);
  if (how === 'cleared') expect(index.get(hash('a'))).toBeUndefined();
});
