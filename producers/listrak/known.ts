import { createHash } from 'node:crypto';
import { TributaryError } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/types.ts';

/** A message or a list, which is read with requests of its own. */
export interface Item {
  readonly id: number;
  /** When it was sent or created, epoch ms; null when the vendor does not say. */
  readonly at: number | null;
  /** A value whose change makes the item worth reading again. */
  readonly weight: string;
}

/** An id as a whole number from 1; NaN for anything else, which cannot be requested. */
export const idOf = (value: Json | undefined): number =>
  (typeof value === 'string' || typeof value === 'number') && /^[1-9][0-9]{0,14}$/.test(String(value)) ? Number(value) : Number.NaN;

/** The error for parents without a valid id: they are dead letters of their own table, and their rows are missing here. */
export function unnamedParents(count: number, table: string): TributaryError {
  return new TributaryError(`Listrak shows ${count} ${table} whose id is not a whole number, so their rows could not be read.`, {
    kind: 'data',
    code: 'listrak:parent_id',
    remedy: `All others were read, and nothing was deleted. These ${table} are dead letters of their own table; report them to the vendor.`,
  });
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
    sums[bucket] = ((sums[bucket] ?? 0) + hash(`${item.id} ${item.weight}`)) >>> 0;
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

const bucketOf = (id: number): number => hash(String(id)) % BUCKETS;

const hash = (text: string): number => createHash('sha1').update(text).digest().readUInt32LE(0);
