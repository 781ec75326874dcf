import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../src/core/processes.ts';

/* A program that ends when its launcher does, started in the ways people start ours. */

const tsx = import.meta.resolve('tsx');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-launchers-'));
  const watch = new URL('../../src/core/launchers.ts', import.meta.url).href;
  writeFileSync(
    join(folder, 'program.mjs'),
    `import { launchersOf, whenLauncherEnds } from ${JSON.stringify(watch)};
     const open = setInterval(() => undefined, 60_000);
     process.on('SIGINT', () => clearInterval(open));
     process.on('SIGTERM', () => clearInterval(open));
     const unwatch = whenLauncherEnds(() => clearInterval(open));
     console.log(JSON.stringify({ pid: process.pid, launchers: (await launchersOf(process.pid)).length }));`,
  );
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      scripts: { plain: `${process.execPath} --import ${tsx} program.mjs`, exec: `exec ${process.execPath} --import ${tsx} program.mjs` },
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function started(command: string, args: readonly string[]): Promise<{ launcher: ChildProcess; pid: number; launchers: number }> {
  const launcher = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  for await (const line of createInterface(launcher.stdout)) {
    if (line.startsWith('{')) return { launcher, ...(JSON.parse(line) as { pid: number; launchers: number }) };
  }
  throw new Error('it has said nothing');
}

// Without exec, npm waits for a shell that tells nobody of a signal: why our own scripts begin with it.
test.each([
  ['exec', 'SIGINT'],
  ['exec', 'SIGTERM'],
  ['exec', 'SIGKILL'],
  ['plain', 'SIGKILL'],
] as const)('an npm script (%s) ends with npm alone given %s', async (script, signal) => {
  const { launcher, pid, launchers } = await started('npm', ['run', '--silent', script]);
  expect(launchers).toBeGreaterThan(0);
  launcher.kill(signal);
  await expect.poll(() => isAlive(pid), { timeout: 60_000 }).toBe(false);
});

test('a program goes on when the shell that put it into the background is gone', async () => {
  const { launcher, pid, launchers } = await started('sh', ['-c', `${process.execPath} --import ${tsx} program.mjs & sleep 1`]);
  if (launcher.exitCode === null) await once(launcher, 'exit');
  expect(launchers).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await isAlive(pid)).toBe(true);
  process.kill(pid, 'SIGTERM');
  await expect.poll(() => isAlive(pid), { timeout: 60_000 }).toBe(false);
});

test('our own scripts begin with exec', async () => {
  const { scripts } = (await import('../../package.json', { with: { type: 'json' } })).default;
  for (const name of ['demo', 'test'] as const) expect(scripts[name]).toMatch(/^exec node /);
});
