import { execFile, spawn } from 'node:child_process';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startStack } from '../src/stack/stack.ts';
import { limitsUsed } from './limits-used.ts';
import { ROWS_PER_TABLE } from './many-tables.ts';
import type { Figures, Task } from './measure.ts';

/**
 * `npm run bench [-- --quick]`: starts a stack and simulators of its own, measures, prints, and appends a dated
 * section to bench/results.md (`--large`: with 10 million rows too; bench/stages.ts tells what each stage costs). Ratios are taken within one run and in turns, since machines are noisy.
 */
const quick = process.argv.includes('--quick');
const sizes = quick
  ? { backfill: 60_000, small: 20_000, large: 100_000, limitsMs: 130_000 }
  : { backfill: 200_000, small: 100_000, large: 1_000_000, limitsMs: 250_000 };
const rounds = quick ? 1 : 3;
/** Measured as it is shipped: compiled, without a loader of TypeScript in the process. */
const compiled = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const run = promisify(execFile);

interface Simulator {
  readonly url: string;
  readonly controlUrl: string;
  stop(): void;
}

async function startSimulator(events: number, profiles: number, limits: boolean): Promise<Simulator> {
  const child = spawn(
    process.execPath,
    [
      compiled('../simulators/klaviyo/main.js'),
      '--events',
      String(events),
      '--profiles',
      String(profiles),
      ...(limits ? [] : ['--no-limits']),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface(child.stdout)) {
    const { url, controlUrl } = JSON.parse(line) as { url: string; controlUrl: string };
    return { url, controlUrl, stop: () => void child.kill('SIGTERM') };
  }
  throw new Error('the simulator did not start');
}

async function measure(task: Task): Promise<Figures> {
  const { stdout } = await run(process.execPath, [compiled('measure.js'), JSON.stringify(task)], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Figures;
}

const perSecond = ({ rows, ms }: Figures): number => Math.round((rows / ms) * 1_000);
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const micros = ({ cpuMs, rows }: Figures): string => ((cpuMs * 1_000) / rows).toFixed(0);
const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** What the simulator answered on a route, in the order it came. */
async function requestsOf({ controlUrl }: Simulator, route: string): Promise<{ readonly time: number; readonly status: number }[]> {
  const answer = await fetch(`${controlUrl}/requests.list`, { method: 'POST', body: JSON.stringify({ route }) });
  return ((await answer.json()) as { result: { time: number; status: number }[] }).result;
}

const lines: string[] = [];
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
  lines.push(line);
};

const dir = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
const stack = await startStack({ dir: join(dir, 'stack'), log: (line) => process.stderr.write(`${line}\n`) });
const open: Simulator[] = [];
let serial = 0;
const taskFor = (what: Task['what'], simulator: Simulator, more: Partial<Task> = {}): Task => {
  const prefix = more.prefix ?? `bench${process.pid}_${(serial += 1)}`;
  return {
    what,
    brokers: stack.brokers,
    registryUrl: stack.registryUrl,
    login: stack.login,
    simulator: simulator.url,
    table: 'event',
    dataDir: join(dir, prefix),
    ...more,
    prefix,
  };
};

try {
  say(
    `\n## ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}${quick ? ', quick' : ''}\n`,
  );
  const plain = await startSimulator(sizes.backfill, 5_000, false);
  open.push(plain);
  const kinds = ['raw', 'ours', 'ours-uncompressed', 'ours-without-transactions'] as const;
  const figures = Object.fromEntries(kinds.map((kind) => [kind, [] as Figures[]])) as Record<(typeof kinds)[number], Figures[]>;
  let last = '';
  for (let round = 0; round < rounds; round += 1) {
    for (const what of kinds) {
      const task = taskFor(what, plain);
      figures[what].push(await measure(task));
      if (what === 'ours') last = task.prefix;
    }
  }
  const rate = (what: keyof typeof figures): number => median(figures[what].map(perSecond));
  const cpu = (what: keyof typeof figures): number => median(figures[what].map(({ cpuMs, rows }) => (cpuMs * 1_000) / rows));
  say(
    '| back-fill of events, limits off | rows/s (median) | our CPU, µs/row | against the raw loop | CPU against it | peak anonymous, mapped MiB |',
  );
  say('| --- | --- | --- | --- | --- | --- |');
  for (const what of kinds)
    say(
      `| ${what} | ${rate(what)} | ${cpu(what).toFixed(0)} | ${percent(rate(what) / rate('raw'))} | ${(cpu(what) / cpu('raw')).toFixed(2)} x | ${median(figures[what].map(({ anonymousMiB }) => anonymousMiB))}, ${median(figures[what].map(({ mappedMiB }) => mappedMiB))} |`,
    );
  say(`\nExactly-once costs ${percent(1 - rate('ours') / rate('ours-without-transactions'))} of the speed without transactions.`);

  const again = await measure(taskFor('unchanged', plain, { prefix: last }));
  say(
    `\nUnchanged re-run: ${again.rows} rows read, ${again.messages} messages published, ${((again.cpuMs * 1_000) / again.rows).toFixed(0)} µs CPU per row, ${perSecond(again)} rows/s.`,
  );

  say('\n| rows | rows/s | CPU, µs/row | again, µs/row | start with that index, ms | peak anonymous, mapped MiB | index on disk, MiB |');
  say('| --- | --- | --- | --- | --- | --- | --- |');
  for (const events of [sizes.small, sizes.large, ...(process.argv.includes('--large') ? [10_000_000] : [])]) {
    const simulator = await startSimulator(events, 5_000, false);
    open.push(simulator);
    const task = taskFor('ours', simulator);
    const first = await measure(task);
    const second = await measure({ ...task, what: 'unchanged' });
    say(
      `| ${first.rows} | ${perSecond(first)} | ${micros(first)} | ${micros(second)} | ${second.startMs} | ${first.anonymousMiB}, ${first.mappedMiB} | ${first.diskMiB} |`,
    );
    simulator.stop();
  }

  say(
    `\n| tables of ${ROWS_PER_TABLE} rows | all read, s | CPU, s | again, s | CPU, s | start, ms: new, again | peak anonymous MiB | indexes on disk, MiB |`,
  );
  say('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const tables of quick ? [1, 10, 63] : [1, 10, 63, 500]) {
    const task = taskFor('tables', plain, { tables });
    const first = await measure(task);
    const second = await measure(task);
    const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
    say(
      `| ${tables} | ${seconds(first.ms)} | ${seconds(first.cpuMs)} | ${seconds(second.ms)} | ${seconds(second.cpuMs)} | ${first.startMs}, ${second.startMs} | ${first.anonymousMiB} | ${first.diskMiB} |`,
    );
  }

  const limited = await startSimulator(1_000, 500_000, true);
  open.push(limited);
  await measure(taskFor('limits', limited, { table: 'profile', stopAfterMs: sizes.limitsMs }));
  const { whole, share, refused } = limitsUsed(await requestsOf(limited, 'GET /api/profiles'));
  say(
    `\nWith the documented limits on: ${percent(share)} of the 750 requests for profiles that each of ${whole} whole minutes allowed; ${refused} refused with 429.`,
  );
  await appendFile('bench/results.md', `${lines.join('\n')}\n`);
} finally {
  for (const simulator of open) simulator.stop();
  await stack.stop();
  await rm(dir, { recursive: true, force: true });
}
