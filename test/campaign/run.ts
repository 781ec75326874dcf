import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '../../src/stack/stack.ts';
import { disks } from './disks.ts';
import { pauses } from './pauses.ts';
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

export const campaigns: Readonly<Record<string, (place: Place) => Promise<Figures>>> = {
  pauses: (place) => pauses(place, { count: 20, atOnce: 5, random: Math.random }),
  workers_12: (place) =>
    workers(place, { prefix: prefix('workers'), connections: 12, sessionTimeout: 15_000, schedule: '*/2 * * * * *', seconds: 180 }),
  workers_200: (place) =>
    workers(place, { prefix: prefix('workers'), connections: 200, sessionTimeout: 15_000, schedule: '*/20 * * * * *', seconds: 600 }),
  lives: (place) => lives(place, { prefix: prefix('lives'), count: 12, random: Math.random }),
  disks: (place) => disks(place, { prefix: prefix('disks'), items: 20_000, seeds: [1, 2, 3, 4, 5] }),
};

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => campaigns[name] === undefined);
  if (names.length === 0 || unknown.length > 0) {
    console.error(`Which? There are: ${Object.keys(campaigns).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  const given = process.env['TRIBUTARY_TEST_STACK'];
  const dir = await mkdtemp(join(tmpdir(), 'campaign-'));
  const stack = given === undefined ? await startStack({ dir, connect: false, log: (line) => console.error(line) }) : undefined;
  const place = stack ?? (JSON.parse(await readFile(given as string, 'utf8')) as Place);
  try {
    for (const name of names) {
      const started = performance.now();
      const figures = await campaigns[name]?.({ brokers: place.brokers, registryUrl: place.registryUrl });
      console.log(`${name} (${Math.round((performance.now() - started) / 1_000)} s)`);
      for (const [what, found] of Object.entries(figures ?? {}))
        console.log(`  ${what}: ${typeof found === 'object' ? found.join('; ') || 'none' : found}`);
    }
  } finally {
    await stack?.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

if (process.argv[1]?.endsWith('campaign/run.ts')) await main(process.argv.slice(2));
