import type { KafkaAccess } from '../../src/kafka/client.ts';
import type { Cluster } from '../../src/kafka/cluster.ts';
import type { RawRecord } from '../../src/kafka/committed.ts';
import type { FetchAnswer } from '../../src/kafka/fetching.ts';
import type { KafkaSettings } from '../../src/kafka/types.ts';

/*
 * A Kafka of logs in memory, behind the cluster object that readers use: offsets, transactions with their markers, the end that readers of
 * committed records see, and what compaction and retention leave. Connections, leaders that move and the protocol are kafkajs's, and are tested
 * with a real broker (`test/kafka/*.it.test.ts`).
 */

export interface LogRecord {
  readonly key: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: RawRecord['headers'];
}

/** How records are written: in a transaction of this producer, which ends with them or stays open; without one by default. */
export interface Writing {
  readonly producer?: string;
  readonly ends?: 'commit' | 'abort';
}

/** One fetch: the broker that was asked, and from which offset of each partition (`topic/partition`). */
export interface Fetched {
  readonly broker: string;
  readonly from: Readonly<Record<string, bigint>>;
}

interface Log {
  start: bigint;
  end: bigint;
  /** Batches of one record each, as long as compaction does not remove them. */
  records: RawRecord[];
  /** First offset of each open transaction, by producer. */
  readonly open: Map<string, bigint>;
  readonly aborted: { readonly producerId: string; readonly first: bigint; readonly marker: bigint }[];
}

interface FetchRequest {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[];
  }[];
}

/** The time of each record is its offset behind this one, epoch ms. */
export const LOG_BEGAN = Date.UTC(2026, 0, 1);

export class LogCluster {
  /** Every fetch, in order. */
  readonly fetches: Fetched[] = [];
  /** Topics whose metadata was asked for, each time. */
  readonly lookedUp: (readonly string[])[] = [];
  /** Cluster objects that were made, and those that were closed. */
  opened = 0;
  closed = 0;
  /** Most records that an answer holds of each partition. */
  recordsAtOnce = 1_000;
  /** Called before each fetch is answered, with its number from 1 on; what it throws is the answer. */
  beforeFetch: ((fetch: number) => void | Promise<void>) | undefined;
  /** What a client is answered that asks for fresh metadata, until it is closed. */
  refuse: Error | undefined;
  /** What clients that connect are answered with. */
  refuseConnection: Error | undefined;
  onClose: (() => void) | undefined;
  readonly #topics = new Map<string, Log[]>();

