import { setTimeout as sleep } from 'node:timers/promises';
import { asTributaryError, TributaryError } from '../core/errors.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { offsetsOf, topicsOf, withCluster } from '../kafka/cluster.ts';
import { topicNames } from '../kafka/meta/topic-names.ts';
import { readTopics, type ReadMessage } from '../kafka/reader.ts';
import { createRegistry } from '../kafka/registry.ts';
import { changeDecoder } from './decode.ts';
import type { Change, ConsumeOptions, SavedOffsets, TableRef } from './types.ts';

export interface ReadTableOptions extends ConsumeOptions {
  /** Where reading begins: with everything the topic holds (default), with what comes from now on, or where {@link TableReader.offsets} was saved. */
  readonly from?: 'start' | 'now' | SavedOffsets;
  /** Whether reading goes on with what comes later. Default: it ends with what is there when it begins. */
  readonly follow?: boolean;
  /** With `follow`: how long to wait, ms, before looking for more once everything was read. Default 500. */
  readonly pauseMs?: number;
  /** With `follow`: hears of troubles that pass by themselves, such as a broker that is away. Reading goes on when they are over. */
  readonly onTrouble?: (error: TributaryError) => void;
}

/** The changes of a table, in order for each key. To be read once. */
export interface TableReader<R extends object, K extends keyof R> extends AsyncIterable<Change<R, K>> {
  /** Where reading would go on behind the last change handed out. Save it when that change is dealt with. */
  offsets(): SavedOffsets;
}

/** Messages that are read ahead. */
const ahead = 500;
const longestPauseMs = 10_000;

/**
 * Reads a table's topic: rows and deletes, typed, and only what was committed. No consumer group is joined and no offset is
 * kept in Kafka, so any number of readers leave each other alone.
 *
 * An offset that was saved longer ago than the topic's `delete.retention.ms` (a day unless set otherwise) may have missed
 * tombstones that compaction has removed since: begin from the start then.
 *
 * The iteration throws a TributaryError: `config` for a topic that does not exist (with `follow` it is waited for), a refused
 * login or saved offsets the topic does not have any more (code `consumer:offsets_gone`), `transient` for a cluster or registry
 * that is away (with `follow` it is tried again), `data` for messages that are not Tributary's.
 */
export function readTable<R extends object, K extends keyof R>(ref: TableRef<R, K>, options: ReadTableOptions): TableReader<R, K> {
  const topic = topicOf(ref, options);
  const { from = 'start', follow = false, pauseMs = 500, onTrouble = () => undefined } = options;
  const next = new Map<number, bigint>(typeof from === 'string' ? [] : savedOffsets(from));
  const handedOut = new Map(next);

  async function* read(): AsyncGenerator<Change<R, K>, void, void> {
    const stopping = new AbortController();
    const signal = options.signal === undefined ? stopping.signal : AbortSignal.any([options.signal, stopping.signal]);
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
          onTrouble(error);
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

  /** Everything from `next` to the ends of now, handed over one by one: who reads slowly is waited for. */
  async function* roundOf(access: KafkaAccess, outer: AbortSignal): AsyncGenerator<ReadMessage, void, void> {
    const round = new AbortController();
    const signal = AbortSignal.any([outer, round.signal]);
    const waiting: ReadMessage[] = [];
    let wake = (): void => undefined;
    let proceed = (): void => undefined;
    let ended: { readonly error?: unknown } | undefined;
    const begins = new Map(next);
    const reading = readTopics(
      access,
      [{ topic, from: begins }],
      (message) => {
        // Before the first message of a log that is not the one the offset came from.
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
      // Whoever leaves early stops the reading behind it.
      if (ended === undefined) round.abort();
      proceed();
      await settled;
    }
    const ranges = await settled;
    const failure = ended as { readonly error?: unknown };
    if ('error' in failure) throw failure.error;
    // Behind the ends of transactions, too, so that they are not read again.
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
export function topicOf(ref: Pick<TableRef, 'source' | 'table'>, options: Pick<ConsumeOptions, 'prefix' | 'connection'>): string {
  return topicNames(options.prefix ?? 'tributary').table(options.connection ?? ref.source, ref.table);
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
      // kafkajs writes into it.
      ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
    },
    signal,
  };
}

function savedOffsets(saved: SavedOffsets): [number, bigint][] {
  return Object.entries(saved).map(([partition, offset]) => {
    if (!/^\d+$/.test(partition) || !/^\d+$/.test(offset))
      throw new TributaryError(`${JSON.stringify(saved)} is not what offsets() gives.`, {
        kind: 'config',
        code: 'consumer:bad_offsets',
        remedy: 'Give back what offsets() gave, unchanged.',
      });
    return [Number(partition), BigInt(offset)];
  });
}

function noTopic(topic: string): TributaryError {
  return new TributaryError(`There is no topic ${topic}.`, {
    kind: 'config',
    code: 'consumer:no_topic',
    remedy: 'Check prefix and connection, or wait until the table has been read for the first time.',
  });
}

function gone(topic: string): TributaryError {
  return new TributaryError(`${topic} does not hold what was to be read next: it was made anew, or its log was cut.`, {
    kind: 'config',
    code: 'consumer:offsets_gone',
    remedy: 'Read it from the start, and drop what was made of it before.',
  });
}
