import type { Command } from 'commander';
import type { Settings } from '../../config/settings.ts';
import type { KafkaAccess } from '../../kafka/client.ts';
import { readControl } from '../../kafka/meta/control.ts';
import { parseObject } from '../../core/json/text.ts';
import { readTopics } from '../../kafka/reader.ts';
import { readLastRuns } from '../../kafka/meta/runs.ts';
import { readAllStates } from '../../kafka/meta/state.ts';
import { topicNames } from '../../kafka/meta/topic-names.ts';
import type { TableState } from '../../kafka/types.ts';
import type { TableRef } from '../../core/run.ts';
import {
  emptyStatus,
  seedStatus,
  tableKey,
  type KnownFacts,
  type TimelineRun,
  type StatusModel,
} from '../../observability/status-model.ts';
import { statusText } from '../../observability/status-text.ts';
import { snapshotOf, type StatusSnapshot } from '../../observability/status-view.ts';
import { asTributaryError } from '../../core/errors.ts';
import { openKafka, type KafkaSession } from '../session/kafka-session.ts';
import type { Cli, Register } from '../app.ts';
import { select, type Selected } from '../selection.ts';

export function addStatus(program: Command, run: Register): void {
  program
    .command('status')
    .description('what every table is doing, how fresh it is and what went wrong')
    .argument('[connection[.table]...]', 'only these')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tributary status\n  $ tributary status klaviyo.event --json')
    .action(
      run(async (cli, typed: string[], options: { json?: boolean }) => {
        const settings = cli.settings();
        const wanted = select(settings, typed);
        const snapshot = await currentStatus(cli, settings, wanted);
        if (options.json) cli.json({ ...snapshot, timezone: settings.timezone });
        else cli.print(`${statusText(snapshot, cli.paint)}\n\nSchedules are in ${settings.timezone}.`);
      }),
    );
}

/** A worker knows the connections it reads itself; of all others the topics tell. */
async function currentStatus(cli: Cli, settings: Settings, wanted: readonly Selected[]): Promise<StatusSnapshot> {
  const worker = await fromWorker(cli, settings);
  const own = worker?.assigned ?? [];
  const whole = worker && wanted.every(({ connection }) => own.includes(connection.name)) ? worker : await fromTopics(cli, settings);
  const tables = wanted.flatMap(({ connection, tables: names }) => {
    const from = worker && own.includes(connection.name) ? worker : whole;
    return from.tables.filter((table) => table.connection === connection.name && names.includes(table.table));
  });
  return { v: 1, at: whole.at, assigned: own, tables };
}

/** The status of the worker on this machine; undefined when none of this prefix answers. */
async function fromWorker(cli: Cli, { metrics, prefix }: Settings): Promise<StatusSnapshot | undefined> {
  const host = metrics.host === '0.0.0.0' || metrics.host === '::' ? '127.0.0.1' : metrics.host;
  const where = `${metrics.host}:${metrics.port}`;
  try {
    const answer = await fetch(`http://${host.includes(':') ? `[${host}]` : host}:${metrics.port}/status`, {
      signal: AbortSignal.timeout(2_000),
    });
    const body = answer.ok ? ((await answer.json()) as StatusSnapshot & { readonly prefix?: string }) : undefined;
    if (body?.v === 1 && Array.isArray(body.tables) && Array.isArray(body.assigned) && body.prefix === prefix) {
      const { prefix: _, ...snapshot } = body;
      return snapshot;
    }
    cli.say(`What answers at ${where} is no worker with the prefix ${prefix}; this is what the topics tell.`);
  } catch {
    cli.say(`No worker answers at ${where}; this is what the topics tell.`);
  }
  return undefined;
}

async function fromTopics(cli: Cli, settings: Settings): Promise<StatusSnapshot> {
  const kafka = await openKafka(cli, settings);
  try {
    const now = cli.deps.clock.now();
    const { model, paused } = await rebuildStatus(kafka, settings);
    return snapshotOf(
      {
        ...model,
        tables: Object.fromEntries(Object.entries(model.tables).map(([key, table]) => [key, { ...table, paused: paused.has(key) }])),
      },
      now,
    );
  } finally {
    await kafka.close();
  }
}

/** What the topics tell a worker that starts; what is paused it hears from `_control` itself. */
export async function knownStatus(kafka: KafkaSession, settings: Settings): Promise<StatusModel> {
  return (await rebuildStatus(kafka, settings)).model;
}

export function refsOf(settings: Settings): TableRef[] {
  return settings.connections.flatMap(({ name, source, tables }) =>
    tables.map((table) => ({ connection: name, source: source.name, table: table.name })),
  );
}

/** What can be known without a worker. Before the first run there are no topics, and nothing is known. */
async function rebuildStatus(
  { access }: KafkaSession,
  settings: Settings,
): Promise<{ readonly model: StatusModel; readonly paused: ReadonlySet<string> }> {
  const missing = (error: unknown): undefined => {
    if (asTributaryError(error, 'Reading the state').kind === 'config') return undefined;
    throw error;
  };
  const states = await readAllStates(access).catch(missing);
  const control = await readControl(access).catch(missing);
  const ran = refsOf(settings).filter((ref) => (states?.get(ref.connection)?.states.get(ref.table)?.updatedAt ?? 0) > 0);
  const runs = await readLastRuns(access, ran);
  const letters = states === undefined ? new Map<string, number>() : await countDeadLetters(access);
  const paused = new Set<string>();
  let model = emptyStatus(refsOf(settings));
  for (const ref of refsOf(settings)) {
    const state = states?.get(ref.connection)?.states.get(ref.table);
    // Whether it spoke of the table or of its connection: what was asked for last holds.
    const wanted = control?.records
      .filter(({ connection, table, slot }) => connection === ref.connection && (table ?? ref.table) === ref.table && slot === 'paused')
      .at(-1)?.value;
    if (wanted && 'paused' in wanted && wanted.paused) paused.add(tableKey(ref));
    const lastRuns = runs.filter((run) => run.connection === ref.connection && run.table === ref.table);
    const disabled = disabledBy(settings, ref, lastRuns[0]);
    model = seedStatus(model, ref, {
      ...(state ? factsOf(state) : {}),
      lastRuns,
      deadLetters: letters.get(tableKey(ref)) ?? 0,
      ...(disabled === undefined ? {} : { disabled }),
    });
  }
  return { model, paused };
}

async function countDeadLetters(access: KafkaAccess): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  await readTopics(access, [{ topic: topicNames(access.settings.prefix).deadLetters }], ({ key }) => {
    const { connection, table } = parseObject(key) ?? {};
    if (typeof connection !== 'string' || typeof table !== 'string') return;
    const name = tableKey({ connection, table });
    counts.set(name, (counts.get(name) ?? 0) + 1);
  });
  return counts;
}

/** Why the vendor refuses a table alone, when its last run ended so. */
function disabledBy({ connections }: Settings, { connection, table }: TableRef, last: TimelineRun | undefined): string | undefined {
  const definition = connections.find(({ name }) => name === connection)?.tables.find(({ name }) => name === table);
  if (definition?.planGated === undefined || last?.outcome !== 'failed' || last.failure?.kind !== 'config') return undefined;
  return [last.failure.message, last.failure.remedy ?? ''].join(' ').trim();
}

function factsOf(state: TableState): KnownFacts {
  return {
    ...(state.lastSuccessAt === undefined ? {} : { lastSuccessAt: state.lastSuccessAt }),
    ...(state.readTo === undefined ? {} : { readTo: state.readTo }),
    ...(state.withheld === undefined ? {} : { withheld: state.withheld }),
  };
}
