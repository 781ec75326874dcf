import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { Kafka, Partitioners, logLevel } from 'kafkajs';
import type { Producer } from 'kafkajs';
import { compileTable } from '../../src/record/codec.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import { frame } from '../../src/record/framing.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';
import { createTopics } from '../support/topics.ts';

export interface TopicWriter {
  readonly topic: string;
  upsert(...records: readonly TableRecord[]): Promise<void>;
  /** The marker and then the tombstone, in one transaction, as the engine deletes. */
  remove(...keys: readonly TableRecord[]): Promise<void>;
  raw(key: Buffer, value: Buffer | null): Promise<void>;
  /** The same topic with a later shape of its rows. */
  evolve(definition: TableDefinition): Promise<TopicWriter>;
}

export const SYNCED_AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export interface WriterOptions {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly topic: string;
  readonly definition: TableDefinition;
  readonly partitions?: number;
}

/** Creates the topic and writes to it in transactions, with the engine's own codec. */
export async function topicWriter(options: WriterOptions): Promise<TopicWriter & { close(): Promise<void> }> {
  const kafka = new Kafka({ brokers: [...options.brokers], clientId: 'landing-test', logLevel: logLevel.NOTHING, ...kafkaLogin() });
  const admin = kafka.admin();
  await admin.connect();
  await createTopics(admin, {
    topic: options.topic,
    numPartitions: options.partitions ?? 1,
    replicationFactor: 1,
    configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
  });
  await admin.disconnect();
  const login = stackLogin();
  const registry = new SchemaRegistry({ host: options.registryUrl, ...(login === undefined ? {} : { auth: login }) });
  const producer = kafka.producer({
    transactionalId: `landing-test-${options.topic}`,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  return { ...(await writer(options.topic, options.definition, registry, producer)), close: () => producer.disconnect() };
}

async function writer(topic: string, definition: TableDefinition, registry: SchemaRegistry, producer: Producer): Promise<TopicWriter> {
  const codec = compileTable('landing_test', definition);
  const register = async (side: 'key' | 'value', schema: object): Promise<number> =>
    (
      await registry.register(
        { type: SchemaType.AVRO, schema: JSON.stringify(schema) },
        { subject: `${topic}-${side}`, compatibility: 'FULL_TRANSITIVE' as never },
      )
    ).id;
  const keyId = await register('key', codec.keySchema);
  const valueId = await register('value', codec.valueSchema);
  const blank = Object.fromEntries([...Object.keys(definition.fields), '_extra'].map((name) => [name, null]));
  const keyOf = (record: TableRecord): Buffer =>
    frame(keyId, codec.keyBody(Object.fromEntries(definition.key.map((name) => [name, record[name]!]))));
  const send = async (messages: readonly { key: Buffer; value: Buffer | null }[]): Promise<void> => {
    const transaction = await producer.transaction();
    for (let from = 0; from < messages.length; from += 500) await transaction.send({ topic, messages: messages.slice(from, from + 500) });
    await transaction.commit();
  };
  return {
    topic,
    upsert: (...records) =>
      send(
        records.map((record) => ({
          key: keyOf(record),
          value: frame(valueId, codec.body({ ...blank, ...record }), codec.tail(SYNCED_AT, false)),
        })),
      ),
    remove: (...keys) =>
      send(
        keys.flatMap((record) => {
          const key = Object.fromEntries(definition.key.map((name) => [name, record[name]!]));
          return [
            { key: keyOf(record), value: frame(valueId, codec.markerBody(key), codec.tail(SYNCED_AT, true)) },
            { key: keyOf(record), value: null },
          ];
        }),
      ),
    raw: (key, value) => send([{ key, value }]),
    evolve: (later) => writer(topic, later, registry, producer),
  };
}
