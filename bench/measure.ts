import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { klaviyo } from '../producers/klaviyo/index.ts';
import { sendControl } from '../src/kafka/meta/control.ts';
import { keepHeapSmall } from '../src/engine/small-heap.ts';
import { openTestEngine } from '../test/support/engine.ts';
import { manyTables } from './many-tables.ts';
import { createPlainWriter } from './plain-writer.ts';
import { rawLoop } from './raw-loop.ts';

/**
 * One measurement in a process of its own, so that memory and CPU are its alone. Reads its task as JSON from the
 * command line and prints one line of JSON.
 */
export interface Task {
  readonly what: 'raw' | 'ours' | 'ours-uncompressed' | 'ours-without-transactions' | 'unchanged' | 'limits' | 'tables';
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly login: { readonly username: string; readonly password: string };
  readonly simulator: string;
  readonly prefix: string;
  readonly dataDir: string;
  readonly table: 'event' | 'profile';
  /** How many tables `tables` has, all read twice when there is an index already. */
  readonly tables?: number;
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
  /** From opening the settings, with whatever index there is, to the first run. */
  readonly startMs: number;
  /** Of the indexes on disk. */
  readonly diskMiB: number;
}

const key = 'pk_simulator_000';

/** Time and CPU count from when `work` calls `begin`, after topics and connections have been made. */
async function measured(
  work: (begin: () => void) => Promise<{ rows: number; messages: number }>,
  { openedAt = performance.now(), dataDir }: { readonly openedAt?: number; readonly dataDir?: string } = {},
): Promise<Figures> {
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
    startMs: Math.round(startedAt - openedAt),
    diskMiB: dataDir === undefined ? 0 : Math.round(sizeOf(dataDir) / 2 ** 20),
  };
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function ours(task: Task): Promise<Figures> {
  keepHeapSmall();
  const openedAt = performance.now();
  const harness = await openTestEngine({
    brokers: task.brokers,
    registryUrl: task.registryUrl,
    login: task.login,
    prefix: task.prefix,
    dataDir: task.dataDir,
    connections: [
      task.what === 'tables'
        ? { source: manyTables(task.tables ?? 1), settings: {} }
        : { source: klaviyo, tables: [task.table], history: { range: '1y' }, settings: { api_key: key, base_url: task.simulator } },
    ],
    ...(task.what === 'ours-uncompressed' ? { compression: 'none' as const } : {}),
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
    return await measured(
      async (begin) => {
        let begun = false;
        harness.bus.on(({ type }) => {
          if (type === 'run-started' && !begun) begin();
          begun ||= type === 'run-started';
        });
        const connection = task.what === 'tables' ? 'many' : 'klaviyo';
        const summaries = await harness.engine.sync([{ connection }], stop);
        const failed = summaries.find(({ outcome }) => outcome === 'failed');
        if (summaries.length === 0 || failed) throw new Error(failed?.error?.message ?? 'nothing ran');
        const sum = (what: 'fetched' | 'messages'): number => summaries.reduce((all, { totals }) => all + totals[what], 0);
        return { rows: sum('fetched'), messages: sum('messages') };
      },
      { openedAt, dataDir: task.dataDir },
    );
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
