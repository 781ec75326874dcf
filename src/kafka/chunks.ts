import { takeTurns } from '../core/turns.ts';
import type { Compress } from './codecs.ts';
import { byteLength, CHUNK_BYTES, PackedRecords } from './packed-records.ts';
import { partitionOf } from './partitioning.ts';
import type { Bytes, TopicMessage } from './types.ts';

export const CHUNK_MESSAGES = 1_000;
/** Upper bound of a record's bytes besides key, value and headers: attributes, deltas, length fields. */
const RECORD_OVERHEAD = 36;

/** Messages of one partition of one topic in Kafka's format, small enough for one record batch. */
export interface Chunk {
  readonly topic: string;
  readonly partition: number;
  /** Number of messages. */
  readonly count: number;
  /** Upper bound of their bytes before compression. */
  readonly size: number;
  readonly records: Buffer;
  /** `records` are compressed. */
  readonly isCompressed?: boolean;
}

/** A message with its partition. */
export interface PlacedMessage {
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Bytes | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A message whose value is not in parts. */
export interface WholeMessage extends PlacedMessage {
  readonly value: Buffer | null;
}

/** Assigns each table message to the partition of its key. */
export function* placed(
  messages: Iterable<TopicMessage>,
  partitions: number,
  headers: Readonly<Record<string, string>>,
): Generator<PlacedMessage, void, void> {
  for (const { key, value } of messages) yield { partition: partitionOf(key, partitions), key, value, headers };
}

export interface ChunkOptions {
  /** Bytes that fit one batch of the topic in any case; chunks have no more than {@link CHUNK_BYTES}. */
  readonly room?: number | undefined;
  readonly compress?: Compress | undefined;
}

/**
 * Splits messages into chunks of at most {@link CHUNK_MESSAGES} and {@link CHUNK_BYTES} (or `room` bytes if that is less),
 * in order within a partition, in turns. A single larger message gets a chunk of its own, because kafkajs never splits what
 * one send gives a partition. Messages are packed one by one as they are made, so that none outlives the collector's young
 * generation, and a chunk that is full is compressed while others are packed; kafkajs would compress one after the other.
 */
export async function chunksOf(
  topic: string,
  messages: Iterable<PlacedMessage>,
  { room = CHUNK_BYTES, compress }: ChunkOptions = {},
): Promise<Chunk[][]> {
  const most = Math.min(CHUNK_BYTES, room);
  const turns = takeTurns();
  const byPartition = new Map<number, { chunks: Promise<Chunk>[]; current: PackingChunk }>();
  for (const message of messages) {
    if (turns.over()) await turns.next();
    const { partition } = message;
    const size = sizeOf(message);
    let line = byPartition.get(partition);
    if (line === undefined) {
      byPartition.set(partition, (line = { chunks: [], current: new PackingChunk(topic, partition) }));
    } else if (line.current.count >= CHUNK_MESSAGES || line.current.size + size > most) {
      line.chunks.push(line.current.packed(compress));
      line.current = new PackingChunk(topic, partition);
    }
    line.current.add(message, size);
  }
  const lines = Array.from(byPartition.values(), ({ chunks, current }) => Promise.all([...chunks, current.packed(compress)]));
  const rounds: Chunk[][] = [];
  for (const chunks of await Promise.all(lines)) {
    for (const [round, chunk] of chunks.entries()) (rounds[round] ??= []).push(chunk);
  }
  return rounds;
}

class PackingChunk {
  readonly topic: string;
  readonly partition: number;
  size = 0;
  readonly #records = new PackedRecords();

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get count(): number {
    return this.#records.count;
  }

  add(message: PlacedMessage, size: number): void {
    this.#records.add(message);
    this.size += size;
  }

  /** Nothing may be added any more. */
  packed(compress: Compress | undefined): Promise<Chunk> {
    const { topic, partition, count, size } = this;
    const records = compress === undefined ? Promise.resolve(this.#records.bytes) : this.#records.compressed(compress);
    const chunk = records.then((bytes) => ({ topic, partition, count, size, records: bytes, isCompressed: compress !== undefined }));
    // Whoever waits for all chunks hears of it, which may be after the next messages have been packed.
    chunk.catch(() => undefined);
    return chunk;
  }
}

const sizeOf = ({ key, value, headers }: PlacedMessage): number =>
  RECORD_OVERHEAD + key.length + (value === null ? 0 : byteLength(value)) + headerBytes(headers);

/**
 * Groups chunks that are sent together; state comes last. A send to several brokers can duplicate messages when one of them
 * fails and another is slow, so with more than one broker each send goes to a single partition.
 */
export function groupsOf(table: readonly Chunk[][], letters: readonly Chunk[][], state: readonly Chunk[][], brokers: number): Chunk[][] {
  const rows = Array.from({ length: Math.max(table.length, letters.length) }, (_, round) => [
    ...(table[round] ?? []),
    ...(letters[round] ?? []),
  ]);
  if (brokers !== 1) return [...rows, ...state].flat().map((chunk) => [chunk]);
  const last = rows.pop() ?? [];
  return [...rows, [...last, ...(state[0] ?? [])], ...state.slice(1)].filter((group) => group.length > 0);
}

const headerSizes = new WeakMap<object, number>();

function headerBytes(headers: Readonly<Record<string, string>> | undefined): number {
  if (headers === undefined) return 0;
  let size = headerSizes.get(headers);
  if (size === undefined) {
    size = Object.entries(headers).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value) + 10, 0);
    headerSizes.set(headers, size);
  }
  return size;
}
