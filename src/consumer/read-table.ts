import { setTimeout as sleep } from 'node:timers/promises';
import { asTributaryError, TributaryError } from '../core/errors.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { offsetsOf, topicsOf, withCluster } from '../kafka/cluster.ts';
import { tableTopic } from '../kafka/meta/topic-names.ts';
import { readTopics, type ReadMessage } from '../kafka/reader.ts';
import { createRegistry } from '../kafka/registry.ts';
import { changeDecoder } from './decode.ts';
import type { Change, ConsumeOptions, SavedOffsets, TableRef } from './types.ts';
import { anySignal } from '../core/signals.ts';

export interface ReadTableOptions extends ConsumeOptions {
  /** Where reading begins: at the start of the topic (default), at its current end, or at saved {@link TableReader.offsets}. */
  readonly from?: 'start' | 'now' | SavedOffsets;
  /** Whether reading continues with new messages. Default: it ends with the messages that are there when it begins. */
  readonly follow?: boolean;
  /** With `follow`: pause (ms) before looking for new messages once everything was read. Default 500. */
  readonly pauseMs?: number;
  /** With `follow`: called for errors that are retried, such as a broker that is unavailable. Reading continues once they are over. */
  readonly onRetry?: (error: TributaryError) => void;
}

/** The changes of a table, in order for each key. Can be iterated once. */
export interface TableReader<R extends object, K extends keyof R> extends AsyncIterable<Change<R, K>> {
  /** Next offsets after the last change that was returned. Save them once that change is processed. */
  offsets(): SavedOffsets;
}

/** Messages that are read ahead of the consumer. */
const ahead = 500;
const longestPauseMs = 10_000;

/**
 * Reads a table's topic: typed rows and deletes, committed ones only. It joins no consumer group and stores no offsets in
 * Kafka, so any number of readers can run independently.
 *
 * Offsets saved longer ago than the topic's `delete.retention.ms` (one day unless set otherwise) may lie before tombstones
 * that compaction has removed since. In that case begin from the start.
 *
 * The iteration throws a TributaryError. `config`: the topic does not exist (with `follow` it is waited for), the log-in is
 * refused, or the topic no longer has the saved offsets (code `consumer:offsets_gone`). `transient`: cluster or registry is
 * unavailable (with `follow` it is retried). `data`: messages that Tributary has not written.
 */
