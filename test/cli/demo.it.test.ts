import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../src/core/processes.ts';
import { startProcess, until, type Started } from '../support/command.ts';

// The demo as a user starts it: a process of its own, with a stack and a simulator of its own.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-demo-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Limits for what hangs, not measures: the machine may be busy. */
const minutes = 60_000;

function demo(...args: string[]): Started & { readonly pid: number } {
  return startProcess({ cwd: folder }, ['demo', ...args]);
}

/** Everything the process has started, directly or not, that lives now. */
function descendants(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' });
  const parents = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const below = (parent: number): number[] => parents.filter(([, of]) => of === parent).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

const gone = async (pids: readonly number[]): Promise<boolean> => !(await Promise.all(pids.map(isAlive))).includes(true);

async function interruptedInTime(child: Started & { readonly pid: number }): Promise<void> {
  const pids = descendants(child.pid);
  expect(pids.length).toBeGreaterThan(0);
  const began = performance.now();
  child.interrupt();
  const { code, err } = await child.ended;
  expect(performance.now() - began).toBeLessThan(60_000);
  expect({ code, trace: /^\s+at /m.test(err) }).toEqual({ code: 130, trace: false });
  expect(err).toContain('Stopping; positions are being saved');
  // The last to go are the helpers that watch over the servers, a second later.
  await until('every process is gone', () => gone(pids), minutes);
}

test('--once lands every row, prints the run table, ends with 0 and leaves no process', { timeout: 15 * minutes }, async () => {
  const child = demo('--once');
  const pids = await until(
    'the servers are started',
    () => {
      const found = descendants(child.pid);
      return found.length >= 4 && found;
    },
    4 * minutes,
  );
  const { code, out, err } = await child.ended;
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^TABLE +FETCHED +PUBLISHED .* STATUS\n/);
  for (const row of ['metric +460 +460', 'profile +2,000 +2,000', 'event +20,000 +20,000'])
    expect(out).toMatch(new RegExp(`klaviyo\\.${row} .* succeeded`));
  expect(out).toContain(
    'PostgreSQL holds 460 rows in tributary.klaviyo_metric, 2,000 rows in tributary.klaviyo_profile, 20,000 rows in tributary.klaviyo_event.',
  );
  expect(out).toMatch(/psql "host=127\.0\.0\.1 port=\d+ user=tributary dbname=warehouse"/);
  await until('every process is gone', () => gone(pids), minutes);
});

test('Ctrl-C while it starts ends everything within 10 s', { timeout: 10 * minutes }, async () => {
  const child = demo();
  await until('a server is started', () => descendants(child.pid).length >= 4, 4 * minutes);
  await interruptedInTime(child);
});

test('it says where to look, keeps a second demo away, and Ctrl-C ends everything within 10 s', { timeout: 15 * minutes }, async () => {
  const child = demo();
  await until('it says where to look', () => child.err().includes('Ctrl-C stops everything'), 8 * minutes);
  const metrics = /metrics +(http:\S+\/metrics)/.exec(child.err())?.[1] ?? '';
  expect(await (await fetch(metrics)).text()).toMatch(/tributary_sync_runs_total\{.*table="event",outcome="succeeded"\} [1-9]/);

  const second = await demo('--once').ended;
  expect(second.code).toBe(2);
  expect(second.err).toMatch(/in use by process \d+\.\nStop that process first\./);
  await interruptedInTime(child);
});
