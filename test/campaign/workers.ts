import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endAll, startWorker, succeeded, until, type FleetWorker } from './fleet.ts';
import { startShopServer } from '../support/shop-server.ts';
import type { Figures, Place } from './run.ts';
import { connectionNames } from './worker.ts';

/** Workers 1 -> 2 -> 3 -> 2 (one is killed) -> 1, with as many connections as wanted. */
export async function workers(
  place: Place,
  options: {
    readonly prefix: string;
    readonly connections: number;
    readonly sessionTimeout: number;
    readonly schedule: string;
    readonly seconds: number;
    /** Each keeps its indexes in a folder of its own, as on machines of their own: none is missed before its session ends. */
    readonly apart: boolean;
  },
): Promise<Figures> {
  const vendor = await startShopServer(20, 10, 0);
  const dir = await mkdtemp(join(tmpdir(), 'workers-'));
  const names = connectionNames(options.connections);
  const started: FleetWorker[] = [];
  const figures: Record<string, Figures[string]> = {};
  const start = (): FleetWorker => {
    const worker = startWorker({
      ...place,
      ...options,
      dataDir: options.apart ? join(dir, String(started.length)) : dir,
      vendorUrl: vendor.url,
      mode: 'worker',
    });
    started.push(worker);
    return worker;
  };
  const vendorPort = Number(new URL(vendor.url).port);
  let most = { sockets: 0, toVendor: 0, memory: 0, over: -Infinity };
  const watching = setInterval(() => {
    for (const worker of started) {
      if (worker.child.exitCode !== null || worker.child.signalCode !== null) continue;
      try {
        const byPort = worker.sockets();
        const toVendor = byPort.get(vendorPort) ?? 0;
        const sockets = [...byPort.values()].reduce((sum, some) => sum + some, -toVendor);
        most = {
          sockets: Math.max(most.sockets, sockets),
          toVendor: Math.max(most.toVendor, toVendor),
          memory: Math.max(most.memory, worker.memory()),
          over: Math.max(most.over, sockets - 60 - 2 * worker.assigned().size),
        };
      } catch {
        // It has just ended.
      }
    }
  }, 250);
  /** Seconds until every connection was read by a run that began after now, by a worker that has it, and nobody else has. */
  const allRead = async (what: string, living: readonly FleetWorker[]): Promise<number> => {
    const from = Date.now();
    return until(
      what,
      () =>
        names.every((name) => living.some((worker) => worker.assigned().has(name) && succeeded(worker, name, from) > 0)) &&
        living.every((worker) => worker.assigned().size > 0),
      options.seconds,
    );
  };
  const round = (seconds: number): number => Math.round(seconds * 10) / 10;
  /** Seconds from then until the last of these workers was given what it has now. */
  const givenAfter = (from: number, living: readonly FleetWorker[]): number =>
    round(
      Math.max(
        0,
        ...living.flatMap(({ lines }) =>
          lines.filter(({ type, at }) => type === 'connection-assigned' && at >= from).map(({ at }) => at - from),
        ),
      ) / 1_000,
    );
  const step = async (what: string, living: readonly FleetWorker[]): Promise<void> => {
    const from = Date.now();
    const read = await allRead(what, living);
    figures[`${what}: given after, s`] = givenAfter(from, living);
    figures[`${what}: all read after, s`] = round(read);
    console.error(what, figures[`${what}: given after, s`], round(read));
    if (process.env['CAMPAIGN_TRACE'])
      for (const { lines, child } of living)
        for (const line of lines)
          if (line.at >= from && 'connection' in line && !['run-started'].includes(line.type))
            console.error(
              child.pid,
              line.at - from,
              line.type,
              line.connection,
              'outcome' in line ? [line.outcome, line.at - ('startedAt' in line ? line.startedAt : 0)] : '',
              'failure' in line ? line.failure?.message : '',
            );
  };
  try {
    const a = start();
    await step('1 worker', [a]);
    const b = start();
    await step('2 workers', [a, b]);
    const c = start();
    await step('3 workers', [a, b, c]);
    b.signal('SIGKILL');
    await step('one of 3 killed', [a, c]);
    c.signal('SIGTERM');
    await step('one of 2 stopped', [a]);
    const left = await c.ended;
    const last = await endAll([a]);
    const lines = started.flatMap((worker) => worker.lines);
    figures['processes that ended by themselves'] =
      [left, ...last]
        .filter(({ code, signal }) => code !== 0 || signal !== null)
        .map(({ code, signal, errors }) => `${signal ?? code} ${errors}`)
        .join('; ') || 0;
    figures['runs that failed'] = lines.filter((line) => line.type === 'run-ended' && line.outcome === 'failed').length;
    figures['connections fenced'] = lines.filter((line) => line.type === 'connection-failed' && line.failure.kind === 'fenced').length;
    figures['warnings'] = lines.filter(({ type }) => type === 'warning' || type === 'notice').length;
  } finally {
    clearInterval(watching);
    figures['most sockets to Kafka and registry of a worker'] = most.sockets;
    figures['most sockets to the vendor, as many as requests under way'] = most.toVendor;
    figures['most sockets above 60 + 2 per connection'] = most.over;
    figures['most memory of a worker, MB'] = most.memory;
    for (const worker of started) worker.signal('SIGKILL');
    await vendor.close();
    await rm(dir, { recursive: true, force: true });
    console.error(options.connections, figures);
  }
  return figures;
}

/** Lives of a few seconds: a lone worker is killed again and again, and everything is read all the same. */
export async function lives(
  place: Place,
  options: { readonly prefix: string; readonly count: number; readonly random: () => number },
): Promise<Figures> {
  const vendor = await startShopServer(3_000, 100, 20);
  const dir = await mkdtemp(join(tmpdir(), 'lives-'));
  const seconds: number[] = [];
  let reading = 0;
  try {
    for (let life = 0; life < options.count; life += 1) {
      const worker = startWorker({
        ...place,
        prefix: options.prefix,
        dataDir: dir,
        vendorUrl: vendor.url,
        connections: 1,
        schedule: '* * * * * *',
        mode: 'worker',
      });
      const born = Date.now();
      const ms = 3_000 + options.random() * 9_000;
      await new Promise((resolve) => setTimeout(resolve, ms));
      const first = worker.lines.find(({ type }) => type === 'run-started');
      if (first !== undefined) {
        reading += 1;
        seconds.push((first.at - born) / 1_000);
      }
      worker.signal('SIGKILL');
      await worker.ended;
    }
  } finally {
    await vendor.close();
    await rm(dir, { recursive: true, force: true });
  }
  return {
    lives: options.count,
    'lives that read': reading,
    'longest from start to reading, s': Math.round(Math.max(...seconds) * 10) / 10,
  };
}
