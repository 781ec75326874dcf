import { createHash } from 'node:crypto';
import { TributaryError } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/types.ts';

/** Something that is read by itself, message or list. */
export interface Item {
  readonly id: number;
  /** When it was sent or made, epoch ms; null when the vendor does not tell. */
  readonly at: number | null;
  /** What beside its events makes it worth reading again when it differs. */
  readonly weight: string;
}

/** Ids are whole numbers from 1; NaN for everything else, which nobody can be asked about. */
export const idOf = (value: Json | undefined): number =>
  (typeof value === 'string' || typeof value === 'number') && /^[1-9][0-9]{0,14}$/.test(String(value)) ? Number(value) : Number.NaN;

/** Parents without such an id: they are dead letters of their own table, and what belongs to them is missing here. */
export function unnamedParents(count: number, table: string): TributaryError {
  return new TributaryError(`Listrak shows ${count} ${table} whose id is no whole number, so what belongs to them could not be read.`, {
    kind: 'data',
    code: 'listrak:parent_id',
    remedy: `All others were read, and nothing was deleted. The ${table} are among the dead letters; report them to the vendor.`,
  });
}

const BUCKETS = 128;

/**
 * Which items had been there before some time, in a text of fixed length however many they are: a checksum for each
 * of 128 groups. An item that was not known then, or weighed differently, shows as a group that differs.
 */
export function digestOf(items: readonly Item[], before: number): string {
  const sums = new Uint32Array(BUCKETS);
  for (const item of items) {
    if (item.at !== null && item.at >= before) continue;
    const bucket = bucketOf(item.id);
    // Order does not matter: whoever is missing in the sum is missing.
    sums[bucket] = ((sums[bucket] ?? 0) + hash(`${item.id} ${item.weight}`)) >>> 0;
  }
  return Buffer.from(sums.buffer).toString('base64');
}

/** Tells of items whether they were known before some time and are the same still. */
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
