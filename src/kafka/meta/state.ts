import { TributaryError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/types.ts';
import type { KafkaAccess } from '../client.ts';
import { parseObject } from '../../core/json/text.ts';
import { connectionPartition } from '../partitioning.ts';
import type { ReadOptions } from '../reader.ts';
import { readTopics } from '../reader.ts';
import { topicNames } from './topic-names.ts';
import type { OutboxTask, StateRecord, TableState } from '../types.ts';

/** The records of `_state` for one connection, by table. Outbox tasks are in the order in which they were added. */
export interface ConnectionState {
  readonly states: ReadonlyMap<string, TableState>;
  readonly outbox: ReadonlyMap<string, readonly OutboxTask[]>;
}

const STATE = 'state';
const OUTBOX = 'outbox:';
const VERSION = 1;

export const tableStateRecord = (connection: string, table: string, state: TableState): StateRecord => ({
  connection,
  table,
  slot: STATE,
  value: state as unknown as JsonObject,
});

/** Deletes a table's state, so that the table is read again from the start. */
export const resetRecord = (connection: string, table: string): StateRecord => ({ connection, table, slot: STATE, value: null });

export const outboxRecord = (connection: string, table: string, { id, work }: OutboxTask): StateRecord => ({
  connection,
  table,
  slot: `${OUTBOX}${id}`,
  value: { v: VERSION, id, work },
});

export const outboxDoneRecord = (connection: string, table: string, id: string): StateRecord => ({
  connection,
  table,
  slot: `${OUTBOX}${id}`,
  value: null,
});

/**
 * Reads a connection's state. The result is final only after the connection's writer was opened, because before that another
 * instance may still be writing.
 *
 * @throws TributaryError `config` when a record has a version that this release cannot read.
 */
export async function readStates(access: KafkaAccess, connection: string, options?: ReadOptions): Promise<ConnectionState> {
  const all = await read(access, [connectionPartition(connection, access.settings)], options);
  return all.get(connection) ?? { states: new Map(), outbox: new Map() };
}

/** The state of every connection, for `status` and `state`. Throws like {@link readStates}. */
export async function readAllStates(access: KafkaAccess, options?: ReadOptions): Promise<ReadonlyMap<string, ConnectionState>> {
  return read(access, undefined, options);
}

async function read(
  access: KafkaAccess,
  partitions: readonly number[] | undefined,
  options: ReadOptions | undefined,
): Promise<Map<string, ConnectionState>> {
  const topic = topicNames(access.settings.prefix).state;
  const latest = new Map<string, { readonly key: Record<string, unknown>; readonly value: Buffer }>();
  await readTopics(
    access,
    [{ topic, ...(partitions === undefined ? {} : { partitions }) }],
    ({ key, value }) => {
      const fields = parseObject(key);
      if (key === null || fields === undefined) return;
      const text = key.toString();
      // Deleted first, so that the map is ordered by the last write.
      latest.delete(text);
      if (value !== null) latest.set(text, { key: fields, value });
    },
    options,
  );

  const found = new Map<string, { states: Map<string, TableState>; outbox: Map<string, OutboxTask[]> }>();
  for (const {
    key: { connection, table, slot },
    value,
  } of latest.values()) {
    if (typeof connection !== 'string' || typeof table !== 'string' || typeof slot !== 'string') continue;
    const where = found.get(connection) ?? { states: new Map(), outbox: new Map() };
    found.set(connection, where);
    const fields = parseObject(value);
    if (fields === undefined || fields['v'] !== VERSION) throw unreadable(topic, connection, table, slot, fields?.['v']);
    if (slot === STATE) {
      where.states.set(table, fields as unknown as TableState);
    } else if (slot.startsWith(OUTBOX)) {
      const works = where.outbox.get(table) ?? [];
      works.push({ id: slot.slice(OUTBOX.length), work: fields['work'] as JsonObject });
      where.outbox.set(table, works);
    }
  }
  return found;
}

function unreadable(topic: string, connection: string, table: string, slot: string, version: unknown): TributaryError {
  return new TributaryError(
    `The record "${slot}" of ${connection}.${table} in ${topic} ${version === undefined ? 'is not a state record' : `has version ${String(version)}`}; this release reads version ${VERSION}.`,
    {
      kind: 'config',
      reach: 'connection',
      code: 'kafka:state-version',
      remedy:
        'Run the release that wrote it, or a newer one; or have the table read again from the start: tributary state reset <connection>.<table>',
    },
  );
}

/**
 * Requires that deletes are withheld: allowing them in advance would later delete rows that nobody has seen vanish.
 * @throws TributaryError `config` when there is nothing to allow.
 */
export function requireWithheld(name: string, state: Pick<TableState, 'withheld'> | undefined): void {
  if (state?.withheld !== undefined) return;
  throw new TributaryError(`No deletes of ${name} are withheld, so there is nothing to allow.`, {
    kind: 'config',
    remedy: 'Run `tributary deletes list` to see which tables have some.',
  });
}
