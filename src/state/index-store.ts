import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { TributaryError } from '../core/errors.ts';
import { makeLocalFolder } from '../core/local-folder.ts';
import { storeFault } from './store-file.ts';

/** Raised whenever the layout of the store changes; older stores are then built anew. */
const FORMAT = 1;

/** The embedded store under the live index. */
export interface IndexStore {
  /** Why the store is new; undefined when it was taken over. */
  readonly rebuildReason: string | undefined;
  readonly live: Database<Buffer, Buffer>;
  readonly scopes: Database<Buffer, Buffer>;
  readonly meta: Database<string, string>;
  /** Runs the work in one transaction that is on disk when this returns, or not at all when the work throws. */
  transaction(work: () => void): void;
  /** Runs the work; a failure of the store marks it for replacement. */
  guarded<T>(work: () => T): T;
  /** Whether it has been marked. */
  isBroken(): boolean;
  close(): Promise<void>;
}

type Databases = Pick<IndexStore, 'live' | 'scopes' | 'meta'> & { readonly root: RootDatabase<Buffer, Buffer> };

/** Opens the store in that directory; one that is missing, damaged or made for another identity is replaced. */
export function openIndexStore(directory: string, identity: string): IndexStore {
  makeLocalFolder(directory);
  const brokenFlag = join(directory, 'broken');
  const format = `${FORMAT} ${identity}`;
  const generation = newestGeneration(directory);
  const file = fileOf(directory, generation);

  let databases: Databases | undefined;
  let reason = existsSync(brokenFlag) ? 'it was found damaged' : existsSync(file) ? storeFault(file) : 'there was none';
  if (reason === undefined) {
    const taken = takeOver(file, format);
    if (typeof taken === 'string') reason = taken;
    else databases = taken;
  }
  if (databases === undefined) {
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
    // Another name, because the damaged file may still be mapped.
    databases = openDatabases(fileOf(directory, generation + 1));
    databases.meta.putSync('format', format);
  }

  const { root, ...rest } = databases;
  let broken = false;
  const guarded: IndexStore['guarded'] = (work) => {
    try {
      return work();
    } catch (error) {
      if (error instanceof TributaryError) throw error;
      const text = error instanceof Error ? error.message : String(error);
      broken = true;
      writeFileSync(brokenFlag, text);
      throw new TributaryError(`The live index in ${directory} cannot be used: ${text}`, {
        kind: 'transient',
        code: 'index_broken',
        remedy: 'It is rebuilt from the topic at the next try. If this repeats, look at the disk.',
        cause: error,
      });
    }
  };
  return {
    ...rest,
    rebuildReason: reason,
    guarded,
    isBroken: () => broken,
    transaction: (work) => guarded(() => root.transactionSync(work)),
    close: () => root.close(),
  };
}

const fileOf = (directory: string, generation: number): string => join(directory, `index-${generation}.mdb`);

function newestGeneration(directory: string): number {
  const numbers = readdirSync(directory).map((name) => Number(/^index-(\d{1,9})\.mdb$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

/** The store as it is, or why it cannot be used. */
function takeOver(file: string, format: string): Databases | string {
  let databases: Databases | undefined;
  let fault: string;
  try {
    databases = openDatabases(file);
    const found = databases.meta.get('format');
    if (found === format) {
      // The ends of the tree are where damage shows most cheaply.
      for (const reverse of [false, true]) void [...databases.live.getRange({ limit: 1, reverse })];
      return databases;
    }
    fault = 'it was built for another topic, schema or release';
  } catch (error) {
    fault = `it cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
  void databases?.root.close();
  return fault;
}

function openDatabases(file: string): Databases {
  const root = open<Buffer, Buffer>({
    path: file,
    noSubdir: true,
    maxDbs: 4,
    encoding: 'binary',
    keyEncoding: 'binary',
    // A scan's marks must not be younger on disk than the position that relies on them.
    overlappingSync: false,
    // Pages of an open transaction stay in the file's mapping instead of filling our own memory.
    useWritemap: true,
  });
  return {
    root,
    live: root.openDB<Buffer, Buffer>({ name: 'live', encoding: 'binary', keyEncoding: 'binary' }),
    scopes: root.openDB<Buffer, Buffer>({ name: 'scopes', encoding: 'binary', keyEncoding: 'binary' }),
    meta: root.openDB<string, string>({ name: 'meta', encoding: 'string', keyEncoding: 'ordered-binary' }),
  };
}
