import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** True while a process with this id exists and has not ended (a zombie has ended). */
export async function isAlive(pid: number): Promise<boolean> {
  if (!exists(pid)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // Without a file there is no /proc here, or the process has gone since.
  return stat === undefined ? exists(pid) : !/^\d+ \(.*\) [ZX]/s.test(stat);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When the process started, as an opaque text. Distinguishes two processes that had the same id one after the other.
 * Undefined when there is no such process.
 */
export async function startOf(pid: number): Promise<string | undefined> {
  if (!(await isAlive(pid))) return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return ps(pid, 'lstart=');
  // The command name may contain spaces and brackets; the start time is the 20th field after it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** The command line of a process, or undefined when it is gone. */
export async function commandLine(pid: number): Promise<string | undefined> {
  if (!(await isAlive(pid))) return undefined;
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return raw === undefined ? ps(pid, 'command=') : raw.replaceAll('\0', ' ');
}

/** The parent process id; undefined when the process is gone. */
export async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const text = stat === undefined ? await ps(pid, 'ppid=') : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  const parent = Number(text);
  return Number.isInteger(parent) && parent > 0 ? parent : undefined;
}

/** Sends a signal to a process; does nothing when it is gone. */
export function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Ends a process that is not our child: with SIGINT, and after `graceMs` with SIGKILL. Resolves when it is gone.
 */
export async function endProcess(pid: number, graceMs: number): Promise<void> {
  signalQuietly(pid, 'SIGINT');
  const forceAt = performance.now() + graceMs;
  let forced = false;
  while (await isAlive(pid)) {
    if (!forced && performance.now() > forceAt) {
      signalQuietly(pid, 'SIGKILL');
      forced = true;
    }
    await sleep(50);
  }
}

function ps(pid: number, column: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-ww', '-o', column, '-p', String(pid)], (error, stdout) => {
      resolve(error ? undefined : stdout.trim());
    });
  });
}
