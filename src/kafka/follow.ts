import type { KafkaAccess } from './client.ts';
import { anySignal } from '../core/signals.ts';
import { askCluster, offsetsOf, topicsOf } from './cluster.ts';
import { readTopics, type ReadMessage, type ReadOptions } from './reader.ts';

export interface Followed {
  readonly topic: string;
  /** Begin with this many of the newest records of each partition; with all when absent. */
  readonly newest?: number;
}

/** Reads topics repeatedly, each time from where the last call ended. */
export interface TopicFollower {
  /**
   * Delivers what was committed since the last call, each record once, even after a call that failed half-way. Topics that do
   * not exist yet are skipped and read once they do. A topic whose log begins again is delivered from its start, after
   * `onRestart`. Throws like `readTopics`. With shared clients a call that finds nothing new opens no connection.
   */
  poll(options?: ReadOptions): Promise<void>;
}

/**
 * Follows topics without a consumer group, for any number of readers in one process.
 *
 * @param onRestart called when the topic was recreated or its log was truncated: what was read before is no longer valid.
 * A topic that was recreated and has grown beyond its old end is not recognised: kafkajs does not know topics by their ids.
 */
export function followTopics(
  access: KafkaAccess,
  topics: readonly Followed[],
  onMessage: (message: ReadMessage) => void,
  onRestart: (topic: string) => void = () => undefined,
): TopicFollower {
  const next = new Map<string, Map<number, bigint>>();

  const at = (topic: string): Map<number, bigint> => {
    const known = next.get(topic) ?? new Map<number, bigint>();
    next.set(topic, known);
    return known;
  };

  async function placeAtTail(): Promise<void> {
    const fresh = topics.filter(({ topic, newest }) => newest !== undefined && !next.has(topic));
    if (fresh.length === 0) return;
    await askCluster(access, 'Reading topics', async (cluster) => {
      const there = await topicsOf(cluster);
      const known = fresh.filter(({ topic }) => there.has(topic));
      for (const [topic, partitions] of await offsetsOf(
        cluster,
        known.map(({ topic: name }) => name),
      )) {
        const newest = BigInt(known.find((one) => one.topic === topic)?.newest ?? 0);
        for (const [partition, { start, end }] of partitions) at(topic).set(partition, end - newest > start ? end - newest : start);
      }
    });
  }

  /**
   * The topics that may hold something new, by a request to the shared client. Reading opens a client of its own, which for a worker
   * that has nothing to do was most of its work.
   */
  async function moved(options: ReadOptions | undefined): Promise<readonly Followed[]> {
    if (access.shared === undefined) return topics;
    return askCluster({ ...access, signal: anySignal(options?.signal, access.signal) }, 'Reading topics', async (cluster) => {
      const there = await topicsOf(cluster);
      const found = topics.filter(({ topic }) => there.has(topic));
      const known = found.filter(({ topic }) => next.has(topic)).map(({ topic }) => topic);
      const offsets = await offsetsOf(cluster, known);
      return found.filter(
        ({ topic }) => !next.has(topic) || [...(offsets.get(topic) ?? [])].some(([partition, { end }]) => end !== at(topic).get(partition)),
      );
    });
  }

  /** Reads once. Returns the topics that have begun again, of which the records of this call do not count. */
  async function read(from: readonly Followed[], options: ReadOptions | undefined): Promise<ReadonlySet<string>> {
    const begunAgain = new Set<string>();
    const ranges = await readTopics(
      access,
      from.map(({ topic }) => ({ topic, from: new Map(next.get(topic)) })),
      (message) => {
        const { topic, partition, offset } = message;
        if (offset < (at(topic).get(partition) ?? 0n)) begunAgain.add(topic);
        if (begunAgain.has(topic)) return;
        at(topic).set(partition, offset + 1n);
        onMessage(message);
      },
      options,
    );
    for (const [topic, partitions] of ranges) {
      // Ends do not go back in one log; this also finds a topic that is empty now.
      for (const [partition, { end }] of partitions) if (end < (at(topic).get(partition) ?? 0n)) begunAgain.add(topic);
      if (!begunAgain.has(topic)) for (const [partition, { end }] of partitions) at(topic).set(partition, end);
    }
    return begunAgain;
  }

  return {
    async poll(options) {
      for (;;) {
        await placeAtTail();
        const begunAgain = await read(await moved(options), options);
        if (begunAgain.size === 0) return;
        for (const topic of begunAgain) {
          next.delete(topic);
          onRestart(topic);
        }
      }
    },
  };
}
