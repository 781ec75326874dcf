import type { Admin, ProducerBatch } from 'kafkajs';
import { afterEach, expect, test, vi } from 'vitest';
import type { KafkaAccess, SharedClients } from '../../src/kafka/client.ts';
import { tableStateRecord } from '../../src/kafka/meta/state.ts';
import { openProducer, type TransactionalProducer } from '../../src/kafka/producer.ts';
import { createWriter } from '../../src/kafka/writer.ts';
import { refusalOf, stateOf } from './support.ts';

/*
 * What the writer asks a cluster about topics, with clients that answer for one. Only the producer is replaced: it is the one part that
 * cannot be handed in without the question about topics.
 */
vi.mock('../../src/kafka/producer.ts', () => ({ openProducer: vi.fn<typeof openProducer>() }));

const TOPIC = 'p.c.rows';

/** A cluster of these topics with their partitions, and limits by topic. */
function cluster(topics: Readonly<Record<string, number>>, limits: Readonly<Record<string, string>> = {}) {
  const asked: { metadata: unknown[]; configs: unknown[] } = { metadata: [], configs: [] };
  const sent: string[] = [];
  const self = { asked, sent, refuse: undefined as Error | undefined };
  const admin = {
    describeCluster: async () => ({ brokers: [{ nodeId: 1 }] }),
    fetchTopicMetadata: async (question: { topics: readonly string[] }) => {
      asked.metadata.push(question);
      const known = question.topics.filter((name) => topics[name] !== undefined);
      return { topics: known.map((name) => ({ name, partitions: Array.from({ length: topics[name] as number }) })) };
    },
  } as unknown as Admin;
  const broker = {
    describeConfigs: async ({ resources }: { resources: readonly { name: string; configNames: readonly string[] }[] }) => {
      asked.configs.push(resources.map(({ name, configNames }) => [name, ...configNames]));
      return {
        resources: resources.map(({ name }) => ({
          resourceName: name,
          configEntries: limits[name] === undefined ? [] : [{ configName: 'max.message.bytes', configValue: limits[name] }],
        })),
      };
    },
  };
  const raw = { refreshMetadataIfNecessary: async () => undefined, getNodeIds: () => [1], findBroker: async () => broker };
  const shared = {
    admin: <T>(_: KafkaAccess, __: string, work: (one: Admin) => Promise<T>) => work(admin),
    cluster: <T>(_: KafkaAccess, __: string, work: (one: never) => Promise<T>) => work(raw as never),
  } as unknown as SharedClients;
  const transaction = {
    sendBatch: async ({ topicMessages = [] }: ProducerBatch) => {
      if (self.refuse !== undefined) throw self.refuse;
      return topicMessages.flatMap(({ topic, messages }) => {
        const lines = messages.reduce((all) => all, {} as Record<string, unknown[]>) as unknown as Record<string, unknown[]>;
        return Object.entries(lines).map(([partition, records]) => {
          sent.push(`${topic}/${partition} x ${records.length}`);
          return { topicName: topic, partition: Number(partition), errorCode: 0, baseOffset: '0' };
        });
      });
    },
    commit: async () => undefined,
    abort: async () => undefined,
  };
  const nothing = async (): Promise<void> => undefined;
  const producer = { begin: async () => transaction, rest: nothing, drop: () => undefined, close: nothing };
  vi.mocked(openProducer).mockResolvedValue(producer as unknown as TransactionalProducer);
  const access = { settings: { prefix: 'p', brokers: ['k:1'], compression: 'none' }, shared } as unknown as KafkaAccess;
  // Nobody is told of its transactions.
  return { ...self, self, writer: createWriter({ access, connection: 'c' }) };
}

const batchOf = (count: number, bytes = 1) => ({
  topic: TOPIC,
  messages: Array.from({ length: count }, (_, n) => ({ key: Buffer.from(`k${n}`), value: Buffer.alloc(bytes) })),
  deadLetters: [],
  state: [tableStateRecord('c', 'rows', stateOf(1))],
  headers: {},
});
const OWN = { 'p._state': 1, 'p._dead_letters': 1 };

afterEach(() => void vi.mocked(openProducer).mockReset());

test('it asks for the partitions and limits of all topics of a batch at once, and spreads rows over what there is', async () => {
  const { writer, asked, sent } = cluster({ ...OWN, [TOPIC]: 3 });
  await writer.reopen();
  const covered = await writer.write(batchOf(90));
  expect([...covered.keys()].sort()).toEqual([0, 1, 2]);
  const topics = ['p._state', 'p._dead_letters', TOPIC];
  expect(asked.metadata).toEqual([{ topics }]);
  expect(asked.configs).toEqual([topics.map((name) => [name, 'max.message.bytes', 'segment.bytes'])]);
  expect(sent.filter((line) => line.startsWith(`${TOPIC}/`))).toHaveLength(3);
  await writer.write(batchOf(1));
  expect(asked.metadata).toHaveLength(1);
  await writer.write({ ...batchOf(1), topic: 'p.c.others' });
  expect(asked.metadata[1], 'and keeps what it knew of the others').toEqual({ topics: ['p.c.others'] });
  await writer.write(batchOf(1));
  expect(asked.metadata).toHaveLength(2);
});

test('a batch is split by the limit of its own topic', async () => {
  const { writer, sent } = cluster({ ...OWN, [TOPIC]: 1 }, { [TOPIC]: '20000', 'p._state': '100' });
  await writer.reopen();
  await writer.write(batchOf(4, 8_000));
  expect(sent.filter((line) => line.startsWith(`${TOPIC}/`))).toEqual([`${TOPIC}/0 x 2`, `${TOPIC}/0 x 2`]);
});

test('a topic that no broker tells of yet gets its rows in its first partition, and its refusal has its name', async () => {
  const { writer, self, sent } = cluster(OWN);
  await writer.reopen();
  expect(await writer.write(batchOf(3, 1_000))).toEqual(new Map([[0, 3n]]));
  expect(sent).toContain(`${TOPIC}/0 x 3`);
  self.refuse = Object.assign(new Error('x'), { name: 'KafkaJSProtocolError', type: 'MESSAGE_TOO_LARGE' });
  expect((await refusalOf(writer.write(batchOf(1)))).message).toContain(`Writing to ${TOPIC} failed`);
});
