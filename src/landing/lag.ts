import kafkajs from 'kafkajs';
import type { Admin } from 'kafkajs';
import type { KafkaAccess } from '../kafka/client.ts';
import { withAdmin } from '../kafka/client.ts';
import { readTopics } from '../kafka/reader.ts';
import type { ReadMessage } from '../kafka/reader.ts';
import type { SinkOffset } from './connect-client.ts';

export interface TopicLag {
  readonly topic: string;
  /** The topic does not exist yet. */
  readonly missing: boolean;
  /** Nothing is left to land: only transaction markers can be behind the sink's offset. */
  readonly caughtUp: boolean;
  /**
   * Offsets between the sink's position and the end of the topic: an upper bound of the rows to land, because transaction
   * markers and offsets removed by compaction count too. 0 when caught up.
   */
  readonly rowsAtMost: number;
  /** Age of the oldest record that has not landed, seconds; 0 when all have landed. */
  readonly lagSeconds: number;
  /**
   * The sink is further behind than the topic keeps the records that tell it of deletes, so it may never see some of them.
   * Partitions without a committed offset do not count, because none of their rows has landed; during a first read, the
   * unread rest of a partition counts until it is read.
   */
  readonly deletesMayBeMissed: boolean;
  /** Newest `_synced_at` in the warehouse's table, epoch ms; only where the warehouse can be queried. */
  readonly newestRowAt?: number;
}

/** A sink's committed offsets on a topic's partitions; partitions without an entry were never read. */
export interface LagRequest {
  readonly topic: string;
  readonly committed: readonly SinkOffset[];
  /**
   * Which record tells this sink of a delete: the tombstone, kept for `delete.retention.ms`, or the marker before it, which
   * compaction may remove after `min.compaction.lag.ms`.
   */
  readonly deletesBy: 'tombstone' | 'marker';
  /** Topic for records that the sink cannot process. */
  readonly deadLetterTopic: string;
}

/** Measures how far a sink is behind on each topic. Reads with read_committed and commits nothing. */
export async function sinkLag(
  access: KafkaAccess,
  requests: readonly LagRequest[],
  now: () => number,
  signal?: AbortSignal,
): Promise<TopicLag[]> {
  const facts = await withAdmin(access, 'Measuring the lag of a landing', async (admin) => {
    const existing = new Set(await admin.listTopics());
    return Promise.all(
      requests.map(async (request) =>
        existing.has(request.topic)
          ? { ...request, missing: false, ...(await topicFacts(admin, request)) }
          : { ...request, missing: true, gaps: [], keepsDeletesMs: 0 },
      ),
    );
  });
  const dead = await deadPlaces(
    access,
    new Set(facts.filter(({ gaps }) => gaps.length > 0).map(({ deadLetterTopic }) => deadLetterTopic)),
    signal,
  );
  const gaps = facts.flatMap(({ topic, deletesBy, gaps: own }) =>
    own.map((gap) => ({ ...gap, topic, passes: done(gap, dead.get(topic), deletesBy) })),
  );
  const found = await oldestRecords(access, gaps, signal);
  return facts.map(({ topic, missing, keepsDeletesMs }) => {
    const unread = gaps.filter((gap) => gap.topic === topic && found.has(gap));
    const ageMs = (of: readonly Gap[]): number => Math.max(0, ...of.map((gap) => now() - (found.get(gap) ?? now())));
    return {
      topic,
      missing,
      caughtUp: unread.length === 0,
      rowsAtMost: Number(unread.reduce((sum, gap) => sum + gap.to - gap.from, 0n)),
      lagSeconds: ageMs(unread) / 1000,
      deletesMayBeMissed: ageMs(unread.filter(({ begun }) => begun)) > keepsDeletesMs,
    };
  });
}

