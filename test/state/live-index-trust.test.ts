import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { type IndexEntry, type LiveIndex, openLiveIndex } from '../../src/state/live-index.ts';
import { waitingRoom } from '../../src/state/waiting-rows.ts';
import { covered, hash, identity, indexFolder, put } from './index-rows.ts';

/* What an index of an earlier process is worth: it is believed in the life of the topic that it was built in, when it was up to date lately. */

const folder = indexFolder();
let now: number;
let index: LiveIndex;
const open = (room?: Parameters<typeof waitingRoom>[0]): LiveIndex => {
  index = folder.closedAfter(openLiveIndex(folder.directory, identity, () => now, room === undefined ? undefined : waitingRoom(room)));
  return index;
};
beforeEach(() => {
  now = 1_000_000;
  open();
});

/** Whether a process that begins now believes what is on disk. */
async function trusts(life: string): Promise<boolean> {
  await index.close();
  open();
  const before = index.size();
  index.trust(life, 500);
  return before > 0 && index.size() === before;
}
const both = (): IndexEntry[] => [put('a', '1'), put('b', '1')];

describe('an index', () => {
  it('is trusted in the topic epoch it was built in, as long as it was up to date lately', async () => {
    const fill = (upToDate: boolean): void => index.apply(both(), covered(5n), upToDate);
    expect(await trusts('one')).toBe(false);
    fill(true);
    now += 500;
    expect(await trusts('one')).toBe(true);
    now += 1;
    expect(await trusts('one')).toBe(false);
    expect(index.rebuildReason()).toMatch(/too long/);
    expect(index.coveredOffsets().size).toBe(0);
    // Filled in part, and then the process ended.
    fill(false);
    expect(await trusts('one')).toBe(false);
    fill(true);
    now -= 501;
    expect(await trusts('one')).toBe(false);
    fill(true);
    expect(await trusts('two')).toBe(false);
    expect(index.rebuildReason()).toMatch(/recreated/);
    fill(true);
    expect(await trusts('two')).toBe(true);
  });

  it('that holds nothing yet is not built anew by that', () => {
    expect(index.rebuildReason()).toBe('there was none');
    index.trust('one', 500);
    expect(index.rebuildReason()).toBe('there was none');
  });

  it('is up to date with whatever it takes, unless it is told that more is to come, which takes nothing from what it was', async () => {
    index.trust('one', 500);
    index.apply(both(), covered(5n));
    expect(await trusts('one')).toBe(true);
    now += 400;
    index.apply([put('c', '1')], covered(6n), false);
    expect(await trusts('one')).toBe(true);
    now += 101;
    expect(await trusts('one'), 'the time of the first rows counts').toBe(false);
    await index.applyInTurns(both(), covered(7n));
    expect(await trusts('one')).toBe(true);
  });

  it('is as up to date as its last rows in a scan were, whatever came before them', async () => {
    index.trust('one', 500);
    index.apply(both(), covered(5n));
    now += 400;
    index.beginScan('scan');
    index.apply([put('c', '1')], covered(6n));
    index.endScan();
    index.apply([put('d', '1')], covered(7n), false);
    now += 400;
    expect(await trusts('one')).toBe(true);
  });

  it('that was cleared knows neither offsets nor a time at which it was up to date', async () => {
    index.trust('one', 500);
    index.apply(both(), covered(5n));
    index.flush();
    index.clear('a test');
    await index.close();
    open();
    expect([index.size(), index.coveredOffsets().size]).toEqual([0, 0]);
    index.apply(both(), covered(1n), false);
    expect(await trusts('one')).toBe(false);
  });

  it('is not up to date while it takes rows in turns', async () => {
    await index.close();
    open(0).trust('one', 500);
    const taking = index.applyInTurns(
      Array.from({ length: 4_001 }, (_, n) => put(`k${n}`, '1')),
      covered(9n),
    );
    await setImmediate();
    expect(await trusts('one')).toBe(false);
    await taking;
    expect(index.get(hash('k0'))).toBeUndefined();
  });
});
