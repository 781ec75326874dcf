import type { KafkaAccess } from '../kafka/client.ts';
import { topicConfigs } from '../kafka/topic-configs.ts';
import { askCluster, offsetsOf, topicsOf, type OffsetRange } from '../kafka/cluster.ts';
import { ENOUGH, readTopics } from '../kafka/reader.ts';
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

/** Offsets of topics that exist, by topic and partition. */
export type TopicRanges = ReadonlyMap<string, ReadonlyMap<number, OffsetRange>>;

/** Start and end of every partition of the topics; topics that do not exist are left out. */
export async function topicRanges(access: KafkaAccess, topics: Iterable<string>): Promise<TopicRanges> {
  return askCluster(access, 'Measuring the lag of the landings', async (cluster) => {
    const existing = await topicsOf(cluster);
    return offsetsOf(
      cluster,
      [...new Set(topics)].filter((topic) => existing.has(topic)),
    );
  });
}

/** Number of messages in the topic; 0 when it does not exist. */
export const messageCount = (ranges: TopicRanges, topic: string): number =>
  Number([...(ranges.get(topic)?.values() ?? [])].reduce((sum, { start, end }) => sum + end - start, 0n));

/**
 * Measures how far sinks are behind on topics, in the order of the requests. Reads with read_committed and commits nothing.
 *
 * @param ranges of all topics and dead-letter topics of the requests, from {@link topicRanges}.
 * @param at the moment (epoch ms) that ages are counted to: not later than anything was asked.
 */
export async function sinkLag(
  access: KafkaAccess,
  requests: readonly LagRequest[],
  ranges: TopicRanges,
  at: number,
  signal?: AbortSignal,
): Promise<TopicLag[]> {
  const gapsOf = requests.map((request) => gaps(request, ranges));
  const behind = requests.filter((_, index) => gapsOf[index]?.length !== 0);
  const dead = await deadPlaces(
    access,
    new Set(behind.map(({ deadLetterTopic }) => deadLetterTopic).filter((topic) => messageCount(ranges, topic) > 0)),
    signal,
  );
  const open = requests.map(({ topic, deletesBy, deadLetterTopic }, index) =>
    (gapsOf[index] ?? []).map((gap): TopicGap => ({
      ...gap,
      topic,
      passes: done(gap, dead.get(`${deadLetterTopic} ${topic}`), deletesBy),
    })),
  );
  const found = await oldestRecords(access, open.flat(), signal);
  const ageMs = (of: readonly TopicGap[]): number => Math.max(0, ...of.map((gap) => at - (found.get(gap) ?? at)));
  const unread = open.map((of) => of.filter((gap) => found.has(gap)));
  const begun = unread.map((of) => of.filter((gap) => gap.begun));
  const kept = await retentions(access, new Set(begun.flat().map(({ topic }) => topic)));
  return requests.map(({ topic, deletesBy }, index) => {
    const left = unread[index] ?? [];
    return {
      topic,
      missing: !ranges.has(topic),
      caughtUp: left.length === 0,
      rowsAtMost: Number(left.reduce((sum, gap) => sum + gap.to - gap.from, 0n)),
      lagSeconds: ageMs(left) / 1000,
      deletesMayBeMissed: ageMs(begun[index] ?? []) > (kept.get(topic)?.[deletesBy] ?? Number.POSITIVE_INFINITY),
    };
  });
}

interface Gap {
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  /** Whether the sink has committed an offset of the partition. */
  readonly begun: boolean;
}

/** What lies between the sink's offsets and the ends of the topic. */
function gaps({ topic, committed }: LagRequest, ranges: TopicRanges): Gap[] {
  const at = new Map(committed.filter((one) => one.topic === topic).map((one) => [one.partition, BigInt(one.offset)]));
  return [...(ranges.get(topic) ?? [])]
    .map(([partition, { start, end }]) => ({ partition, from: at.get(partition) ?? start, to: end, begun: at.has(partition) }))
    .filter((gap) => gap.from < gap.to);
}

/** The topic's setting that says for how long it keeps what tells of a delete. */
const RETENTION = { tombstone: 'delete.retention.ms', marker: 'min.compaction.lag.ms' } as const;

/** For how long (ms) each topic keeps tombstones and markers; no entry for what it does not say. */
async function retentions(
  access: KafkaAccess,
  topics: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Partial<Record<LagRequest['deletesBy'], number>>>> {
  const configs = await topicConfigs(access, 'Measuring the lag of the landings', [...topics], Object.values(RETENTION));
  return new Map(
    [...configs].map(([topic, config]) => [
      topic,
      Object.fromEntries(
        Object.entries(RETENTION).flatMap(([by, setting]) => {
          const value = config.get(setting);
          return value === undefined ? [] : [[by, Number(value)]];
        }),
      ),
    ]),
  );
}

/**
 * By `<dead-letter topic> <topic>`, the `partition:offset` of the topic's records that are among the dead letters. The JDBC
 * sink commits only what it has written, so a dead letter at the end of a partition looks unread until a good record follows.
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
    ({ topic, headers }) => {
      const of = `${topic} ${headers['__connect.errors.topic']}`;
      const known = places.get(of) ?? new Set();
      places.set(of, known.add(`${headers['__connect.errors.partition']}:${headers['__connect.errors.offset']}`));
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

/** Publish time of the oldest record in each gap that the sink is not done with; no entry where there is none. */
async function oldestRecords(
  access: KafkaAccess,
  all: readonly TopicGap[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<TopicGap, number>> {
  const found = new Map<TopicGap, number>();
  const read = async (turn: ReadonlyMap<string, readonly TopicGap[]>): Promise<void> => {
    const requests = new Map<string, Map<number, bigint>>();
    for (const [gap] of turn.values()) {
      if (gap === undefined) continue;
      requests.set(gap.topic, (requests.get(gap.topic) ?? new Map<number, bigint>()).set(gap.partition, gap.from));
    }
    await readTopics(
      access,
      [...requests].map(([topic, from]) => ({ topic, from, partitions: [...from.keys()] })),
      (message) => {
        const here = turn.get(placeOf(message)) ?? [];
        for (const gap of here) if (!found.has(gap) && message.offset < gap.to && !gap.passes(message)) found.set(gap, message.timestamp);
        return here.every((gap) => found.has(gap) || message.offset + 1n >= gap.to) ? ENOUGH : undefined;
      },
      signal === undefined ? {} : { signal },
    );
  };
  await Promise.all(turnsOf(all).map(read));
  return found;
}

const placeOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string => `${topic} ${partition}`;

/** Gaps by their partition, in as many turns as sinks stand at different offsets of one: a read has one place in each partition. */
function turnsOf(all: readonly TopicGap[]): ReadonlyMap<string, readonly TopicGap[]>[] {
  const turns: Map<string, TopicGap[]>[] = [];
  for (const gap of all) {
    const place = placeOf(gap);
    const turn = turns.find((one) => (one.get(place)?.[0]?.from ?? gap.from) === gap.from);
    if (turn === undefined) turns.push(new Map([[place, [gap]]]));
    else turn.set(place, [...(turn.get(place) ?? []), gap]);
  }
  return turns;
}
