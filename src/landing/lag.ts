import kafkajs from 'kafkajs';
import type { Admin } from 'kafkajs';
import type { KafkaAccess } from '../kafka/client.ts';
import { withAdmin } from '../kafka/client.ts';
import { readTopics } from '../kafka/reader.ts';
import type { ReadMessage } from '../kafka/reader.ts';
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
  /**
   * The sink is further behind than the topic keeps the deletes it goes by: it may miss some for ever. Partitions it
   * has never committed do not count, nothing of them has landed; the rest of a first reading does, until it is done.
   */
  readonly deletesMayBeMissed: boolean;
  /** Newest `_synced_at` that the warehouse's table shows, epoch ms; where it can be asked. */
  readonly newestRowAt?: number;
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

/** Messages each topic holds; 0 where it does not exist. */
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
  /** The sink has committed something of it. */
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
 * By topic, `partition:offset` of its records among the dead letters. The JDBC sink commits only what it has written, so
 * a dead letter at the end of a partition looks unread until a good record follows.
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
 * Tells, record by record, whether the sink is done with it without having committed it. A sink that appends is not shown
 * tombstones and may never commit the one at the end of a partition, though it has read the marker before it. A
 * tombstone behind a hole is another matter: its marker may have been in there.
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

/** A gap of so many offsets is read whole: most are an end of a transaction, and one read serves them all. */
const SMALL = 100n;

/** Stops a read at its first record. */
class Enough extends Error {}

/** Publish time of the oldest record in each gap that does not pass; none where there is no such record. */
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
