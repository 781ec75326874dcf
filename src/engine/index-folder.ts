import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mendStores } from '../state/mend.ts';
import { requireUsable } from '../state/usable.ts';
import { TributaryError } from '../core/errors.ts';
import { fileTrouble, makeLocalFolder } from '../core/local-folder.ts';
import { takeLock, type Lock } from '../core/lock.ts';

/** A connection's folder of live indexes, this process's own until it is given back. */
export interface IndexFolder {
  readonly path: string;
  /** The process that has the connection's usual folder, when this is another one. */
  readonly heldBy?: number;
  release(): Promise<void>;
}

/** More than processes that could share one machine and one connection's data folder without being stopped. */
const mostFolders = 20;

/**
 * Takes the connection's folder below `indexDir` and puts in order what a killed process left there. While another
 * process lives that has it, even one that was stopped or fenced, this one gets a folder of its own: two processes
 * must never write one index.
 *
 * @throws TributaryError `config` when the disk is full, or the folder cannot be written to or cannot hold an index.
 */
export async function takeIndexFolder(indexDir: string, connection: string, tables: readonly string[]): Promise<IndexFolder> {
  let heldBy: number | undefined;
  for (let at = 1; at <= mostFolders; at += 1) {
    const path = folderOf(indexDir, connection, at);
    const lock = await lockOf(path);
    if ('heldBy' in lock) {
      heldBy ??= lock.heldBy;
      continue;
    }
    try {
      await requireUsable(indexDir);
      if (at === 1) await dropSpare(indexDir, connection);
      await mendStores(tables.map((table) => join(path, table)));
      return { path, release: lock.release, ...(heldBy === undefined ? {} : { heldBy }) };
    } catch (error) {
      await lock.release();
      throw fileTrouble(error) ?? error;
    }
  }
  throw new TributaryError(`All ${mostFolders} index folders of ${connection} in ${indexDir} are in use.`, {
    kind: 'transient',
    reach: 'connection',
    code: 'index_in_use',
    remedy: `Look for processes that hang: one of them is ${heldBy}.`,
  });
}

const folderOf = (indexDir: string, connection: string, at: number): string =>
  join(indexDir, at === 1 ? connection : `${connection}.${at}`);

async function lockOf(path: string): Promise<Lock | { heldBy: number }> {
  makeLocalFolder(path);
  try {
    return await takeLock(join(path, 'owner.lock'));
  } catch (error) {
    throw fileTrouble(error) ?? error;
  }
}

/** Folders that were made while the usual one was in use, and that nobody uses any more. */
async function dropSpare(indexDir: string, connection: string): Promise<void> {
  for (let at = 2; at <= mostFolders; at += 1) {
    const path = folderOf(indexDir, connection, at);
    if (!existsSync(path)) continue;
    const lock = await lockOf(path);
    if ('heldBy' in lock) continue;
    await rm(path, { recursive: true, force: true });
    await lock.release();
  }
}
