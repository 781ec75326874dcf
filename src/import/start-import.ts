import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ConnectionSettings } from '../config/settings.ts';
import type { Clock } from '../core/clock.ts';
import { asTributaryError, TributaryError } from '../core/errors.ts';
import { makeLocalFolder } from '../core/local-folder.ts';
import type { Redactor } from '../core/redact.ts';
import { shown } from '../core/shown.ts';
import { takeLock } from '../core/lock.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { writeImport, type ImportRecord } from '../kafka/meta/imports.ts';
import { checkFile, type CheckedFile } from './check-file.ts';
import type { ImportKind } from './columns.ts';
import type { SftpAccess } from './connect.ts';
import type { Encoding } from './encoding.ts';
import { importsFolder, jobFolder, removeAbandoned, removePart, writeJob, type Job } from './job.ts';
import { ownKeyFile, privateKey } from './keys.ts';
import type { Mapping } from './mapping.ts';
import { uploadParts } from './upload.ts';

/** Progress events, for a terminal or a page. */
export type ImportEvent =
  | { readonly type: 'reading'; readonly rows: number }
  | { readonly type: 'pinned'; readonly fingerprint: string }
  | { readonly type: 'sending'; readonly record: ImportRecord; readonly secondsLeft: number | undefined }
  | { readonly type: 'retry'; readonly error: TributaryError; readonly waitMs: number };

/** Where an import runs; the same for start and resume. */
export interface ImportPlace {
  readonly connection: ConnectionSettings;
  readonly dataDir: string;
  readonly access: KafkaAccess;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onEvent(event: ImportEvent): void;
  /** Hears the private key before anything is done with it; what the server says passes it before it is recorded. */
  readonly redactor: Redactor;
}

export interface StartImport extends ImportPlace {
  readonly kind: ImportKind;
  readonly file: string;
  readonly mapping: Mapping;
  readonly consent: boolean;
  /** Send nothing when a row is bad. */
  readonly strict: boolean;
  readonly encoding?: Encoding | undefined;
  readonly country?: string | undefined;
  /** Who imports, for the list of imports. */
  readonly by: string;
  /** Called with the result of the check before anything is sent. */
  readonly onChecked?: (checked: CheckedFile) => void;
  /** The file's original name, where it is stored under another one. */
  readonly called?: string;
}

type CheckOnly = Omit<StartImport, 'access' | 'redactor' | 'connection' | 'strict' | 'by' | 'called' | 'onChecked'>;

export interface ImportOutcome {
  readonly checked: CheckedFile;
  /** Undefined when nothing was sent: no good row, or a bad one with `strict`. */
  readonly record: ImportRecord | undefined;
}

/** Checks a file and sends nothing, for the form's preview and `--dry-run`. Needs neither Kafka nor the vendor. */
export async function previewImport(request: CheckOnly): Promise<CheckedFile> {
  const importId = randomUUID();
  const checked = await check(request, importId);
  for (const part of checked.parts) removePart(part);
  if (checked.errorFile === undefined) await rm(jobFolder(request.dataDir, importId), { recursive: true, force: true });
  return checked;
}