export function readTable<R extends object, K extends keyof R>(ref: TableRef<R, K>, options: ReadTableOptions): TableReader<R, K> {
  const topic = topicOf(ref, options);
  const { from = 'start', follow = false, pauseMs = 500, onRetry = () => undefined } = options;
  const next = new Map<number, bigint>(typeof from === 'string' ? [] : savedOffsets(from));
  const handedOut = new Map(next);

  async function* read(): AsyncGenerator<Change<R, K>, void, void> {
    const stopping = new AbortController();
    const signal = anySignal(options.signal, stopping.signal);
    const access = accessOf(options, signal);
    const decode = changeDecoder(ref, createRegistry(access.settings, { signal }), signal);
    let placed = from !== 'now';
    let failures = 0;
    try {
      for (;;) {
        try {
          if (!placed) await placeAtEnd(access);
          placed = true;
          for await (const message of roundOf(access, signal)) {
            const change = await decode(message);
            next.set(message.partition, message.offset + 1n);
            failures = 0;
            handedOut.set(message.partition, message.offset + 1n);
            yield change;
          }
          failures = 0;
        } catch (thrown) {
          const error = asTributaryError(thrown, `Reading ${topic}`);
          if (signal.aborted) return;
          if (!follow || error.kind !== 'transient') throw error;
          failures += 1;
          onRetry(error);
        }
        if (!follow) return;
        await sleep(Math.min(longestPauseMs, pauseMs * 2 ** failures), undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
      }
    } finally {
      stopping.abort();
    }
  }

  async function placeAtEnd(access: KafkaAccess): Promise<void> {
    const ranges = await withCluster(access, `Reading ${topic}`, async (cluster) =>
      (await topicsOf(cluster)).has(topic) ? (await offsetsOf(cluster, [topic])).get(topic) : undefined,
    );
    if (ranges === undefined && !follow) throw noTopic(topic);
    for (const [partition, { end }] of ranges ?? []) {
      next.set(partition, end);
      handedOut.set(partition, end);
    }
  }

  /** Reads from `next` to the current end of each partition, one message at a time: a slow caller slows the reading down. */
  async function* roundOf(access: KafkaAccess, outer: AbortSignal): AsyncGenerator<ReadMessage, void, void> {
    const round = new AbortController();
    const signal = anySignal(outer, round.signal);
    const waiting: ReadMessage[] = [];
    let wake = (): void => undefined;
    let proceed = (): void => undefined;
    let ended: { readonly error?: unknown } | undefined;
    const begins = new Map(next);
    const reading = readTopics(
      access,
      [{ topic, from: begins }],
      (message) => {
        // The offset lies before the first message of the log, so the log is not the one the offset came from.
        if (message.offset < (begins.get(message.partition) ?? 0n)) throw gone(topic);
        waiting.push(message);
        wake();
        return signal.aborted || waiting.length < ahead
          ? undefined
          : new Promise<void>((resolve) => {
              proceed = resolve;
            });
      },
      { signal },
    ).then(
      (ranges) => {
        const found = ranges.get(topic);
        if (found === undefined && !follow) throw noTopic(topic);
        for (const [partition, { restarted }] of found ?? []) if (restarted && begins.has(partition)) throw gone(topic);
        ended = {};
        return found;
      },
      (error: unknown) => void (ended = { error }),
    );
    const settled = reading.catch((error: unknown) => void (ended = { error })).finally(() => wake());
    try {
      for (;;) {
        const message = waiting.shift();
        if (message !== undefined) {
          if (waiting.length === 0) proceed();
          yield message;
        } else if (ended === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (waiting.length > 0 || ended !== undefined) resolve();
          });
        } else break;
      }
    } finally {
      // When the caller stops early, the reading behind it stops too.
      if (ended === undefined) round.abort();
      proceed();
      await settled;
    }
    const ranges = await settled;
    const failure = ended as { readonly error?: unknown };
    if ('error' in failure) throw failure.error;
    // Continue after transaction markers too, so that they are not read again.
    for (const [partition, { end }] of ranges ?? []) {
      next.set(partition, end);
      handedOut.set(partition, end);
    }
  }

  return {
    [Symbol.asyncIterator]: () => read(),
    offsets: () => Object.fromEntries([...handedOut].map(([partition, offset]) => [String(partition), offset.toString()])),
  };
}

/** Name of the topic that is the table. */
export function topicOf(
  ref: Pick<TableRef, 'source' | 'table'>,
  { prefix = 'tributary', topicName, connection = ref.source }: Pick<ConsumeOptions, 'prefix' | 'topicName' | 'connection'>,
): string {
  const topics = topicName === undefined ? undefined : { connections: { [connection]: topicName } };
  return tableTopic({ prefix, topics }, connection, ref.table);
}

function accessOf({ brokers, registry, tls, sasl, prefix = 'tributary' }: ConsumeOptions, signal: AbortSignal): KafkaAccess {
  return {
    settings: {
      brokers,
      clientId: 'tributary-consumer',
      prefix,
      replicationFactor: 1,
      minInSyncReplicas: 1,
      compression: 'none',
      registry: typeof registry === 'string' ? { url: registry } : registry,
      ...(tls === undefined ? {} : { ssl: tls }),
      // A copy, because kafkajs writes into it.
      ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
    },
    signal,
  };
}

function savedOffsets(saved: SavedOffsets): [number, bigint][] {
  return Object.entries(saved).map(([partition, offset]) => {
    if (!/^\d+$/.test(partition) || !/^\d+$/.test(offset))
      throw new TributaryError(`${JSON.stringify(saved)} is not a result of offsets().`, {
        kind: 'config',
        code: 'consumer:bad_offsets',
        remedy: 'Pass the result of offsets() unchanged.',
      });
    return [Number(partition), BigInt(offset)];
  });
}

function noTopic(topic: string): TributaryError {
  return new TributaryError(`There is no topic ${topic}.`, {
    kind: 'config',
    code: 'consumer:no_topic',
    remedy: 'Check prefix, connection and topicName, or wait until the table has been read for the first time.',
  });
}

function gone(topic: string): TributaryError {
  return new TributaryError(`${topic} no longer holds the next message to read: it was recreated, or its log was truncated.`, {
    kind: 'config',
    code: 'consumer:offsets_gone',
    remedy: 'Read it from the start, and discard what was built from it before.',
  });
}