/** Number of messages in each topic; 0 where the topic does not exist. */
export async function messageCounts(access: KafkaAccess, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
  return withAdmin(access, 'Counting dead letters', async (admin) => {
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
  /** Whether the sink has committed an offset of the partition. */
  readonly begun: boolean;
}

async function topicFacts(
  admin: Admin,
  { topic, committed, deletesBy }: LagRequest,
): Promise<{ gaps: readonly Gap[]; keepsDeletesMs: number }> {
  const ends = await admin.fetchTopicOffsets(topic);
  const at = new Map(committed.filter((one) => one.topic === topic).map((one) => [one.partition, BigInt(one.offset)]));
  const gaps = ends
    .map((end) => ({
      partition: end.partition,
      from: at.get(end.partition) ?? BigInt(end.low),
      to: BigInt(end.high),
      begun: at.has(end.partition),
    }))
    .filter((gap) => gap.from < gap.to);
  const setting = deletesBy === 'tombstone' ? 'delete.retention.ms' : 'min.compaction.lag.ms';
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [setting] }],
  });
  const retention = resources[0]?.configEntries.find((entry) => entry.configName === setting)?.configValue;
  return { gaps, keepsDeletesMs: retention === undefined ? Number.POSITIVE_INFINITY : Number(retention) };
}

/**
 * By topic, the `partition:offset` of its records that are among the dead letters. The JDBC sink commits only what it has
 * written, so a dead letter at the end of a partition looks unread until a good record follows.
 */
async function deadPlaces(
  access: KafkaAccess,
  deadLetterTopics: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const places = new Map<string, Set<string>>();
  await readTopics(
    access,
    [...deadLetterTopics].map((topic) => ({ topic })),
    ({ headers }) => {
      const topic = headers['__connect.errors.topic'];
      if (topic === undefined) return;
      const of = places.get(topic) ?? new Set();
      places.set(topic, of.add(`${headers['__connect.errors.partition']}:${headers['__connect.errors.offset']}`));
    },
    signal === undefined ? {} : { signal },
  );
  return places;
}

/**
 * Returns a function that decides, record by record, whether the sink is done with a record without having committed it. A
 * sink that appends gets no tombstones and may never commit the one at the end of a partition, although it has read the
 * marker before it. A tombstone after a gap in the offsets does not count as done, because its marker may have been in the gap.
 */
function done(
  { partition, from }: Gap,
  dead: ReadonlySet<string> | undefined,
  deletesBy: LagRequest['deletesBy'],
): (message: ReadMessage) => boolean {
  let next = from;
  return ({ offset, value }) => {
    const unbroken = offset === next;
    next = offset + 1n;
    return dead?.has(`${partition}:${offset}`) === true || (deletesBy === 'marker' && value === null && unbroken);
  };
}

interface TopicGap extends Gap {
  readonly topic: string;
  readonly passes: (message: ReadMessage) => boolean;
}

/** A gap of up to this many offsets is read completely: most are a transaction marker, and one read serves them all. */
const SMALL = 100n;

/** Thrown to stop a read at its first record. */
class Enough extends Error {}

/** Publish time of the oldest record in each gap that the sink is not done with; no entry where there is none. */
async function oldestRecords<G extends TopicGap>(
  access: KafkaAccess,
  gaps: readonly G[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<Gap, number>> {
  const found = new Map<Gap, number>();
  const read = async (of: readonly G[], onFound: () => void): Promise<void> => {
    const requests = [...new Set(of.map(({ topic }) => topic))].map((topic) => {
      const from = new Map(of.filter((gap) => gap.topic === topic).map((gap) => [gap.partition, gap.from]));
      return { topic, from, partitions: [...from.keys()] };
    });
    const byPlace = new Map(of.map((gap) => [`${gap.topic} ${gap.partition}`, gap]));
    await readTopics(
      access,
      requests,
      (message) => {
        const gap = byPlace.get(`${message.topic} ${message.partition}`);
        if (gap === undefined || found.has(gap) || gap.passes(message)) return;
        found.set(gap, message.timestamp);
        onFound();
      },
      signal === undefined ? {} : { signal },
    );
  };
  const isSmall = ({ from, to }: Gap): boolean => to - from <= SMALL;
  await read(gaps.filter(isSmall), () => undefined);
  for (const gap of gaps.filter((one) => !isSmall(one))) {
    try {
      await read([gap], () => {
        throw new Enough();
      });
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
    }
  }
  return found;
}
