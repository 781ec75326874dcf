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
import { fullDisk } from './full-disk.ts';

/** Version of the store's layout; increase it with every change, then older stores are rebuilt. */
const FORMAT = 5;

/** The embedded key-value store (LMDB) under the live index. */
export interface IndexStore {
  /** Why the store is new; undefined when an existing one was opened. */
  readonly rebuildReason: string | undefined;
  readonly live: Database<Buffer, Buffer>;
  readonly scopes: Database<Buffer, Buffer>;
  /** Reads a text from the meta table. */
  text(name: string): string | undefined;
  /** Writes or removes a text; only within a transaction. */
  setText(name: string, text: string | undefined): void;
  /** Runs the work in one transaction: on disk when this returns, rolled back when the work throws. */
  transaction(work: () => void): void;
  /** Runs the work; when the store fails, marks it for replacement. */
  guarded<T>(work: () => T): T;
  /** Whether the store has been marked for replacement. */
  isBroken(): boolean;
  close(): Promise<void>;
}

/**
 * Opens the store in the directory. A store that is missing, damaged or built for another identity is replaced by an
 * empty one, and so is one that was not closed, unless `mendStores` has copied it before.
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
      // The missing seal makes the next opening replace the file.
    }
    return new TributaryError(`The live index in ${directory} cannot be used: ${text}`, {
      kind: 'transient',
      code: 'index_broken',
      remedy: 'It is rebuilt from the topic at the next attempt. If this happens again, check the disk.',
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
          // A new file name: a process that still has the old file open goes on with that file and does no harm.
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
        // The file is missing when its folder was removed in the meantime.
        if (broken || !existsSync(file)) return;
        try {
          seal(file);
        } catch {
          rmSync(sealOf(file), { force: true });
        }
      })),
  };
}

/** Opens the existing store, or returns why it cannot be used. */
function takeOver(file: string, format: string): Databases | string {
  const fault = sealFault(file);
  if (fault !== undefined) return fault;
  // The seal is removed first, because from here on the file may change.
  rmSync(sealOf(file), { force: true });
  const databases = openDatabases(file);
  const found = databases.meta.get('format');
  if (found === checked(format)) return databases;
  void databases.root.close();
  return 'it was built for another topic, schema or release';
}
