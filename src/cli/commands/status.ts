import type { Command } from 'commander';
import type { Settings } from '../../config/settings.ts';
import type { StatusModel } from '../../observability/status-model.ts';
import { statusText } from '../../observability/status-text.ts';
import type { StatusSnapshot } from '../../observability/status-view.ts';
import { createFacts, type Facts } from '../../web/model/facts.ts';
import { knownModel, statusOf } from '../../web/model/status.ts';
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
        const wanted = select(settings, typed, 'shown');
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
      const { assigned, tables } = snapshot;
      return { ...snapshot, tables: tables.map((table) => (assigned.includes(table.connection) ? { ...table, worker: where } : table)) };
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
    return statusOf(await factsNow(kafka), settings, cli.deps.clock.now());
  } finally {
    await kafka.close();
  }
}

/** What the topics tell a worker that starts; what is paused it hears from `_control` itself. */
export async function knownStatus(kafka: KafkaSession, settings: Settings): Promise<StatusModel> {
  return knownModel(await factsNow(kafka), settings);
}

/** What the topics tell now. Before the first run there are none, and nothing is known. */
async function factsNow({ access }: KafkaSession): Promise<Facts> {
  const facts = createFacts(access, 2_000);
  await facts.poll();
  return facts;
}
