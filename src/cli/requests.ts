import { randomUUID } from 'node:crypto';
import { sendControl, type ControlRecord } from '../kafka/meta/control.ts';
import { ensureTopics, ownTopics } from '../kafka/topics.ts';
import { activeWorkers } from '../kafka/worker.ts';
import type { Cli } from './app.ts';
import { withKafka } from './session/kafka-session.ts';
import { select, type Selected } from './selection.ts';

/** Sends what the user wants of the tables named, and says who will act on it. */
export async function request(
  cli: Cli,
  typed: readonly string[],
  done: string,
  make: (target: { connection: string; table: string | null }) => ControlRecord,
): Promise<void> {
  const wanted = select(cli.settings(), typed);
  await withKafka(cli, async ({ access }) => {
    await ensureTopics(access, ownTopics(access.settings.prefix));
    await sendControl(access, wanted.flatMap(targets).map(make));
    const workers = await activeWorkers(access);
    for (const target of wanted)
      cli.say(`${names(target)}: ${done}${workers.length === 0 ? '; handled by the next run or sync (no worker runs now)' : ''}.`);
  });
}

/** A new request's id and time. */
export function stamp(cli: Cli): { id: string; at: number } {
  return { id: randomUUID(), at: cli.deps.clock.now() };
}

function targets({ connection, tables, whole }: Selected): { connection: string; table: string | null }[] {
  return whole ? [{ connection: connection.name, table: null }] : tables.map((table) => ({ connection: connection.name, table }));
}

function names({ connection, tables, whole }: Selected): string {
  return whole ? connection.name : tables.map((table) => `${connection.name}.${table}`).join(', ');
}
