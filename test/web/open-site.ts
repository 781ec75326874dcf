import { Writable } from 'node:stream';
import type { Clock } from '../../src/core/clock.ts';
import { tableKey } from '../../src/core/run.ts';
import { parseSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/settings.ts';
import type { CommandRecord } from '../../src/kafka/meta/audit.ts';
import type { RunRecord } from '../../src/kafka/meta/runs.ts';
import type { WorkerNotice } from '../../src/kafka/meta/status-log.ts';
import type { TableState } from '../../src/kafka/types.ts';
import { createLog } from '../../src/observability/log.ts';
import { createRedactor } from '../../src/core/redact.ts';
import type { DisplayState as ShownState, TableStatus } from '../../src/observability/status-view.ts';
import { createWebApp } from '../../src/web/app.tsx';
import type { WebContext } from '../../src/web/context.ts';
import { connectionView } from '../../src/web/model/board-rows.ts';
import type { Board, BoardChange } from '../../src/web/model/board.ts';
import type { Facts } from '../../src/web/model/facts.ts';
import type { ImportRecord } from '../../src/kafka/meta/imports.ts';
import { statusOf } from '../../src/web/model/status.ts';
import { tableRow } from '../../src/web/model/table-row.ts';
import { startServer } from '../../src/web/server.ts';
import { sources } from '../../producers/index.ts';

export const NOW = Date.UTC(2026, 5, 10, 12);

/** What the topics are made to tell. Tables are named `<connection>.<table>`. */
export interface Told {
  readonly states?: Readonly<Record<string, Partial<TableState>>>;
  readonly runs?: Readonly<Record<string, readonly RunRecord[]>>;
  readonly live?: Readonly<Record<string, ShownState>>;
  readonly commands?: readonly CommandRecord[];
  readonly imports?: readonly ImportRecord[];
  readonly paused?: readonly string[];
}

export function runRecord(table: string, more: Partial<RunRecord> = {}): RunRecord {
  const [connection = '', name = ''] = table.split('.');
  return {
    v: 1,
    runId: 'r1',
    connection,
    source: connection,
    table: name,
    mode: 'periodic',
    outcome: 'succeeded',
    startedAt: NOW - 120_000,
    endedAt: NOW - 60_000,
    totals: { fetched: 100, published: 80, unchanged: 20, deleted: 0, deadLetters: 0, messages: 80, requests: 2, waitedMs: 0 },
    ...more,
  };
}

export function fakeSettings(
  yaml = 'connections: { klaviyo: { settings: { api_key: pk_secret_of_a_test } } }',
  onSecret: (secret: string) => void = () => undefined,
): Settings {
  return parseSettings(yaml, 'tributary.yaml', { sources, variables: {}, readFile: () => '', onSecret });
}

export function fakeFacts({ states = {}, runs = {}, live = {}, commands = [], imports = [], paused = [] }: Told): Facts {
  const worker: WorkerNotice = {
    v: 1,
    worker: 'w1',
    host: 'host-1',
    pid: 7,
    version: '0',
    startedAt: NOW - 3_600_000,
    at: NOW,
    assigned: [...new Set(Object.keys(live).map((table) => table.split('.')[0] ?? ''))],
  };
  return {
    poll: async () => new Set(),
    state: (table) =>
      states[table] === undefined
        ? undefined
        : ({
            v: 1,
            position: undefined,
            keySchemaId: 1,
            valueSchemaId: 2,
            partitions: 1,
            since: null,
            rowsPublished: 0,
            runId: 'r1',
            updatedAt: NOW,
            ...states[table],
          } as TableState),
    runs: (table) => runs[table] ?? [],
    deadLetters: () => ({ count: 0, lastAt: 0 }),
    paused: (connection, table) => paused.includes(tableKey({ connection, table })),
    backfill: () => undefined,
    live(connection, table) {
      const state = live[tableKey({ connection, table })];
      if (state === undefined) return undefined;
      const status: TableStatus = { connection, source: connection, table, state, runs: {}, deadLetters: 0, timeline: [] };
      return { v: 1, worker: 'w1', connection, table, status };
    },
    workers: () => (worker.assigned.length === 0 ? [] : [worker]),
    commands: () => commands,
    imports: () => imports,
    landingErrors: () => [],
  };
}

/** The read models over what the topics are made to tell; `tell` plays a change. */
export function fakeBoard(settings: Settings, told: Told): Board & { tell(change: BoardChange): void; listeners(): number } {
  const facts = fakeFacts(told);
  const listeners = new Set<(change: BoardChange) => void>();
  return {
    facts,
    ready: Promise.resolve(),
    version: () => 1,
    refresh: async () => undefined,
    stop: async () => undefined,
    listeners: () => listeners.size,
    tell: (change) => listeners.forEach((listener) => listener(change)),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    snapshot() {
      const statuses = statusOf(facts, settings, NOW).tables;
      return {
        at: NOW,
        landings: [],
        workers: facts.workers(NOW),
        parts: [{ part: 'kafka', name: 'k', ok: true }],
        commands: facts.commands(),
        imports: facts.imports(),
        connections: settings.connections.map((connection) =>
          connectionView(
            connection,
            statuses
              .filter((status) => status.connection === connection.name)
              .map((status) => tableRow({ connection, status, facts, landings: [], unseen: false, sinkProblems: [], now: NOW })),
            facts.workers(NOW),
            () => 3_600_000,
          ),
        ),
      };
    },
  };
}

/**
 * The page on a real socket, over what the topics are made to tell; nothing behind it is reached.
 *
 * @param options `settingsFile`: where the settings stand, for what changes them. `ready`: when the topics have been read once. `clock`: otherwise time stands still.
 */
export async function openSite(
  options: {
    readonly yaml?: string;
    readonly told?: Told;
    readonly host?: string;
    readonly settingsFile?: string;
    readonly ready?: Promise<void>;
    readonly clock?: Clock;
  } = {},
) {
  const redactor = createRedactor();
  const settings = fakeSettings(options.yaml, (secret) => redactor.add(secret));
  const board = { ...fakeBoard(settings, options.told ?? {}), ...(options.ready === undefined ? {} : { ready: options.ready }) };
  const logged: string[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      logged.push(String(chunk));
      done();
    },
  });
  const context = {
    settings: () => settings,
    settingsFile: options.settingsFile,
    sources,
    variables: {},
    redactor,
    version: '0.0.0',
    random: Math.random,
    clock: options.clock ?? { now: () => NOW, timer: () => () => undefined },
    // Nobody listens there: whatever reaches Kafka fails and is seen to.
    access: {
      settings: {
        brokers: ['127.0.0.1:1'],
        clientId: 't',
        prefix: settings.prefix,
        replicationFactor: 1,
        minInSyncReplicas: 1,
        registry: { url: 'http://127.0.0.1:1' },
        compression: 'gzip',
      },
    },
    registry: { versionsOf: async () => [1, 2], schemaById: async () => '{"type":"record"}' },
    log: createLog({ format: 'json', level: 'debug', stream, redactor, colours: false }),
    localWarehouse: false,
    landings: () => [],
    checkLanding: async () => [],
    applyLanding: async () => [],
    reloadSettings: async () => undefined,
  } as unknown as WebContext;
  const app = createWebApp(context, settings, () => board);
  const server = await startServer({ host: '127.0.0.1', port: 0, allowedHosts: settings.web.allowed_hosts, page: app });
  const close = async (): Promise<void> => {
    await app.stop();
    await server.close();
  };
  return { url: server.url, board, app, logged, settings, close };
}
