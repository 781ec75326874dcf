// node scripts/test-dates.mjs [vitest arguments]: the unit tests on days that are unlike others. Needs `faketime` (Debian: apt install faketime).
// Timers keep the real clock: only what a program is told about the date is another.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Local times, with the zone whose wall clock shows them. */
const DAYS = [
  ['the last day of a month', '2027-04-30 23:50:00', 'UTC'],
  ['a leap day', '2028-02-29 12:00:00', 'America/New_York'],
  ['the morning the clock goes forward', '2027-03-14 01:55:00', 'America/New_York'],
  ['the morning the clock goes back', '2027-10-31 02:30:00', 'Europe/Berlin'],
  ['the last evening of a year', '2026-12-31 23:55:00', 'Asia/Tokyo'],
];

const probe = spawnSync('faketime', ['-f', '@2020-01-01 00:00:00', process.execPath, '-p', 'new Date().getUTCFullYear()'], {
  encoding: 'utf8',
  env: { ...process.env, TZ: 'UTC' },
});
if (probe.stdout?.trim() !== '2020') {
  process.stderr.write('faketime is missing, or Node does not heed it (Debian, Ubuntu: apt install faketime).\n');
  process.exit(2);
}

const failed = [];
for (const [what, when, zone] of DAYS) {
  process.stderr.write(`\n${what}: ${when} in ${zone}\n`);
  const { status } = spawnSync('faketime', ['-f', `@${when}`, 'npx', 'vitest', 'run', '--project', 'unit*', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TZ: zone, FAKETIME_DONT_FAKE_MONOTONIC: '1' },
  });
  if (status !== 0) failed.push(what);
}
process.stdout.write(failed.length === 0 ? `${DAYS.length} days, none failed\n` : `failed on ${failed.join('; ')}\n`);
process.exit(failed.length === 0 ? 0 : 1);
