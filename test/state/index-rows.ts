import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach } from 'vitest';
import type { IndexEntry, LiveIndex } from '../../src/state/live-index.ts';
import { memoryFolder } from '../support/memory-folder.ts';

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

/** A new folder for each test of a file, and the indexes that are closed after it. */
export function indexFolder(): { readonly directory: string; closedAfter(index: LiveIndex): LiveIndex } {
  let directory = '';
  let open: LiveIndex[] = [];
  beforeEach(() => {
    directory = memoryFolder('live-index-');
    open = [];
  });
  afterEach(async () => {
    for (const index of open) await index.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    get directory() {
      return directory;
    },
    closedAfter(index) {
      open.push(index);
      return index;
    },
  };
}
