import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { main } from '../../src/cli/main.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { Source } from '../../src/sdk/source.ts';
import { kafkaLogin, stackLogin } from './login.ts';
import { programArguments } from './program.ts';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that was started: what it has printed so far, and how to interrupt it as Ctrl-C does. */
export interface Started {
  out(): string;
  err(): string;
  interrupt(): void;
  readonly ended: Promise<Ended>;
}

export interface Surroundings {
  readonly sources: readonly Source[];
  readonly cwd: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

/** The command line in this process, with output, signals and variables of its own. */
export function startCommand({ sources, cwd, variables = {}, clock = systemClock }: Surroundings, args: readonly string[]): Started {
  const texts = { out: '', err: '' };
  const stream = (to: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        texts[to] += String(chunk);
        done();
      },
    });
  const listeners = new Set<() => void>();
  const ended = main(
    {
      sources,
      version: '0.0.0',
      stdout: stream('out'),
      stderr: stream('err'),
      variables,
      noColours: true,
      cwd,
      clock,
      random: Math.random,
      onSignal(callback) {
        listeners.add(callback);
        return () => void listeners.delete(callback);
      },
      exitNow: (code) => void (texts.err += `The process would have ended with ${code}.\n`),
    },
    args,
  ).then((code) => ({ code, ...texts }));
  return { out: () => texts.out, err: () => texts.err, interrupt: () => listeners.forEach((callback) => callback()), ended };
}

const entry = fileURLToPath(new URL('../../bin/tributary.ts', import.meta.url));

/** The real command in a process of its own, as a user starts it; `preload` are modules it loads before all else. */
export function startProcess(
  { cwd, variables = {} }: Omit<Surroundings, 'sources' | 'clock'>,
  args: readonly string[],
  preload: readonly string[] = [],
): Started & { readonly pid: number; terminate(): void; kill(): void } {
  const child = spawn(process.execPath, [...preload.flatMap((file) => ['--import', file]), ...programArguments(entry), ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
  return {
    pid: child.pid ?? -1,
    out: () => texts.out,
    err: () => texts.err,
    interrupt: () => void child.kill('SIGINT'),
    terminate: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}

/** Text of a settings file; every part can be replaced. */
export function settingsText(parts: {
  readonly prefix: string;
  readonly kafka: {
    readonly brokers: readonly string[];
    readonly registryUrl: string;
    readonly tls?: boolean;
    readonly replication_factor?: number;
  };
  readonly connections: string;
  readonly metricsPort?: number;
  readonly more?: string;
}): string {
  const { brokers, tls, replication_factor = 1 } = parts.kafka;
  return [
    `prefix: ${parts.prefix}`,
    `kafka: ${JSON.stringify({ brokers, tls, replication_factor, ...kafkaLogin() })}`,
    `registry: ${JSON.stringify({ url: parts.kafka.registryUrl, ...stackLogin() })}`,
    ...(parts.metricsPort === undefined ? [] : [`metrics: { port: ${parts.metricsPort} }`]),
    ...(parts.more === undefined ? [] : [parts.more]),
    'connections:',
    parts.connections.replace(/^/gm, '  '),
    '',
  ].join('\n');
}

export function writeFile(folder: string, name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks until the answer is there. The limit only ends what hangs: a busy machine is ten times slower. */
export async function until<T>(
  what: string | (() => string),
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 150_000,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${ms / 1000} s in vain: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** Every way in which a secret could show in a text. */
export function shownForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const aligned = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    encodeURIComponent(secret),
    encodeURI(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    bytes.toString('hex'),
    ...aligned,
    ...aligned.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}
