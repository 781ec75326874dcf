import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { reservedBytes } from '../../src/state/address-space.ts';

/** What a process that is started with this limit reads of itself; the table differs with the kernel. */
const limitsWith = (kilobytes: string): string | null => {
  try {
    return execFileSync('sh', ['-c', `ulimit -v ${kilobytes} && cat /proc/self/limits`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return null;
  }
};

test('addresses are reserved where the process may have as many as it likes', () => {
  expect(reservedBytes('darwin', null)).toBe(16 * 2 ** 30);
  expect(reservedBytes('linux', limitsWith('unlimited'))).toBe(16 * 2 ** 30);
});

test.runIf(process.platform === 'linux')('none are reserved where their number is limited, or not known', () => {
  const limited = limitsWith('12000000');
  expect(limited, 'the limit must be in what was read').toContain(String(12_000_000 * 1_024));
  expect(reservedBytes('linux', limited)).toBeUndefined();
  expect(reservedBytes('linux', 'a kernel that names it otherwise')).toBeUndefined();
});

test('none are reserved on Windows, where the file would be as large', () => {
  expect(reservedBytes('win32', null)).toBeUndefined();
});
