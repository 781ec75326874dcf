import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type IndexEntry, type LiveIndex, openLiveIndex, type PrintedRow } from '../../src/state/live-index.ts';
import { type WaitingRoom, waitingRoom } from '../../src/state/waiting-rows.ts';
import { covered, gone, hash, identity, indexFolder, names, put } from './index-rows.ts';

/* More rows than one transaction takes (4,000), in little memory, so that few rows show every way in which they reach the disk. */

const folder = indexFolder();
const openIndex = (room?: WaitingRoom): LiveIndex => folder.closedAfter(openLiveIndex(folder.directory, identity, Date.now, room));
/** What is on disk when the process ends now. */
async function reopened(index: LiveIndex): Promise<LiveIndex> {
  await index.close();
  return openIndex();
}

const COUNT = 4_500;
const rows = (content: string, scope?: string, count = COUNT): IndexEntry[] =>
  Array.from({ length: count }, (_, n) => put(`k${n}`, content, scope));
/** No memory at all: whatever is taken is written. */
const none = (): WaitingRoom => waitingRoom(0);
/** Memory for a slice, and not for all rows. */
const little = (): WaitingRoom => waitingRoom(310_000);
const A = hash('A', 8);
const B = hash('B', 8);

describe('rows that are taken in slices', () => {
  it('leave offset 0 until all of them are there, so that a process that ends before reads the topic from its beginning', async () => {
    const index = openIndex(none());
    const taking = index.applyInTurns(
      rows('1'),
      new Map([
        [0, 9n],
        [3, 4n],
      ]),
    );
    await setImmediate();
    const again = await reopened(index);
    await taking;
    expect(again.coveredOffsets()).toEqual(
      new Map([
        [0, 0n],
        [3, 0n],
      ]),
    );
    expect(again.size()).toBe(4_000);
    again.trust('life', 60_000);
    expect([again.size(), again.rebuildReason()]).toEqual([0, 'its topic was recreated or reset']);
  });

  it('leave the offsets that there were', async () => {
    const index = openIndex(none());
    index.apply([put('first', '1')], covered(5n));
    const taking = index.applyInTurns(rows('1'), covered(9n));
    await setImmediate();
    const again = await reopened(index);
    await taking;
    expect([again.coveredOffsets(), again.size()]).toEqual([covered(5n), 4_001]);
  });

  it('are no more than others that wait: the last slice, and all when there are few, wait for the next write', async () => {
    const room = waitingRoom(10_000_000);
    const index = openIndex(room);
    await index.applyInTurns(rows('1'), covered(9n));
    expect(room.taken).toBeGreaterThan(COUNT * 60);
    expect(index.coveredOffsets()).toEqual(covered(9n));
    index.flush();
    expect(room.taken).toBe(0);
    await index.applyInTurns([put('k1', '2'), gone('k2')], covered(11n));
    expect(room.taken).toBeGreaterThan(0);
    const again = await reopened(index);
    expect([again.size(), again.get(hash('k1')), again.get(hash('k2')), again.coveredOffsets()]).toEqual([
      COUNT - 1,
      hash('2'),
      undefined,
      covered(11n),
    ]);
  });

  it('are written by their keys when memory ends, each into its scope and out of the one before', async () => {
    const room = little();
    const index = openIndex(room);
    index.apply(rows('1', 'A'), covered(1n));
    index.flush();
    const taking = index.applyInTurns(rows('2', 'B'), covered(2n));
    await setImmediate();
    expect(room.taken, 'a slice waits').toBeGreaterThan(0);
    await taking;
    expect(room.taken, 'memory has ended').toBe(0);
    const again = await reopened(index);
    expect([again.size(), again.get(hash(`k${COUNT - 1}`)), again.coveredOffsets()]).toEqual([COUNT, hash('2'), covered(2n)]);
    expect([again.holdsScope(A), [...again.keysInScope(B)].length]).toEqual([false, COUNT]);
  });

  it('are written in their order when a key comes twice', async () => {
    const index = openIndex(little());
    const twice = [...rows('1', 'A', 4_400), gone('k7'), put('k8', '2', 'B'), ...rows('3', 'A', 100), gone('k9'), ...rows('4', 'A', 5)];
    await index.applyInTurns([...twice, ...twice.slice(4_400)], covered(9n));
    const again = await reopened(index);
    expect(['k4', 'k7', 'k9', 'k99', 'k100'].map((key) => again.get(hash(key)))).toEqual(
      ['4', '3', undefined, '3', '1'].map((content) => (content === undefined ? undefined : hash(content))),
    );
    expect([again.size(), again.holdsScope(B), [...again.keysInScope(A)].length]).toEqual([4_399, false, 4_399]);
  });

  it.each(['at once', 'after a turn', 'after two turns', 'after three turns'])('may be listed %s', async (when) => {
    const index = openIndex(little());
    const taking = index.applyInTurns(rows('2', 'B'), covered(2n));
    for (let turns = ['at once', 'after a turn', 'after two turns'].indexOf(when); turns !== 0; turns -= Math.sign(turns))
      await setImmediate();
    const size = index.size();
    expect([4_000, COUNT]).toContain(size);
    expect([...index.keysInScope(B)]).toHaveLength(size);
    index.apply([put('k1', '3', 'A')], covered(3n));
    await taking;
    const again = await reopened(index);
    expect([again.get(hash('k1')), again.size(), names(again.keysInScope(A))]).toEqual([hash('3'), COUNT, ['k1']]);
    expect([...again.keysInScope(B)]).toHaveLength(COUNT - 1);
  });

  it.each(['cleared', 'closed'])('are given up when the index is %s, whatever has waited', async (how) => {
    const index = openIndex(little());
    const taking = index.applyInTurns(rows('1', 'A'), covered(9n));
    await setImmediate();
    if (how === 'cleared') index.clear('a test');
    else await index.close();
    await taking;
    const again = await reopened(index);
    if (how === 'cleared') expect([again.size(), again.holdsScope(A), again.coveredOffsets().size]).toEqual([0, false, 0]);
    // Whole with its offsets, or without them.
    else expect(again.coveredOffsets()).toEqual(covered(again.size() === COUNT ? 9n : 0n));
  });

  it('count as seen by the scan that is open, each as soon as it is taken', async () => {
    const index = openIndex(none());
    index.apply([put('old', '1')], covered(1n));
    index.beginScan('scan');
    const taking = index.applyInTurns([...rows('1'), ...rows('2', undefined, 10)], covered(9n));
    expect([index.seenInScan(), index.coveredOffsets()]).toEqual([4_000, covered(1n)]);
    await taking;
    expect([index.seenInScan(), index.coveredOffsets()]).toEqual([COUNT, covered(9n)]);
    expect(names(index.vanished(1))).toEqual(['old']);
    const found: string[] = [];
    for await (const { keyBody } of index.vanishedInTurns(1)) found.push(String(keyBody));
    expect(found).toEqual(['old']);
  });
});

