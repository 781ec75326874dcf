import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { Client } from 'pg';
import { parseSettings } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import { TributaryError } from '../../core/errors.ts';
import { tableTopic } from '../../kafka/meta/topic-names.ts';
import { landingStatus } from '../../landing/status.ts';
import { plural } from '../../observability/text.ts';
import type { RunSummary } from '../../engine/execute-run.ts';
import { removeStack } from '../../stack/orphans.ts';
import type { Stack } from '../../stack/stack.ts';
import { exitCodes, type Cli, type Register } from '../app.ts';
import { startDemoVendor } from '../demo-vendor.ts';
import { openKafka, stackFolder, type KafkaSession } from '../session/kafka-session.ts';
import { applyLandings, requireConnect, type OpenLanding } from '../landings.ts';
import { showRuns } from './sync.ts';
import { unchanging } from '../../config/follow-settings.ts';
import { openWorker, serveWorker } from '../session/worker-session.ts';

/** Time (ms) within which PostgreSQL must have all rows of the topics. */
const landedWithinMs = 120_000;

export function addDemo(program: Command, run: Register): void {
  program
    .command('demo')
    .description('a complete pipeline on this machine: a simulated Klaviyo account, Kafka, a registry, Connect and PostgreSQL')
    .option('--once', 'end by itself once PostgreSQL holds every row')
    .addHelpText(
      'after',
      '\nExample:\n  $ tributary demo\n  $ tributary demo --once\nKeeps everything below .tributary/demo, starts afresh every time, and stops all it started.',
    )
    .action(
      run(async (cli, options: { once?: boolean }) => {
        const stop = cli.interruption({ savesPositions: true });
        const folder = join(cli.deps.cwd, '.tributary', 'demo');
        await startAfresh(folder);
        cli.say('Starting a made-up Klaviyo account ...');
        const vendor = await startDemoVendor(options.once ? 0 : 60, stop);
        try {
          const settings = demoSettings(cli, folder, vendor);
          const kafka = await openKafka(cli, settings, { connect: true, own: true, writes: true });
          try {
            if (!kafka.stack) throw new Error('the demo needs its own stack');
            const landings = await applyLandings(settings, kafka, cli.deps.clock.now, stop);
            return options.once
              ? await once(cli, settings, kafka, kafka.stack, landings, stop)
              : await continuously(cli, settings, kafka, kafka.stack, stop);
          } finally {
            await kafka.close();
          }
        } finally {
          await vendor.stop();
        }
      }),
    );
}

async function once(
  cli: Cli,
  settings: Settings,
  kafka: KafkaSession,
  stack: Stack,
  landings: readonly OpenLanding[],
  stop: AbortSignal,
): Promise<number> {
  const worker = openWorker(cli, settings, kafka);
  const selection = settings.connections.map(({ name, tables }) => ({ connection: name, tables: tables.map((table) => table.name) }));
  const summaries = await worker.engine.sync(selection, stop).finally(() => worker.stop());
  const code = showRuns(cli, summaries, false);
  if (code !== exitCodes.ok) return code;
  cli.say('Waiting until PostgreSQL holds every row ...');
  const landed = await untilLanded(cli, stack, kafka, landings, summaries, stop);
  cli.print(`\nPostgreSQL holds ${landed.map(({ table, rows }) => `${plural(rows, 'row')} in ${table}`).join(', ')}.`);
  cli.print(`${whereToLook(settings, stack, undefined)}\nNow all of it is stopped; without --once it stays up for you to look at.`);
  return exitCodes.ok;
}

async function continuously(cli: Cli, settings: Settings, kafka: KafkaSession, stack: Stack, stop: AbortSignal): Promise<number> {
  const worker = openWorker(cli, settings, kafka);
  try {
    const server = await serveWorker(cli, settings, kafka, worker, unchanging(settings));
    let told = false;
    const unlisten = worker.bus.on(() => {
      if (told || !worker.status.snapshot().tables.every(({ lastSuccessAt }) => lastSuccessAt !== undefined)) return;
      told = true;
      cli.say(
        `\n${whereToLook(settings, stack, server.url)}\nThe account goes on changing, about once a second. Ctrl-C stops everything.\n`,
      );
    });
    try {
      await worker.engine.run(stop);
    } finally {
      unlisten();
      await server.close();
    }
  } finally {
    await worker.stop();
  }
  return stop.aborted ? exitCodes.interrupted : exitCodes.ok;
}

/** Removes the data of an earlier demo, unless one is running. */
async function startAfresh(folder: string): Promise<void> {
  await removeStack(join(folder, 'stack'));
  await rm(folder, { recursive: true, force: true });
}

