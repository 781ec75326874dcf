import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { WorkerLine, WorkerOrders } from './worker.ts';
import { programArguments } from '../support/program.ts';

export interface FleetWorker {
  readonly lines: readonly WorkerLine[];
  readonly child: ChildProcess;
  /** Connections it has by its own account. */
  assigned(): ReadonlySet<string>;
  /** Connected TCP sockets by remote port. */
  sockets(): ReadonlyMap<number, number>;
  /** Resident memory, MB. */
  memory(): number;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly errors: string }>;
}

const script = fileURLToPath(new URL('worker.ts', import.meta.url));

/** `variables`: of its environment, on top of ours. */
export function startWorker(orders: WorkerOrders, variables: Readonly<Record<string, string>> = {}): FleetWorker {
  const child = spawn(process.execPath, [...programArguments(script), JSON.stringify(orders)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...variables },
  });
  const lines: WorkerLine[] = [];
  let errors = '';
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as WorkerLine));
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
  const ended = new Promise<Awaited<FleetWorker['ended']>>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, errors }));
  });
  return {
    lines,
    child,
    assigned() {
      const has = new Set<string>();
      for (const line of lines) {
        if (line.type === 'connection-assigned') has.add(line.connection);
        if (line.type === 'connection-revoked') has.delete(line.connection);
      }
      return has;
    },
    sockets: () => socketsOf(child.pid),
    memory: () => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024),
    signal: (signal) => void child.kill(signal),
    ended,
  };
}

function socketsOf(pid: number | undefined): ReadonlyMap<number, number> {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => inodeAt(`/proc/${pid}/fd/${fd}`)));
  const found = new Map<number, number>();
  for (const file of ['tcp', 'tcp6']) {
    for (const line of readFileSync(`/proc/${pid}/net/${file}`, 'utf8').split('\n').slice(1)) {
      const [, , remote = '', state, , , , , , inode] = line.trim().split(/\s+/);
      const port = Number.parseInt(remote.split(':')[1] ?? '', 16);
      if (state === ESTABLISHED && own.has(inode)) found.set(port, (found.get(port) ?? 0) + 1);
    }
  }
  return found;
}

/** As `/proc/net/tcp` writes it. */
const ESTABLISHED = '01';

function inodeAt(path: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1];
  } catch {
    return undefined;
  }
}

/** Waits until it is so; answers how many seconds that took. */
export async function until(what: string, so: () => boolean | Promise<boolean>, seconds: number): Promise<number> {
  const started = performance.now();
  while (!(await so())) {
    if (performance.now() - started > seconds * 1_000) throw new Error(`${seconds} s passed without: ${what}`);
    await sleep(100);
  }
  return (performance.now() - started) / 1_000;
}

/** Ends the workers in good order and answers how they ended. */
export async function endAll(workers: readonly FleetWorker[]): Promise<readonly Awaited<FleetWorker['ended']>[]> {
  for (const worker of workers) {
    worker.signal('SIGCONT');
    worker.signal('SIGTERM');
  }
  const late = setTimeout(() => workers.forEach((worker) => worker.signal('SIGKILL')), 30_000);
  try {
    return await Promise.all(workers.map((worker) => worker.ended));
  } finally {
    clearTimeout(late);
  }
}

/** Runs of a connection that ended well after `since`, by that worker. */
export const succeeded = (worker: FleetWorker, connection: string, since = 0): number =>
  worker.lines.filter(
    (line) => line.type === 'run-ended' && line.connection === connection && line.outcome === 'succeeded' && line.startedAt > since,
  ).length;