describe('prints of rows', () => {
  const print = (text: string) => ({ text: hash(text), shapedBy: hash('shape') });
  const printed = (key: string, content: string, text = `${key} as text`): PrintedRow => ({
    keyHash: hash(key),
    rowHash: hash(content),
    print: print(text),
  });
  const holds = (index: LiveIndex, key: string): boolean => index.holds(hash(key), print(`${key} as text`));

  it.each([
    ['that wait', undefined],
    ['that are on disk', none()],
  ])('are learnt for rows %s which are still what they were', async (_, room) => {
    const index = openIndex(room);
    index.apply([put('a', '1', 'A'), put('b', '1'), put('c', '1')], covered(3n));
    expect(holds(index, 'a')).toBe(false);
    index.apply([put('b', '2'), gone('c')], covered(5n));
    await index.learn(['a', 'b', 'c', 'never there'].map((key) => printed(key, '1')));
    const again = await reopened(index);
    expect(['a', 'b', 'c', 'never there'].map((key) => holds(again, key))).toEqual([true, false, false, false]);
    expect(again.holds(hash('a'), print('another text'))).toBe(false);
    expect([again.wasShapedBy(hash('a'), hash('shape')), again.wasShapedBy(hash('a'), hash('other'))]).toEqual([true, false]);
    expect([again.wasShapedBy(hash('b'), hash('shape')), again.wasShapedBy(hash('c'), hash('shape'))]).toEqual([false, false]);
    expect([again.size(), names(again.keysInScope(A)), again.get(hash('a'))], 'nothing else of them changes').toEqual([
      2,
      ['a'],
      hash('1'),
    ]);
    again.apply([put('a', '1', 'A')], covered(6n));
    expect(holds(again, 'a'), 'a row that is read from the topic has none').toBe(false);
  });

  it('that are learnt within a scan show it no row', async () => {
    const index = openIndex();
    index.apply([put('a', '1'), put('b', '1')], covered(2n));
    index.beginScan('scan');
    index.markSeen([hash('b')]);
    await index.learn([printed('a', '1'), printed('b', '1')]);
    expect([holds(index, 'a'), holds(index, 'b'), index.seenInScan()]).toEqual([true, true, 1]);
    expect(names(index.vanished(1))).toEqual(['a']);
    expect(holds(await reopened(index), 'a')).toBe(true);
  });

  it.each(['outside a scan', 'in a scan'])('of many rows are learnt in turns, %s', async (where) => {
    const index = openIndex(none());
    await index.applyInTurns(rows('1'), covered(9n));
    if (where === 'in a scan') index.beginScan('scan');
    const all = Array.from({ length: COUNT }, (_, n) => printed(`k${n}`, '1'));
    let done = false;
    const learning = index.learn(all).then(() => (done = true));
    let turns = 0;
    for (; !done; turns += 1) await setImmediate();
    await learning;
    expect(turns).toBeGreaterThanOrEqual(1);
    expect(all.filter(({ keyHash, print: its }) => !index.holds(keyHash, its))).toEqual([]);
    const again = await reopened(index);
    expect(['k0', 'k4000', 'k4499'].map((key) => holds(again, key))).toEqual([true, true, true]);
    expect(again.coveredOffsets()).toEqual(covered(9n));
  });

  it('are learnt no more when the index is cleared meanwhile', async () => {
    const index = openIndex();
    await index.applyInTurns(rows('1'), covered(9n));
    const learning = index.learn(Array.from({ length: COUNT }, (_, n) => printed(`k${n}`, '1')));
    index.clear('a test');
    await learning;
    expect([index.size(), holds(index, 'k1')]).toEqual([0, false]);
  });
});

