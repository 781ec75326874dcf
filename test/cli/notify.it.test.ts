import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { freePort, settingsText, startCommand, until, writeFile, type Ended, type Started } from '../support/command.ts';

/* A worker tells a webhook of a table that fails and recovers: once each, and not again after a restart in between. */

const stack = inject('stack');
const messages: { event: string; table: string; message: string; remedy?: string }[] = [];
let folder: string;
let vendor: KlaviyoSimulator;
let webhook: Server;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-notify-'));
  vendor = await startKlaviyoSimulator({ limits: false, profiles: 5, events: 5, metrics: 5 });
  webhook = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      messages.push(...(JSON.parse(text) as { notifications: typeof messages }).notifications);
      response.end();
    });
  });
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  port = await freePort();
  writeFile(
    folder,
    'tributary.yaml',
    settingsText({
      prefix: `notify${randomBytes(3).toString('hex')}`,
      kafka: stack,
      metricsPort: port,
      more: `notify: { url: "http://127.0.0.1:${(webhook.address() as AddressInfo).port}/hook" }`,
      // Runs come by our own asking alone.
      connections: `klaviyo:\n  settings: { api_key: ${DEFAULT_KEY}, base_url: "${vendor.url}" }\n  tables: [metric]\n  schedule: "0 0 1 1 *"`,
    }),
  );
});
afterAll(async () => {
  await vendor?.close();
  webhook?.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (...args: string[]): Started => startCommand({ sources: [klaviyo], cwd: folder }, args);
const tributary = (...args: string[]): Promise<Ended> => start(...args).ended;

interface Status {
  readonly tables: readonly { readonly lastRun?: { readonly runId: string; readonly outcome: string } }[];
}
async function lastRun(): Promise<{ runId: string; outcome: string } | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined);
  return answer?.ok ? ((await answer.json()) as Status).tables[0]?.lastRun : undefined;
}

/** A run that is asked for and has ended so. */
async function runs(outcome: 'succeeded' | 'failed'): Promise<void> {
  const before = (await lastRun())?.runId;
  expect((await tributary('trigger', 'klaviyo.metric')).code).toBe(0);
  await until(`a run that has ${outcome}`, async () => {
    const run = await lastRun();
    return run !== undefined && run.runId !== before && run.outcome === outcome;
  });
}

async function whileWorking(work: () => Promise<void>): Promise<void> {
  const worker = start('run');
  await until('the worker is ready', () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  const failure = await work().catch((error: Error) => error);
  worker.interrupt();
  const { code, out, err } = await worker.ended;
  if (failure) throw new Error(`${failure.message}; the worker said: ${out}${err}`, { cause: failure });
  expect(code).toBe(130);
}

test('a table that fails and recovers is told once each, and a failure that lasts is not told again after a start', async () => {
  expect((await tributary('sync')).code).toBe(0);
  const failed = {
    event: 'failed',
    table: 'metric',
    message: expect.stringContaining('lacks a scope') as string,
    remedy: expect.stringContaining('Give the key') as string,
  };
  await whileWorking(async () => {
    vendor.quirks.forbidden = ['metrics'];
    await runs('failed');
    await until('it is told', () => messages.length > 0);
    await runs('failed');
    vendor.quirks.forbidden = [];
    await runs('succeeded');
    await until('the end is told', () => messages.length > 1);
    vendor.quirks.forbidden = ['metrics'];
    await runs('failed');
    await until('it is told anew', () => messages.length > 2);
  });
  expect(messages).toMatchObject([failed, { event: 'recovered', table: 'metric' }, failed]);

  await whileWorking(() => runs('failed'));
  expect(messages).toHaveLength(3);

  // A worker that is stopped in the middle of a run leaves an interrupted run behind: the failure before it is not over.
  vendor.faults.add({ kind: 'hang', on: 'GET /api/metrics' });
  await whileWorking(async () => {
    expect((await tributary('trigger', 'klaviyo.metric')).code).toBe(0);
    await until('a request hangs', () => vendor.faults.list().some(({ hits }) => hits > 0));
  });
  expect(messages).toHaveLength(3);
  vendor.faults.clear();
  vendor.quirks.forbidden = [];
  await whileWorking(async () => {
    await runs('succeeded');
    await until('the end is told', () => messages.length > 3);
  });
  expect(messages[3]).toMatchObject({ event: 'recovered', table: 'metric' });
});
