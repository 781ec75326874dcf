import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../../src/core/lock.ts';
import { startOf } from '../../src/core/processes.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-lock-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('a lock is held until it is given back', async () => {
  const path = join(dir, 'lock');
  const lock = await takeLock(path);
  expect(await takeLock(path)).toEqual({ heldBy: process.pid });
  if ('release' in lock) await lock.release();
  expect(await takeLock(path)).toHaveProperty('release');
});

test.each([
  ['a process that is gone', { pid: 4_194_304, start: '1' }],
  ['an earlier process with the id of a living one', { pid: process.pid, start: 'earlier' }],
  ['nobody: cut in the middle', 'half a li'],
])('the lock of %s is taken over by exactly one of many', async (_who, holder) => {
  const path = join(dir, 'lock');
  await writeFile(path, typeof holder === 'string' ? holder : JSON.stringify(holder));
  const taken = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
  expect(taken.filter((lock) => 'release' in lock)).toHaveLength(1);
  expect(await readdir(dir)).toEqual(['lock']);
});

test('a process is told from a later one with its id by its start', async () => {
  expect(await startOf(process.pid)).toBe(await startOf(process.pid));
  expect(await startOf(process.pid)).not.toBe(await startOf(1));
  expect(await startOf(4_194_304)).toBeUndefined();
});
