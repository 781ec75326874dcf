import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { onAbort } from '../core/clock.ts';
import { TributaryError } from '../core/errors.ts';
import { createHttpFactory } from '../sdk/http/client.ts';
import type { Row } from '../core/types.ts';
import { ownTopicNames } from '../kafka/meta/own-topics.ts';
import { requireRights } from '../kafka/rights.ts';
import { goneTopic } from '../kafka/topic-rules.ts';
import { lookAtTopics, type TopicFacts } from '../kafka/topics.ts';
import { readStates } from '../kafka/meta/state.ts';
import type { Writer } from '../kafka/types.ts';
import { createWriter } from '../kafka/writer.ts';
import type { ConnectionSettings } from '../config/settings.ts';
import { catchUp } from './catch-up.ts';
import type { ConnectionEnvironment } from './environment.ts';
import { failureNotice, tableKey } from '../core/run.ts';
import { keepTrying } from './keep-trying.ts';
import { observeRequests } from './observe-requests.ts';
import { lockIndexFolder, type IndexFolder } from './index-folder.ts';
import { lookAgain, applyFacts, openIndexes, prepareTables, replaceBrokenIndexes, tableTopics } from './table-opener.ts';
import type { ConnectionServices, OpenTable } from './open-table.ts';
import { readParentRows } from './parent-rows.ts';
import { anySignal } from '../core/signals.ts';

/** For this long (ms) one look at the topics' configuration serves all tables of the connection. */
const lookEveryMs = 2_000;

/** The time between two losses of the writer. */
export interface Session {
  /** Random id of the session; the indexes record which session wrote an entry. */
  readonly id: string;
  /** Aborted when the writer is lost: nothing that runs in this session can be committed any more. */
  readonly signal: AbortSignal;
  /** The writer has thrown or an index is damaged; nothing can be written before the connection has recovered. */
  readonly lost: boolean;
  lose(): void;
  /** Registers an attempt, so that recovery can wait for it to end. */
  attempt<T>(work: Promise<T>): Promise<T>;
}

