import { randomUUID } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import { TributaryError } from '../core/errors.ts';
import { hasHistory } from '../core/table.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { giveCommands, type Author } from '../kafka/meta/audit.ts';
import type { ControlRecord } from '../kafka/meta/control.ts';
import { readStates, requireWithheld } from '../kafka/meta/state.ts';
import { ownTopics } from '../kafka/meta/own-topics.ts';
import { ensureTopics } from '../kafka/topics.ts';

/** Commands of the page for a connection or a table. `since`: epoch ms; null means all history. */
export type Command =
  | { readonly name: 'pause' | 'resume' | 'sync' | 'resync' | 'allow-deletes' }
  | { readonly name: 'backfill'; readonly since: number | null };

export const commandNames = [
  'pause',
  'resume',
  'sync',
  'resync',
  'backfill',
  'allow-deletes',
] as const satisfies readonly Command['name'][];

/** `table` null means the whole connection. */
export interface Target {
  readonly connection: string;
  readonly table: string | null;
}

export interface Asking extends Author {
  readonly now: number;
}

/** Message after a command was accepted. */
export const commandDone: Readonly<Record<Command['name'], string>> = {
  pause: 'Paused. The position is kept.',
  resume: 'Resumed from where it stopped.',
  sync: 'A run was asked for.',
  resync: 'All history is read again. Rows that have not changed are not published again.',
  backfill: 'The back-fill was asked for. Rows that have not changed are not published again.',
  'allow-deletes': 'The deletes are allowed once: the table is listed again, and rows that are still missing are deleted.',
};

/** Throws `config` for a connection or table that is not in the settings. */
export function requireTarget(settings: Settings, { connection, table }: Target): void {
  const found = settings.connections.find(({ name }) => name === connection);
  if (!found) throw new TributaryError(`No connection is called ${connection}.`, { kind: 'config', code: 'not_found' });
  if (table !== null && !found.tables.some(({ name }) => name === table))
    throw new TributaryError(`${connection} has no table ${table}.`, { kind: 'config', code: 'not_found' });
}

/** Records the command, then sends it; a command that cannot be recorded is not sent. */
export async function giveCommand(
  access: KafkaAccess,
  settings: Settings,
  target: Target,
  command: Command,
  { user, address, now }: Asking,
): Promise<void> {
  requireTarget(settings, target);
  if (command.name === 'allow-deletes' && target.table === null)
    throw new TributaryError('Deletes are allowed for one table at a time.', {
      kind: 'config',
      code: 'table_needed',
      remedy: `Name one of ${target.connection}'s tables; the status shows which withhold deletes.`,
    });
  await ensureTopics(access, ownTopics(access.settings));
  const { connection, table } = target;
  if (command.name === 'allow-deletes' && table !== null)
    requireWithheld(`${connection}.${table}`, (await readStates(access, connection)).states.get(table));
  const records = targetsOf(settings, target, command).map((one) => recordOf(one, command, now));
  await giveCommands(access, records, { user, address, at: now });
}

/**
 * The tables a command makes sense for. History is read again only where there is any; every run reads the others whole.
 * @throws TributaryError `config` when none of them has a history.
 */
export function targetsOf(settings: Settings, target: Target, { name }: Pick<Command, 'name'>): readonly Target[] {
  if (name !== 'backfill' && name !== 'resync') return [target];
  const tables = settings.connections.find((one) => one.name === target.connection)?.tables ?? [];
  const asked = tables.filter((table) => target.table === null || table.name === target.table);
  const able = asked.filter(hasHistory);
  if (able.length === 0)
    throw new TributaryError(
      `${asked.map((table) => table.name).join(', ')}: there is no history to read again; every run reads the whole table.`,
      {
        kind: 'config',
        code: 'no_history',
        remedy: 'Request a run instead: Sync now.',
      },
    );
  return able.length === asked.length ? [target] : able.map((table) => ({ connection: target.connection, table: table.name }));
}

function recordOf(target: Target, command: Command, at: number): ControlRecord {
  const stamp = { id: randomUUID(), at };
  switch (command.name) {
    case 'pause':
    case 'resume':
      return { ...target, slot: 'paused', value: { paused: command.name === 'pause' } };
    case 'sync':
      return { ...target, slot: 'trigger', value: stamp };
    case 'resync':
      return { ...target, slot: 'backfill', value: { ...stamp, since: null } };
    case 'backfill':
      return { ...target, slot: 'backfill', value: { ...stamp, since: command.since } };
    case 'allow-deletes':
      return { ...target, slot: 'allow-deletes', value: stamp };
  }
}
