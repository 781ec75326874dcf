import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { hasScope, scopeKeyOf, unpackEntry } from './index-entry.ts';
import { fileOf, openDatabases, removeOthers, seal, sealOf, unchecked } from './index-file.ts';
import { rangeOf } from './index-range.ts';
import { KeyList } from './key-order.ts';

/*
 * Program of the process that copies stores which were not closed. It runs apart because LMDB may crash on a damaged
 * file; the crash then tells that the store is damaged. Reads file names from stdin, one per line, until stdin ends, and
 * prints each name when its copy is done.
 */

const PER_TRANSACTION = 20_000;
/** So many places among the scopes are written together, by ranges of keys: they come in the order of the rows, so each is on another page. */
const SCOPES_TOGETHER = 200_000;
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
  // Nobody takes a draft that was not finished, so it is on disk once it is whole, and not after each transaction.
  const to = openDatabases(draft, { noSync: true });
  const expected = (from.live.getStats() as { entryCount: number }).entryCount;
  let count = 0;
  let before: Buffer | undefined;
  let scopeKeys = new KeyList(SCOPES_TOGETHER);
  const placeScopes = (): void => {
    scopeKeys.order();
    to.root.transactionSync(() => {
      for (const key of scopeKeys.slice(0, scopeKeys.count)) to.scopes.putSync(key, MARKED);
    });
    scopeKeys = new KeyList(SCOPES_TOGETHER);
  };
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
        unpackEntry(keyHash, bytes);
        if (before !== undefined && before.compare(keyHash) >= 0) throw new Error('the entries are not in order');
        before = Buffer.from(keyHash);
        count += 1;
        to.live.putSync(keyHash, bytes);
        if (hasScope(bytes)) scopeKeys.push(scopeKeyOf(keyHash, bytes));
      }
    });
    if (done || scopeKeys.count > SCOPES_TOGETHER - PER_TRANSACTION) placeScopes();
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
  onDisk(draft);
  seal(draft);
  const mended = fileOf(directory, generation);
  renameSync(sealOf(draft), sealOf(mended));
  renameSync(draft, mended);
  removeOthers(directory, mended);
}

/** Waits until the file is on the disk. */
function onDisk(file: string): void {
  const handle = openSync(file, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
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