/** One open connection: its API client, its fenced writer, and its tables with their indexes caught up. */
export interface Connection {
  readonly name: string;
  readonly tables: ReadonlyMap<string, OpenTable>;
  readonly api: unknown;
  readonly services: ConnectionServices;
  /** Milliseconds after which a run gives up when the writer is lost again and again without a commit in between; undefined: never. */
  readonly patience: number | undefined;
  /** The current session; opens the connection's Kafka side first if it is not open yet. */
  session(signal: AbortSignal): Promise<Session>;
  /**
   * Replaces a lost session: waits for its attempts to end, fences the old writer, reads the state and catches the
   * indexes up. Retries until Kafka is back.
   *
   * @throws TributaryError `fenced` or `config` when a retry cannot help, `stopped` on the signal.
   */
  recover(session: Session, signal: AbortSignal): Promise<void>;
  /** Why the topic of a table must no longer be written to, by the cluster's current configuration; undefined when it may be. */
  topicFault(table: OpenTable): Promise<TributaryError | undefined>;
  /** Brings tables and indexes up to the topics without opening a writer, so no other instance is fenced. */
  inspect(): Promise<void>;
  /** Applies to the inspected indexes what the topics have received since. */
  follow(): Promise<void>;
  /** All rows of a table of the source as the vendor sends them, whether or not the table is selected. */
  readRows(table: string, signal: AbortSignal): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** `lifetime` ends everything the connection does, background work included. */
export function createConnection(settings: ConnectionSettings, env: ConnectionEnvironment, lifetime: AbortSignal): Connection {
  const { name, source } = settings;
  const where = { connection: name, source: source.name };
  const http = createHttpFactory({
    clock: env.clock,
    random: env.random,
    observer: observeRequests(where, env.emit, env.clock.now),
    redactor: env.redactor,
  });
  const api = source.connect(settings.settings, { http, now: env.clock.now });
  const definitions = new Map(source.tables(settings.settings).map((definition) => [definition.name, definition]));

  const rawWriter = (env.createWriter ?? createWriter)({
    access: env.access,
    connection: name,
    onTransaction: (done) => env.emit({ type: 'transaction', ...done, ...where }),
  });
  const writer: Writer = {
    ...rawWriter,
    async write(batch) {
      try {
        // A vendor's error can quote our request and with it the key, so everything but the rows' own values is redacted.
        return await rawWriter.write({
          ...batch,
          deadLetters: env.redactor.redactAll(batch.deadLetters),
          state: env.redactor.redactAll(batch.state),
        });
      } catch (error) {
        if (error instanceof TributaryError && error.kind === 'fenced') fatal = error;
        current?.lose();
        throw error;
      }
    },
  };

  const tables = new Map<string, OpenTable>();
  const services: ConnectionServices = { api, writer, tables, emit: env.emit, now: env.clock.now };
  let current: ReturnType<typeof createSession> | undefined;
  let opening: Promise<void> | undefined;
  /** The error for which opening is being retried at the moment. */
  let openingError: TributaryError | undefined;
  let folder: IndexFolder | undefined;
  /** Once fenced, this instance must not open a writer again: it would fence the other one. */
  let fatal: TributaryError | undefined;
  const closing = new AbortController();
  const ended = anySignal(lifetime, closing.signal);
  // Everything except the writer stops on `closing`; the writer may still commit the batches it holds.
  const opens: ConnectionEnvironment = {
    ...env,
    access: { ...env.access, signal: anySignal(ended, env.access.signal) },
  };

  function stopIfEnded(): void {
    if (ended.aborted) throw new TributaryError(`${name} was stopped while it was being opened.`, { kind: 'stopped' });
  }

  /** Brings the connection to the point where every table may be written, whatever was interrupted before. */
  async function refresh(): Promise<void> {
    const prepared = await env.turns.fencing(async () => {
      stopIfEnded();
      await requireRights(opens.access, { topics: topicsUsed(), connections: [name] });
      stopIfEnded();
      const made = tables.size === 0 ? await prepareTables(settings, opens, services) : [];
      if (tables.size > 0) await lookAgain(settings, opens, tables);
      stopIfEnded();
      await writer.reopen();
      return made;
    });
    stopIfEnded();
    const next = createSession();
    await env.turns.reading(async () => {
      stopIfEnded();
      // Only after the fencing: from here on the previous owner can commit nothing, so its index no longer changes.
      folder ??= await lockFolder();
      if (tables.size === 0) await openIndexes(folder.path, prepared, env, tables);
      else await replaceBrokenIndexes(folder.path, env, tables);
      const states = await readStates(opens.access, name);
      await catchUp(opens, where, tables, states, ended);
    });
    for (const { index, state } of tables.values()) index.openSession(next.id, state.scan);
    for (const {
      ref,
      state: { lastSuccessAt, readTo, withheld },
    } of tables.values()) {
      env.emit({
        type: 'table-known',
        ...ref,
        ...(lastSuccessAt === undefined ? {} : { lastSuccessAt }),
        ...(readTo === undefined ? {} : { readTo }),
        ...(withheld === undefined ? {} : { withheld }),
      });
    }
    current = next;
  }

  function topicsUsed(): string[] {
    return [...ownTopicNames(env.access.settings.prefix), ...tableTopics(settings, env.access).map((topic) => topic.name)];
  }

  /** Shared between tables, because the tables of one cycle end within moments of each other. */
  let looking: { readonly at: number; readonly done: Promise<ReadonlyMap<string, TopicFacts>> } | undefined;
  function lookedAt(): Promise<ReadonlyMap<string, TopicFacts>> {
    const at = performance.now();
    if (looking === undefined || at - looking.at > lookEveryMs)
      looking = { at, done: lookAtTopics(opens.access, tableTopics(settings, env.access)) };
    return looking.done;
  }

  async function lockFolder(): Promise<IndexFolder> {
    const locked = await lockIndexFolder(
      env.indexDir,
      name,
      settings.tables.map((table) => table.name),
    );
    if (locked.heldBy !== undefined) {
      env.emit({
        type: 'notice',
        ...where,
        message: `The index folder of ${name} is in use by process ${locked.heldBy}, so this process uses its own, ${locked.path}, built from the topics. It is removed once the usual folder is free again.`,
      });
    }
    return locked;
  }

  async function refreshWithRetry(): Promise<void> {
    const work = async (): Promise<void> => {
      if (fatal) throw fatal;
      await refresh();
    };
    await keepTrying(work, {
      ...env,
      patience: current === undefined ? env.patience?.opening : env.patience?.open,
      signal: ended,
      what: name,
      onRetry(error, retryAt) {
        openingError = error;
        const failure = { ...failureNotice(error), retryAt };
        for (const { ref } of tables.values()) env.emit({ type: 'run-retrying', stage: 'kafka', failure, ...ref });
        if (tables.size === 0) env.emit({ type: 'connection-failed', failure, ...where });
      },
    });
    if (openingError !== undefined) for (const { ref } of tables.values()) env.emit({ type: 'run-recovered', ...ref });
    openingError = undefined;
  }

  /** Concurrent callers share one opening. */
  function opened(signal: AbortSignal): Promise<void> {
    opening ??= refreshWithRetry().finally(() => {
      opening = undefined;
    });
    opening.catch(() => undefined);
    return orAborted(opening, signal, () =>
      openingError === undefined
        ? `${name} was stopped while it was being opened.`
        : `${name} was stopped while it waited: ${openingError.message}`,
    );
  }

  async function readRows(table: string, signal: AbortSignal): Promise<readonly Row[]> {
    const definition = definitions.get(table);
    if (!definition) throw new TributaryError(`${source.name} has no table ${table}.`, { kind: 'internal' });
    return readParentRows(definition, services, signal, (parent) => readRows(parent, signal));
  }

  return {
    name,
    tables,
    api,
    services,
    patience: env.patience?.open,
    async session(signal) {
      for (;;) {
        if (fatal) throw fatal;
        if (current && !current.lost) return current;
        await opened(signal);
      }
    },
    async recover(session, signal) {
      if (session !== current) return;
      await current.end();
      await opened(signal);
    },
    async topicFault(table) {
      try {
        let facts = (await lookedAt()).get(table.topic);
        if (facts === undefined) {
          // A broker may not know a new topic yet, so the topics are looked at once more.
          await delay(lookEveryMs, undefined, { signal: ended }).catch(() => undefined);
          looking = undefined;
          facts = (await lookedAt()).get(table.topic);
        }
        if (facts !== undefined && facts.refusal === undefined) applyFacts(table, facts);
        // A missing topic was deleted. A run without changes writes nothing, so it would not notice that by itself.
        return facts === undefined ? goneTopic(table.topic, tableKey(table.ref), table.state) : facts.refusal;
      } catch (error) {
        // Kafka cannot be asked at the moment: that says nothing against the topic.
        if (error instanceof TributaryError && error.kind !== 'config') return undefined;
        throw error;
      }
    },
    async inspect() {
      await openIndexes(env.indexDir, await prepareTables(settings, opens, services), env, tables);
      await catchUp(opens, where, tables, await readStates(opens.access, name), ended);
    },
    async follow() {
      await catchUp(opens, where, tables, await readStates(opens.access, name), ended);
    },
    readRows,
    async close() {
      closing.abort();
      // Wait for a running opening: what it opens after this point would never be closed.
      await opening?.catch(() => undefined);
      await writer.close();
      for (const table of tables.values()) await table.index.close();
      await folder?.release();
    },
  };
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal, why: () => string): Promise<T> {
  let forget: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new TributaryError(why(), { kind: 'stopped' }));
    forget = onAbort(signal, stop);
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget();
  }
}

function createSession() {
  const lost = new AbortController();
  const attempts = new Set<Promise<unknown>>();
  return {
    id: randomUUID(),
    signal: lost.signal,
    get lost() {
      return lost.signal.aborted;
    },
    lose: () => lost.abort(),
    async attempt<T>(work: Promise<T>): Promise<T> {
      attempts.add(work);
      try {
        return await work;
      } finally {
        attempts.delete(work);
      }
    },
    async end() {
      lost.abort();
      await Promise.allSettled(attempts);
    },
  };
}
