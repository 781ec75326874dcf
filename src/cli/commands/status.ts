import type { Command } from 'commander';
import { kafkaSettings, type Settings } from '../../config/settings.ts';
import { TributaryError } from '../../core/errors.ts';
import { keepTrying } from '../../engine/keep-trying.ts';
import type { StatusModel } from '../../observability/status-model.ts';
import { statusText } from '../../observability/status-text.ts';
import type { StatusSnapshot } from '../../observability/status-view.ts';
import { withWarehouses } from '../../observability/warehouse-status.ts';
import { createFacts, type Facts } from '../../web/model/facts.ts';
import { knownModel, statusOf, unreadStatus } from '../../web/model/status.ts';
import { withKafka, type KafkaSession } from '../session/kafka-session.ts';
import type { Cli, Register } from '../app.ts';
import { askedTables } from '../warehouses.ts';
import { foreignTopic, registryProblem } from '../registry-problem.ts';
import { select, type Selected } from '../selection.ts';
import { timeLimit } from '../../core/signals.ts';

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
        const wanted = select(settings, typed, 'shown');
        const { snapshot, registry } = await currentStatus(cli, settings, wanted);
        const { settingsProblem } = snapshot;
        if (options.json) {
          const problem = registry && { message: registry.message, remedy: registry.remedy ?? null, code: registry.code ?? null };
          cli.json({ ...snapshot, settingsProblem: settingsProblem ?? null, timezone: settings.timezone, registry: problem ?? null });
          return;
        }
        cli.print(`${statusText(snapshot, cli.paint)}\n\nSchedules are in ${settings.timezone}.`);
        if (settingsProblem !== undefined)
          cli.print(`\n${cli.paint.odd('settings:')} The worker does not use all of the settings file: ${settingsProblem}`);
        if (registry) cli.print(`\n${cli.paint.bad('registry:')} ${registry.message}\n${registry.remedy ?? ''}`.trimEnd());
      }),
    );
}

interface CurrentStatus {
  readonly snapshot: StatusSnapshot;
  /** The registry's error. Running tables continue without the registry, so their states do not show it. */
  readonly registry: TributaryError | undefined;
}

/** A worker knows the tables of its own connections; the state of all others comes from the topics. */
async function currentStatus(cli: Cli, settings: Settings, wanted: readonly Selected[]): Promise<CurrentStatus> {
  const worker = await fromWorker(cli, settings);
  const own = worker?.assigned ?? [];
  const { snapshot: whole, registry } =
    worker && wanted.every(({ connection }) => own.includes(connection.name))
      ? { snapshot: worker, registry: settings.kafka && (await registryProblem(kafkaSettings(settings, undefined), cli.interruption())) }
      : await fromTopics(cli, settings, wanted);
  const tables = wanted.flatMap(({ connection, tables: names }) => {
    const from = worker && own.includes(connection.name) ? worker : whole;
    return from.tables.filter((table) => table.connection === connection.name && names.includes(table.table));
  });
  const settingsProblem = worker?.settingsProblem ?? whole.settingsProblem;
  return {
    snapshot: { v: 1, at: whole.at, assigned: own, tables, ...(settingsProblem === undefined ? {} : { settingsProblem }) },
    registry,
  };
}

/** The status from the worker on this machine; undefined when no worker with this prefix answers. */
async function fromWorker(cli: Cli, { metrics, prefix }: Settings): Promise<StatusSnapshot | undefined> {
  const host = metrics.host === '0.0.0.0' || metrics.host === '::' ? '127.0.0.1' : metrics.host;
  const where = `${metrics.host}:${metrics.port}`;
  try {
    const answer = await fetch(`http://${host.includes(':') ? `[${host}]` : host}:${metrics.port}/status`, {
      signal: timeLimit(2_000),
    });
    const body = answer.ok ? ((await answer.json()) as StatusSnapshot & { readonly prefix?: string }) : undefined;
    if (body?.v === 1 && Array.isArray(body.tables) && Array.isArray(body.assigned) && body.prefix === prefix) {
      const { prefix: _, ...snapshot } = body;
      const { assigned, tables } = snapshot;
      return { ...snapshot, tables: tables.map((table) => (assigned.includes(table.connection) ? { ...table, worker: where } : table)) };
    }
    cli.say(`The server at ${where} is not a worker with the prefix ${prefix}; this status comes from the topics.`);
  } catch {
    cli.say(`No worker answers at ${where}; this status comes from the topics.`);
  }
  return undefined;
}

async function fromTopics(cli: Cli, settings: Settings, wanted: readonly Selected[]): Promise<CurrentStatus> {
  return withKafka(cli, async (kafka) => {
    const [facts, registry] = await Promise.all([
      factsNow(kafka),
      registryProblem(kafka.access.settings, kafka.stop, (registry) => foreignTopic(settings, kafka.access, registry)),
    ]);
    const snapshot = statusOf(facts, settings, cli.deps.clock.now());
    const tables = snapshot.tables.filter((table) => wanted.some(({ connection }) => connection.name === table.connection));
    const problem = facts.workers(cli.deps.clock.now()).find(({ settingsProblem }) => settingsProblem !== undefined)?.settingsProblem;
    return {
      snapshot: {
        ...withWarehouses(snapshot, await askedTables(cli, settings, kafka, facts, tables)),
        ...(problem === undefined ? {} : { settingsProblem: problem }),
      },
      registry,
    };
  });
}

/** How long (ms) a worker that starts goes on trying to read the status. */
const statusPatienceMs = 5_000;

/**
 * The status from the topics for a worker that starts, without pauses, which it reads from `_control` itself. Empty while Kafka
 * is away: then nobody is told that an earlier failure is over, so it is not given up at the first try.
 */
export async function knownStatus(cli: Cli, kafka: KafkaSession, settings: Settings): Promise<StatusModel> {
  const { clock, random } = cli.deps;
  try {
    const facts = await keepTrying(() => factsNow(kafka), {
      ...{ clock, random, patience: statusPatienceMs, signal: kafka.stop, what: 'The start' },
      onRetry: () => undefined,
    });
    return knownModel(facts, settings);
  } catch (error) {
    if (!(error instanceof TributaryError) || (error.kind !== 'transient' && error.kind !== 'stopped')) throw error;
    if (error.kind === 'transient')
      cli.log.warn(`What earlier workers did could not be read, so their failures are not known: ${error.message}`);
    return unreadStatus(settings);
  }
}

/** The current facts from the topics; empty before the first run. */
async function factsNow({ access }: KafkaSession): Promise<Facts> {
  const facts = createFacts(access, 2_000);
  await facts.poll();
  return facts;
}
