import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { requireUsable } from '../../src/state/usable.ts';

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'usable-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

test('a folder in which a store can be kept is taken, wherever it lies, and nothing is left there', async () => {
  const dir = folder();
  await requireUsable(dir, () => false);
  expect(readdirSync(dir)).toEqual([]);
});

// What a share does whose server keeps no locks: fcntl(2) says ENOLCK. LMDB dies of it.
const withoutLocks = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#define WITHOUT(name) int name(int fd, int cmd, ...) { \\
  va_list more; va_start(more, cmd); void *what = va_arg(more, void *); va_end(more); \\
  if (cmd == F_SETLK || cmd == F_SETLKW || cmd == F_GETLK || (cmd >= 36 && cmd <= 38)) { errno = ENOLCK; return -1; } \\
  int (*real)(int, int, ...) = dlsym(RTLD_NEXT, #name); return real(fd, cmd, what); }
WITHOUT(fcntl)
WITHOUT(fcntl64)
`;
const compiler = spawnSync('cc', ['--version']).status === 0 && process.platform === 'linux';

test.skipIf(!compiler)('a folder on a file system without locks is refused in words, and this process lives', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'without-locks.c'), withoutLocks);
  const library = join(dir, 'without-locks.so');
  expect(spawnSync('cc', ['-shared', '-fPIC', '-o', library, join(dir, 'without-locks.c'), '-ldl']).status).toBe(0);
  const share = folder();
  vi.stubEnv('LD_PRELOAD', library);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(requireUsable(share, () => false)).rejects.toMatchObject({
    kind: 'config',
    code: 'index_unusable',
    message: expect.stringContaining(`${share} cannot hold the live index`) as string,
    remedy: expect.stringContaining('data_dir') as string,
  });
  vi.unstubAllEnvs();
  // Tried again, since the folder may be another one by now.
  await requireUsable(share, () => false);
});
