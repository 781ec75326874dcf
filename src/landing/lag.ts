import kafkajs from 'kafkajs';
import type { Admin } from 'kafkajs';
import type { KafkaAccess } from '../kafka/client.ts';
import { withAdmin } from '../kafka/client.ts';
import { readTopics } from '../kafka/reader.ts';
import type { SinkOffset } from './connect-client.ts';

export interface TopicLag {
  readonly topic: string;
  /** There is no such topic yet. */
  readonly missing: boolean;
  /** Nothing is left to land; what stands behind the sink's offset are ends of transactions at most. */
  readonly caughtUp: boolean;
  /**
   * Offsets between the sink and the topic's end: an upper bound of the rows to land, since ends of
   * transactions and offsets that compaction has emptied count, too. 0 when caught up.
   */
  readonly rowsAtMost: number;
  /** Age of the oldest record that has not landed; 0 when all have. */
  readonly lagSeconds: number;
  /** The sink is further behind than the topic keeps the deletes it goes by: it may miss some for ever. */
  readonly deletesMayBeMissed: boolean;
}

/** What a sink has committed on a topic's partitions; partitions without an entry were never read. */
export interface LagRequest {
  readonly topic: string;
  readonly committed: readonly SinkOffset[];
  /**
   * What tells this sink of a delete: the tombstone, kept for `delete.retention.ms`, or the marker before it, which
   * compaction may remove after `min.compaction.lag.ms`.
   */
  readonly deletesBy: 'tombstone' | 'marker';
  /** Where the sink puts what it cannot read. */
  readonly deadLetterTopic: string;
}

/** Measures how far a sink is behind on each topic. Reads with read_committed and commits nothing. */
export async function sinkLag(access: KafkaAccess, requests: readonly LagRequest[], now: () => number, signal?: AbortSignal): Promise<TopicLag[]> {
  const facts = await withAdmin(access, 'Measuring the lag of a landing', async admin => {
    const existing = new Set(await admin.listTopics());
    return Promise.all(requests.map(async request => (existing.has(request.topic) ? { ...request, ...(await topicFacts(admin, request)) } : { ...request, gaps: undefined, keepsDeletesMs: 0 })));
  });
  const lags: TopicLag[] = [];
  for (const { topic, deadLetterTopic, gaps, keepsDeletesMs } of facts) {
    const behind = gaps !== undefined && gaps.length > 0;
    const oldest = behind ? await oldestRecord(access, topic, gaps, await deadOffsets(access, deadLetterTopic, topic, signal), signal) : undefined;
    const lagMs = oldest === undefined ? 0 : Math.max(0, now() - oldest);
    lags.push({
      topic,
      missing: gaps === undefined,
      caughtUp: oldest === undefined,
      rowsAtMost: oldest === undefined ? 0 : Number((gaps ?? []).reduce((sum, gap) => sum + gap.to - gap.from, 0n)),
      lagSeconds: lagMs / 1000,
      deletesMayBeMissed: lagMs > 0 && lagMs > keepsDeletesMs,
    });
  }
  return lags;
}

/** Messages each topic holds; 0 where it does not exist. */
export async function messageCounts(access: KafkaAccess, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
  return withAdmin(access, 'Counting dead letters', async admin => {
    const existing = new Set(await admin.listTopics());
    const counts = topics.map(async (topic): Promise<[string, number]> => {
      if (!existing.has(topic)) return [topic, 0];
      const ends = await admin.fetchTopicOffsets(topic);
      return [topic, Number(ends.reduce((sum, end) => sum + BigInt(end.high) - BigInt(end.low), 0n))];
    });
    return new Map(await Promise.all(counts));
  });
}

interface Gap {
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

async function topicFacts(admin: Admin, { topic, committed, deletesBy }: LagRequest): Promise<{ gaps: readonly Gap[]; keepsDeletesMs: number }> {
  const ends = await admin.fetchTopicOffsets(topic);
  const at = new Map(committed.filter(one => one.topic === topic).map(one => [one.partition, BigInt(one.offset)]));
  const gaps = ends
    .map(end => ({ partition: end.partition, from: at.get(end.partition) ?? BigInt(end.low), to: BigInt(end.high) }))
    .filter(gap => gap.from < gap.to);
  const setting = deletesBy === 'tombstone' ? 'delete.retention.ms' : 'min.compaction.lag.ms';
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [setting] }],
  });
  const retention = resources[0]?.configEntries.find(entry => entry.configName === setting)?.configValue;
  return { gaps, keepsDeletesMs: retention === undefined ? Number.POSITIVE_INFINITY : Number(retention) };
}

/**
 * Places of the topic's records among the dead letters. The JDBC sink commits only what it has written,
 * so a dead letter at the end of a partition looks unread until a good record follows.
 */
async function deadOffsets(access: KafkaAccess, deadLetterTopic: string, topic: string, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
  const places = new Set<string>();
  await readTopics(access, [{ topic: deadLetterTopic }], ({ headers }) => {
    if (headers['__connect.errors.topic'] === topic) places.add(`${headers['__connect.errors.partition']}:${headers['__connect.errors.offset']}`);
  }, signal === undefined ? {} : { signal });
  return places;
}

/** Stops a read at its first record. */
class Enough extends Error {}

/** Publish time of the oldest readable record in the gaps; undefined when they hold ends of transactions only. */
async function oldestRecord(
  access: KafkaAccess,
  topic: string,
  gaps: readonly Gap[],
  dead: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const found: number[] = [];
  for (const { partition, from } of gaps) {
    try {
      await readTopics(access, [{ topic, partitions: [partition], from: new Map([[partition, from]]) }], message => {
        if (dead.has(`${partition}:${message.offset}`)) return;
        found.push(message.timestamp);
        throw new Enough();
      }, signal === undefined ? {} : { signal });
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
    }
  }
  return found.length === 0 ? undefined : Math.min(...found);
}
