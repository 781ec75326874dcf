import { partitionOf } from './partitioning.ts';
import type { TopicMessage } from './types.ts';

export const CHUNK_MESSAGES = 1_000;
export const CHUNK_BYTES = 512 * 1024;
/** Upper bound of a record's bytes besides key, value and headers: attributes, deltas, length fields. */
const RECORD_OVERHEAD = 36;

/** Messages of one partition of one topic, small enough for one record batch. */
export interface Chunk {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly PlacedMessage[];
}

/** A message with its partition. */
export interface PlacedMessage {
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Assigns each table message to the partition of its key. */
export function placed(messages: readonly TopicMessage[], partitions: number, headers: Readonly<Record<string, string>>): PlacedMessage[] {
  const all: PlacedMessage[] = [];
  for (const { key, value } of messages) all.push({ partition: partitionOf(key, partitions), key, value, headers });
  return all;
}

/**
 * Splits messages into chunks of at most {@link CHUNK_MESSAGES} and {@link CHUNK_BYTES} (or `room` bytes if that is less),
 * in order within a partition. A single larger message gets a chunk of its own, because kafkajs never splits what one send
 * gives a partition.
 */
export function chunksOf(topic: string, messages: readonly PlacedMessage[], room = CHUNK_BYTES): Chunk[][] {
  const most = Math.min(CHUNK_BYTES, room);
  const byPartition = new Map<number, { chunks: PlacedMessage[][]; bytes: number }>();
  for (const message of messages) {
    const { partition } = message;
    const size = sizeOf(message);
    let line = byPartition.get(partition);
    if (line === undefined) byPartition.set(partition, (line = { chunks: [], bytes: 0 }));
    let current = line.chunks.at(-1);
    if (current === undefined || current.length >= CHUNK_MESSAGES || line.bytes + size > most) {
      line.chunks.push((current = []));
      line.bytes = 0;
    }
    line.bytes += size;
    current.push(message);
  }
  const rounds: Chunk[][] = [];
  for (const [partition, { chunks }] of byPartition) {
    chunks.forEach((chunk, round) => (rounds[round] ??= []).push({ topic, partition, messages: chunk }));
  }
  return rounds;
}

const sizeOf = ({ key, value, headers }: PlacedMessage): number =>
  RECORD_OVERHEAD + key.length + (value?.length ?? 0) + headerBytes(headers);

/** Upper bound of a chunk's bytes before compression. */
export function bytesOf({ messages }: Chunk): number {
  let bytes = 0;
  for (const message of messages) bytes += sizeOf(message);
  return bytes;
}

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
