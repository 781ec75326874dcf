import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { isAlive } from '../../src/core/processes.ts';

test('servers end when their owner is killed by force, even one that ignores being asked', { timeout: 30_000 }, async () => {
  const guardian = new URL('../../src/stack/guardian.ts', import.meta.url).href;
  const script = `
    import { spawn } from 'node:child_process';
    const { startGuardian } = await import(${JSON.stringify(guardian)});
    const servers = ['exec sleep 600', 'trap "" INT TERM; while :; do sleep 1; done'].map(text => spawn('sh', ['-c', text], { detached: true, stdio: 'ignore' }));
    startGuardian().watch(servers.map(server => server.pid));
    console.log(JSON.stringify(servers.map(server => server.pid)));`;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
  const pids = JSON.parse(line) as number[];
  expect(await Promise.all(pids.map(isAlive))).toEqual([true, true]);
  owner.kill('SIGKILL');
  await expect.poll(() => Promise.all(pids.map(isAlive)), { timeout: 15_000 }).toEqual([false, false]);
});
