import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adopt, changedConnections } from '../config/follow-settings.ts';
import type { ConnectionSettings, Settings } from '../config/settings.ts';
import { asTributaryError, TributaryError } from '../core/errors.ts';
import { onAbort, type Clock } from '../core/clock.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { readControl } from '../kafka/meta/control.ts';
import type { Registry } from '../kafka/registry.ts';
import { createRunLog, type RunRecord } from '../kafka/meta/runs.ts';
import { tableTopicPattern } from '../kafka/meta/topic-names.ts';
import { ownTopicNames, ownTopics } from '../kafka/meta/own-topics.ts';
import { requireRights } from '../kafka/rights.ts';
import { shareClients } from '../kafka/shared-clients.ts';
import { ensureTopics } from '../kafka/topics.ts';
import { dismissDead } from '../kafka/dead-workers.ts';
import { activeWorkers } from '../kafka/worker.ts';
import { createConnection, type Connection } from './connection.ts';
import type { ConnectionEnvironment } from './environment.ts';
import { createConnectionWorker, type ConnectionWorker } from './connection-worker.ts';
import { cleanEvent, type EngineEvent, type EventBus } from './events.ts';
import type { Redactor } from '../core/redact.ts';
import { failureNotice } from '../core/run.ts';
import { keepTrying } from './keep-trying.ts';
import { requireKeptNames } from './moved-tables.ts';
import { createOpeningTurns } from './opening-turns.ts';
import type { OpenTable } from './open-table.ts';
import type { RunSummary } from './execute-run.ts';
import { emptyTotals } from './table-run.ts';
import { shareConnections } from './share-connections.ts';
import { openWorkerRoll } from './worker-roll.ts';
import { verifyTable, type Verification } from './verify.ts';

export interface EngineOptions {
  readonly settings: Settings;
  readonly access: KafkaAccess;
  readonly registry: Registry;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly random: () => number;
  /** Removes secrets from everything that leaves the engine. */
  readonly redactor: Redactor;
  readonly createWriter?: ConnectionEnvironment['createWriter'];
  /** Milliseconds after which the connections of a worker that does not answer go to other workers. */
  readonly sessionTimeout?: number;
}

/** Tables of one connection; all of them when no names are given. */
export interface Selection {
  readonly connection: string;
  readonly tables?: readonly string[];
}

/** The running engine. Every call ends, with positions saved, when its signal fires. */
export interface Engine {
  /** Runs every selected table once and ends. @throws TributaryError `config` while a worker runs. */
  sync(selection: readonly Selection[], signal: AbortSignal): Promise<readonly RunSummary[]>;
  /** Shares the connections with all other workers and keeps its own in sync until the signal fires. @throws as `shareConnections`. */
  run(signal: AbortSignal): Promise<void>;
  /** Applies new, changed and removed connections and names of topics while {@link Engine.run} goes on; other settings need a restart. */
  applySettings(settings: Settings): void;
  close(): Promise<void>;
  /** Lists the table at the vendor and compares it with what the topic holds now; `onListed` receives the row count of every page. */
  verify(
    selection: { readonly connection: string; readonly table: string },
    signal: AbortSignal,
    onListed?: (rows: number) => void,
  ): Promise<Verification>;
}

interface Opened {
  readonly connection: Connection;
  readonly worker: ConnectionWorker;
}

/**
 * Limits in ms on waiting for Kafka or the registry. `sync` and the start of a worker end with an error after them, because
 * their caller can try again. Long enough for brokers that restart one after another.
 */
const patience = { starting: 15_000, opening: 45_000, open: 180_000 } as const;

