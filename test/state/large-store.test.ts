import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, test } from 'vitest';
import { fileOf, seal } from '../../src/state/index-file.ts';
import { openIndexStore, type IndexStore } from '../../src/state/index-store.ts';

/*
 * A store that takes too long to be read whole at each start and end. Its seal knows the time of its last change, so it notices what
 * was written to the file by any program; and pieces from all over it, so it notices what a restored or damaged disk has lost.
 */

const MIB = 1024 ** 2;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tributary-large-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => fileOf(folder, 1);
const open = (): IndexStore => openIndexStore(folder, 'topic');

/** A store of 72 MiB, closed. */
async function closed(): Promise<void> {
  const store = open();
  store.transaction(() => store.live.putSync(Buffer.from('row'), Buffer.alloc(72 * MIB, 'x')));
  await store.close();
  expect(statSync(file()).size).toBeGreaterThan(72 * MIB);
}

/** A time that `utimes` can set again to the nanosecond. */
const WHEN = new Date('2026-01-01T00:00:00Z');

/** Writes zeros into the closed file as a fault of the disk does, which does not change the file's times. */
function damage(at: number, length: number): void {
  utimesSync(file(), WHEN, WHEN);
  seal(file());
  const handle = openSync(file(), 'r+');
  writeSync(handle, Buffer.alloc(length), 0, length, at);
  closeSync(handle);
  utimesSync(file(), WHEN, WHEN);
}

it('is taken as it was closed, as often as it is opened', async () => {
  await closed();
  for (let turn = 0; turn < 3; turn += 1) {
    const store = open();
    expect(store.rebuildReason).toBeUndefined();
    expect(store.live.getBinary(Buffer.from('row'))?.length).toBe(72 * MIB);
    store.transaction(() => store.setText('turn', String(turn)));
    await store.close();
  }
});

test.runIf(platform() === 'linux')('is opened and closed without being read whole', async () => {
  await closed();
  // What this process has read by system calls, from the disk or from memory; proc_pid_io(5).
  const read = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
  const before = read();
  const store = open();
  expect(store.rebuildReason).toBeUndefined();
  await store.close();
  expect(read() - before).toBeLessThan(8 * MIB);
});

it('is not taken when another program has written a single byte of it', async () => {
  await closed();
  const handle = openSync(file(), 'r+');
  writeSync(handle, 'y', 50 * MIB + 5);
  closeSync(handle);
  const store = open();
  expect(store.rebuildReason).toBe('the file is not as it was closed');
  await store.close();
});

it.each([
  ['a stretch of it is zeros', 30 * MIB, 2 * MIB],
  ['its end is zeros', 72 * MIB, MIB],
  ['a page at its beginning, which says where others are, is zeros', 3 * 4096, 4096],
])('is not taken when %s, whatever its time says', async (_, at, length) => {
  await closed();
  damage(at, Math.min(length, statSync(file()).size - at));
  const store = open();
  expect(store.rebuildReason).toBe('the file is not as it was closed');
  await store.close();
});