it('its state is another object after each change of rows, and only then', async () => {
  const index = openIndex();
  const states: object[] = [];
  const changed = (): boolean => {
    const state = index.state();
    return states.push(state) > 0 && states.indexOf(state) === states.length - 1;
  };
  expect(changed()).toBe(true);
  index.apply([], covered(1n));
  index.flush();
  expect(changed(), 'offsets alone').toBe(false);
  index.apply([put('a', '1')], covered(2n));
  expect(changed()).toBe(true);
  await index.learn([{ keyHash: hash('a'), rowHash: hash('1'), print: { text: hash('a'), shapedBy: hash('shape') } }]);
  expect(changed(), 'prints alone').toBe(false);
  index.apply(new Set([put('a', '2')]), covered(3n));
  expect(changed()).toBe(true);
  index.clear('a test');
  expect(changed()).toBe(true);
});

it('one row that the scan has seen stands for all of them', () => {
  const index = openIndex();
  index.apply([put('a', '1'), put('b', '1')], covered(2n));
  expect(index.oneSeenInScan(), 'no scan').toBeUndefined();
  index.markSeen([hash('a')]);
  index.beginScan('scan');
  expect(index.oneSeenInScan(), 'none seen').toBeUndefined();
  index.markSeen([hash('b')]);
  expect(index.oneSeenInScan()?.keyBody.toString()).toBe('b');
  expect(index.seenInScan()).toBe(1);
});