export function createEngine(options: EngineOptions): Engine {
  const { registry, bus, clock, random, redactor } = options;
  const shared = shareClients(options.access);
  const access = { ...options.access, shared };
  let { settings } = options;
  let announce: ((before: Settings) => void) | undefined;
  const emit = (event: EngineEvent): void => bus.emit(cleanEvent(event, redactor));
  const lent = {
    access,
    registry,
    turns: createOpeningTurns(),
    emit,
    redactor,
    clock,
    random,
    ...(options.createWriter === undefined ? {} : { createWriter: options.createWriter }),
  };
  const runLog = createRunLog(access, (error) => {
    const [first] = settings.connections;
    if (first === undefined) return;
    emit({
      type: 'notice',
      connection: first.name,
      source: first.source.name,
      message: `Runs cannot be written to the run log at the moment: ${error.message} They are written later.`,
    });
  });
  /** The names of a connection's topics that its tables, as far as they were read, are known to have. */
  const keptNames = new Map<string, string>();
  const rollFolder = join(settings.dataDir, 'workers', access.settings.prefix);

  /** Reports tables that could not run as failed runs, so that they appear in the run table. */
  function neverRun(
    { name, source, tables }: ConnectionSettings,
    wanted: readonly string[] | undefined,
    error: TributaryError,
  ): RunSummary[] {
    const at = clock.now();
    return tables
      .filter((table) => wanted?.includes(table.name) ?? true)
      .map((table) => ({
        ref: { connection: name, source: source.name, table: table.name },
        runId: randomUUID(),
        mode: 'periodic',
        outcome: 'failed',
        totals: emptyTotals(),
        startedAt: at,
        endedAt: at,
        error,
      }));
  }

  /** The access with the names of topics of the settings now; a connection keeps those it was opened with. */
  function namedNow(): typeof access {
    const { topics: _, ...kafka } = access.settings;
    return { ...access, settings: { ...kafka, ...(settings.topics === undefined ? {} : { topics: settings.topics }) } };
  }

  async function requireNames(connections: readonly ConnectionSettings[]): Promise<void> {
    const naming = settings;
    await requireKeptNames(access, naming, connections);
    for (const { name } of connections) keptNames.set(name, tableTopicPattern(naming, name));
  }

  function settingsOf(name: string): ConnectionSettings {
    const found = settings.connections.find((one) => one.name === name);
    if (found) return found;
    throw new TributaryError(`No connection is called ${name}.`, {
      kind: 'config',
      remedy: `The settings define: ${settings.connections.map((one) => one.name).join(', ')}.`,
    });
  }

  async function open(
    name: string,
    lifetime: AbortSignal,
    onFatal: (error: TributaryError) => void,
    waits?: ConnectionEnvironment['patience'],
  ): Promise<Opened> {
    const of = settingsOf(name);
    const { dataDir, timezone } = settings;
    const indexDir = join(dataDir, 'index', access.settings.prefix);
    const named = namedNow();
    // Names that came with a change of the settings.
    if (keptNames.get(name) !== tableTopicPattern(settings, name)) await requireNames([of]);
    const connection = createConnection(
      of,
      { ...lent, access: named, indexDir, ...(waits === undefined ? {} : { patience: waits }) },
      lifetime,
    );
    try {
      await connection.session(lifetime);
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw error;
    }
    const worker = createConnectionWorker({
      settings: of,
      timezone,
      connection,
      emit,
      clock,
      onFatal,
      onRunEnded: (summary) => runLog.append(redactor.redactAll(runRecord(summary))),
    });
    return { connection, worker };
  }

  /** Retries the work that must be done before any connection can be opened, because Kafka may be away just then. */
  async function retryAtStart<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return keepTrying(work, {
      clock,
      random,
      patience: patience.starting,
      signal,
      what: 'Starting',
      onRetry(error, retryAt) {
        for (const ref of refs(settings))
          emit({ type: 'connection-failed', failure: { ...failureNotice(error), retryAt }, connection: ref.name, source: ref.source });
      },
    });
  }

  /** Applies pauses, back-fills and allowed deletes that were requested while no worker was running. */
  async function applyControl(
    worker: ConnectionWorker,
    ref: { readonly connection: string; readonly source: string },
    signal: AbortSignal,
  ): Promise<void> {
    const name = ref.connection;
    const { records } = await keepTrying(() => readControl(access), {
      clock,
      random,
      patience: patience.opening,
      signal,
      what: name,
      onRetry: (error, retryAt) => emit({ type: 'connection-failed', failure: { ...failureNotice(error), retryAt }, ...ref }),
    });
    for (const record of records) if (record.connection === name) worker.apply(record);
  }

  async function close({ connection, worker }: Opened): Promise<void> {
    await worker.stop();
    await connection.close();
  }

  return {
    async sync(selection, signal) {
      const rights = { topics: ownTopicNames(access.settings.prefix), connections: [] };
      const busy = await retryAtStart(async () => {
        await requireRights(access, rights);
        await requireNames(settings.connections);
        const roll = await openWorkerRoll(rollFolder);
        await dismissDead(access, roll);
        await roll.close();
        return (await activeWorkers(access)).length;
      }, signal);
      if (busy > 0) {
        throw new TributaryError(
          `${busy === 1 ? 'A worker is' : `${busy} workers are`} already running with the prefix ${access.settings.prefix}; a second writer would take over its tables.`,
          {
            kind: 'config',
            remedy: 'Ask the running one instead: tributary trigger <connection>[.<table>]',
          },
        );
      }
      // One connection that cannot be opened does not end the runs of the others.
      const outcomes = await Promise.allSettled(
        selection.map(async ({ connection: name, tables }) => {
          const opened = await open(name, signal, () => undefined, patience);
          const stop = (): void => void opened.worker.stop();
          const forget = onAbort(signal, stop);
          try {
            await applyControl(opened.worker, { connection: name, source: settingsOf(name).source.name }, signal);
            if (signal.aborted) stop();
            return await opened.worker.once(tables ?? [...opened.connection.tables.keys()]);
          } finally {
            forget();
            await close(opened);
          }
        }),
      );
      const opened = outcomes.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      const failures = outcomes.flatMap((one, at) =>
        one.status === 'rejected' ? [{ of: selection[at] as Selection, reason: one.reason as unknown }] : [],
      );
      if (failures.length > 0 && (failures.length === outcomes.length || signal.aborted)) throw failures[0]?.reason;
      return [
        ...opened,
        ...failures.flatMap(({ of, reason }) =>
          neverRun(settingsOf(of.connection), of.tables, asTributaryError(reason, `Opening ${of.connection}`)),
        ),
      ];
    },

    async run(signal) {
      try {
        await retryAtStart(async () => {
          await requireRights(access, { topics: ownTopicNames(access.settings.prefix), connections: [] });
          await ensureTopics(access, ownTopics(access.settings));
          await requireNames(settings.connections);
        }, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      const roll = await openWorkerRoll(rollFolder);
      await shareConnections(
        {
          access,
          connections: refs(settings),
          onSettings(take) {
            announce = (before) => take(refs(settings), changedConnections(before, settings));
            return () => (announce = undefined);
          },
          emit,
          clock,
          random,
          roll,
          ...(options.sessionTimeout === undefined ? {} : { sessionTimeout: options.sessionTimeout }),
          async start(name, lifetime, onFatal, wanted) {
            const opened = await open(name, lifetime, onFatal);
            wanted.forEach(opened.worker.apply);
            opened.worker.start();
            return { apply: opened.worker.apply, close: () => close(opened) };
          },
        },
        signal,
      ).finally(() => roll.close());
    },

    applySettings(next) {
      const before = settings;
      settings = adopt(settings, next);
      announce?.(before);
    },

    async verify({ connection: name, table }, signal, onListed) {
      const all = settingsOf(name);
      const of = { ...all, tables: all.tables.filter((one) => one.name === table) };
      if (of.tables.length === 0) {
        throw new TributaryError(`${name} has no table ${table}.`, {
          kind: 'config',
          remedy: `Its tables are: ${all.tables.map((one) => one.name).join(', ')}.`,
        });
      }
      const dir = await mkdtemp(join(tmpdir(), 'tributary-verify-'));
      const patiently = <T>(work: () => Promise<T>): Promise<T> =>
        keepTrying(work, {
          ...{ clock, random, signal, patience: patience.opening, what: 'The verification' },
          onRetry: () => undefined,
        });
      // Of the connection's other tables, only rows at the vendor may be needed; no other topic is read.
      const open = async (): Promise<{ connection: Connection; found: OpenTable }> => {
        const connection = createConnection(of, { ...lent, indexDir: dir }, signal);
        try {
          await connection.inspect();
          const found = connection.tables.get(table);
          if (!found || found.refusal !== undefined)
            throw found?.refusal ?? new TributaryError(`${name}.${table} could not be opened.`, { kind: 'internal' });
          return { connection, found };
        } catch (error) {
          await connection.close();
          throw error;
        }
      };
      try {
        // A leader that has just moved, or a broker that starts again, is soon there.
        const { connection, found } = await patiently(open);
        try {
          // Listing may have taken hours: Kafka is waited for as at the start.
          const follow = (): Promise<void> => patiently(() => connection.follow());
          return await verifyTable({ ...connection, follow }, found, join(dir, 'vendor'), clock, signal, onListed);
        } finally {
          await connection.close();
        }
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },

    async close() {
      await runLog.close();
      await shared.close();
    },
  };
}

const refs = ({ connections }: Settings) =>
  connections.map(({ name, source, tables }) => ({ name, source: source.name, tables: tables.map((table) => table.name) }));

function runRecord({ ref, error, withheld: _, ...run }: RunSummary): RunRecord {
  return { v: 1, ...ref, ...run, ...(error && run.outcome === 'failed' ? { failure: failureNotice(error) } : {}) };
}
