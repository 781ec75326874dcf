import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { stepStopped, TributaryError } from '../core/errors.ts';
import type { KafkaAccess } from './client.ts';
import type { Cluster } from './cluster.ts';
import { offsetsOf, topicsOf, withCluster } from './cluster.ts';
import type { RawRecord } from './committed.ts';
import { committed, endOf } from './committed.ts';
import type { FetchAnswer, FetchLine } from './fetching.ts';
import { passes } from './errors.ts';
import { fetchFrom, leaderOf, recoverFetch, startsAgain } from './fetching.ts';
import { anySignal } from '../core/signals.ts';

/** A committed record. `timestamp` is epoch milliseconds. */
export interface ReadMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReadRequest {
  readonly topic: string;
  /** First offset to read per partition; default: the start of the partition. */
  readonly from?: ReadonlyMap<number, bigint>;
  /** Partitions to read; all by default. */
  readonly partitions?: readonly number[];
}

/** What was read of one partition: every committed record of `[from, end)`. */
export interface ReadRange {
  readonly from: bigint;
  readonly end: bigint;
  /** The requested offset is not in the log, so reading began at the start of the log. */
  readonly restarted: boolean;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /**
   * Milliseconds without progress after which reading fails. Default 30,000: longer than the open transaction of a crashed
   * writer can hold readers back.
   */
  readonly patience?: number;
  /**
   * Reads each partition only up to the first transaction that is open, instead of waiting for its end. For who starts: the writer of a killed
   * process is ended by its successor, which has not started yet. The ranges returned are those asked for.
   */
  readonly skipOpen?: boolean;
}

/** What `onMessage` returns to read no more of the record's partition. */
export const ENOUGH = Symbol('enough');

type Taken = void | typeof ENOUGH;

interface Line extends FetchLine {
  readonly range: ReadRange;
}

/**
 * Reads everything committed from the given offsets up to the ends that the topics have when the call begins, and returns the
 * ranges read, per topic and partition; topics that do not exist are left out. Records of a partition come in order; a
 * promise returned by `onMessage` is awaited before the next record, and {@link ENOUGH} ends the record's partition.
 *
 * @throws TributaryError `transient` when the cluster is not reachable or nothing progresses, `stopped` when the signal
 * fires, and whatever `onMessage` throws.
 */
export async function readTopics(
  access: KafkaAccess,
  requests: readonly ReadRequest[],
  onMessage: (message: ReadMessage) => Taken | Promise<void>,
  { signal, patience = 30_000, skipOpen = false }: ReadOptions = {},
): Promise<ReadonlyMap<string, ReadonlyMap<number, ReadRange>>> {
  if (requests.length === 0) return new Map();
  let thrown: { readonly error: unknown } | undefined;
  const deliver = async (message: ReadMessage): Promise<Taken> => {
    try {
      const taken = onMessage(message);
      return taken === undefined || taken === ENOUGH ? taken : await taken;
    } catch (error) {
      thrown = { error };
      throw error;
    }
  };
  const end = anySignal(signal, access.signal);
  let movedAt = performance.now();
  let lines: Line[] | undefined;
  const open = new Set<Line>();
  const readOn = (cluster: Cluster): Promise<void> =>
    (async () => {
      if (lines === undefined) {
        lines = await linesOf(cluster, requests);
        for (const line of lines) if (line.next < line.range.end) open.add(line);
      } else {
        await offsetsOf(cluster, [...new Set([...open].map(({ topic }) => topic))]);
      }
      while (open.size > 0) {
        stopIf(end);
        const moved = await readRound(cluster, open, deliver, end, skipOpen);
        if (moved) movedAt = performance.now();
        else if (performance.now() - movedAt > patience) throw stalled([...open] as [Line, ...Line[]], patience);
        else await sleep(50);
      }
    })();
  for (;;) {
    try {
      await withCluster({ ...access, signal: end }, 'Reading topics', readOn);
      return summary(lines ?? []);
    } catch (error) {
      if (thrown !== undefined) throw thrown.error;
      // A client that lost its brokers is replaced by a new one; reading continues from where it was.
      const goesOn = lines !== undefined && passes(error) && performance.now() - movedAt <= patience;
      if (!goesOn) throw error;
      await sleep(500, undefined, { signal: end }).catch(() => undefined);
    }
  }
}

async function linesOf(cluster: Cluster, requests: readonly ReadRequest[]): Promise<Line[]> {
  const there = await topicsOf(cluster);
  const known = requests.filter(({ topic }) => there.has(topic));
  const offsets = await offsetsOf(
    cluster,
    known.map(({ topic }) => topic),
  );
  return known.flatMap(({ topic, from, partitions }) =>
    [...(offsets.get(topic) ?? [])]
      .filter(([partition]) => partitions === undefined || partitions.includes(partition))
      .map(([partition, { start, end }]) => {
        const asked = from?.get(partition) ?? start;
        // Outside the log: the topic is not the one the offset came from.
        const restarted = asked < start || asked > end;
        return { topic, partition, range: { from: restarted ? start : asked, end, restarted }, next: restarted ? start : asked };
      }),
  );
}

