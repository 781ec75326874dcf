import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomStream } from '../../simulators/kit/random.ts';
import { startStack } from '../../src/stack/stack.ts';
import { clock, clockChanges } from './clock.ts';
import { brokerRestarts, kills, sickLines } from './cluster.ts';
import { disks } from './disks.ts';
import { groupRefusals } from './group-refusals.ts';
import { pauses } from './pauses.ts';
import { refusals } from './refusals.ts';
import { lives, workers } from './workers.ts';

/*
 * Long trials, run by hand: `npx tsx test/campaign/run.ts <name>...`. They start a stack of their own, or use the one whose
 * addresses are in the file TRIBUTARY_TEST_STACK names. The suite has short forms of them (campaign.it.test.ts). Their
 * figures go into bench/results.md.
 */

/** What a trial found out, for people. */
export type Figures = Readonly<Record<string, number | string | readonly string[]>>;

/** Where a trial takes place. */
export interface Place {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
}

const prefix = (name: string): string => `${name}_${Date.now().toString(36)}`;

/** What a campaign is asked for on the command line: `--count 20 --seed 7 --lines vendor,broker --only 'Produce .* once'`. */
export interface Wanted {
  readonly count: number;
  readonly seed: number;
  readonly random: () => number;
  readonly lines?: readonly ('vendor' | 'broker' | 'registry')[];
  /** A pattern of the cases wanted. */
  readonly only?: string;
}

interface Campaign {
  /** Repetitions where none are asked for. */
  readonly count: number;
  readonly run: (place: Place, wanted: Wanted) => Promise<Figures>;
}

const twelve = { connections: 12, sessionTimeout: 15_000, schedule: '*/2 * * * * *', seconds: 180 } as const;

export const campaigns: Readonly<Record<string, Campaign>> = {
  pauses: { count: 20, run: (place, { count, random }) => pauses(place, { count, atOnce: 5, random }) },
  workers_12: { count: 1, run: (place) => workers(place, { ...twelve, apart: false, prefix: prefix('workers') }) },
  workers_12_apart: { count: 1, run: (place) => workers(place, { ...twelve, apart: true, prefix: prefix('workers') }) },
  workers_200: {
    count: 1,
    run: (place) =>
      workers(place, {
        prefix: prefix('workers'),
        connections: 200,
        sessionTimeout: 15_000,
        schedule: '*/20 * * * * *',
        seconds: 600,
        apart: false,
      }),
  },
  lives: { count: 12, run: (place, { count, random }) => lives(place, { prefix: prefix('lives'), count, random }) },
  disks: { count: 1, run: (place) => disks(place, { prefix: prefix('disks'), items: 20_000, seeds: [1, 2, 3, 4, 5] }) },
  clock: { count: 1, run: (place) => clock(place, { prefix: prefix('clock') }) },
  clock_changes: { count: 1, run: (place) => clockChanges(place, { prefix: prefix('nights') }) },
  refusals: {
    count: 24,
    run: (place, { count, only }) =>
      refusals(place, { prefix: prefix('refusals'), atOnce: count, ...(only === undefined ? {} : { only: new RegExp(only) }) }),
  },
  group_refusals: {
    count: 12,
    run: (place, { count, only }) =>
      groupRefusals(place, { prefix: prefix('group'), atOnce: count, ...(only === undefined ? {} : { only: new RegExp(only) }) }),
  },
  kills: { count: 100, run: kills },
  broker_restarts: { count: 20, run: brokerRestarts },
  sick_lines: { count: 1, run: sickLines },
};

async function main(typed: readonly string[]): Promise<void> {
  // What was started ends with us.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
  const { positionals: names, values } = parseArgs({
    args: [...typed],
    allowPositionals: true,
    options: { count: { type: 'string' }, seed: { type: 'string' }, lines: { type: 'string' }, only: { type: 'string' } },
  });
  const unknown = names.filter((name) => campaigns[name] === undefined);
  if (names.length === 0 || unknown.length > 0) {
    console.error(`Which? There are: ${Object.keys(campaigns).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  const given = process.env['TRIBUTARY_TEST_STACK'];
  const dir = await mkdtemp(join(tmpdir(), 'campaign-'));
  const stack = given === undefined ? await startStack({ dir, connect: false, log: (line) => console.error(line) }) : undefined;
  const place = stack ?? (JSON.parse(await readFile(given as string, 'utf8')) as Place & { login?: object });
  // For this process and those it starts.
  process.env['TRIBUTARY_TEST_LOGIN'] = place.login === undefined ? '' : JSON.stringify(place.login);
  try {
    for (const name of names) {
      const started = performance.now();
      const seed = Number(values.seed ?? 1);
      const figures = await campaigns[name]?.run(
        { brokers: place.brokers, registryUrl: place.registryUrl },
        {
          count: Number(values.count ?? campaigns[name]?.count),
          seed,
          random: randomStream(seed),
          ...(values.only === undefined ? {} : { only: values.only }),
          ...(values.lines === undefined ? {} : { lines: values.lines.split(',') as NonNullable<Wanted['lines']> }),
        },
      );
      console.log(`${name}, seed ${seed} (${Math.round((performance.now() - started) / 1_000)} s)`);
      for (const [what, found] of Object.entries(figures ?? {}))
        console.log(`  ${what}: ${typeof found === 'object' ? found.join('; ') || 'none' : found}`);
    }
  } finally {
    await stack?.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

if (process.argv[1]?.endsWith('campaign/run.ts')) await main(process.argv.slice(2));
