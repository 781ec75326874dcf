import { randomUUID } from 'node:crypto';
import { TributaryError } from '../core/errors.ts';
import { hasHistory } from '../core/table.ts';
import { giveCommands } from '../kafka/meta/audit.ts';
import { readControl, type ControlRecord, type ControlSlot } from '../kafka/meta/control.ts';
import { readStates, requireWithheld } from '../kafka/meta/state.ts';
import { readTableNotices } from '../kafka/meta/status-log.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import type { TableStatus } from '../observability/status-view.ts';
import { waitTexts } from '../observability/wait-text.ts';
import { ownTopics } from '../kafka/meta/own-topics.ts';
import { ensureTopics } from '../kafka/topics.ts';
import { activeWorkers } from '../kafka/worker.ts';
import type { Cli } from './app.ts';
import { author } from './author.ts';
import { withKafka } from './session/kafka-session.ts';
import { select, type Selected } from './selection.ts';

/** A request about a connection or a table. */
export interface TableRequest {
  readonly slot: ControlSlot;
  /** What to print once it is sent, for example `paused`. */
  readonly done: string;
  /** What to print instead when none of the tables was paused. */
  readonly doneUnpaused?: string;
  readonly make: (target: Target) => ControlRecord;
}

interface Target {
  readonly connection: string;
  readonly table: string | null;
}

/** Checks a request against the named tables and their state, sends it, and prints who will act on it. */
export async function request(cli: Cli, typed: readonly string[], asked: TableRequest): Promise<void> {
  const wanted = select(cli.settings(), typed).map((selected) => narrowed(selected, asked.slot));
  await withKafka(cli, async ({ access }) => {
    await ensureTopics(access, ownTopics(access.settings));
    if (asked.slot === 'allow-deletes') {
      for (const { connection, tables } of wanted) {
        const { states } = await readStates(access, connection.name);
        for (const table of tables) requireWithheld(`${connection.name}.${table}`, states.get(table));
      }
    }
    const { records } = await readControl(access);
    // Read before the request is sent, because a worker acts on it at once.
    const statuses = asked.slot === 'paused' ? undefined : await statusesOf(access, cli.deps.clock.now());
    await giveCommands(access, wanted.flatMap(targets).map(asked.make), { ...author(), at: cli.deps.clock.now() });
    const workers = await activeWorkers(access);
    for (const target of wanted) {
      const paused = target.tables.filter((table) => isPaused(records, target.connection.name, table));
      const done = paused.length === 0 ? (asked.doneUnpaused ?? asked.done) : asked.done;
      cli.say(`${names(target)}: ${done}${workers.length === 0 ? '; handled by the next run or sync (no worker runs now)' : ''}.`);
      if (paused.length > 0 && asked.slot !== 'paused')
        cli.say(
          `${paused.map((table) => `${target.connection.name}.${table}`).join(', ')}: paused, so it happens after \`tributary resume\`.`,
        );
      for (const text of statuses === undefined ? [] : waitsOf(statuses, target, paused, cli.deps.clock.now())) cli.say(text);
    }
  });
}

/** What the requested runs wait for, by the workers' status. */
function waitsOf(statuses: readonly TableStatus[], { connection, tables }: Selected, paused: readonly string[], now: number): string[] {
  const own = statuses.filter((table) => table.connection === connection.name);
  const wanted = own.filter(({ table }) => tables.includes(table) && !paused.includes(table));
  return waitTexts(
    wanted,
    own.filter((table) => !wanted.includes(table)),
    now,
  );
}

const statusesOf = async (access: KafkaAccess, now: number): Promise<readonly TableStatus[]> =>
  (await readTableNotices(access, now)).map(({ status }) => status as TableStatus);

/** Id and time of a new request. */
export function stamp(cli: Cli): { id: string; at: number } {
  return { id: randomUUID(), at: cli.deps.clock.now() };
}

/**
 * The tables to which a request applies. For a whole connection, the other tables are skipped.
 * @throws TributaryError `config` when none is left, or when a single table was named to which it does not apply.
 */
export function narrowed(selected: Selected, slot: ControlSlot): Selected {
  if (slot !== 'backfill') return selected;
  const { connection, whole } = selected;
  const without = connection.tables.filter((table) => selected.tables.includes(table.name) && !hasHistory(table)).map(({ name }) => name);
  const tables = selected.tables.filter((table) => !without.includes(table));
  if (without.length === 0) return selected;
  if (whole && tables.length > 0) return { connection, tables, whole: false };
  const named = without.map((table) => `${connection.name}.${table}`).join(', ');
  throw new TributaryError(`${named}: there is no history to read again; every run reads the whole table.`, {
    kind: 'config',
    remedy: `Request a run instead: tributary trigger ${without.map((table) => `${connection.name}.${table}`).join(' ')}`,
  });
}

/** Whether the table is paused. Of the requests for the table and for its connection, the latest counts. */
export function isPaused(records: readonly ControlRecord[], connection: string, name: string): boolean {
  const last = records
    .filter((one) => one.slot === 'paused' && one.connection === connection && (one.table ?? name) === name)
    .at(-1)?.value;
  return last !== null && last !== undefined && 'paused' in last && last.paused;
}

function targets({ connection, tables, whole }: Selected): Target[] {
  return whole ? [{ connection: connection.name, table: null }] : tables.map((table) => ({ connection: connection.name, table }));
}

function names({ connection, tables, whole }: Selected): string {
  return whole ? connection.name : tables.map((table) => `${connection.name}.${table}`).join(', ');
}