/** One fetch from every broker that leads an open partition. Returns whether any partition progressed. */
async function readRound(
  cluster: Cluster,
  open: Set<Line>,
  deliver: (message: ReadMessage) => Promise<Taken>,
  signal: AbortSignal,
  skipOpen: boolean,
): Promise<boolean> {
  let answers: readonly FetchAnswer[];
  try {
    const byLeader = new Map<string, Line[]>();
    for (const line of open) {
      const leader = leaderOf(cluster, line);
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), line]);
    }
    answers = await Promise.all([...byLeader].map(([nodeId, lines]) => fetchFrom(cluster, nodeId, lines)));
  } catch (error) {
    await recover(cluster, open, error);
    return false;
  }
  let moved = false;
  for (const answer of answers) moved = (await take(answer, open, deliver, signal)) || moved;
  if (moved) return true;
  try {
    return await closeGaps(cluster, open, skipOpen);
  } catch (error) {
    await recover(cluster, open, error);
    return false;
  }
}

async function recover(cluster: Cluster, open: Set<Line>, error: unknown): Promise<void> {
  const starts = await startsAgain(cluster, [...open], error);
  if (starts === undefined) return recoverFetch(cluster, error);
  // Retention moved the start of the log while we read; the records in between are gone.
  for (const line of open) {
    const start = starts.get(line) ?? line.next;
    if (start > line.next) line.next = start;
    if (line.next >= line.range.end) open.delete(line);
  }
}

async function take(
  answer: FetchAnswer,
  open: Set<Line>,
  deliver: (message: ReadMessage) => Promise<Taken>,
  signal: AbortSignal,
): Promise<boolean> {
  let moved = false;
  for (const { topicName, partitions } of answer.responses) {
    for (const { partition, messages, abortedTransactions } of partitions) {
      const line = [...open].find((one) => one.topic === topicName && one.partition === partition);
      if (line === undefined) continue;
      let enough = false;
      for (const record of committed(messages, abortedTransactions ?? [], line.next)) {
        const offset = BigInt(record.offset);
        if (offset >= line.range.end) break;
        stopIf(signal);
        const taken = await deliver({
          topic: topicName,
          partition,
          offset,
          timestamp: Number(record.timestamp),
          key: record.key,
          value: record.value,
          headers: texts(record.headers),
        });
        enough = taken === ENOUGH;
        if (enough) break;
      }
      const next = enough ? line.range.end : endOf(messages, line.next);
      if (next === line.next) continue;
      line.next = next;
      moved = true;
      if (next >= line.range.end) open.delete(line);
    }
  }
  return moved;
}

/**
 * Compaction can leave batches without records before the end, and kafkajs returns nothing for them. A partition that
 * returns nothing when fetched alone, although no transaction before its end is open, has been read completely.
 */
async function closeGaps(cluster: Cluster, open: Set<Line>, skipOpen: boolean): Promise<boolean> {
  let moved = false;
  for (const line of open) {
    const answer = await fetchFrom(cluster, leaderOf(cluster, line), [line], 1);
    const found = answer.responses[0]?.partitions[0];
    if (found === undefined || found.messages.length > 0) continue;
    if (!skipOpen && BigInt(found.lastStableOffset) < line.range.end) continue;
    line.next = line.range.end;
    open.delete(line);
    moved = true;
  }
  return moved;
}

function texts(headers: RawRecord['headers']): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    const one = Array.isArray(value) ? (value as readonly Buffer[]).at(-1) : (value as Buffer | null | undefined);
    // Kafka Connect writes headers without a value.
    if (one !== undefined && one !== null) found[name] = one.toString();
  }
  return found;
}

function stopIf(signal: AbortSignal): void {
  if (signal.aborted) throw stepStopped('Reading topics');
}

function stalled([where]: readonly [Line, ...Line[]], patience: number): TributaryError {
  return new TributaryError(
    `Reading ${where.topic}, partition ${where.partition}, got nothing new for ${Math.round(patience / 1000)} s at offset ${where.next} of ${where.range.end}.`,
    {
      kind: 'transient',
      code: 'kafka:stalled',
      reach: 'connection',
      remedy: "A writer's open transaction may hold readers back; the broker ends it after a time limit.",
    },
  );
}

function summary(lines: readonly Line[]): ReadonlyMap<string, ReadonlyMap<number, ReadRange>> {
  const ranges = new Map<string, Map<number, ReadRange>>();
  for (const { topic, partition, range } of lines) {
    const partitions = ranges.get(topic) ?? new Map<number, ReadRange>();
    partitions.set(partition, range);
    ranges.set(topic, partitions);
  }
  return ranges;
}
