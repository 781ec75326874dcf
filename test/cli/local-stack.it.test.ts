import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recall, remember } from '../../src/stack/memory.ts';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import { sampleSource } from '../config/sample-source.ts';
import { startCommand, writeFile, type Ended } from '../support/command.ts';

// This process owns the folder's stack as a command would that is no worker: `state export`, say, or another sync.
let folder: string;
let stack: Stack;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-local-stack-'));
  writeFile(folder, 'tributary.yaml', 'metrics: { port: 1 }\nconnections: { sample: { settings: { api_key: sk_1 } } }\n');
  stack = await startStack({ dir: join(folder, '.tributary', 'stack') });
});
afterAll(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tributary = (...args: string[]): Promise<Ended> => startCommand({ sources: [sampleSource], cwd: folder }, args).ended;

test('a short command borrows the local stack of another process', async () => {
  const { code, out } = await tributary('status');
  expect(out).toMatch(/sample\.person +not yet synced/);
  expect(code).toBe(0);
  expect(stack.pids).toHaveProperty('kafka');
});

test.each([['sync'], ['verify', 'sample.person']])('%s does not, since its owner would stop it meanwhile', async (...args) => {
  const { code, out, err } = await tributary(...args);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(`is in use by process ${process.pid}, which stops it when it is done.\nTry again when that process has ended.`);
});

test('run needs a stack of its own', async () => {
  const { code, err } = await tributary('run');
  expect(code).toBe(2);
  expect(err).toContain(`is in use by process ${process.pid}.`);
});

test('a stack that is just being started or stopped is said to be, and no Kafka setting is blamed', async () => {
  const dir = join(folder, '.tributary', 'stack');
  const memory = await recall(dir);
  remember(dir, { ...memory, ports: { ...memory.ports, kafka: 1 } });
  const { code, err } = await tributary('status');
  remember(dir, memory);
  expect(code).toBe(1);
  expect(err).toMatch(/which is starting or stopping it\.\nTry again in a moment\./);
  expect(err).not.toContain('kafka.brokers');
});
