import { readFileSync } from 'node:fs';
import { klaviyo } from '../producers/klaviyo/index.ts';
import { sendControl } from '../src/kafka/meta/control.ts';
import { keepHeapSmall } from '../src/engine/small-heap.ts';
import { openTestEngine } from '../test/support/engine.ts';
import { createPlainWriter } from './plain-writer.ts';
import { rawLoop } from './raw-loop.ts';

/**
 * One measurement in a process of its own, so that memory and CPU are its alone. Reads its task as JSON from the
 * command line and prints one line of JSON.
 */
export interface Task {
  readonly what: 'raw' | 'ours' | 'ours-without-transactions' | 'unchanged' | 'limits';
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly login: { readonly username: string; readonly password: string };
  readonly simulator: string;
  readonly prefix: string;
  readonly dataDir: string;
  readonly table: 'event' | 'profile';
  /** Ends the run after this long, ms. */
  readonly stopAfterMs?: number;
}

export interface Figures {
  readonly rows: number;
  readonly messages: number;
  readonly ms: number;
  /** User and system time of all threads, ms. */
  readonly cpuMs: number;
  /** Peak of private anonymous memory, and of file-backed (mapped) memory, MiB. */
  readonly anonymousMiB: number;
  readonly mappedMiB: number;
}

const key = 'pk_simulator_000';

/** Time and CPU count from when `work` calls `begin`, after topics and connections have been made. */
async function measured(work: (begin: () => void) => Promise<{ rows: number; messages: number }>): Promise<Figures> {
  let anonymous = 0;
  let mapped = 0;
  const sample = (): void => {
    const status = readFileSync('/proc/self/status', 'utf8');
    const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
    anonymous = Math.max(anonymous, kib('RssAnon'));
    mapped = Math.max(mapped, kib('RssFile'));
  };
  // Often enough that a short run shows its peak as a long one does.
  const timer = setInterval(sample, 100);
  let cpu = process.cpuUsage();
  let startedAt = performance.now();
  const { rows, messages } = await work(() => {
    cpu = process.cpuUsage();
    startedAt = performance.now();
  });
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(timer);
  sample();
  return {
    rows,
    messages,
    ms: Math.round(ms),
    cpuMs: Math.round((user + system) / 1_000),
    anonymousMiB: Math.round(anonymous / 1_024),
    mappedMiB: Math.round(mapped / 1_024),
  };
}

async function ours(task: Task): Promise<Figures> {
  keepHeapSmall();
  const harness = await openTestEngine({
    brokers: task.brokers,
    registryUrl: task.registryUrl,
    login: task.login,
    prefix: task.prefix,
    dataDir: task.dataDir,
    connections: [
      { source: klaviyo, tables: [task.table], history: { range: '1y' }, settings: { api_key: key, base_url: task.simulator } },
    ],
    compression: 'none',
    ...(task.what === 'ours-without-transactions' ? { createWriter: createPlainWriter } : {}),
  });
  const stop = task.stopAfterMs === undefined ? new AbortController().signal : AbortSignal.timeout(task.stopAfterMs);
  try {
    if (task.what === 'unchanged') {
      await sendControl(harness.access, [
        {
          connection: 'klaviyo',
          table: task.table,
          slot: 'backfill',
          value: { id: task.prefix, at: Date.now(), since: Date.now() - 364 * 86_400_000 },
        },
      ]);
    }
    return await measured(async (begin) => {
      harness.bus.on(({ type }) => {
        if (type === 'run-started') begin();
      });
      const [summary] = await harness.engine.sync([{ connection: 'klaviyo' }], stop);
      if (!summary || summary.outcome === 'failed') throw new Error(summary?.error?.message ?? 'nothing ran');
      return { rows: summary.totals.fetched, messages: summary.totals.messages };
    });
  } finally {
    await harness.close();
  }
}

const task = JSON.parse(process.argv[2] ?? '') as Task;
const since = new Date(Date.now() - 365 * 86_400_000).toISOString().replace(/\.\d+Z/, 'Z');
const figures =
  task.what === 'raw'
    ? await measured(async (begin) => {
        const rows = await rawLoop(task, task.simulator, key, since, begin);
        return { rows, messages: rows };
      })
    : await ours(task);
process.stdout.write(`${JSON.stringify(figures)}\n`);
