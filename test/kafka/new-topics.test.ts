import type { Admin } from 'kafkajs';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { KafkaAccess, SharedClients } from '../../src/kafka/client.ts';
import { ensureTopics } from '../../src/kafka/topics.ts';

/** A cluster in which these topics exist; each look takes ten seconds of the clock. */
function cluster(metadata: () => Promise<unknown>): KafkaAccess {
  let now = performance.now();
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  const admin = {
    listTopics: async () => ['t.shop.orders'],
    fetchTopicMetadata: () => {
      now += 10_000;
      return metadata();
    },
  } as unknown as Admin;
  const shared = { admin: <T>(_: KafkaAccess, __: string, work: (one: Admin) => Promise<T>) => work(admin) } as unknown as SharedClients;
  return { settings: { brokers: ['k:9092'], prefix: 't' }, shared } as unknown as KafkaAccess;
}
const orders = [{ name: 't.shop.orders', partitions: 2, kind: 'table' }] as const;

test('a partition that stays without a leader is waited for half a minute, then the topic is named', async () => {
  const partitions = [{ leader: 1 }, { leader: -1 }];
  const access = cluster(async () => ({ topics: [{ name: 't.shop.orders', partitions }] }));
  await expect(ensureTopics(access, orders)).rejects.toMatchObject({
    kind: 'transient',
    reach: 'connection',
    code: 'kafka:LEADER_NOT_AVAILABLE',
    message: 'The topic t.shop.orders has partitions without a leader.',
    remedy: 'Check the state of the brokers.',
  });
});

test('brokers that do not learn of a new topic are told apart from that', async () => {
  const access = cluster(() => Promise.reject(Object.assign(new Error('x'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' })));
  await expect(ensureTopics(access, orders)).rejects.toMatchObject({
    code: 'kafka:LEADER_NOT_AVAILABLE',
    message: expect.stringMatching(/do not know topics that have just been created/) as string,
  });
});
