import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionSettings } from '../../config/settings.ts';
import { asTributaryError, TributaryError } from '../../core/errors.ts';
import { makeLocalFolder } from '../../core/local-folder.ts';
import type { CheckedFile } from '../../import/check-file.ts';
import type { ImportKind } from '../../import/columns.ts';
import { followImport } from '../../import/follow-import.ts';
import { importsFolder, jobToResume, openJobs } from '../../import/job.ts';
import { noMapping, parsePairs, type Mapping } from '../../import/mapping.ts';
import { previewImport, resumeImport, sftpAccess, startImport, type ImportEvent, type ImportPlace } from '../../import/start-import.ts';
import type { ImportRecord } from '../../kafka/meta/imports.ts';
import { createHttpFactory } from '../../sdk/http/client.ts';
import type { WebContext } from '../context.ts';

/** What the form asks for, without the file. */
export interface ImportOptions {
  readonly connection: string;
  readonly kind: ImportKind;
  readonly mapping: Mapping;
  readonly consent: boolean;
  readonly strict: boolean;
  readonly country: string | undefined;
}

/** An import that was begun on this server. `file`: the name of the uploaded file. */
export interface BegunImport {
  readonly id: string;
  readonly file: string;
  readonly options: ImportOptions;
  readonly state:
    | { readonly kind: 'checking'; readonly rows: number }
    | { readonly kind: 'checked'; readonly checked: CheckedFile }
    | { readonly kind: 'sending'; readonly record: ImportRecord | undefined; readonly secondsLeft: number | undefined }
    | { readonly kind: 'sent'; readonly record: ImportRecord | undefined; readonly checked: CheckedFile }
    | { readonly kind: 'refused'; readonly message: string; readonly remedy: string };
}

/** Imports of this process: each is checked first, and sent when the user confirms. */
export interface ImportWork {
  /** A new id, and the path for an uploaded file. */
  place(): { readonly id: string; readonly path: string };
  /** Throws `config` when the connection accepts no files or its key is not set up. */
  requireAble(connection: string): ConnectionSettings;
  check(id: string, file: string, options: ImportOptions): void;
  get(id: string): BegunImport;
  send(id: string, by: string): void;
  /** Throws `config` when no import of that id waits here to be gone on with. */
  requireWaiting(importId: string): ImportRecord;
  /** Goes on with one that was cut. Throws `config` when none waits here. */
  resume(importId: string): void;
  /** Ids of imports that can be continued here. */
  waiting(): readonly string[];
  /** Asks the vendor how much has arrived, at most once a minute. */
  follow(records: readonly ImportRecord[]): void;
  stop(): Promise<void>;
}

const followMs = 60_000;
const keepMs = 24 * 3_600_000;

