import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from 'kafkajs';
import { withDeadline } from './deadline.ts';
import type { AbortedTransaction, RawRecord } from './committed.ts';
import { passes, protocolType, rootCause } from './errors.ts';

/** A partition being read, and the next offset to fetch. */
export interface FetchLine {
  readonly topic: string;
  readonly partition: number;
  next: bigint;
}

export interface FetchAnswer {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly lastStableOffset: string;
      readonly abortedTransactions: readonly AbortedTransaction[] | null;
      readonly messages: readonly RawRecord[];
    }[];
  }[];
}

const READ_COMMITTED = 1;
const PARTITION_BYTES = 4 * 1024 * 1024;
const FETCH_BYTES = 24 * 1024 * 1024;
/** kafkajs's own request time-out is far shorter; this one is for the case that it does not fire. */
const CALL_DEADLINE = 60_000;

/**
 * The answer to a call of a cluster object. kafkajs (2.2.4) can leave a call without an end: it stops looking for requests that
 * are overdue once their connection is being closed.
 *
 * @throws TributaryError `transient` after a minute: the caller needs another client.
 */
export const answered = <T>(call: () => Promise<T>): Promise<T> => withDeadline(CALL_DEADLINE, 'Reading topics', call);

/** Node id of the partition's leader; -1 while there is none. */
export const leaderOf = (cluster: Cluster, { topic, partition }: FetchLine): string =>
  Object.keys(cluster.findLeaderForPartitions(topic, [partition]))[0] ?? '-1';

/** One read_committed fetch of several partitions from one broker. */
export async function fetchFrom(cluster: Cluster, nodeId: string, lines: readonly FetchLine[], maxWaitTime = 250): Promise<FetchAnswer> {
  return answered(async () => {
    const broker = await cluster.findBroker({ nodeId });
    return (await broker.fetch({
      isolationLevel: READ_COMMITTED,
      maxWaitTime,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      topics: wanted(lines),
    })) as FetchAnswer;
  });
}

function wanted(
  lines: readonly FetchLine[],
): { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[] {
  const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
  for (const { topic, partition, next } of lines) {
    const partitions = topics.get(topic) ?? [];
    partitions.push({ partition, fetchOffset: next.toString(), maxBytes: PARTITION_BYTES });
    topics.set(topic, partitions);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

/** The start offsets of the partitions, when the error says that an offset is no longer in the log. */
export async function startsAgain<L extends FetchLine>(
  cluster: Cluster,
  lines: readonly L[],
  error: unknown,
): Promise<ReadonlyMap<L, bigint> | undefined> {
  if (protocolType(error) !== 'OFFSET_OUT_OF_RANGE') return undefined;
  const answer = await answered(() =>
    cluster.fetchTopicsOffset(
      [...new Set(lines.map(({ topic }) => topic))].map((topic) => ({
        topic,
        fromBeginning: true,
        partitions: lines.filter((line) => line.topic === topic).map(({ partition }) => ({ partition })),
      })),
    ),
  );
  const starts = new Map(
    answer.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic} ${partition}`, BigInt(offset)] as const),
    ),
  );
  return new Map(lines.map((line) => [line, starts.get(`${line.topic} ${line.partition}`) ?? line.next]));
}

/** Makes the cluster object usable again after a failed call; rethrows the error when a retry cannot help. */
export async function recoverFetch(cluster: Cluster, error: unknown): Promise<void> {
  if (!passes(error)) throw error;
  // kafkajs would use a lost or unresponsive connection again, so it is closed first.
  const { broker } = rootCause(error) as { readonly broker?: string };
  const [, host, port] = /^(.+):(\d+)$/.exec(broker ?? '') ?? [];
  if (host !== undefined) cluster.removeBroker({ host, port: Number(port) });
  await sleep(200);
  await answered(async () => {
    if (!cluster.isConnected()) await cluster.connect();
    await cluster.refreshMetadata();
  });
}
