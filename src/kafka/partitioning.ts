import type { KafkaSettings } from './types.ts';

/** Default partition count of `_control` and `_state`: the most processes that can share the connections. */
export const DEFAULT_MAX_WORKERS = 12;

/** Milliseconds after which the group gives the connections of an unresponsive worker to others. */
export const DEFAULT_SESSION_MS = 15_000;

/**
 * The partition that Java's and kafkajs's default partitioners choose for this key. Our own implementation, because that of
 * kafkajs takes ten times as long, and it runs for every row.
 */
export function partitionOf(key: Buffer, partitions: number): number {
  return partitions === 1 ? 0 : (murmur2(key) & 0x7fffffff) % partitions;
}

/** The partition of `_control` and `_state` for all records of a connection. */
export function connectionPartition(connection: string, { maxWorkers }: Pick<KafkaSettings, 'maxWorkers'>): number {
  return partitionOf(Buffer.from(connection), maxWorkers ?? DEFAULT_MAX_WORKERS);
}

const M = 0x5bd1e995;

/** MurmurHash2, 32 bit, with Kafka's seed. */
function murmur2(bytes: Buffer): number {
  const length = bytes.length;
  let hash = 0x9747b28c ^ length;
  const whole = length - (length % 4);
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), M);
    word ^= word >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(word, M);
  }
  const rest = length - whole;
  if (rest === 3) hash ^= (bytes[whole + 2] as number) << 16;
  if (rest >= 2) hash ^= (bytes[whole + 1] as number) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ (bytes[whole] as number), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
