import { createHash } from 'node:crypto';

/** An object of the vendor that is read with requests of its own, such as a message whose recipients are listed. */
export interface Item {
  readonly id: number | string;
  /** When it came into being, epoch ms; null when the vendor does not say. */
  readonly at: number | null;
  /** A value whose change makes the item worth reading again; empty where nothing does. */
  readonly weight: string;
}

const BUCKETS = 128;

/**
 * Which items existed before a time, as a text of fixed length: a checksum for each of 128 groups. An item that was unknown
 * then, or whose `weight` differs, changes the checksum of its group.
 */
export function digestOf(items: readonly Item[], before: number): string {
  const sums = new Uint32Array(BUCKETS);
  for (const item of items) {
    if (item.at !== null && item.at >= before) continue;
    const bucket = bucketOf(item.id);
    // A sum, because it does not depend on the order of the items.
    sums[bucket] = ((sums[bucket] ?? 0) + hash(`${JSON.stringify(item.id)} ${item.weight}`)) >>> 0;
  }
  return Buffer.from(sums.buffer).toString('base64');
}

/** Returns a function that tells whether an item existed before that time and is unchanged. */
export function knownSince(items: readonly Item[], before: number, digest: string): (item: Item) => boolean {
  const now = Buffer.from(digestOf(items, before), 'base64');
  const then = Buffer.from(digest, 'base64');
  return ({ id, at }) => {
    if (at !== null && at >= before) return false;
    const offset = bucketOf(id) * 4;
    return then.length === now.length && then.readUInt32LE(offset) === now.readUInt32LE(offset);
  };
}

const bucketOf = (id: Item['id']): number => hash(String(id)) % BUCKETS;

const hash = (text: string): number => createHash('sha1').update(text).digest().readUInt32LE(0);