  /** Creates the topic, or replaces it by an empty one of the same name. */
  topic(name: string, partitions = 1): this {
    this.#topics.set(
      name,
      Array.from({ length: partitions }, () => ({ start: 0n, end: 0n, records: [], open: new Map(), aborted: [] })),
    );
    return this;
  }

  /** Partition counts by topic. */
  get topics(): ReadonlyMap<string, number> {
    return new Map([...this.#topics].map(([name, logs]) => [name, logs.length]));
  }

  remove(topic: string): void {
    this.#topics.delete(topic);
  }

  /** Offset behind the last record. */
  endOf(topic: string, partition: number): bigint {
    return this.#log(topic, partition).end;
  }

  write(topic: string, partition: number, records: readonly LogRecord[], { producer, ends }: Writing = {}): this {
    const log = this.#log(topic, partition);
    for (const record of records) {
      if (producer !== undefined && !log.open.has(producer)) log.open.set(producer, log.end);
      append(log, record, producer);
    }
    if (producer !== undefined && ends !== undefined) this.end(topic, partition, producer, ends);
    return this;
  }

  /** Writes the marker that ends a producer's open transaction. */
  end(topic: string, partition: number, producer: string, how: 'commit' | 'abort'): void {
    const log = this.#log(topic, partition);
    const first = log.open.get(producer);
    if (first === undefined) throw new Error(`${producer} has no open transaction in ${topic}.`);
    log.open.delete(producer);
    if (how === 'abort') log.aborted.push({ producerId: producer, first, marker: log.end });
    append(log, { key: Buffer.from([0, 0, 0, how === 'abort' ? 0 : 1]) }, producer, true);
  }

  /** What compaction does: these records are gone, and the offsets stay. */
  compact(topic: string, partition: number, gone: (offset: bigint) => boolean): void {
    const log = this.#log(topic, partition);
    log.records = log.records.filter(({ offset }) => !gone(BigInt(offset)));
  }

  /** What retention does: the log begins at this offset. */
  cut(topic: string, partition: number, start: bigint): void {
    const log = this.#log(topic, partition);
    log.start = start;
    log.records = log.records.filter(({ offset }) => BigInt(offset) >= start);
  }

  /** Access of a process to these brokers. */
  access(settings: Partial<KafkaSettings> = {}): KafkaAccess {
    return {
      settings: {
        brokers: ['kafka:9092'],
        clientId: 'tests',
        prefix: 'saas',
        replicationFactor: 1,
        minInSyncReplicas: 1,
        registry: { url: 'http://registry' },
        compression: 'none',
        ...settings,
      },
      createCluster: () => {
        this.opened += 1;
        return this.#cluster();
      },
    };
  }

  #log(topic: string, partition: number): Log {
    const log = this.#topics.get(topic)?.[partition];
    if (log === undefined) throw Object.assign(new Error(`no ${topic}/${partition}`), { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
    return log;
  }

  #cluster(): Cluster {
    const partitionsOf = (topic: string): Log[] => this.#topics.get(topic) ?? [];
    const self = {
      connect: async () => {
        if (this.refuseConnection !== undefined) throw this.refuseConnection;
      },
      disconnect: async () => {
        this.closed += 1;
        this.refuse = undefined;
        this.onClose?.();
      },
      isConnected: () => true,
      removeBroker: () => undefined,
      refreshMetadata: async () => {
        if (this.refuse !== undefined) throw this.refuse;
      },
      metadata: async () => ({ topicMetadata: [...this.#topics.keys()].map((topic) => ({ topic })) }),
      addMultipleTargetTopics: async (topics: readonly string[]) => void this.lookedUp.push(topics),
      // The last partition first, since brokers list them in any order.
      findTopicPartitionMetadata: (topic: string) =>
        partitionsOf(topic)
          .map((_, partitionId) => ({ partitionId }))
          .reverse(),
      // Partitions are spread over two brokers.
      findLeaderForPartitions: (_topic: string, [partition = 0]: readonly number[]) => ({ [partition % 2]: [partition] }),
      fetchTopicsOffset: async (asked: readonly { topic: string; fromBeginning?: boolean; partitions: { partition: number }[] }[]) =>
        asked.map(({ topic, fromBeginning, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => {
            const { start, end } = this.#log(topic, partition);
            return { partition, offset: String(fromBeginning === true ? start : end) };
          }),
        })),
      findBroker: async ({ nodeId }: { nodeId: string }) => ({ fetch: (request: FetchRequest) => this.#fetch(nodeId, request) }),
    };
    return self as unknown as Cluster;
  }

  async #fetch(broker: string, { topics }: FetchRequest): Promise<FetchAnswer> {
    const from = topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, fetchOffset }) => [`${topic}/${partition}`, BigInt(fetchOffset)] as const),
    );
    const fetch = this.fetches.push({ broker, from: Object.fromEntries(from) });
    await this.beforeFetch?.(fetch);
    return {
      responses: topics.map(({ topic, partitions }) => ({
        topicName: topic,
        partitions: partitions.map(({ partition, fetchOffset }) => ({
          partition,
          ...committedOf(this.#log(topic, partition), BigInt(fetchOffset), this.recordsAtOnce),
        })),
      })),
    };
  }
}

function append(log: Log, { key, value = null, headers = {} }: LogRecord, producer: string | undefined, isControlRecord = false): void {
  const offset = String(log.end);
  const bytes = (text: Buffer | string | null): Buffer | null => (typeof text === 'string' ? Buffer.from(text) : text);
  log.records.push({
    offset,
    timestamp: String(LOG_BEGAN + Number(log.end)),
    key: bytes(key),
    value: bytes(value),
    headers,
    isControlRecord,
    batchContext: { firstOffset: offset, lastOffsetDelta: 0, producerId: producer ?? '-1', inTransaction: producer !== undefined },
  });
  log.end += 1n;
}

/** What a broker answers to a reader of committed records: nothing behind the first transaction that is open. */
function committedOf({ start, end, records, open, aborted }: Log, from: bigint, most: number) {
  if (from < start || from > end) throw Object.assign(new Error('The offset is not in the log.'), { type: 'OFFSET_OUT_OF_RANGE' });
  const stable = [...open.values()].reduce((least, first) => (first < least ? first : least), end);
  const messages = records.filter(({ offset }) => BigInt(offset) >= from && BigInt(offset) < stable).slice(0, most);
  return {
    lastStableOffset: String(stable),
    messages,
    abortedTransactions: aborted
      .filter(({ marker }) => marker >= from)
      .map(({ producerId, first }) => ({ producerId, firstOffset: String(first) })),
  };
}
