import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { seal } from '../../src/state/index-file.ts';
import { type IndexEntry, type LiveIndex, openLiveIndex, type PrintedRow } from '../../src/state/live-index.ts';
import { covered, hash, identity, indexFolder, put } from './index-rows.ts';

/* Work for more than one transaction (4,000 rows), with one key all the time, so that it is quick. */

const folder = indexFolder();
/** Its size is the test's. */
let room: { taken: number; most: number };
let index: LiveIndex;
beforeEach(() => {
  room = { taken: 0, most: 1_000_000_000 };
  index = folder.closedAfter(openLiveIndex(folder.directory, identity, Date.now, room));
});

const changes = (count: number): IndexEntry[] => Array.from({ length: count }, (_, n) => put('a', String(n + 1)));
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
    index.apply(changes(8_001), covered(1n));
    room.most = 0;
    expect(await turnsDuring(index.applyInTurns([put('a', 'last')], covered(2n)))).toBe(2);
    expect([index.get(hash('a')), index.coveredOffsets(), room.taken]).toEqual([hash('last'), covered(2n), 0]);
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
    index.apply(changes(4_001), covered(before + 1n));
    room.most = 0;
    const taking = index.applyInTurns([put('a', 'last')], covered(before + 2n));
    const copy = onDisk(name);
    expect([copy.get(hash('a')), copy.coveredOffsets()]).toEqual([hash('4000'), covered(before)]);
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
