import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recall, remember } from '../../src/stack/memory.ts';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import { sampleSource } from '../config/sample-source.ts';
import { startCommand, writeFile, type Ended } from '../support/command.ts';
import { shopSource } from '../support/shop-source.ts';

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

test('check compares the settings with what the local Kafka holds, and says when it did not run', async () => {
  const dir = join(folder, 'shop');
  mkdirSync(dir);
  const source = shopSource({ items: ['a', 'b'], shops: new Map(), refusals: new Map() });
  const shop = (...args: string[]): Promise<Ended> => startCommand({ sources: [source], cwd: dir }, args).ended;
  const settings = (more: string, partitions: number): string =>
    writeFile(
      dir,
      'tributary.yaml',
      `metrics: { port: 1 }\n${more}connections: { shop: { source: shop_vendor, exclude: [shop, product], tables: { item: { partitions: ${partitions} } } } }\n`,
    );
  settings('', 3);
  // A stack that has never run holds nothing that could differ.
  expect(await shop('check')).toMatchObject({ code: 0, out: expect.not.stringMatching(/topics|skip/) as string });
  expect(await shop('sync')).toMatchObject({ code: 0 });
  expect(await shop('check')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^skip {2}topics: the local Kafka does not run/m) as string,
  });
  const own = await startStack({ dir: join(dir, '.tributary', 'stack') });
  try {
    expect(await shop('check')).toMatchObject({ code: 0, out: expect.stringMatching(/^ok {4}topics: .*as they must be/m) as string });
    settings('', 2);
    const partitions = await shop('check');
    expect(partitions.out).toMatch(/^FAIL {2}topics: .*has 3 partitions and the settings ask for 2/m);
    expect(partitions.code).toBe(2);
    settings('topics: { name: "{prefix}.crm.{connection}.{table}" }\nlandings: { postgres: embedded }\n', 3);
    const moved = /The rows of shop\.item are in the topic tributary\.shop\.item, but the settings now name it tributary\.crm\.shop\.item/;
    const names = await shop('check');
    expect(names.out).toMatch(moved);
    expect(names.code).toBe(2);
    expect(await shop('peek', 'shop.item')).toMatchObject({ code: 2, out: '', err: expect.stringMatching(moved) as string });
    await own.startConnect();
    expect(await shop('landing', 'apply', 'postgres')).toMatchObject({ code: 2, out: '', err: expect.stringMatching(moved) as string });
  } finally {
    await own.stop();
  }
});
