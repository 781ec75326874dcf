import { expect, test } from 'vitest';
import type { Cluster } from '../../src/kafka/cluster.ts';
import { brokerAway } from '../../src/kafka/errors.ts';
import { fetchFrom, leaderOf, recoverFetch, startsAgain } from '../../src/kafka/fetching.ts';

const of = (members: object): Cluster => members as unknown as Cluster;
const lines = [
  { topic: 'a', partition: 0, next: 5n },
  { topic: 'b', partition: 2, next: 2n ** 60n },
  { topic: 'a', partition: 1, next: 0n },
];

test('one request asks a broker for committed rows of all partitions, topic by topic, from where each was left', async () => {
  const asked: unknown[] = [];
  const brokers: unknown[] = [];
  const answer = { responses: [] };
  const cluster = of({
    findBroker: async (which: unknown) => {
      brokers.push(which);
      return { fetch: async (request: unknown) => (asked.push(request), answer) };
    },
  });
  expect(await fetchFrom(cluster, '7', lines)).toBe(answer);
  expect(brokers).toEqual([{ nodeId: '7' }]);
  const maxBytes = 4 * 1024 * 1024;
  expect(asked).toEqual([
    {
      isolationLevel: 1,
      maxWaitTime: 250,
      minBytes: 1,
      maxBytes: 24 * 1024 * 1024,
      topics: [
        {
          topic: 'a',
          partitions: [
            { partition: 0, fetchOffset: '5', maxBytes },
            { partition: 1, fetchOffset: '0', maxBytes },
          ],
        },
        { topic: 'b', partitions: [{ partition: 2, fetchOffset: '1152921504606846976', maxBytes }] },
      ],
    },
  ]);
  await fetchFrom(cluster, '7', lines, 5);
  expect(asked[1]).toMatchObject({ maxWaitTime: 5 });
});

test('the leader is the node that kafkajs names for the partition', () => {
  const asked: unknown[] = [];
  const cluster = of({
    findLeaderForPartitions: (topic: string, partitions: readonly number[]) => {
      asked.push([topic, partitions]);
      return topic === 'a' ? { 3: [0] } : {};
    },
  });
  expect(lines.slice(0, 2).map((line) => leaderOf(cluster, line))).toEqual(['3', '-1']);
  expect(asked).toEqual([
    ['a', [0]],
    ['b', [2]],
  ]);
});

test('only an offset that the log does not have is a reason to ask where it starts', async () => {
  const never = of({ fetchTopicsOffset: () => Promise.reject(new Error('it was asked')) });
  expect(await startsAgain(never, lines, brokerAway('x'))).toBeUndefined();
  expect(await startsAgain(never, lines, new TypeError('x'))).toBeUndefined();
});

test('a log that starts later is read from there; what no broker tells stays where it is', async () => {
  const asked: unknown[] = [];
  const cluster = of({
    fetchTopicsOffset: async (topics: unknown) => {
      asked.push(topics);
      return [
        {
          topic: 'a',
          partitions: [
            { partition: 0, offset: '8' },
            { partition: 1, offset: '9' },
          ],
        },
        { topic: 'b', partitions: [{ partition: 0, offset: '1' }] },
      ];
    },
  });
  const found = await startsAgain(cluster, lines, Object.assign(new Error('x'), { type: 'OFFSET_OUT_OF_RANGE' }));
  expect([...(found ?? [])].map(([{ topic, partition }, offset]) => [topic, partition, offset])).toEqual([
    ['a', 0, 8n],
    ['b', 2, 2n ** 60n],
    ['a', 1, 9n],
  ]);
  expect(asked).toEqual([
    [
      { topic: 'a', fromBeginning: true, partitions: [{ partition: 0 }, { partition: 1 }] },
      { topic: 'b', fromBeginning: true, partitions: [{ partition: 2 }] },
    ],
  ]);
});

/** A cluster object, with what is done to it in turn. */
function watched(connected: boolean) {
  const done: string[] = [];
  const cluster = of({
    isConnected: () => connected,
    connect: async () => void done.push('connect'),
    refreshMetadata: async () => void done.push('refresh'),
    removeBroker: ({ host, port }: { host: string; port: number }) => void done.push(`remove ${host} ${typeof port} ${port}`),
  });
  return { cluster, done };
}

test('a broker that was lost is closed before the cluster is used again, and its metadata is read anew', async () => {
  const lost = (broker: string | undefined): Error => Object.assign(brokerAway('x'), { broker });
  const one = watched(true);
  await recoverFetch(one.cluster, new Error('retries exceeded', { cause: lost('fe80::1:9092') }));
  expect(one.done).toEqual(['remove fe80::1 number 9092', 'refresh']);
  const other = watched(false);
  for (const broker of [undefined, 'no port', ':9092', 'host:', 'host:90x', 'host:9092 ']) await recoverFetch(other.cluster, lost(broker));
  expect(other.done).toEqual(Array.from({ length: 6 }, () => ['connect', 'refresh']).flat());
});

test('an error that no retry can help is thrown as it is, and nothing is closed', async () => {
  const { cluster, done } = watched(true);
  const error = new TypeError('x is not a function');
  await expect(recoverFetch(cluster, error)).rejects.toBe(error);
  expect(done).toEqual([]);
});
