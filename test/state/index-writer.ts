/** Writes one batch after the other into a live index until it is killed, at once or in turns. Batch n gives every key the row hash n. */
import { setImmediate } from 'node:timers/promises';
import { openLiveIndex } from '../../src/state/live-index.ts';
import { waitingRoom } from '../../src/state/waiting-rows.ts';

const [directory, keys, where = 'in a scan'] = process.argv.slice(2) as [string, string, string?];
const index = openLiveIndex(directory, { topic: 'crash', valueSchemaId: 1 }, Date.now, waitingRoom(1_000_000));
const bytes = (value: number, length: number): Buffer => Buffer.alloc(length, `${value}.`);
let batch = Number(index.coveredOffsets().get(0) ?? 0n);
if (where.startsWith('in a scan')) index.beginScan('scan');
process.stdout.write(`at ${batch} ${index.rebuildReason() ?? ''}\n`);
for (;;) {
  batch += 1;
  const row = { rowHash: bytes(batch, 16), scopeHash: bytes(batch % 3, 8), keyBody: Buffer.from('key') };
  const entries = Array.from({ length: Number(keys) }, (_, key) => ({ keyHash: bytes(key, 16), row }));
  if (where.endsWith('in turns')) {
    let done = false;
    const applied = index.applyInTurns(entries, new Map([[0, BigInt(batch)]])).finally(() => (done = true));
    for (; !done; await setImmediate()) process.stdout.write('turn\n');
    await applied;
  } else index.apply(entries, new Map([[0, BigInt(batch)]]));
  process.stdout.write(`wrote ${batch}\n`);
}
