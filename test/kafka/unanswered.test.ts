import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Cluster } from '../../src/kafka/cluster.ts';
import { offsetsOf, offsetsSince, topicsOf } from '../../src/kafka/cluster.ts';
import { withDeadline } from '../../src/kafka/deadline.ts';
import { brokerAway } from '../../src/kafka/errors.ts';
import { keptProducer } from '../../src/kafka/kept-producer.ts';
import { fetchFrom, recoverFetch, startsAgain } from '../../src/kafka/fetching.ts';

/*
 * A request that kafkajs neither answers nor ends (it forgets its time-outs when a connection is closed under requests): whoever reads has to go
 * on with another client.
 */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const hangs = (): Promise<never> => new Promise(() => undefined);
const works = {
  metadata: async () => ({ topicMetadata: [{ topic: 't' }] }),
  addMultipleTargetTopics: async () => undefined,
  fetchTopicsOffset: async () => [{ topic: 't', partitions: [{ partition: 0, offset: '1' }] }],
  findTopicPartitionMetadata: () => [{ partitionId: 0 }],
  findBroker: async () => ({ fetch: hangs }),
  refreshMetadata: async () => undefined,
  connect: async () => undefined,
  isConnected: () => false,
  removeBroker: () => undefined,
};
const line = { topic: 't', partition: 0, next: 5n };
const outOfRange = Object.assign(new Error('offset'), { type: 'OFFSET_OUT_OF_RANGE' });

it.each([
  ['metadata', (cluster: Cluster) => topicsOf(cluster)],
  ['addMultipleTargetTopics', (cluster: Cluster) => offsetsOf(cluster, ['t'])],
  ['fetchTopicsOffset', (cluster: Cluster) => offsetsOf(cluster, ['t'])],
  ['fetchTopicsOffset', (cluster: Cluster) => offsetsSince(cluster, 't', 5)],
  ['fetchTopicsOffset', (cluster: Cluster) => startsAgain(cluster, [line], outOfRange)],
  ['findBroker', (cluster: Cluster) => fetchFrom(cluster, '1', [line])],
  ['connect', (cluster: Cluster) => recoverFetch(cluster, brokerAway('x'))],
  ['refreshMetadata', (cluster: Cluster) => recoverFetch(cluster, brokerAway('x'))],
] as const)('%s that hangs is given up', async (what, ask) => {
  const given = ask({ ...works, [what]: hangs } as unknown as Cluster).then(
    () => 'answered',
    (error: unknown) => error,
  );
  let outcome: unknown;
  void given.then((found) => (outcome = found));
  // The pauses in between are not of the faked timers.
  for (let tries = 0; outcome === undefined && tries < 100; tries += 1) {
    await vi.advanceTimersByTimeAsync(61_000);
    await pause(20);
  }
  expect(outcome).toMatchObject({ kind: 'transient', code: 'kafka:deadline' });
});

it('a call that throws before it returns anything leaves no timer behind, whose rejection would end the process', async () => {
  const throws = (): never => {
    throw new Error('at once');
  };
  await expect(withDeadline(1_000, 'Asking', throws)).rejects.toThrow('at once');
  expect(vi.getTimerCount()).toBe(0);
});

it('a producer whose connecting or sending hangs is replaced', async () => {
  for (const hanging of ['connect', 'send'] as const) {
    const sent: unknown[] = [];
    let made = 0;
    const producer = keptProducer({ settings: { brokers: ['k:1'] } } as never, 't', () => {
      made += 1;
      const good = {
        connect: async () => undefined,
        send: async (record: unknown) => void sent.push(record),
        disconnect: async () => undefined,
      };
      return { producer: (made === 1 ? { ...good, [hanging]: hangs } : good) as never, cut: () => undefined };
    });
    const first = producer.send('Recording a run', [{ partition: 0, value: 'a' }]).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(16_000);
    expect(await first, hanging).toMatchObject({ code: 'kafka:deadline' });
    await producer.send('Recording a run', [{ partition: 0, value: 'a' }]);
    expect([made, sent.length], hanging).toEqual([2, 1]);
    await producer.close();
  }
});
