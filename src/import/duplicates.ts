import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createSorter } from './external-sort.ts';

/** A row with an identifier that an earlier row has. */
export interface Repeat {
  /** Number of the row, counted from 0. */
  readonly row: number;
  /** Index of the column among those sent. */
  readonly column: number;
  /** Line of the first row with it. */
  readonly firstLine: number;
}

/** Finds identifiers that a file contains twice, however far apart. */
export interface Duplicates {
  add(column: number, identifier: string, row: number, line: number): void;
  /** All repeats in the order of rows; to be called once, after the last `add`. */
  repeats(): Generator<Repeat>;
  close(): void;
}

/** Identifiers are compared by SHA-256, because no two texts with the same hash are known. */
const HASH = 32;

export function findDuplicates(folder: string, inMemory?: number): Duplicates {
  const seen = createSorter(join(folder, 'identifiers.sort'), HASH + 13, inMemory);
  const again = createSorter(join(folder, 'repeats.sort'), 13, inMemory);
  const entry = Buffer.alloc(HASH + 13);
  return {
    add(column, identifier, row, line) {
      createHash('sha256').update(`${column} ${identifier}`).digest().copy(entry);
      entry.writeUIntBE(row, HASH, 6);
      entry.writeUIntBE(line, HASH + 6, 6);
      entry.writeUInt8(column, HASH + 12);
      seen.add(entry);
    },
    *repeats() {
      const first = Buffer.alloc(HASH + 13);
      const found = Buffer.alloc(13);
      let any = false;
      for (const record of seen.sorted()) {
        if (!any || record.compare(first, 0, HASH, 0, HASH) !== 0) {
          record.copy(first);
          any = true;
          continue;
        }
        record.copy(found, 0, HASH, HASH + 6);
        first.copy(found, 6, HASH + 6, HASH + 12);
        found.writeUInt8(record.readUInt8(HASH + 12), 12);
        again.add(found);
      }
      for (const record of again.sorted())
        yield { row: record.readUIntBE(0, 6), firstLine: record.readUIntBE(6, 6), column: record.readUInt8(12) };
    },
    close() {
      seen.close();
      again.close();
    },
  };
}
