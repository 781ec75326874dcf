/** Writes one batch after the other into a live index until it is killed. Batch n gives every key the row hash n. */
import { openLiveIndex } from '../../src/state/live-index.ts';

const [directory, keys, where] = process.argv.slice(2) as [string, string, string?];
const index = openLiveIndex(directory, { topic: 'crash', valueSchemaId: 1 });
const bytes = (value: number, length: number): Buffer => Buffer.alloc(length, `${value}.`);
let batch = Number(index.coveredOffsets().get(0) ?? 0n);
if (where !== 'outside a scan') index.beginScan('scan');
process.stdout.write(`at ${batch} ${index.rebuildReason() ?? ''}\n`);
for (;;) {
  batch += 1;
  const row = { rowHash: bytes(batch, 16), scopeHash: bytes(batch % 3, 8), keyBody: Buffer.from('key') };
  index.apply(
    Array.from({ length: Number(keys) }, (_, key) => ({ keyHash: bytes(key, 16), row })),
    new Map([[0, BigInt(batch)]]),
  );
  process.stdout.write(`wrote ${batch}\n`);
}
