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

/** What is asked for, of a connection or a table. */
export interface Wish {
  readonly slot: ControlSlot;
  /** What is said when it is on its way, e.g. `paused`. */
  readonly done: string;
  readonly make: (target: Target) => ControlRecord;
}

interface Target {
  readonly connection: string;
  readonly table: string | null;
}

/** Checks what the user wants of the tables named against what they are and what is known of them, sends it, and says who will act on it. */
export async function request(cli: Cli, typed: readonly string[], wish: Wish): Promise<void> {
  const wanted = select(cli.settings(), typed).map((selected) => narrowed(selected, wish.slot));
  await withKafka(cli, async ({ access }) => {
    await ensureTopics(access, ownTopics(access.settings));
    if (wish.slot === 'allow-deletes') {
      for (const { connection, tables } of wanted) {
        const { states } = await readStates(access, connection.name);
        for (const table of tables) requireWithheld(`${connection.name}.${table}`, states.get(table));
      }
    }
    const { records } = wish.slot === 'paused' ? { records: [] } : await readControl(access);
    // As it is before the request, which a worker takes up at once.
    const statuses = wish.slot === 'paused' ? undefined : await statusesOf(access, cli.deps.clock.now());
    await giveCommands(access, wanted.flatMap(targets).map(wish.make), { ...author(), at: cli.deps.clock.now() });
    const workers = await activeWorkers(access);
    for (const target of wanted) {
      cli.say(`${names(target)}: ${wish.done}${workers.length === 0 ? '; handled by the next run or sync (no worker runs now)' : ''}.`);
      const paused = target.tables.filter((table) => isPaused(records, target.connection.name, table));
      if (paused.length > 0)
        cli.say(
          `${paused.map((table) => `${target.connection.name}.${table}`).join(', ')}: paused, so it happens after \`tributary resume\`.`,
        );
      for (const text of statuses === undefined ? [] : waitsOf(statuses, target, paused, cli.deps.clock.now())) cli.say(text);
    }
  });
}

/** What the runs that were asked for wait for, as the workers tell. */
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

/** A new request's id and time. */
export function stamp(cli: Cli): { id: string; at: number } {
  return { id: randomUUID(), at: cli.deps.clock.now() };
}

/**
 * The tables a request makes sense for. Of a whole connection the others are passed over.
 * @throws TributaryError `config` when none is left, or one was named itself.
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
    remedy: `Ask for a run: tributary trigger ${without.map((table) => `${connection.name}.${table}`).join(' ')}`,
  });
}

/** Whether it was said of the table or of its connection: what was asked for last holds. */
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