async function check(request: CheckOnly, importId: string): Promise<CheckedFile> {
  makeLocalFolder(importsFolder(request.dataDir));
  removeAbandoned(request.dataDir, request.clock.now());
  const folder = jobFolder(request.dataDir, importId);
  return checkFile({
    kind: request.kind,
    file: request.file,
    mapping: request.mapping,
    consent: request.consent,
    encoding: request.encoding,
    country: request.country,
    now: request.clock.now(),
    folder,
    signal: request.signal,
    onProgress: (rows) => request.onEvent({ type: 'reading', rows }),
  }).catch(async (error: unknown) => {
    // No copies of personal data may remain.
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
}

/**
 * Checks a file, uploads its good rows and keeps a record of it.
 * @throws TributaryError when the file, the key or the server refuses; the checked parts remain, and `resumeImport` continues.
 */
export async function startImport(request: StartImport): Promise<ImportOutcome> {
  const { connection, kind, clock, dataDir } = request;
  const access = sftpAccess(connection, dataDir, request.redactor.add);
  const importId = randomUUID();
  const checked = await check(request, importId);
  request.onChecked?.(checked);
  if (checked.parts.length === 0 || (request.strict && checked.refused > 0)) {
    for (const part of checked.parts) removePart(part);
    return { checked, record: undefined };
  }
  const now = clock.now();
  const record: ImportRecord = {
    v: 1,
    importId,
    connection: connection.name,
    kind,
    file: request.called ?? basename(request.file),
    by: request.by,
    at: now,
    updatedAt: now,
    state: 'uploading',
    rows: checked.rows,
    refused: checked.refused,
    sentRows: 0,
    bytes: checked.parts.reduce((sum, { bytes }) => sum + bytes, 0),
    sentBytes: 0,
    processed: null,
    processedBy: 'not asked yet',
    errorFile: checked.errorFile ?? null,
  };
  const job: Job = { v: 1, record, parts: checked.parts, sample: checked.sample, events: checked.events };
  writeJob(dataDir, job);
  return { checked, record: await send(request, job, access) };
}

/** Sends the remaining parts of an import. Throws as {@link startImport}. */
export async function resumeImport(place: ImportPlace, job: Job): Promise<ImportRecord> {
  return send(place, job, sftpAccess(place.connection, place.dataDir, place.redactor.add));
}

async function send(place: ImportPlace, job: Job, access: SftpAccess): Promise<ImportRecord> {
  const { dataDir, clock, signal, onEvent } = place;
  const { kind, connection } = job.record;
  const lock = await takeLock(join(importsFolder(dataDir), `${connection}-${kind}.lock`));
  if ('heldBy' in lock) {
    throw new TributaryError(`Another import of ${kind} into ${connection} is running (process ${lock.heldBy}).`, {
      kind: 'config',
      code: 'import:busy',
      remedy: `Files are sent one at a time. When it is done, run: tributary import resume ${job.record.importId}.`,
    });
  }
  const begun = clock.now();
  let { record, parts } = job;
  const sentBefore = record.sentBytes;
  const keep = async (change: Partial<ImportRecord>): Promise<void> => {
    const { failure: _, ...rest } = record;
    record = { ...rest, ...change, updatedAt: clock.now() };
    writeJob(dataDir, { ...job, record, parts });
    await writeImport(place.access, record);
  };
  try {
    await keep({ state: 'uploading' });
    await uploadParts({
      access,
      kind,
      parts,
      clock,
      signal,
      onPinned: (fingerprint) => onEvent({ type: 'pinned', fingerprint }),
      onBytes: (_, bytes) => {
        const sent = record.sentBytes + bytes;
        const seconds = (clock.now() - begun) / 1000;
        const perSecond = (sent - sentBefore) / seconds;
        const secondsLeft = seconds > 1 && perSecond > 0 ? (record.bytes - sent) / perSecond : undefined;
        onEvent({ type: 'sending', record: { ...record, sentBytes: sent }, secondsLeft });
      },
      onRetry: (error, waitMs) => onEvent({ type: 'retry', error, waitMs }),
      onSent: (part) => {
        parts = parts.filter(({ name }) => name !== part.name);
        record = { ...record, sentRows: record.sentRows + part.rows, sentBytes: record.sentBytes + part.bytes };
        writeJob(dataDir, { ...job, record, parts });
        removePart(part);
        onEvent({ type: 'sending', record, secondsLeft: undefined });
      },
    });
    await keep({ state: 'uploaded' });
    return record;
  } catch (thrown) {
    const error = asTributaryError(thrown, 'The upload');
    if (parts.length === 0) throw error;
    if (error.kind !== 'stopped') {
      const told = withResume(error, record.importId);
      const { message, remedy = '' } = told;
      const clean = (text: string): string => shown(place.redactor.redact(text));
      await keep({ state: 'failed', failure: { message: clean(message), remedy: clean(remedy) } }).catch(() => undefined);
      throw told;
    }
    await keep({}).catch(() => undefined);
    throw new TributaryError(`The import was stopped; ${record.sentRows} of ${record.rows - record.refused} rows have been sent.`, {
      kind: 'stopped',
      code: 'import:stopped',
      remedy: `To continue where it stopped: tributary import resume ${record.importId}`,
      cause: error,
    });
  } finally {
    await lock.release();
  }
}

/** Adds to the error how to continue once its cause is solved, because importing the file again would send all of it again. */
function withResume(error: TributaryError, importId: string): TributaryError {
  const { message, kind, code, detail, remedy = '' } = error;
  const goOn = `Then continue with: tributary import resume ${importId}`;
  return new TributaryError(message, {
    kind,
    ...(code === undefined ? {} : { code }),
    ...(detail === undefined ? {} : { detail }),
    cause: error,
    remedy: `${remedy} ${goOn}`.trim(),
  });
}

/** Access to the vendor's SFTP server. Throws `config` when the settings do not name it, or the key cannot be used. */
export function sftpAccess(connection: ConnectionSettings, dataDir: string, onSecret: (text: string) => void): SftpAccess {
  const { imports, title } = connection.source;
  if (imports === undefined) {
    throw new TributaryError(`${title} accepts no files, so nothing can be imported through ${connection.name}.`, {
      kind: 'config',
      code: 'import:source',
      remedy: 'Name a Klaviyo connection with --connection.',
    });
  }
  const sftp = imports.sftp(connection.settings);
  if (sftp === undefined) {
    throw new TributaryError(`The settings do not name the user with which ${connection.name} uploads files.`, {
      kind: 'config',
      code: 'import:settings',
      remedy: `Run tributary import key, add the key at ${title}, and set connections.${connection.name}.settings.sftp.user to the user name shown there.`,
    });
  }
  const file = sftp.key_file ?? ownKeyFile(dataDir);
  return {
    host: sftp.host,
    port: sftp.port,
    user: sftp.user,
    key: privateKey(file, sftp.passphrase, onSecret),
    passphrase: sftp.passphrase,
    knownHosts: join(importsFolder(dataDir), 'known_hosts.json'),
  };
}
