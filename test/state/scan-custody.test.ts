import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type IndexEntry, type LiveIndex, openLiveIndex } from '../../src/state/live-index.ts';
import { memoryFolder } from '../support/memory-folder.ts';

const hash = (name: string): Buffer => Buffer.alloc(16, `${name}.`);
const row = (name: string): IndexEntry => ({
  keyHash: hash(name),
  row: { rowHash: hash('1'), scopeHash: Buffer.alloc(8), keyBody: Buffer.from(name) },
});

/** What `_state` says of the scan; the index that commits puts its own custody in. */
let state: { id: string; session?: string; pages?: number } | undefined;
let root: string;
let indexes: LiveIndex[];
beforeEach(() => {
  root = memoryFolder('custody-');
  indexes = [];
  state = undefined;
});
afterEach(async () => {
  for (const index of indexes) await index.close();
  rmSync(root, { recursive: true, force: true });
});

function worker(folder: string, session: string): LiveIndex {
  const index = openLiveIndex(join(root, folder), { topic: 'shop.item', valueSchemaId: 1 });
  indexes.push(index);
  if (index.size() === 0) index.apply(['a', 'b', 'c'].map(row), new Map([[0, 3n]]));
  index.openSession(session, state);
  return index;
}
/** A page of the listing, and whether the transaction with the position after it went through. */
function page(index: LiveIndex, scan: string, names: readonly string[], { first = false, committed = true } = {}): void {
  index.beginScan(scan, first);
  index.markSeen(names.map(hash));
  if (committed) state = { id: scan, ...index.custody() };
}

describe('a scan is judged only by the index that has recorded it as far as it was committed', () => {
  it('goes on in a new session of the same index, also after pages that were not committed', async () => {
    const first = worker('one', 's1');
    page(first, 'scan', ['a'], { first: true });
    page(first, 'scan', ['b'], { committed: false });
    await first.close();
    const second = worker('one', 's2');
    expect(second.scanIntact('scan')).toBe(true);
    expect(second.custody(), 'as far as it was committed').toEqual({ session: 's2', pages: 1 });
    page(second, 'scan', ['b']);
    expect(second.custody()).toEqual({ session: 's2', pages: 2 });
    expect([...second.vanished(1)].map(({ keyBody }) => keyBody.toString())).toEqual(['c']);
  });

  it('goes on after sessions that committed nothing', async () => {
    const first = worker('one', 's1');
    page(first, 'scan', ['a'], { first: true });
    await first.close();
    for (const session of ['s2', 's3', 's4']) {
      const next = worker('one', session);
      expect(next.scanIntact('scan')).toBe(true);
      await next.close();
    }
  });

  it('is given up when another worker has committed pages of it meanwhile', async () => {
    const stopped = worker('one', 's1');
    page(stopped, 'scan', ['a'], { first: true });
    const other = worker('two', 's2');
    page(other, 'scan', ['b']);
    expect(other.scanIntact('scan')).toBe(false);
    await stopped.close();
    const back = worker('one', 's3');
    expect(back.scanIntact('scan')).toBe(false);
    expect([...back.vanished(1)]).toEqual([]);
  });

  it('is given up when the index is an older copy of the one that recorded it', async () => {
    const first = worker('one', 's1');
    page(first, 'scan', ['a'], { first: true });
    const copy = worker('copy', 's1');
    page(copy, 'scan', ['a'], { first: true, committed: false });
    page(first, 'scan', ['b']);
    await copy.close();
    expect(worker('copy', 's2').scanIntact('scan')).toBe(false);
  });

  it('is given up when a state of an earlier release does not say who recorded it', async () => {
    const first = worker('one', 's1');
    page(first, 'scan', ['a'], { first: true });
    await first.close();
    state = { id: 'scan' };
    expect(worker('one', 's2').scanIntact('scan')).toBe(false);
  });

  it('is given up when the state knows of another scan', async () => {
    const first = worker('one', 's1');
    page(first, 'scan', ['a'], { first: true });
    await first.close();
    state = { id: 'another', session: 's1', pages: 1 };
    const next = worker('one', 's2');
    expect([next.scanIntact('scan'), next.scanIntact('another')]).toEqual([false, false]);
  });

  it('that is not recorded from its first page proves nothing', () => {
    const index = worker('one', 's1');
    page(index, 'scan', ['a', 'b']);
    expect(index.scanIntact('scan')).toBe(false);
  });
});