/** Settings of the demo. Every run lists all profiles, so that deletes show within seconds instead of days. */
function demoSettings(cli: Cli, folder: string, vendor: { readonly url: string; readonly key: string }): Settings {
  const settings = parseSettings(
    `
prefix: tributary
data_dir: ${JSON.stringify(folder)}
connections:
  klaviyo:
    settings: { api_key: ${JSON.stringify(vendor.key)}, base_url: ${JSON.stringify(vendor.url)}, sweep_every: 0h }
landings:
  postgres: embedded
metrics: { port: 0 }
`,
    "the demo's settings",
    {
      sources: cli.deps.sources,
      variables: {},
      onSecret: (secret) => cli.redactor.add(secret),
      readFile: () => '',
    },
  );
  // Every 10 seconds, for watching; the settings file allows no seconds.
  const often = (tables: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map([...tables.keys()].map((table) => [table, '*/10 * * * * *']));
  return {
    ...settings,
    connections: settings.connections.map((connection) => ({ ...connection, schedules: often(connection.schedules) })),
  };
}

interface Landed {
  readonly table: string;
  readonly rows: number;
}

/** Waits until every landed table has exactly as many rows as its topic. */
async function untilLanded(
  cli: Cli,
  stack: Stack,
  kafka: KafkaSession,
  landings: readonly OpenLanding[],
  summaries: readonly RunSummary[],
  stop: AbortSignal,
): Promise<Landed[]> {
  const client = new Client({ ...stack.postgres, application_name: 'tributary-demo' });
  client.on('error', () => undefined);
  await client.connect();
  const deadline = cli.deps.clock.now() + landedWithinMs;
  try {
    for (;;) {
      const landed = await rowsLanded(client, landings);
      const complete = summaries.every(({ ref, totals }) =>
        landed.some(({ table, rows }) => table.endsWith(`.${ref.connection}_${ref.table}`) && rows === totals.published - totals.deleted),
      );
      if (complete) return landed;
      if (cli.deps.clock.now() > deadline) throw await lateLanding(cli, kafka, landings, landed);
      await sleep(500, undefined, { signal: stop }).catch(() => {
        throw new TributaryError('The demo was interrupted.', { kind: 'stopped' });
      });
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function rowsLanded(client: Client, landings: readonly OpenLanding[]): Promise<Landed[]> {
  const landed: Landed[] = [];
  for (const { landing, rendered } of landings) {
    for (const { name } of rendered.connectors.flatMap(({ tables }) => tables)) {
      const table = `${landing.settings.kind === 'postgres' ? landing.settings.schema : ''}.${name}`;
      const {
        rows: [row],
      } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`);
      landed.push({ table, rows: Number(row?.n ?? 0) });
    }
  }
  return landed;
}

async function lateLanding(
  cli: Cli,
  kafka: KafkaSession,
  landings: readonly OpenLanding[],
  landed: readonly Landed[],
): Promise<TributaryError> {
  const states = (
    await Promise.all(
      landings.map((opened) => landingStatus({ ...opened, connect: requireConnect(opened) }, kafka.access, cli.deps.clock.now())),
    )
  ).flat();
  const failures = states.flatMap(({ connector, state, failure }) =>
    state === 'RUNNING' && failure === undefined ? [] : [`${connector} is ${state}${failure === undefined ? '' : `: ${failure}`}`],
  );
  return new TributaryError(
    `PostgreSQL does not hold every row after ${landedWithinMs / 1000} s: ${landed.map(({ table, rows }) => `${table} ${rows}`).join(', ')}.${failures.map((text) => ` ${text}.`).join('')}`,
    { kind: 'transient', remedy: 'Look into .tributary/demo/stack/logs.' },
  );
}

function whereToLook(settings: Settings, stack: Stack, metricsUrl: string | undefined): string {
  const topics = settings.connections.flatMap(({ name, tables }) => tables.map((table) => tableTopic(settings, name, table.name)));
  const { host, port, user, database } = stack.postgres;
  const memory = join(stackFolder(settings), 'stack.json');
  return [
    `Topics      ${topics.join('  ')}  (brokers ${stack.brokers.join(', ')})`,
    `Registry    ${stack.registryUrl}/subjects`,
    `PostgreSQL  psql "host=${host} port=${port} user=${user} dbname=${database}" -c 'SELECT * FROM tributary.klaviyo_profile LIMIT 5'`,
    `            (the password is in ${memory})`,
    ...(metricsUrl === undefined ? [] : [`Page        ${metricsUrl}/    metrics ${metricsUrl}/metrics`]),
  ].join('\n');
}
