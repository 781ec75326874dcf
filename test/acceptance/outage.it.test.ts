import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { commotion, expectTopicsEqualTruth, tables } from './klaviyo-account.ts';
import { readStateHistory, stepsBack } from './state-history.ts';
import type { Line } from './worker-child.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

/* The broker and the registry are killed under a running worker, which is left to itself. */

const seed = 3;
const minute = 60_000;
const prefix = `outage${randomBytes(4).toString('hex')}`;
let dir: string;
let stack: Stack;
let vendor: KlaviyoSimulator;
let reader: TestEngine;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-outage-'));
  vendor = await startKlaviyoSimulator({ seed, profiles: 1_000, events: 4_000, historyDays: 150, limits: false });
  stack = await startStack({ dir: join(dir, 'stack'), topicDefaults: 'fast' });
  reader = await openTestEngine({
    brokers: stack.brokers,
    registryUrl: stack.registryUrl,
    login: stack.login,
    prefix,
    connections: [{ source: klaviyo, settings: settings() }],
  });
});

afterAll(async () => {
  for (const one of workers) one.signal('SIGKILL');
  await Promise.all(workers.map(({ ended }) => ended));
  await reader?.close();
  await stack?.stop();
  await vendor?.close();
  await rm(dir, { recursive: true, force: true });
});

const settings = () => ({ api_key: DEFAULT_KEY, base_url: vendor.url, sweep_every: '0h' });
const ahead = (): number => vendor.clock.now() - Date.now();

async function startWorker(): Promise<WorkerProcess> {
  const worker = startWorkerProcess();
  workers.push(worker);
  await worker.line('loaded', ({ type }) => type === 'loaded');
  worker.give({
    brokers: stack.brokers,
    registryUrl: stack.registryUrl,
    login: stack.login,
    prefix,
    dataDir: join(dir, 'data'),
    settings: settings(),
    mode: 'worker',
    ahead: ahead(),
  });
  return worker;
}

const published = (line: Line): boolean => line.type === 'batch-committed' && line.upserts > 0;

/** Every table's run, begun after this call, comes to its end, and `more` runs after it. */
async function untilRead(worker: WorkerProcess, more = 0): Promise<void> {
  const from = worker.lines.length;
  for (const table of tables) {
    const begun = new Set<string>();
    let left = more + 1;
    await worker.line(
      `${more + 1} runs of ${table}`,
      (line) => {
        if (line.type === 'run-started' && line.table === table) begun.add(line.runId);
        return line.type === 'run-ended' && begun.has(line.runId) && line.outcome === 'succeeded' && (left -= 1) === 0;
      },
      { from },
    );
  }
}

test(
  'a worker goes on by itself when the broker and the registry come back, and the topics equal the truth',
  { timeout: 1_200_000 },
  async () => {
    const account = commotion(vendor, seed);
    const change = (worker: WorkerProcess): void => {
      account.grow();
      vendor.clock.advance(minute);
      worker.setClock(ahead());
    };
    vendor.faults.add({ kind: 'slow', delayMs: 100, on: 'GET /api/*' });

    let worker = await startWorker();
    await worker.line('the first rows', published);
    // A broker killed within milliseconds of its answer to a commit can keep that transaction open for its readers;
    // what is seen by a reader was committed for good.
    while ((await reader.readTable('metric')).rows.size === 0) await delay(100);
    await delay(1_000);
    let from = worker.lines.length;
    await stack.kill('kafka', 'SIGKILL');
    change(worker);
    // A run or the group of the workers notices first.
    const trouble = await worker.line(
      'the trouble is told',
      (line) => (line.type === 'run-retrying' && line.stage === 'kafka') || line.type === 'connection-failed',
      { from },
    );
    expect(trouble).toMatchObject({ failure: { kind: 'transient' } });
    from = worker.lines.length;
    await stack.restart('kafka');
    await worker.line('rows after the broker came back', published, { from });
    vendor.faults.clear();
    await untilRead(worker);

    await stack.kill('registry', 'SIGKILL');
    change(worker);
    account.shrink();
    from = worker.lines.length;
    await worker.line('rows without a registry', published, { from });
    await untilRead(worker);

    // One that starts while the registry is away waits for it.
    worker.signal('SIGTERM');
    await worker.gone();
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    worker = await startWorker();
    await worker.line('the registry is missed', (line) => line.type === 'connection-failed' || line.type === 'run-retrying');
    change(worker);
    await stack.restart('registry');
    await worker.line('rows after the registry came back', published);
    account.shrink();
    change(worker);
    // A profile that is gone is noticed in one run, its events are read again in the next.
    await untilRead(worker, 2);
    worker.signal('SIGTERM');
    await worker.gone();
    expect(await worker.ended).toEqual({ code: 0, signal: null });

    await expectTopicsEqualTruth(vendor, reader);
    expect(stepsBack(await readStateHistory(reader.access))).toEqual([]);
  },
);
