import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endAll, startWorker, succeeded, until, type FleetWorker } from './fleet.ts';
import { startItemsVendor } from './items-vendor.ts';
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
  },
): Promise<Figures> {
  const vendor = await startItemsVendor(20, 10, 0);
  const dir = await mkdtemp(join(tmpdir(), 'workers-'));
  const names = connectionNames(options.connections);
  const started: FleetWorker[] = [];
  const figures: Record<string, Figures[string]> = {};
  const start = (): FleetWorker => {
    const worker = startWorker({ ...place, ...options, dataDir: dir, vendorUrl: vendor.url, mode: 'worker' });
    started.push(worker);
    return worker;
  };
  let most = { sockets: 0, memory: 0, over: -Infinity };
  const watching = setInterval(() => {
    for (const worker of started) {
      if (worker.child.exitCode !== null || worker.child.signalCode !== null) continue;
      try {
        const sockets = worker.sockets();
        most = {
          sockets: Math.max(most.sockets, sockets),
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
  try {
    const a = start();
    figures['1 worker: all read after, s'] = round(await allRead('one has all', [a]));
    const b = start();
    figures['2 workers: all read after, s'] = round(await allRead('two share', [a, b]));
    const c = start();
    figures['3 workers: all read after, s'] = round(await allRead('three share', [a, b, c]));
    b.signal('SIGKILL');
    figures['one of 3 killed: all read after, s'] = round(await allRead('two share again', [a, c]));
    c.signal('SIGTERM');
    const left = await c.ended;
    figures['one of 2 stopped: all read after, s'] = round(await allRead('one has all again', [a]));
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
    figures['most sockets of a worker'] = most.sockets;
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
  const vendor = await startItemsVendor(3_000, 100, 20);
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
