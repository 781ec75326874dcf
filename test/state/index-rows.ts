import { createHash } from 'node:crypto';
import type { IndexEntry } from '../../src/state/live-index.ts';

/* Rows of an index, by short names: `put('a', '1', 'A')` is the row a with the content 1 in the scope A. */

export const identity = { topic: 'saas.klaviyo.profile', valueSchemaId: 7 };
export const hash = (text: string, length = 16): Buffer => createHash('sha256').update(text).digest().subarray(0, length);
export const noScope = Buffer.alloc(8);

export function put(key: string, row: string, scope?: string): IndexEntry {
  return {
    keyHash: hash(key),
    row: { rowHash: hash(row), scopeHash: scope === undefined ? noScope : hash(scope, 8), keyBody: Buffer.from(key) },
  };
}
export const gone = (key: string): IndexEntry => ({ keyHash: hash(key), row: null });
export const names = (rows: Iterable<{ keyBody: Buffer }>): string[] => [...rows].map((row) => row.keyBody.toString()).sort();
export const covered = (offset: bigint, partition = 0): Map<number, bigint> => new Map([[partition, offset]]);
