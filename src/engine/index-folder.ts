import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mendStores } from '../state/mend.ts';
import { requireUsable } from '../state/usable.ts';
import { TributaryError } from '../core/errors.ts';
import { fileError, makeLocalFolder } from '../core/local-folder.ts';
import { takeLock, type Lock } from '../core/lock.ts';

/** A connection's folder of live indexes, locked by this process until released. */
export interface IndexFolder {
  readonly path: string;
  /** Process id of the owner of the connection's usual folder, when that is another process. */
  readonly heldBy?: number;
  release(): Promise<void>;
}

/** More than the processes that could plausibly share one machine and one connection's data folder. */
const mostFolders = 20;

/**
 * Locks the connection's folder below `indexDir` and cleans up what a killed process left there. While another live
 * process holds that folder, even a suspended or fenced one, this process gets a folder of its own: two processes
 * must never write one index.
 *
 * @throws TributaryError `config` when the disk is full, or the folder cannot be written to or cannot hold an index.
 */
export async function lockIndexFolder(indexDir: string, connection: string, tables: readonly string[]): Promise<IndexFolder> {
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
      throw fileError(error) ?? error;
    }
  }
  throw new TributaryError(`All ${mostFolders} index folders of ${connection} in ${indexDir} are in use.`, {
    kind: 'transient',
    reach: 'connection',
    code: 'index_in_use',
    remedy: `Look for processes that hang: process ${heldBy} holds one of them.`,
  });
}

const folderOf = (indexDir: string, connection: string, at: number): string =>
  join(indexDir, at === 1 ? connection : `${connection}.${at}`);

async function lockOf(path: string): Promise<Lock | { heldBy: number }> {
  makeLocalFolder(path);
  try {
    return await takeLock(join(path, 'owner.lock'));
  } catch (error) {
    throw fileError(error) ?? error;
  }
}

/** Removes folders that were created while the usual one was in use and that no process uses any more. */
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
