import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { takeLock } from '../../src/core/lock.ts';

// As on FAT, many network shares and mounted buckets.
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<object>()),
  link: () => Promise.reject(Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })),
}));

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-lock-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('where the file system knows no hard links, a lock is one process’s all the same', async () => {
  const path = join(dir, 'lock');
  const taken = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
  const held = taken.flatMap((lock) => ('release' in lock ? [lock] : []));
  expect(held).toHaveLength(1);
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
  await held[0]?.release();
  expect(await readdir(dir)).toEqual([]);
});

test('a lock that is being written is waited for, one that was never finished is taken over', async () => {
  const path = join(dir, 'lock');
  await writeFile(path, '');
  setTimeout(() => void writeFile(path, JSON.stringify({ pid: process.pid, start: 'another life' })), 300);
  const taken = await Promise.all(Array.from({ length: 10 }, () => takeLock(path)));
  expect(taken.filter((lock) => 'release' in lock)).toHaveLength(1);
});
