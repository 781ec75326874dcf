import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Database } from 'lmdb';
import { TributaryError } from '../core/errors.ts';
import { makeLocalFolder } from '../core/local-folder.ts';
import {
  brokenFlag,
  checked,
  type Databases,
  fileOf,
  newestGeneration,
  openDatabases,
  removeOthers,
  seal,
  sealFault,
  sealOf,
  unchecked,
} from './index-file.ts';
import { fullDisk } from './room.ts';

/** Raised whenever the layout of the store changes; older stores are then built anew. */
const FORMAT = 3;

/** The embedded store under the live index. */
export interface IndexStore {
  /** Why the store is new; undefined when it was taken over. */
  readonly rebuildReason: string | undefined;
  readonly live: Database<Buffer, Buffer>;
  readonly scopes: Database<Buffer, Buffer>;
  /** A text of the meta table. */
  text(name: string): string | undefined;
  /** Within a transaction only. */
  setText(name: string, text: string | undefined): void;
  /** Runs the work in one transaction that is on disk when this returns, or not at all when the work throws. */
  transaction(work: () => void): void;
  /** Runs the work; a failure of the store marks it for replacement. */
  guarded<T>(work: () => T): T;
  /** Whether it has been marked. */
  isBroken(): boolean;
  close(): Promise<void>;
}

/**
 * Opens the store in that directory; one that is missing, damaged or made for another identity is replaced. One that
 * was not closed is replaced too, unless it was put in order before (`mendStores`).
 */
export function openIndexStore(directory: string, identity: string): IndexStore {
  makeLocalFolder(directory);
  const format = `${FORMAT} ${identity}`;
  let generation = newestGeneration(directory);
  let broken = false;

  const failure = (error: unknown): TributaryError => {
    if (error instanceof TributaryError) return error;
    const text = error instanceof Error ? error.message : String(error);
    broken = true;
    const full = fullDisk(directory, error);
    if (full !== undefined) return full;
    try {
      writeFileSync(brokenFlag(fileOf(directory, generation)), text);
    } catch {
      // Then its missing seal tells.
    }
    return new TributaryError(`The live index in ${directory} cannot be used: ${text}`, {
      kind: 'transient',
      code: 'index_broken',
      remedy: 'It is rebuilt from the topic at the next try. If this repeats, look at the disk.',
      cause: error,
    });
  };
  const guarded: IndexStore['guarded'] = (work) => {
    try {
      return work();
    } catch (error) {
      throw failure(error);
    }
  };

  const full = fullDisk(directory);
  if (full !== undefined) throw full;
  const taken = guarded(() => takeOver(fileOf(directory, generation), format));
  const databases =
    typeof taken === 'string'
      ? guarded(() => {
          // Another name: whoever has the old file open goes on with that, and harms nobody.
          generation += 1;
          removeOthers(directory, fileOf(directory, generation));
          const made = openDatabases(fileOf(directory, generation));
          made.root.transactionSync(() => void made.meta.putSync('format', checked(format)));
          return made;
        })
      : taken;
  const file = fileOf(directory, generation);
  const { root, live, scopes, meta } = databases;
  let closing: Promise<void> | undefined;
  return {
    live,
    scopes,
    rebuildReason: typeof taken === 'string' ? taken : undefined,
    guarded,
    isBroken: () => broken,
    text: (name) =>
      guarded(() => {
        const stored = meta.get(name);
        return stored === undefined ? undefined : unchecked(stored);
      }),
    setText(name, text) {
      if (text === undefined) meta.removeSync(name);
      else meta.putSync(name, checked(text));
    },
    transaction: (work) => guarded(() => root.transactionSync(work)),
    close: () =>
      (closing ??= root.close().then(() => {
        // The file is gone when its folder was removed meanwhile.
        if (broken || !existsSync(file)) return;
        try {
          seal(file);
        } catch {
          rmSync(sealOf(file), { force: true });
        }
      })),
  };
}

/** The store as it is, or why it cannot be used. */
function takeOver(file: string, format: string): Databases | string {
  const fault = sealFault(file);
  if (fault !== undefined) return fault;
  // From here on the file may change.
  rmSync(sealOf(file), { force: true });
  const databases = openDatabases(file);
  const found = databases.meta.get('format');
  if (found === checked(format)) return databases;
  void databases.root.close();
  return 'it was built for another topic, schema or release';
}
