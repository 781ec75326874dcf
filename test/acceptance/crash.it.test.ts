import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { startProxy, type KafkaProxy } from '../kafka/tcp-proxy.ts';
import { randomStream, sample } from '../../simulators/kit/random.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { moments, type Moment } from './crash-moments.ts';
import { commotion, expectTopicsEqualTruth, tables } from './klaviyo-account.ts';
import { rereads, type Life } from './rereads.ts';
import { readStateHistory, stepsBack } from './state-history.ts';
import type { Death } from './worker-child.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

/*
 * A process is killed again and again, at every kind of moment there is, while the account it reads changes. Each
 * life goes on in the data folder of the one before, now and then without its index.
 */

const seed = 20_261_122;
const size = { profiles: 1_500, events: 6_000 };
const minute = 60_000;

const { brokers, registryUrl } = inject('stack');
const prefix = `crash${randomBytes(4).toString('hex')}`;
let dataDir: string;
let vendor: KlaviyoSimulator;
let proxy: KafkaProxy;
let reader: TestEngine;
const processes: WorkerProcess[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-crash-'));
  vendor = await startKlaviyoSimulator({ seed, ...size, historyDays: 200, limits: false });
  proxy = await startProxy(brokers[0] ?? '');
  reader = await openTestEngine({ brokers, registryUrl, prefix, connections: [{ source: klaviyo, settings: settings() }] });
});

afterAll(async () => {
  for (const one of processes) one.signal('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
  await reader?.close();
  await proxy?.close();
  await vendor?.close();
  await rm(dataDir, { recursive: true, force: true });
});

const settings = () => ({ api_key: DEFAULT_KEY, base_url: vendor.url, sweep_every: '0h' });

function spawned(): WorkerProcess {
  const process = startWorkerProcess();
  processes.push(process);
  return process;
}

test('kills at every kind of moment lose, double and undo nothing', { timeout: 1_800_000 }, async () => {
  const random = randomStream(seed);
  const account = commotion(vendor, seed);
  const queue = sample(
    moments.flatMap((moment) => Array.from({ length: moment.times }, () => moment)),
    Number.POSITIVE_INFINITY,
    random,
  );
  const lives: Life[] = [];
  const kills = new Map<string, number>();
  let indexLost = false;
  // Loading takes longer than most lives do, so the next process loads meanwhile.
  let next = spawned();

  async function born(death?: Death): Promise<WorkerProcess> {
    const worker = next;
    next = spawned();
    await worker.line('loaded', ({ type }) => type === 'loaded');
    const from = vendor.clock.now();
    worker.give({
      brokers,
      registryUrl,
      prefix,
      dataDir,
      settings: settings(),
      mode: 'rounds',
      proxyPort: proxy.port,
      ahead: from - Date.now(),
      ...(death === undefined ? {} : { death }),
    });
    lives.push({ from, lines: worker.lines, indexLost });
    return worker;
  }

  /** A life that the moment ends. Answers whether it was in time: a process may have ended in good order before. */
  async function endedAt(moment: Moment, change: () => void): Promise<boolean> {
    const worker = await born(moment.death?.(random));
    const disturbed = worker.line('a page', ({ type }) => type === 'page-read').then(change, () => undefined);
    if (moment.comes) await moment.comes({ worker, vendor, proxy, random });
    else await worker.gone();
    worker.signal('SIGKILL');
    const { signal } = await worker.ended;
    await disturbed;
    proxy.forget();
    change();
    vendor.clock.advance(minute);
    indexLost = random() < 0.25;
    if (indexLost) await rm(join(dataDir, 'index'), { recursive: true, force: true });
    return signal === 'SIGKILL';
  }

  async function killed(some: readonly Moment[], delayMs: number, change: () => void): Promise<void> {
    for (const moment of some) {
      for (let tries = 1; ; tries += 1) {
        expect(tries, `${moment.name} came too late each time`).toBeLessThan(5);
        vendor.faults.clear();
        vendor.faults.add({ kind: 'slow', delayMs, on: 'GET /api/*' });
        if (await endedAt(moment, change)) break;
      }
      kills.set(moment.name, (kills.get(moment.name) ?? 0) + 1);
    }
    vendor.faults.clear();
  }

  /** A life that is left alone for some rounds, and what it published in the last of them. */
  async function spared(rounds: number): Promise<{ table: string; outcome: string; messages: number }[]> {
    const worker = await born();
    let done = 0;
    await worker.line(`${rounds} rounds`, ({ type }) => type === 'round' && (done += 1) === rounds, { seconds: 600 });
    worker.signal('SIGTERM');
    await worker.gone();
    expect(await worker.ended, 'it ends in good order').toEqual({ code: 0, signal: null });
    indexLost = false;
    // A round that Kafka did not answer in time is begun again, so runs are taken between the marks and not by number.
    const ends = worker.lines.flatMap((line, at) => (line.type === 'round' ? [at] : []));
    const runs = worker.lines
      .slice(rounds === 1 ? 0 : ends[rounds - 2], ends[rounds - 1])
      .flatMap((line) => (line.type === 'run-ended' ? [{ table: line.table, outcome: line.outcome, messages: line.totals.messages }] : []));
    return [...new Map(runs.map((run) => [run.table, run])).values()];
  }

  const began = Date.now();
  const duringBackfill = Math.floor(queue.length / 3);
  // So slow that the back-fill outlasts several lives.
  await killed(queue.slice(0, duringBackfill), 100, account.grow);
  await spared(1);
  vendor.clock.advance(minute);
  await killed(queue.slice(duringBackfill), 10, () => {
    account.grow();
    account.shrink();
  });
  // What is gone is noticed in the first round, its events are read again in the second, and then there is nothing left.
  const last = await spared(4);
  expect(last).toEqual(expect.arrayContaining(tables.map((table) => ({ table, outcome: 'succeeded', messages: 0 }))));

  await expectTopicsEqualTruth(vendor, reader);
  const history = await readStateHistory(reader.access);
  expect(stepsBack(history)).toEqual([]);
  const again = rereads(lives, vendor.requests.list(), history);
  const told = lives.flatMap(({ lines }) => lines);
  console.log(
    `${[...kills.values()].reduce((sum, count) => sum + count, 0)} kills in ${Math.round((Date.now() - began) / 1000)} s: ${[...kills].map(([name, count]) => `${count} ${name}`).join(', ')}; ` +
      `${lives.filter((life) => life.indexLost).length} lives without an index; ${told.filter(({ type }) => type === 'batch-committed').length} batches told of, ` +
      `${history.length} states committed; ${again.resumed} reads went on from a cut, ${again.rereads.reduce((sum, { pages }) => sum + pages, 0)} committed pages read again`,
  );
  expect([...kills.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(25);
  expect(again.resumed, 'reads that went on from a committed position').toBeGreaterThan(5);
  expect(again.rereads, 'committed pages read again').toEqual([]);
});
