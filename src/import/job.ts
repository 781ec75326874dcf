import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { privateFile } from '../core/local-folder.ts';
import type { ImportRecord } from '../kafka/meta/imports.ts';
import type { SentEvent } from '../sdk/imports.ts';
import type { Part } from './parts.ts';
import { DAY } from '../core/time.ts';

/** What this machine stores about an import, so that it can be resumed and followed. */
export interface Job {
  readonly v: 1;
  readonly record: ImportRecord;
  /** Parts still to be sent. */
  readonly parts: readonly Part[];
  /** Addresses, or events, of sent rows, to be read back. */
  readonly sample: readonly string[];
  readonly events?: readonly SentEvent[];
}

/** Prefix of the folders with the rows of a query. */
export const QUERY_FOLDER = 'query-';
/** Name, in an import's folder, of the file with the rows that were refused. */
export const errorFileName = 'errors.csv';
const ID = /^[0-9a-f-]{36}$/;

export const importsFolder = (dataDir: string): string => join(dataDir, 'imports');
export const jobFolder = (dataDir: string, importId: string): string => join(importsFolder(dataDir), importId);
const jobFile = (dataDir: string, importId: string): string => join(jobFolder(dataDir, importId), 'job.json');

export function writeJob(dataDir: string, job: Job): void {
  const path = jobFile(dataDir, job.record.importId);
  // Renamed into place, so that a killed process leaves the old job or the new one, never half of one.
  privateFile(`${path}.new`, JSON.stringify(job));
  renameSync(`${path}.new`, path);
}

export function readJob(dataDir: string, importId: string): Job | undefined {
  const path = jobFile(dataDir, importId);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Job) : undefined;
}

/** Imports of this machine with parts still to be sent, oldest first. */
export function openJobs(dataDir: string): Job[] {
  if (!existsSync(importsFolder(dataDir))) return [];
  return readdirSync(importsFolder(dataDir))
    .filter((name) => ID.test(name))
    .flatMap((name) => readJob(dataDir, name) ?? [])
    .filter(({ parts }) => parts.length > 0)
    .sort((a, b) => a.record.at - b.record.at);
}

/** The requested job, or the only open one. Throws `config` when there is none or more than one. */
export function jobToResume(dataDir: string, importId: string | undefined): Job {
  const open = openJobs(dataDir);
  const found = importId === undefined ? open : open.filter(({ record }) => record.importId.startsWith(importId));
  const [job] = found;
  if (job !== undefined && found.length === 1) return job;
  throw new TributaryError(found.length === 0 ? 'There is no import to resume.' : `There are ${found.length} imports to resume.`, {
    kind: 'config',
    code: 'import:resume',
    remedy: found.length === 0 ? 'See tributary import list.' : `Name one: ${found.map(({ record }) => record.importId).join(', ')}.`,
  });
}

/** Removes copies of rows left by a process that was killed while reading: no import refers to them. */
export function removeAbandoned(dataDir: string, now: number): void {
  const folder = importsFolder(dataDir);
  if (!existsSync(folder)) return;
  const old = (path: string): boolean => now - statSync(path).mtimeMs > DAY;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.startsWith(QUERY_FOLDER) && old(path)) rmSync(path, { recursive: true, force: true });
    if (!ID.test(name) || existsSync(jobFile(dataDir, name)) || !old(path)) continue;
    // The error file of a dry or strict run is for the user to read.
    for (const file of readdirSync(path)) if (file !== errorFileName) rmSync(join(path, file), { force: true });
  }
}

/** Called when the part need not be sent again. */
export function removePart(part: Part): void {
  rmSync(part.path, { force: true });
}
