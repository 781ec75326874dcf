/** Fills an index on a small disk until it is full, says how that was told, makes room and opens it again. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LiveIndex, openLiveIndex } from '../../src/state/live-index.ts';
import { mendStores } from '../../src/state/mend.ts';
import { TributaryError } from '../../src/core/errors.ts';

const [folder, roomKb] = process.argv.slice(2) as [string, string];
const directory = join(folder, 'index');
const filler = join(folder, 'filler');
const { bavail, bsize } = statfsSync(folder);
writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - Number(roomKb) * 1024)));

let index: LiveIndex | undefined;
function fill(rows: number): void {
  index = openLiveIndex(directory, { topic: 'disk', valueSchemaId: 1 });
  for (let from = 0; from < rows; from += 500) {
    index.apply(
      Array.from({ length: 500 }, (_, at) => {
        const id = Buffer.alloc(16, `${from + at}.`);
        return { keyHash: id, row: { rowHash: id, scopeHash: id.subarray(0, 8), keyBody: id } };
      }),
      new Map([[0, BigInt(from)]]),
    );
    if (from % 5_000 === 0) index.flush();
  }
}
try {
  fill(50_000);
} catch (error) {
  process.stdout.write(error instanceof TributaryError ? `${error.kind} ${error.code}: ${error.message}\n` : `${String(error)}\n`);
}
await index?.close();
rmSync(filler);
index = undefined;
try {
  await mendStores([directory]);
  fill(5_000);
} catch {
  // What it held before may leave too little room: then it is the disk itself that is too small.
  rmSync(directory, { recursive: true });
  fill(5_000);
}
process.stdout.write(`afterwards ${index!.size() >= 5_000 ? 5_000 : index!.size()}\n`);
await index!.close();
