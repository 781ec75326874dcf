import { spawn } from 'node:child_process';
import { closeSync, openSync, renameSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverEnvironment } from '../config/env.ts';
import { TributaryError } from '../core/errors.ts';
import { privately } from '../core/local-folder.ts';
import type { PartName } from './memory.ts';
import { anySignal, timeLimit } from '../core/signals.ts';

export interface PartCommand {
  name: PartName;
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: Record<string, string>;
  uid?: number;
  gid?: number;
  /** Polled until it returns true; it may throw while the part is not up yet. */
  ready: (signal: AbortSignal) => Promise<boolean>;
  readyWithinMs: number;
}

/** Java encodes file names by the locale; without a locale it supports ASCII only. */
export function javaEnvironment(): Record<string, string> {
  return platform() === 'linux' ? { LC_ALL: 'C.UTF-8' } : {};
}

export interface RunningPart {
  readonly name: PartName;
  readonly pid: number;
  readonly running: boolean;
  /** Resolves when the process ends, with a description such as `exit code 1`. */
  readonly ended: Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Sends SIGINT, and SIGKILL after `graceMs`. Resolves when the process has ended. */
  stop(graceMs: number): Promise<void>;
}

export const TITLES: Record<PartName, string> = {
  postgres: 'PostgreSQL',
  kafka: 'Kafka',
  registry: 'the schema registry',
  connect: 'Kafka Connect',
};

export function logFile(dir: string, name: PartName): string {
  return join(dir, 'logs', `${name}.log`);
}

/** Starts the process. Its output goes to its log file; the log of the previous start is kept as `.log.1`. */
export function launch(dir: string, part: PartCommand): RunningPart {
  const log = logFile(dir, part.name);
  try {
    renameSync(log, `${log}.1`);
  } catch {
    // the first start has no earlier log
  }
  const output = openSync(log, 'a', 0o600);
  let running = true;
  // In a session of its own: Ctrl-C in the terminal reaches only us, so that the last transaction and the position can
  // still be written. The guardian ends the parts when we cannot.
  // Files it writes are accessible to the owner only.
  const child = privately(() =>
    spawn(part.command, part.args, {
      stdio: ['ignore', output, output],
      detached: true,
      cwd: part.cwd ?? dir,
      env: serverEnvironment(part.env),
      ...(part.uid === undefined ? {} : { uid: part.uid }),
      ...(part.gid === undefined ? {} : { gid: part.gid }),
    }),
  );
  closeSync(output);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      running = false;
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      running = false;
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
  });
  const self: RunningPart = {
    name: part.name,
    pid: child.pid ?? -1,
    get running() {
      return running;
    },
    ended,
    kill: (signal) => void child.kill(signal),
    async stop(graceMs) {
      if (!running) return;
      // SIGINT is PostgreSQL's fast shutdown; for a Java process it means the same as SIGTERM.
      child.kill('SIGINT');
      const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(force);
    },
  };
  return self;
}

/** Waits until the part answers. An early end or a passed deadline becomes an error that quotes its log. */
export async function waitUntilReady(dir: string, part: PartCommand, process: RunningPart, signal: AbortSignal): Promise<void> {
  const deadline = timeLimit(part.readyWithinMs);
  const either = anySignal(signal, deadline);
  let end: string | undefined;
  void process.ended.then((text) => (end = text));
  for (;;) {
    if (signal.aborted) throw new TributaryError('The start of the local stack was interrupted.', { kind: 'stopped' });
    if (end !== undefined) throw await startFailure(dir, part.name, `ended at once (${end})`);
    if (deadline.aborted) throw await startFailure(dir, part.name, `did not answer within ${part.readyWithinMs / 1000} s`);
    if (await part.ready(either).catch(() => false)) return;
    await sleep(50);
  }
}

async function startFailure(dir: string, name: PartName, what: string): Promise<TributaryError> {
  const line = await lastRelevantLine(logFile(dir, name));
  const taken = /address already in use|failed to bind|port .* (is )?already/i.test(line ?? '');
  return new TributaryError(`${capital(TITLES[name])} of the local stack ${what}${line === undefined ? '' : `: ${line}`}`, {
    kind: 'config',
    remedy: `Its whole log is ${logFile(dir, name)}.`,
    code: taken ? 'stack:port_taken' : `stack:${name}`,
  });
}

/** The error for a part that was up and ended without a request from us. */
export async function diedUnasked(dir: string, name: PartName, how: string): Promise<TributaryError> {
  // The log of a process killed by a signal does not tell why.
  const line = how.startsWith('signal') ? undefined : await lastRelevantLine(logFile(dir, name));
  return new TributaryError(
    `${capital(TITLES[name])} of the local stack has died (${how})${line === undefined ? '.' : `: ${line.replace(/(?<![.!])$/, '.')}`}`,
    {
      kind: 'transient',
      remedy: `Start again; the data is kept. Its log is ${basename(dir)}/logs/${name}.log.`,
      code: `stack:${name}`,
    },
  );
}

/** The last line that looks like an error, otherwise the last line; stack frames are skipped. */
export async function lastRelevantLine(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text
    .slice(-200_000)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(at |\.\.\. \d+ more)/.test(line));
  const told = lines.findLast((line) => /\b(FATAL|ERROR|Exception|error|could not|cannot)\b|Exception:/.test(line)) ?? lines.at(-1);
  const plain = told?.replace(/^([\w$]+\.)+\w*(Exception|Error): /, '');
  return plain === undefined || plain.length <= 300 ? plain : `${plain.slice(0, 300)} ...`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
