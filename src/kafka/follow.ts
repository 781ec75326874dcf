import type { KafkaAccess } from './client.ts';
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
   * not exist yet are skipped and read once they do. Throws like `readTopics`.
   */
  poll(options?: ReadOptions): Promise<void>;
}

/**
 * Follows topics without a consumer group, for any number of readers in one process.
 *
 * @param onRestart called when the topic was recreated or its log was truncated: what was read before is no longer valid.
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

  return {
    async poll(options) {
      await placeAtTail();
      const ranges = await readTopics(
        access,
        topics.map(({ topic }) => ({ topic, from: new Map(next.get(topic)) })),
        (message) => {
          const seen = at(message.topic);
          if (message.offset < (seen.get(message.partition) ?? 0n)) {
            // The offsets begin again, so this is another topic with the same name.
            onRestart(message.topic);
            seen.clear();
          }
          seen.set(message.partition, message.offset + 1n);
          onMessage(message);
        },
        options,
      );
      for (const [topic, partitions] of ranges) for (const [partition, { end }] of partitions) at(topic).set(partition, end);
    },
  };
}