export function importWork(context: WebContext): ImportWork {
  const { clock, access, random, redactor, log } = context;
  const begun = new Map<string, BegunImport & { readonly at: number }>();
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let followedAt = 0;

  const dataDir = (): string => context.settings().dataDir;
  const pathOf = (id: string): string => join(importsFolder(dataDir()), 'received', `${id}.csv`);
  const set = (id: string, state: BegunImport['state']): void => {
    const one = begun.get(id);
    if (one) begun.set(id, { ...one, state });
  };

  function requireAble(name: string): ConnectionSettings {
    const connection = context.settings().connections.find((one) => one.name === name);
    if (!connection) throw new TributaryError(`No connection is called ${name}.`, { kind: 'config', code: 'not_found' });
    sftpAccess(connection, dataDir(), redactor.add);
    return connection;
  }

  function get(id: string): BegunImport {
    const one = begun.get(id);
    if (one) return one;
    throw new TributaryError('This import was not begun here, or the server was restarted since.', {
      kind: 'config',
      code: 'not_found',
      remedy: 'The list of imports shows what was sent; send the file again if it is not there.',
    });
  }

  const placeOf = (connection: ConnectionSettings, onEvent: (event: ImportEvent) => void = () => undefined): ImportPlace => ({
    ...{ connection, dataDir: dataDir(), access, clock, signal: stopping.signal, onEvent, redactor },
  });

  /** Runs in the background; an error becomes the state of the import. */
  function run(id: string, work: () => Promise<BegunImport['state']>): void {
    const doing = work()
      .catch((thrown: unknown): BegunImport['state'] => {
        const { message, remedy = '', kind } = asTributaryError(thrown, 'The import');
        if (kind === 'internal') log.error({ err: thrown }, 'An import failed');
        return { kind: 'refused', message: redactor.redact(message), remedy: redactor.redact(remedy) };
      })
      .then((state) => set(id, state));
    running.add(doing);
    void doing.finally(() => running.delete(doing));
  }

  const requestOf = (id: string, { kind, mapping, consent, country }: ImportOptions) => ({
    ...{ file: pathOf(id), kind, mapping, consent, country, encoding: undefined },
  });

  return {
    requireAble,
    get,
    place() {
      for (const [id, { at }] of begun) if (clock.now() - at > keepMs) begun.delete(id);
      const folder = join(importsFolder(dataDir()), 'received');
      makeLocalFolder(folder);
      // Uploads that the user never confirmed, or that were left by a process that ended.
      for (const name of readdirSync(folder))
        if (clock.now() - statSync(join(folder, name)).mtimeMs > keepMs) rmSync(join(folder, name), { force: true });
      const id = randomUUID();
      return { id, path: pathOf(id) };
    },
    check(id, file, options) {
      begun.set(id, { id, file, options, at: clock.now(), state: { kind: 'checking', rows: 0 } });
      run(id, async () => {
        const onEvent = (event: ImportEvent): void => {
          if (event.type === 'reading') set(id, { kind: 'checking', rows: event.rows });
        };
        const common = { dataDir: dataDir(), clock, signal: stopping.signal, onEvent };
        return { kind: 'checked', checked: await previewImport({ ...requestOf(id, options), ...common }) };
      });
    },
    send(id, by) {
      const { options, file, state } = get(id);
      if (state.kind !== 'checked') throw new TributaryError('This import has been begun already.', { kind: 'config' });
      const connection = requireAble(options.connection);
      set(id, { kind: 'sending', record: undefined, secondsLeft: undefined });
      const onEvent = (event: ImportEvent): void => {
        if (event.type === 'sending') set(id, { kind: 'sending', record: event.record, secondsLeft: event.secondsLeft });
      };
      run(id, async () => {
        const sent = await startImport({
          ...requestOf(id, options),
          ...placeOf(connection, onEvent),
          strict: options.strict,
          by,
          called: file,
        });
        rmSync(pathOf(id), { force: true });
        return { kind: 'sent', ...sent };
      });
    },
    requireWaiting(importId) {
      const { record } = jobToResume(dataDir(), importId);
      requireAble(record.connection);
      return record;
    },
    resume(importId) {
      const job = jobToResume(dataDir(), importId);
      const connection = requireAble(job.record.connection);
      run(importId, async () => ({ kind: 'sending', record: await resumeImport(placeOf(connection), job), secondsLeft: undefined }));
    },
    waiting: () => openJobs(dataDir()).map(({ record }) => record.importId),
    follow(records) {
      if (clock.now() - followedAt < followMs) return;
      followedAt = clock.now();
      const nothing = (): void => undefined;
      const observer = { onRequest: nothing, onThrottled: nothing, onWaited: nothing, onRecovered: nothing, onRetry: nothing };
      const http = createHttpFactory({ clock, random, observer, redactor });
      const open = records.filter(({ state }) => state === 'uploaded' || state === 'processing').slice(0, 20);
      const doing = (async () => {
        for (const record of open) {
          const connection = context.settings().connections.find(({ name }) => name === record.connection);
          if (connection)
            await followImport(placeOf(connection), record, http).catch((error: unknown) =>
              log.debug({ err: error }, 'An import could not be followed'),
            );
        }
      })();
      running.add(doing);
      void doing.finally(() => running.delete(doing));
    },
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

/** Throws `config` for a form that says nothing usable. */
export function optionsOf(fields: Readonly<Record<string, string>>): ImportOptions {
  const kind = (['profiles', 'events'] as const satisfies readonly ImportKind[]).find((known) => known === fields['kind']);
  if (kind === undefined) throw new TributaryError('Say whether the file holds profiles or events.', { kind: 'config' });
  const country = (fields['country'] ?? '').trim().toUpperCase();
  return {
    kind,
    connection: fields['connection'] ?? '',
    mapping: mappingOf(fields),
    consent: fields['consent'] === 'yes',
    strict: fields['strict'] === 'yes',
    country: country === '' ? undefined : country,
  };
}

function mappingOf(fields: Readonly<Record<string, string>>): Mapping {
  const lines = (name: string): string[] =>
    (fields[name] ?? '')
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter(Boolean);
  const pairs = lines('map').join(',');
  return { ...(pairs === '' ? noMapping : parsePairs(pairs)), drop: lines('drop'), dates: lines('dates'), texts: lines('texts') };
}
