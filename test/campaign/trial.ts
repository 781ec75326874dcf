import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { commotion, expectTopicsEqualTruth, tables, type Commotion } from '../acceptance/klaviyo-account.ts';
import type { Line } from '../acceptance/worker-child.ts';
import { startWorkerProcess, type WorkerProcess } from '../acceptance/worker-process.ts';
import { startBrokerCluster, type BrokerCluster } from '../support/broker-cluster.ts';
import { activeWorkers } from '../../src/kafka/worker.ts';
import { until } from '../support/command.ts';
import { openTestEngine } from '../support/engine.ts';
import { startFaultyLine, type FaultyLine } from '../support/faulty-line.ts';
import { stackLogin } from '../support/login.ts';
import type { Place } from './run.ts';
import { timeLimit } from '../../src/core/signals.ts';

/** An account that changes, three brokers with RF 3, a registry, and a line to each of them. */
export interface Trial {
  readonly cluster: BrokerCluster;
  readonly vendor: KlaviyoSimulator;
  readonly account: Commotion;
  readonly lines: Readonly<Record<'vendor' | 'broker' | 'registry', readonly FaultyLine[]>>;
  /** A process that loads; {@link begin} sets it to work. */
  spawn(): WorkerProcess;
  begin(worker: WorkerProcess): Promise<void>;
  /** What all processes said. */
  said(): readonly Line[];
  /** Runs of a table that ended well after that moment, by that worker. */
  succeeded(worker: WorkerProcess, table: string, since: number): number;
  /** Failures called our own fault. */
  ownFaults(): string[];
  /**
   * Reads all that is left, with every line mended, until nothing changes; then everything has to be equal.
   * Answers what the last pass published.
   */
  settle(): Promise<{ readonly passes: number; readonly lastPublished: number }>;
  close(): Promise<void>;
}

export async function openTrial(
  place: Place,
  { seed, profiles, events }: { seed: number; profiles: number; events: number },
): Promise<Trial> {
  const closing: (() => Promise<unknown>)[] = [];
  const later = <T>(it: T, close: () => Promise<unknown>): T => {
    closing.push(close);
    return it;
  };
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one().catch((error: unknown) => console.error(error));
  };
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'trial-'));
    later(dataDir, () => rm(dataDir, { recursive: true, force: true }));
    const vendor = await startKlaviyoSimulator({ seed, profiles, events, metrics: 20, historyDays: 200, limits: false });
    later(vendor, () => vendor.close());
    const cluster = await startBrokerCluster();
    later(cluster, () => cluster.stop());
    const registry = await startFaultyLine(new URL(place.registryUrl).host);
    later(registry, () => registry.close());
    const shop = await startFaultyLine(new URL(vendor.url).host);
    later(shop, () => shop.close());
    const settings = { api_key: DEFAULT_KEY, base_url: `http://127.0.0.1:${shop.port}`, sweep_every: '0h' };
    const prefix = `trial${Date.now().toString(36)}`;
    const common = { brokers: cluster.brokers, prefix, replicationFactor: 3, openBrokers: true };
    const workers: WorkerProcess[] = [];
    const killAll = (): void => workers.forEach((worker) => worker.signal('SIGKILL'));
    process.once('exit', killAll);
    closing.push(async () => {
      process.off('exit', killAll);
      killAll();
      await Promise.all(workers.map(({ ended }) => ended));
    });
    const said = (): Line[] => workers.flatMap(({ lines }) => lines);
    const lines = { vendor: [shop], broker: cluster.lines, registry: [registry] };
    const login = stackLogin();
    return {
      cluster,
      vendor,
      account: commotion(vendor, seed),
      lines,
      spawn() {
        const worker = startWorkerProcess();
        workers.push(worker);
        return worker;
      },
      async begin(worker) {
        await worker.line('loaded', ({ type }) => type === 'loaded');
        worker.give({
          ...common,
          registryUrl: place.registryUrl.replace(/:\d+/, `:${registry.port}`),
          dataDir,
          settings,
          mode: 'worker',
          ahead: vendor.clock.now() - Date.now(),
          ...(login === undefined ? {} : { login }),
        });
      },
      said,
      succeeded: (worker, table, since) =>
        worker.lines.filter(
          (line) => line.type === 'run-ended' && line.table === table && line.outcome === 'succeeded' && line.startedAt > since,
        ).length,
      ownFaults: () =>
        said().flatMap((line) =>
          'failure' in line && line.failure !== undefined && (line.failure.kind === 'internal' || /fault of/.test(line.failure.message))
            ? [`${line.type} ${line.failure.code ?? ''}: ${line.failure.message}`]
            : [],
        ),
      async settle() {
        for (const line of Object.values(lines).flat()) line.suffer({});
        for (const worker of workers) worker.signal('SIGKILL');
        await Promise.all(workers.map(({ ended }) => ended));
        let ahead = vendor.clock.now() - Date.now();
        const test = await openTestEngine({
          ...common,
          dataDir,
          registryUrl: place.registryUrl,
          clock: { now: () => Date.now() + ahead, timer: systemClock.timer },
          connections: [{ source: klaviyo, settings: { ...settings, base_url: vendor.url } }],
          ...(login === undefined ? {} : { login }),
        });
        try {
          // One that was killed while it joined has told nobody its name in the group.
          await until('the group has missed all workers', async () => (await activeWorkers(test.access)).length === 0, 120_000);
          for (let passes = 1; ; passes += 1) {
            vendor.clock.advance(600_000);
            ahead += 600_000;
            const runs = await test.engine.sync([{ connection: 'klaviyo' }], timeLimit(240_000));
            const bad = runs.filter(({ outcome }) => outcome !== 'succeeded');
            if (bad.length > 0)
              throw new Error(`a quiet pass failed: ${bad.map(({ ref, error }) => `${ref.table} ${error?.message}`).join('; ')}`);
            const lastPublished = runs.reduce((sum, { totals }) => sum + totals.messages, 0);
            if (lastPublished > 0 && passes < 6) continue;
            await expectTopicsEqualTruth(vendor, test);
            return { passes, lastPublished };
          }
        } finally {
          await test.close();
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Lets the account change every `everyMs` until `work` is done. */
export async function whileChanging<T>(change: () => void, everyMs: number, work: () => Promise<T>): Promise<T> {
  const changing = setInterval(change, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(changing);
  }
}

/** The longest time, in seconds and from `since` on, in which no run of the worker ended well. `now` counts as an end. */
export function longestStall(worker: WorkerProcess, since: number, now: number): number {
  const ends = worker.lines.flatMap((line) =>
    line.type === 'run-ended' && line.outcome === 'succeeded' && line.at >= since ? [line.at] : [],
  );
  let longest = 0;
  let last = since;
  for (const end of [...ends, now]) {
    longest = Math.max(longest, end - last);
    last = end;
  }
  return longest / 1_000;
}

/** Waits until each table was read by a run that began after now. Answers how many seconds that took. */
export async function allReadAgain(trial: Trial, worker: WorkerProcess, seconds: number): Promise<number> {
  const from = trial.vendor.clock.now();
  const started = performance.now();
  while (!tables.every((table) => trial.succeeded(worker, table, from) > 0)) {
    const passed = (performance.now() - started) / 1_000;
    if (passed > seconds) {
      throw new Error(
        `not all tables were read within ${seconds} s; said last: ${worker.lines
          .slice(-8)
          .map((line) => JSON.stringify(line))
          .join('\n')}`,
      );
    }
    await sleep(100);
  }
  return (performance.now() - started) / 1_000;
}
