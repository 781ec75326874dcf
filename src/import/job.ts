import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { privateFile } from '../core/local-folder.ts';
import type { ImportRecord } from '../kafka/meta/imports.ts';
import type { SentEvent } from '../sdk/imports.ts';
import type { Part } from './parts.ts';

/** What this machine keeps of an import, so that it can be resumed and followed. */
export interface Job {
  readonly v: 1;
  readonly record: ImportRecord;
  /** What is still to be sent. */
  readonly parts: readonly Part[];
  /** Addresses, or events, spread over the rows that are sent, to be read back. */
  readonly sample: readonly string[];
  readonly events?: readonly SentEvent[];
}

/** How the folders of queries' rows begin. */
export const QUERY_FOLDER = 'query-';
const ID = /^[0-9a-f-]{36}$/;

export const importsFolder = (dataDir: string): string => join(dataDir, 'imports');
export const jobFolder = (dataDir: string, importId: string): string => join(importsFolder(dataDir), importId);
const jobFile = (dataDir: string, importId: string): string => join(jobFolder(dataDir, importId), 'job.json');

export function writeJob(dataDir: string, job: Job): void {
  const path = jobFile(dataDir, job.record.importId);
  // Put into place whole: a process killed in the middle leaves the job as it was.
  privateFile(`${path}.new`, JSON.stringify(job));
  renameSync(`${path}.new`, path);
}

export function readJob(dataDir: string, importId: string): Job | undefined {
  const path = jobFile(dataDir, importId);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Job) : undefined;
}

/** Imports of this machine with something left to send, oldest first. */
export function openJobs(dataDir: string): Job[] {
  if (!existsSync(importsFolder(dataDir))) return [];
  return readdirSync(importsFolder(dataDir))
    .filter((name) => ID.test(name))
    .flatMap((name) => readJob(dataDir, name) ?? [])
    .filter(({ parts }) => parts.length > 0)
    .sort((a, b) => a.record.at - b.record.at);
}

/** The job asked for, or the only one that is open. Throws `config` where there is none, or more than one. */
export function jobToResume(dataDir: string, importId: string | undefined): Job {
  const open = openJobs(dataDir);
  const found = importId === undefined ? open : open.filter(({ record }) => record.importId.startsWith(importId));
  const [job] = found;
  if (job !== undefined && found.length === 1) return job;
  throw new TributaryError(found.length === 0 ? 'No import waits to be resumed.' : `${found.length} imports wait to be resumed.`, {
    kind: 'config',
    code: 'import:resume',
    remedy: found.length === 0 ? 'See tributary import list.' : `Name one: ${found.map(({ record }) => record.importId).join(', ')}.`,
  });
}

const DAY_MS = 86_400_000;

/** Removes the copies of rows that a process killed while it read has left: nobody would ever resume or remove them. */
export function removeAbandoned(dataDir: string, now: number): void {
  const folder = importsFolder(dataDir);
  if (!existsSync(folder)) return;
  const old = (path: string): boolean => now - statSync(path).mtimeMs > DAY_MS;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.startsWith(QUERY_FOLDER) && old(path)) rmSync(path, { recursive: true, force: true });
    if (!ID.test(name) || existsSync(jobFile(dataDir, name)) || !old(path)) continue;
    // The errors of a dry run, or of a strict one, are for the user to read.
    for (const file of readdirSync(path)) if (file !== 'errors.csv') rmSync(join(path, file), { force: true });
  }
}

/** The part needs not be sent again. */
export function removePart(part: Part): void {
  rmSync(part.path, { force: true });
}
