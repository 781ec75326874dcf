import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import type { ReadMessage, ReadRequest } from '../../src/kafka/reader.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { tableStateRecord } from '../../src/kafka/meta/state.ts';
import { ownTopics } from '../../src/kafka/meta/own-topics.ts';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';
import type { Batch, KafkaSettings, TableState } from '../../src/kafka/types.ts';

export type AccessChanges = Partial<Omit<KafkaAccess, 'settings'>> & { readonly settings?: Partial<KafkaSettings> };

/** Access to the shared stack under a prefix of its own. */
export function accessTo(prefix = `k${randomBytes(5).toString('hex')}`, { settings, ...rest }: AccessChanges = {}): KafkaAccess {
  const stack = inject('stack');
  return {
    settings: {
      brokers: stack.brokers,
      clientId: 'tests',
      prefix,
      replicationFactor: 1,
      minInSyncReplicas: 1,
      registry: { url: stack.registryUrl, ...stackLogin() },
      ...kafkaLogin(),
      compression: 'gzip',
      ...settings,
    },
    ...rest,
  };
}

/** Our own topics and one table `c.rows`; answers the table's topic. */
export async function tableTopic(access: KafkaAccess, partitions = 1, table = 'rows'): Promise<string> {
  const name = `${access.settings.prefix}.c.${table}`;
  await ensureTopics(access, [...ownTopics(access.settings), { name, partitions, kind: 'table' }]);
  return name;
}

export const stateOf = (at: number, more: Partial<TableState> = {}): TableState => ({
  v: 1,
  position: { v: 1, at },
  keySchemaId: 1,
  valueSchemaId: 2,
  partitions: 1,
  since: null,
  rowsPublished: at,
  runId: 'run',
  updatedAt: 1,
  ...more,
});

/** A batch of rows with these keys, and the position `at` in the same transaction. */
export function batchOf(topic: string, keys: readonly string[], at?: number, value: Buffer | null = Buffer.from('value')): Batch {
  return {
    topic,
    messages: keys.map((key) => ({ key: Buffer.from(key), value })),
    deadLetters: [],
    state: at === undefined ? [] : [tableStateRecord('c', 'rows', stateOf(at))],
    headers: { run_id: 'run' },
  };
}

export async function readAll(access: KafkaAccess, ...requests: ReadRequest[]): Promise<ReadMessage[]> {
  const found: ReadMessage[] = [];
  await readTopics(access, requests, (message) => void found.push(message));
  return found;
}

/** The keys in a topic, in order. */
export const keysIn = async (access: KafkaAccess, topic: string): Promise<string[]> =>
  (await readAll(access, { topic })).map(({ key }) => key?.toString() ?? '');

/** Asks until the answer is true; fails after `seconds`. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 90): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await sleep(100);
  }
}

/** The error a promise is refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<Error & { kind?: string; code?: string }> {
  return work.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: Error) => error,
  );
}
