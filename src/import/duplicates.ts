import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createSorter } from './external-sort.ts';

/** A row that names what an earlier row has named. */
export interface Repeat {
  /** Number of the row, counted from 0. */
  readonly row: number;
  /** Position of the column among those sent. */
  readonly column: number;
  /** Line on which it stood first. */
  readonly firstLine: number;
}

/** Finds identifiers that stand in a file twice, however far apart. */
export interface Duplicates {
  add(column: number, identifier: string, row: number, line: number): void;
  /** Every repeat, ordered by row; to be asked for once, after the last `add`. */
  repeats(): Generator<Repeat>;
  close(): void;
}

/** A SHA-256 stands for an identifier: nobody knows two texts with the same one. */
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
