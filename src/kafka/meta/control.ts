import { TributaryError } from '../../core/errors.ts';
import type { KafkaAccess } from '../client.ts';
import { plainProducer, withClient } from '../client.ts';
import { canonicalText, parseObject } from '../../core/json/text.ts';
import { connectionPartition } from '../partitioning.ts';
import type { ReadOptions } from '../reader.ts';
import { readTopics } from '../reader.ts';
import { topicNames } from './topic-names.ts';

/** Requests of users about a connection or a table, by slot. Times are epoch milliseconds. */
export interface ControlValues {
  readonly paused: { readonly paused: boolean };
  readonly trigger: { readonly id: string; readonly at: number };
  /** `since`: oldest event time to read; null means all history. */
  readonly backfill: { readonly id: string; readonly at: number; readonly since: number | null };
  readonly 'allow-deletes': { readonly id: string; readonly at: number };
}

export type ControlSlot = keyof ControlValues;

/** A desired state, valid until it is replaced. `table` null means the whole connection; `value` null withdraws it. */
export type ControlRecord = {
  readonly [S in ControlSlot]: {
    readonly connection: string;
    readonly table: string | null;
    readonly slot: S;
    readonly value: ControlValues[S] | null;
  };
}[ControlSlot];

const SLOTS: readonly string[] = ['paused', 'trigger', 'backfill', 'allow-deletes'] satisfies ControlSlot[];

const SEND_DEADLINE = 30_000;

/** Writes desired states to `_control`; returns once they are stored. */
export async function sendControl(access: KafkaAccess, records: readonly ControlRecord[]): Promise<void> {
  const { producer, cut } = plainProducer(access, { maxInFlightRequests: 1 });
  await withClient(
    access,
    'Sending the request',
    { connect: () => producer.connect(), disconnect: () => producer.disconnect(), cut },
    SEND_DEADLINE,
    () =>
      producer.send({
        topic: topicNames(access.settings.prefix).control,
        acks: -1,
        messages: records.map(({ connection, table, slot, value }) => ({
          partition: connectionPartition(connection, access.settings),
          key: canonicalText({ connection, slot, table }),
          value: value === null ? null : canonicalText(value),
        })),
      }),
  );
}

/** The latest record of every key in `_control` (records of one connection in sending order), and the offset up to which each partition was read. */
export interface ControlSnapshot {
  readonly records: readonly ControlRecord[];
  readonly ends: ReadonlyMap<number, bigint>;
}

export async function readControl(access: KafkaAccess, partitions?: readonly number[], options?: ReadOptions): Promise<ControlSnapshot> {
  const topic = topicNames(access.settings.prefix).control;
  const latest = new Map<string, ControlRecord>();
  const ranges = await readTopics(
    access,
    [{ topic, ...(partitions === undefined ? {} : { partitions }) }],
    ({ key, value }) => {
      const record = controlRecord(key, value);
      if (record === undefined || key === null) return;
      // Deleted first, so that the map is ordered by the last write.
      latest.delete(key.toString());
      if (record.value !== null) latest.set(key.toString(), record);
    },
    options,
  );
  const covered = ranges.get(topic);
  if (covered === undefined) {
    throw new TributaryError(`The topic ${topic} does not exist.`, {
      kind: 'config',
      remedy: 'Start Tributary once with this prefix (run or sync): it creates its topics.',
    });
  }
  return { records: [...latest.values()], ends: new Map([...covered].map(([partition, { end }]) => [partition, end])) };
}

/** Parses a record of `_control`; undefined for one that a newer release wrote and this one does not know. */
export function controlRecord(key: Buffer | null, value: Buffer | null): ControlRecord | undefined {
  const fields = parseObject(key);
  if (fields === undefined) return undefined;
  const { connection, table, slot } = fields;
  if (typeof connection !== 'string' || (typeof table !== 'string' && table !== null) || typeof slot !== 'string' || !SLOTS.includes(slot))
    return undefined;
  const wanted = value === null ? null : parseObject(value);
  if (wanted === undefined || (wanted !== null && !fits(slot as ControlSlot, wanted))) return undefined;
  return { connection, table, slot, value: wanted } as ControlRecord;
}

function fits(slot: ControlSlot, value: Record<string, unknown>): boolean {
  if (slot === 'paused') return typeof value['paused'] === 'boolean';
  if (typeof value['id'] !== 'string' || typeof value['at'] !== 'number') return false;
  return slot !== 'backfill' || value['since'] === null || typeof value['since'] === 'number';
}
