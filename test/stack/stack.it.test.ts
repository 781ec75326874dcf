import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { removeStack } from '../../src/stack/orphans.ts';
import { isAlive } from '../../src/core/processes.ts';
import { startStack } from '../../src/stack/stack.ts';
import type { PartName, Stack } from '../../src/stack/stack.ts';
import { expectTraces, leaveTraces } from './traces.ts';
import type { Traces } from './traces.ts';
import { programArguments } from '../support/program.ts';

// A limit for what hangs: servers are started many times here, and the machine may be busy.
vi.setConfig({ testTimeout: 600_000 });
const soon = { timeout: 60_000 };

// The steps build on each other: it is one folder that lives through all of this.
let dir: string;
let traces: Traces;
let first: Pick<Stack, 'brokers' | 'registryUrl' | 'login' | 'postgres'>;
let stack: Stack | undefined;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-stack-'));
});

afterAll(async () => {
  await stack?.stop();
  await rm(dir, { recursive: true, force: true });
});

test('everything is as it was after each server was killed by force and restarted', async () => {
  const died: PartName[] = [];
  stack = await startStack({ dir, onPartDied: (part) => died.push(part) });
  first = { brokers: stack.brokers, registryUrl: stack.registryUrl, login: stack.login, postgres: stack.postgres };
  traces = await leaveTraces(stack);
  await Promise.all((['kafka', 'registry', 'postgres'] as const).map((part) => stack?.kill(part, 'SIGKILL')));
  await expect.poll(() => [...died].sort(), soon).toEqual(['kafka', 'postgres', 'registry']);
  await Promise.all([stack.restart('kafka'), stack.restart('postgres')]);
  await stack.restart('registry');
  expect({ brokers: stack.brokers, registryUrl: stack.registryUrl, login: stack.login, postgres: stack.postgres }).toEqual(first);
  await expectTraces(stack, traces);
});

test('a stop leaves no process behind and does not wait for one', async () => {
  const pids = Object.values(stack?.pids ?? {});
  expect(pids).toHaveLength(3);
  const began = Date.now();
  await stack?.stop();
  expect(Date.now() - began).toBeLessThan(60_000);
  expect(await Promise.all(pids.map(isAlive))).toEqual([false, false, false]);
});

test('only the owner can read the remembered password', async () => {
  expect((await stat(join(dir, 'stack.json'))).mode & 0o777).toBe(0o600);
});

test('a second owner is refused, and after the first was killed by force the next one finds everything as it was', async () => {
  const owner = spawn(process.execPath, [...programArguments(join(import.meta.dirname, 'owner.ts')), dir], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
  const addresses = JSON.parse(line) as typeof first & { pids: Record<string, number> };
  expect(addresses).toMatchObject(first);
  await expectTraces(addresses, traces);
  await expect(startStack({ dir })).rejects.toMatchObject({
    kind: 'config',
    code: 'stack:in_use',
    message: expect.stringContaining(String(owner.pid)),
  });

  owner.kill('SIGKILL');
  await once(owner, 'exit');
  stack = await startStack({ dir });
  expect(await Promise.all(Object.values(addresses.pids).map(isAlive))).toEqual([false, false, false]);
  expect(stack.brokers).toEqual(first.brokers);
  await expectTraces(stack, traces);
  await stack.stop();
});

test('ports that others took are replaced, and the data is still found', async () => {
  const taken = [Number(first.brokers[0]?.split(':')[1]), first.postgres.port];
  const strangers = taken.map((port) => createServer().listen(port, '127.0.0.1'));
  await Promise.all(strangers.map((server) => once(server, 'listening')));
  const told: string[] = [];
  try {
    stack = await startStack({ dir, log: (text) => told.push(text) });
    expect(stack.brokers).not.toEqual(first.brokers);
    expect(stack.postgres.port).not.toBe(first.postgres.port);
    expect(stack.registryUrl).toBe(first.registryUrl);
    expect(told.join('\n')).toMatch(/ports in use by other programs, changed: postgres to \d+, kafka to \d+/);
    await expectTraces(stack, traces);
  } finally {
    await stack?.stop();
    for (const server of strangers) server.close();
  }
});

test('a server that dies while the others are still starting ends the start with its name, and nothing stays behind', async () => {
  const killed: number[] = [];
  const log = (line: string): void => {
    if (!line.startsWith('PostgreSQL is up')) return;
    const { pids } = JSON.parse(readFileSync(join(dir, 'stack.json'), 'utf8')) as { pids: Record<string, number> };
    killed.push(...Object.values(pids));
    process.kill(pids['postgres'] ?? 0, 'SIGKILL');
  };
  await expect(startStack({ dir, log })).rejects.toMatchObject({
    kind: 'transient',
    message: 'PostgreSQL of the local stack has died (signal SIGKILL).',
  });
  expect(killed.length).toBeGreaterThan(0);
  expect(await Promise.all(killed.map(isAlive))).not.toContain(true);
});

test('a stop while a server is being started again leaves no process, and only then frees the folder', async () => {
  stack = await startStack({ dir });
  const before = Object.values(stack.pids);
  const restarting = stack.restart('kafka').catch((error: unknown) => error);
  await stack.stop();
  expect(await Promise.all(before.map(isAlive))).toEqual([false, false, false]);
  expect(await restarting).toBeInstanceOf(Error);
  expect(JSON.parse(await readFile(join(dir, 'stack.json'), 'utf8'))).toMatchObject({ pids: {} });
});

test('an interruption is told as one, whatever a tool of the start says to the Ctrl-C it got as well', async () => {
  const stop = new AbortController();
  const folder = join(dir, 'interrupted');
  const started = startStack({ dir: folder, signal: stop.signal });
  // In place of PostgreSQL's or Kafka's first set-up failing: the folder vanishes under them.
  await expect.poll(() => existsSync(join(folder, 'kafka')) || existsSync(join(folder, 'postgres')), soon).toBe(true);
  stop.abort();
  await rename(folder, `${folder}-gone`);
  await expect(started).rejects.toMatchObject({ kind: 'stopped' });
});

test('removing a stack takes along the servers of an owner that was killed, and refuses while there is an owner', async () => {
  const folder = join(dir, 'removed');
  const owner = spawn(process.execPath, [...programArguments(join(import.meta.dirname, 'owner.ts')), folder], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
  const { pids } = JSON.parse(line) as { pids: Record<string, number> };
  await expect(removeStack(folder)).rejects.toMatchObject({
    kind: 'config',
    code: 'stack:in_use',
    message: expect.stringContaining(String(owner.pid)),
  });
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  await removeStack(folder);
  expect(existsSync(folder)).toBe(false);
  expect(await Promise.all(Object.values(pids).map(isAlive))).toEqual([false, false, false]);
});

test('a server that cannot start is named with its last words and its log file, and nothing stays behind', async () => {
  const properties = join(dir, 'kafka', 'data', 'meta.properties');
  const text = await readFile(properties, 'utf8');
  await writeFile(properties, text.replace(/^node\.id=.*$/m, 'node.id=77'));
  await expect(startStack({ dir })).rejects.toMatchObject({
    kind: 'config',
    message: expect.stringMatching(/Kafka of the local stack ended at once \(exit code 1\): Stored node id 77/),
    remedy: expect.stringContaining(join(dir, 'logs', 'kafka.log')),
  });
  expect(JSON.parse(await readFile(join(dir, 'stack.json'), 'utf8'))).toMatchObject({ pids: {} });
});
