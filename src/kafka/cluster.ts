import { performance } from 'node:perf_hooks';
import type { Cluster, ISocketFactory } from 'kafkajs';
import { PartitionAssigners } from 'kafkajs';
import type { KafkaAccess } from './client.ts';
import { createClient, withClient } from './client.ts';
import { brokerAway, passes } from './errors.ts';
import { answered, recoverFetch } from './fetching.ts';
import { trackSockets } from './tracked-sockets.ts';

export type { Cluster };

/**
 * kafkajs's internal cluster object: brokers, leaders and raw requests without a consumer group. kafkajs passes it only to
 * partition assigners, so a consumer is created for its assigner and never run.
 */
export function createCluster(access: KafkaAccess, socketFactory: ISocketFactory): Cluster {
  let cluster: Cluster | undefined;
  createClient(access, { socketFactory }).consumer({
    groupId: `${access.settings.prefix}._reader`,
    allowAutoTopicCreation: false,
    // Offsets are requested at this isolation level: the real ends, also after open transactions.
    readUncommitted: true,
    partitionAssigners: [
      (config) => {
        cluster = config.cluster;
        return PartitionAssigners.roundRobin(config);
      },
    ],
  });
  if (cluster === undefined) throw new Error('kafkajs gave no cluster');
  return cluster;
}

/** Runs `work` with a cluster object of its own, which is closed afterwards. */
export async function withCluster<T>(access: KafkaAccess, doing: string, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const sockets = trackSockets(access.socketFactory, access.signal);
  const cluster = (access.createCluster ?? createCluster)(access, sockets.factory);
  return withClient(
    access,
    doing,
    { ...sockets, connect: () => cluster.connect(), disconnect: () => cluster.disconnect() },
    undefined,
    () => work(cluster),
  );
}

/** Runs `work`, a few short requests, with the shared cluster object if there is one. */
export async function askCluster<T>(access: KafkaAccess, doing: string, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  return access.shared === undefined ? withCluster(access, doing, work) : access.shared.cluster(access, doing, work);
}

/** The names of all topics, from any broker. */
export async function topicsOf(cluster: Cluster): Promise<ReadonlySet<string>> {
  return patiently(cluster, async () => {
    // Null when every known broker has gone away, although kafkajs's types exclude it.
    const answer = (await cluster.metadata()) as Awaited<ReturnType<Cluster['metadata']>> | null;
    if (answer === null) throw brokerAway('the topics');
    return new Set(answer.topicMetadata.map(({ topic }) => topic));
  });
}

export interface OffsetRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** Milliseconds for which a broker that is not ready is asked again. */
const PATIENCE = 15_000;

/** Repeats `ask` with fresh metadata while leaders move, connections break, or a topic is being created. */
async function patiently<T>(cluster: Cluster, ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await answered(ask);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await recoverFetch(cluster, error).catch((failed: unknown) => {
        // While leaders move, the new metadata may not be there either.
        if (!passes(failed)) throw failed;
      });
    }
  }
}

/** Start and end of every partition of the existing topics; ends include open transactions. */
export async function offsetsOf(
  cluster: Cluster,
  topics: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<number, OffsetRange>>> {
  if (topics.length === 0) return new Map();
  await patiently(cluster, () => cluster.addMultipleTargetTopics([...topics]));
  const at = async (fromBeginning: boolean): Promise<ReadonlyMap<string, bigint>> => {
    const answer = await patiently(cluster, () =>
      cluster.fetchTopicsOffset(
        topics.map((topic) => ({
          topic,
          fromBeginning,
          partitions: cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ partition: partitionId })),
        })),
      ),
    );
    return new Map(
      answer.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }) => [`${topic} ${partition}`, BigInt(offset)] as const),
      ),
    );
  };
  const starts = await at(true);
  const ends = await at(false);
  return new Map(
    topics.map((topic) => [
      topic,
      new Map(
        cluster
          .findTopicPartitionMetadata(topic)
          .map(({ partitionId }) => partitionId)
          .sort((a, b) => a - b)
          .map((partition) => {
            const start = starts.get(`${topic} ${partition}`) ?? 0n;
            return [partition, { start, end: ends.get(`${topic} ${partition}`) ?? start }];
          }),
      ),
    ]),
  );
}

/** The first offset of every partition whose record has that time (epoch ms) or a later one; the end when there is none. */
export async function offsetsSince(cluster: Cluster, topic: string, at: number): Promise<ReadonlyMap<number, bigint>> {
  const ranges = (await offsetsOf(cluster, [topic])).get(topic) ?? new Map<number, OffsetRange>();
  const partitions = [...ranges.keys()].map((partition) => ({ partition }));
  const [answer] = await patiently(cluster, () => cluster.fetchTopicsOffset([{ topic, fromTimestamp: Math.max(0, at), partitions }]));
  return new Map(
    (answer?.partitions ?? []).map(({ partition, offset }) => [
      partition,
      BigInt(offset) < 0n ? (ranges.get(partition)?.end ?? 0n) : BigInt(offset),
    ]),
  );
}
