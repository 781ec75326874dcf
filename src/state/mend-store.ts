import { mkdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { unpackEntry } from './index-entry.ts';
import { fileOf, openDatabases, removeOthers, seal, sealOf, unchecked } from './index-file.ts';
import { isZero, rangeOf } from './index-range.ts';

/*
 * Program of the process that copies stores which were not closed. It runs apart because LMDB may crash on a damaged
 * file; the crash then tells that the store is damaged. Reads file names from stdin, one per line, until stdin ends, and
 * prints each name when its copy is done.
 */

const PER_TRANSACTION = 5_000;
const MARKED = Buffer.from([1]);

/** Copies every entry into a new store, which becomes the newest one in the folder; throws at the first damaged entry. */
async function mend(file: string): Promise<void> {
  const directory = dirname(file);
  const draftFolder = join(directory, 'mending');
  rmSync(draftFolder, { recursive: true, force: true });
  mkdirSync(draftFolder);
  const generation = Number(/index-(\d+)\.mdb$/.exec(basename(file))?.[1]) + 1;
  const draft = fileOf(draftFolder, generation);
  const from = openDatabases(file, { readOnly: true });
  const to = openDatabases(draft);
  const expected = (from.live.getStats() as { entryCount: number }).entryCount;
  let count = 0;
  let before: Buffer | undefined;
  const rows = rangeOf((work) => work(), from.live, Buffer.alloc(1));
  for (let done = false; !done;) {
    to.root.transactionSync(() => {
      for (let taken = 0; taken < PER_TRANSACTION; taken += 1) {
        const next = rows.next();
        if (next.done === true) {
          done = true;
          return;
        }
        const [keyHash, bytes] = next.value;
        const { scopeHash } = unpackEntry(keyHash, bytes);
        if (before !== undefined && before.compare(keyHash) >= 0) throw new Error('the entries are not in order');
        before = Buffer.from(keyHash);
        count += 1;
        to.live.putSync(keyHash, bytes);
        if (!isZero(scopeHash)) to.scopes.putSync(Buffer.concat([scopeHash, keyHash]), MARKED);
      }
    });
  }
  if (count !== expected) throw new Error(`the store holds ${count} of its ${expected} entries`);
  to.root.transactionSync(() => {
    for (const { key, value } of from.meta.getRange({})) {
      unchecked(value);
      to.meta.putSync(key, value);
    }
  });
  if (to.meta.get('format') === undefined) throw new Error('the store has no format');
  await to.root.close();
  await from.root.close();
  seal(draft);
  const mended = fileOf(directory, generation);
  renameSync(sealOf(draft), sealOf(mended));
  renameSync(draft, mended);
  removeOthers(directory, mended);
}

for await (const file of createInterface({ input: process.stdin })) {
  try {
    await mend(file);
    writeSync(1, `${file}\n`);
  } catch (error) {
    writeSync(2, `${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
