import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { commandLine, endProcess, isAlive, startOf } from '../../src/core/processes.ts';

afterEach(() => vi.restoreAllMocks());

const sleeper = () => spawn('sleep', ['600'], { stdio: 'ignore' });

describe('a process', () => {
  it('is alive until it has ended', async () => {
    const child = sleeper();
    const pid = child.pid as number;
    const ended = once(child, 'exit');
    expect([await isAlive(pid), await commandLine(pid)]).toEqual([true, expect.stringContaining('sleep 600')]);
    const start = await startOf(pid);
    expect([start, await startOf(pid)]).toEqual([expect.stringMatching(/./), start]);
    await endProcess(pid, 60_000);
    await ended;
    expect([await isAlive(pid), await commandLine(pid), await startOf(pid)]).toEqual([false, undefined, undefined]);
  });

  it('that is gone between two looks at it has ended', async () => {
    const child = sleeper();
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    // The first look still found it.
    vi.spyOn(process, 'kill').mockReturnValueOnce(true);
    expect(await isAlive(child.pid as number)).toBe(false);
  });

  it('of another user is alive although no signal may be sent to it', async () => {
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('not permitted'), { code: 'EPERM' });
    });
    expect(await isAlive(process.pid)).toBe(true);
  });
});
