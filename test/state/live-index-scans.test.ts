import { setImmediate } from 'node:timers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type LiveIndex, openLiveIndex } from '../../src/state/live-index.ts';
import { covered, hash, identity, indexFolder, names, put } from './index-rows.ts';

const folder = indexFolder();
const openIndex = (): LiveIndex => folder.closedAfter(openLiveIndex(folder.directory, identity));

describe('a scan', () => {
  it('shows the rows it has neither seen nor published as vanished, each exactly once while they are deleted', () => {
    const index = openIndex();
    index.apply(
      Array.from({ length: 2100 }, (_, i) => put(`k${i}`, 'x')),
      covered(1n),
    );
    expect([...index.vanished(1)]).toEqual([]);
    index.beginScan('s1');
    index.markSeen([hash('k0'), hash('k1'), hash('k1'), hash('never there')]);
    index.apply([put('k2', 'new'), put('fresh', 'x')], covered(2n));
    expect(index.seenInScan()).toBe(4);
    const vanished: string[] = [];
    for (const row of index.vanished(1)) {
      vanished.push(row.keyBody.toString());
      index.apply([{ keyHash: row.keyHash, row: null }], covered(3n));
    }
    expect(new Set(vanished).size).toBe(2097);
    expect(vanished.length).toBe(2097);
    index.endScan();
    expect([index.scanIntact('s1'), index.seenInScan()]).toEqual([false, 0]);
    expect(names(index.entries())).toEqual(['fresh', 'k0', 'k1', 'k2']);
  });

  it('counts a row once, however often it is shown or published, and none before it begins', () => {
    const index = openIndex();
    index.apply([put('a', '1'), put('b', '1')], covered(1n));
    index.markSeen([hash('a')]);
    expect(index.seenInScan()).toBe(0);
    index.beginScan('s1');
    index.markSeen([hash('a'), hash('a')]);
    index.markSeen([hash('a')]);
    index.apply([put('a', '2'), put('b', '2'), put('b', '3')], covered(2n));
    expect(index.seenInScan()).toBe(2);
  });

  it('is open also after a restart before its first page', async () => {
    const index = openIndex();
    index.beginScan('s1');
    await index.close();
    expect(openIndex().scanIntact('s1')).toBe(true);
  });

  it('that was not begun counts for no row', async () => {
    const index = openIndex();
    index.apply([put('a', '1'), put('b', '1')], covered(1n));
    index.beginScan('s1');
    index.markSeen([hash('a')]);
    index.endScan();
    index.markSeen([hash('b')]);
    index.endScan();
    index.beginScan('s2');
    expect(names(index.vanished(2)), 'missing in both').toEqual(['b']);
    expect(names(index.vanished(3)), 'there were only two').toEqual([]);
  });

  it.each([
    [true, 30],
    [false, 0],
  ])('lets others go first while it is judged (%s) when a row takes %s ms', async (others, ms) => {
    const index = openIndex();
    index.apply([put('a', '1'), put('b', '1')], covered(1n));
    index.beginScan('s1');
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += ms));
    onTestFinished(() => void vi.restoreAllMocks());
    let went = false;
    setImmediate(() => void (went = true));
    const found: string[] = [];
    for await (const { keyBody } of index.vanishedInTurns(1)) found.push(String(keyBody));
    expect([went, found.sort()]).toEqual([others, ['a', 'b']]);
  });

  it('asks for as many complete scans in a row as the table wants', () => {
    const index = openIndex();
    index.apply([put('a', 'x'), put('b', 'x')], covered(1n));
    const scan = (id: string, ...seen: string[]): string[] => {
      index.beginScan(id);
      index.markSeen(seen.map((key) => hash(key)));
      const vanished = names(index.vanished(2));
      index.endScan();
      return vanished;
    };
    expect(scan('1', 'a', 'b')).toEqual([]);
    expect(scan('2', 'a')).toEqual([]);
    expect(scan('3', 'a', 'b')).toEqual([]);
    expect(scan('4', 'a')).toEqual([]);
    index.beginScan('given up');
    expect(scan('5', 'a')).toEqual(['b']);
    expect(names(index.vanished(2))).toEqual(['b']);
  });

  it('counts neither for nor against rows of a scope it could not read', () => {
    const index = openIndex();
    index.apply([put('a1', 'x', 'A'), put('b1', 'x', 'B')], covered(1n));
    const unread = [hash('A', 8)];
    index.beginScan('1');
    index.endScan();
    index.beginScan('2');
    expect(names(index.vanished(2, unread))).toEqual(['b1']);
    index.endScan(unread);
    index.beginScan('3');
    expect(names(index.vanished(2))).toEqual(['a1', 'b1']);
  });

  it('has rows in an unread scope wait for the next scan that reads it', () => {
    const index = openIndex();
    index.apply([put('a1', 'x', 'A')], covered(1n));
    index.beginScan('1');
    index.endScan([hash('A', 8)]);
    expect(names(index.vanished(1))).toEqual([]);
    index.beginScan('2');
    expect(names(index.vanished(1))).toEqual(['a1']);
  });

  it('is intact only in the store that recorded it from its beginning', async () => {
    const index = openIndex();
    index.beginScan('s');
    index.apply([put('a', 'x')], covered(1n));
    await index.close();
    const again = openIndex();
    expect(again.scanIntact('s')).toBe(true);
    expect(again.seenInScan()).toBe(1);
    again.beginScan('s');
    expect(names(again.vanished(1))).toEqual([]);
    again.clear('test');
    expect(again.scanIntact('s')).toBe(false);
    expect(again.size()).toBe(0);
    again.apply([put('a', 'x')], covered(1n));
    again.beginScan('t');
    expect(again.scanIntact('s')).toBe(false);
    expect(names(again.vanished(2))).toEqual([]);
    expect(names(again.vanished(1))).toEqual(['a']);
  });
});
