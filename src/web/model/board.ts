import type { ConnectionSettings, Settings } from '../../config/settings.ts';
import { tableKey } from '../../core/run.ts';
import { asTributaryError } from '../../core/errors.ts';
import { sleepUntil } from '../../core/clock.ts';
import { shareClients } from '../../kafka/shared-clients.ts';
import type { CommandRecord } from '../../kafka/meta/audit.ts';
import { tableTopic } from '../../kafka/meta/topic-names.ts';
import type { WorkerNotice } from '../../kafka/meta/status-log.ts';
import { longestInterval } from '../../core/cron.ts';
import type { WebContext } from '../context.ts';
import type { ImportRecord } from '../../kafka/meta/imports.ts';
import { createFacts, type Facts } from './facts.ts';
import { connectionView, landingView, type ConnectionView, type LandingView } from './board-rows.ts';
import { watchParts, type PartHealth, type PartsWatch } from './parts.ts';
import { statusOf } from './status.ts';
import { tableRow, type TableLanding, type TableRow } from './table-row.ts';
import { anySignal } from '../../core/signals.ts';

/** Polling intervals (ms): while a page is open, and while none is. */
const busyMs = 1_000;
const idleMs = 10_000;

/** The data of all pages at one point in time. Times are epoch ms. */
export interface BoardSnapshot {
  readonly at: number;
  readonly connections: readonly ConnectionView[];
  readonly landings: readonly LandingView[];
  readonly workers: readonly WorkerNotice[];
  readonly parts: readonly PartHealth[];
  readonly commands: readonly CommandRecord[];
  readonly imports: readonly ImportRecord[];
}

/** Sent to open pages: these connections and tables have changed, or (`''`) all of them. */
export interface BoardChange {
  readonly version: number;
  readonly names: readonly string[];
}

/** Reads the topics once for all pages of this process. */
export interface Board {
  readonly facts: Facts;
  snapshot(): BoardSnapshot;
  version(): number;
  /** Calls back for every change until the returned function is called; meanwhile the topics are polled more often. */
  subscribe(listener: (change: BoardChange) => void): () => void;
  /** Polls now, for example after a command. Never throws: unavailable parts are in the snapshot. */
  refresh(): Promise<void>;
  /** Resolves when the topics have been read once, or could not be read. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

export function createBoard(context: WebContext): Board {
  const { access, clock, log } = context;
  const shared = shareClients(access);
  const facts = createFacts({ ...access, shared });
  const listeners = new Set<(change: BoardChange) => void>();
  const stopping = new AbortController();
  let wake = new AbortController();
  let version = 1;
  let memo: { readonly version: number; readonly at: number; readonly settings: Settings; readonly snapshot: BoardSnapshot } | undefined;
  let kafkaTrouble: string | undefined;
  let polled = false;
  let polling: Promise<void> | undefined;
  let workersSeen = '';
  const intervals = new Map<string, number>();

  function changed(names: Iterable<string>): void {
    version += 1;
    const change = { version, names: [...names] };
    for (const listener of listeners) listener(change);
  }

  const parts: PartsWatch = watchParts(
    context,
    facts,
    () => changed(['']),
    () => listeners.size > 0,
  );

  async function poll(): Promise<void> {
    try {
      const names = new Set(await facts.poll({ signal: stopping.signal, patience: 10_000 }));
      if (kafkaTrouble !== undefined || !polled) names.add('');
      if (kafkaTrouble !== undefined) log.info('The page can read the topics again.');
      kafkaTrouble = undefined;
      polled = true;
      // A worker that died sends no record, so its absence is found by the clock.
      const workers = facts
        .workers(clock.now())
        .map(({ worker }) => worker)
        .join();
      if (workers !== workersSeen) names.add('');
      workersSeen = workers;
      if (names.size > 0) changed(names);
    } catch (thrown) {
      if (stopping.signal.aborted) return;
      const { message } = asTributaryError(thrown, 'Reading the topics');
      if (kafkaTrouble === undefined) log.warn(`The page cannot read the topics: ${message}`);
      if (kafkaTrouble !== message) changed(['']);
      kafkaTrouble = message;
    }
  }
  const refresh = (): Promise<void> => (polling ??= poll().finally(() => (polling = undefined)));

  const ready = refresh();
  const running = (async () => {
    await ready;
    while (!stopping.signal.aborted) {
      await sleepUntil(clock, clock.now() + (listeners.size > 0 ? busyMs : idleMs), anySignal(stopping.signal, wake.signal)).catch(
        () => undefined,
      );
      wake = new AbortController();
      if (!stopping.signal.aborted) await refresh();
    }
  })();

  const intervalOf = (cron: string): number => {
    const known = intervals.get(cron) ?? longestInterval(cron, context.settings().timezone, clock.now());
    intervals.set(cron, known);
    return known;
  };

  function rowsOf(
    connection: ConnectionSettings,
    statuses: ReadonlyMap<string, ReturnType<typeof statusOf>['tables'][number]>,
    now: number,
    settings: Settings,
  ): TableRow[] {
    const seen = parts.landings();
    const unseen =
      seen.some((one) => one.unseen === true && one.connections.includes(connection.name)) ||
      Object.keys(settings.landings).some((name) => !seen.some((one) => one.name === name));
    const sinks = seen.flatMap(({ name, sinks: found, problems, seenAt }) =>
      found
        .filter((sink) => sink.connection === connection.name)
        .map((sink) => ({ name, sink, seenAt, problems: problems.get(sink.connector) ?? [] })),
    );
    return connection.tables.flatMap(({ name: table }) => {
      const status = statuses.get(tableKey({ connection: connection.name, table }));
      if (!status) return [];
      const topic = tableTopic(settings, connection.name, table);
      const landings: TableLanding[] = sinks.flatMap(({ name, sink, seenAt }) =>
        sink.topics.filter((lag) => lag.topic === topic).map((lag) => ({ landing: name, connector: sink.connector, lag, seenAt })),
      );
      const own = sinks.filter(({ sink }) => sink.topics.some((lag) => lag.topic === topic));
      return [tableRow({ connection, status, facts, landings, unseen, sinkProblems: own.flatMap(({ problems }) => problems), now })];
    });
  }

  function build(settings: Settings): BoardSnapshot {
    const now = clock.now();
    const statuses = new Map(statusOf(facts, settings, now).tables.map((status) => [tableKey(status), status]));
    const workers = facts.workers(now);
    return {
      at: now,
      connections: settings.connections.map((connection) =>
        connectionView(connection, rowsOf(connection, statuses, now, settings), workers, intervalOf),
      ),
      landings: parts.landings().map((seen) => landingView(seen, now)),
      workers,
      parts: [
        {
          part: 'kafka',
          name: access.settings.brokers.join(', '),
          ok: kafkaTrouble === undefined,
          ...(kafkaTrouble === undefined ? {} : { trouble: kafkaTrouble }),
        },
        ...parts.health(),
      ],
      commands: facts.commands(),
      imports: facts.imports(),
    };
  }

  return {
    facts,
    ready,
    refresh,
    version: () => version,
    snapshot() {
      const settings = context.settings();
      if (memo?.version === version && memo.settings === settings && clock.now() - memo.at < 2_000) return memo.snapshot;
      memo = { version, at: clock.now(), settings, snapshot: build(settings) };
      return memo.snapshot;
    },
    subscribe(listener) {
      listeners.add(listener);
      if (listeners.size === 1) wake.abort();
      return () => void listeners.delete(listener);
    },
    async stop() {
      stopping.abort();
      await Promise.all([running, parts.stop()]);
      await shared.close();
    },
  };
}
