import type { KafkaAccess } from '../../kafka/client.ts';
import { tableKey } from '../../core/run.ts';
import { commandRecord, type CommandRecord } from '../../kafka/meta/audit.ts';
import { controlRecord, type ControlRecord, type ControlSlot, type ControlValues } from '../../kafka/meta/control.ts';
import { importRecord, type ImportRecord } from '../../kafka/meta/imports.ts';
import { followTopics } from '../../kafka/follow.ts';
import { parseObject } from '../../core/json/text.ts';
import type { ReadMessage, ReadOptions } from '../../kafka/reader.ts';
import { readLastRuns, runRecord, type RunRecord } from '../../kafka/meta/runs.ts';
import { landingError, type LandingError } from '../../landing/errors-log.ts';
import { isLive, silentMs, statusNotice, type TableNotice, type WorkerNotice } from '../../kafka/meta/status-log.ts';
import { topicNames } from '../../kafka/meta/topic-names.ts';
import type { TableState } from '../../kafka/types.ts';

const runsPerTable = 60;
const commandsKept = 300;
const landingErrorsKept = 300;

/** The contents of the meta topics, kept up to date by polling. Tables are named `<connection>.<table>`. */
export interface Facts {
  /** Reads new records. Returns the tables and connections that have changed; `''` for a change that concerns all pages. */
  poll(options?: ReadOptions): Promise<ReadonlySet<string>>;
  state(table: string): TableState | undefined;
  /** Oldest first. */
  runs(table: string): readonly RunRecord[];
  /** Number of the table's dead letters, and the time of the last one. */
  deadLetters(table: string): { readonly count: number; readonly lastAt: number };
  /** Whether a user has paused the table. */
  paused(connection: string, table: string): boolean;
  /** The last requested back-fill. */
  backfill(connection: string, table: string): { readonly id: string; readonly at: number; readonly since: number | null } | undefined;
  /** What the connection's worker reports about the table; undefined while no worker has it. */
  live(connection: string, table: string, now: number): TableNotice | undefined;
  workers(now: number): readonly WorkerNotice[];
  /** Newest first. */
  commands(): readonly CommandRecord[];
  /** Newest first. */
  imports(): readonly ImportRecord[];
  /** What workers have recorded about a landing's sinks, newest first. */
  landingErrors(landing: string): readonly LandingError[];
}

/** `newestRuns`: number of records of `_runs` to read at first. */
export function createFacts(access: KafkaAccess, newestRuns = 20_000): Facts {
  const names = topicNames(access.settings.prefix);
  const states = new Map<string, TableState>();
  const controls = new Map<string, ControlRecord>();
  const runs = new Map<string, RunRecord[]>();
  const letters = new Map<string, { count: number; lastAt: number }>();
  const workers = new Map<string, WorkerNotice>();
  const notices = new Map<string, TableNotice>();
  let commands: CommandRecord[] = [];
  const imports = new Map<string, ImportRecord>();
  let landingErrors: LandingError[] = [];
  let changed = new Set<string>();
  let complete = false;

  const readers: Readonly<Record<string, (message: ReadMessage) => void>> = {
    [names.state]({ key, value }) {
      const { connection, table, slot } = parseObject(key) ?? {};
      if (typeof connection !== 'string' || typeof table !== 'string' || slot !== 'state') return;
      const fields = parseObject(value);
      const name = tableKey({ connection, table });
      if (fields?.['v'] === 1) states.set(name, fields as unknown as TableState);
      else states.delete(name);
      changed.add(name);
    },
    [names.control]({ key, value }) {
      const record = controlRecord(key, value);
      if (record === undefined || key === null) return;
      // Deleted first, so that the map is ordered by the last write.
      controls.delete(key.toString());
      if (record.value !== null) controls.set(key.toString(), record);
      changed.add(record.table === null ? record.connection : tableKey({ connection: record.connection, table: record.table }));
    },
    [names.runs]({ value }) {
      const fields = parseObject(value);
      const run = runRecord(fields);
      if (run) {
        const of = runs.get(tableKey(run)) ?? [];
        runs.set(tableKey(run), of);
        of.push(run);
        if (of.length > runsPerTable) of.shift();
        changed.add(tableKey(run));
        return;
      }
      const command = commandRecord(fields);
      if (command) commands = [command, ...commands].slice(0, commandsKept);
      changed.add('');
    },
    [names.imports]({ value }) {
      const record = importRecord(value);
      if (record === undefined) return;
      imports.set(record.importId, record);
      changed.add('');
    },
    [names.landingErrors]({ value }) {
      const error = landingError(value);
      if (error === undefined) return;
      landingErrors = [error, ...landingErrors].slice(0, landingErrorsKept);
      changed.add('');
    },
    [names.deadLetters]({ key, timestamp }) {
      const { connection, table } = parseObject(key) ?? {};
      if (typeof connection !== 'string' || typeof table !== 'string') return;
      const name = tableKey({ connection, table });
      letters.set(name, { count: (letters.get(name)?.count ?? 0) + 1, lastAt: timestamp });
      changed.add(name);
    },
    [names.status]({ key, value }) {
      const notice = statusNotice(key, value);
      if (notice === undefined) return;
      if ('gone' in notice) {
        workers.delete(notice.gone);
        changed.add('');
      } else if ('table' in notice) {
        notices.set(tableKey(notice), notice);
        changed.add(tableKey(notice));
      } else {
        const before = workers.get(notice.worker);
        workers.set(notice.worker, notice);
        if (before === undefined || before.assigned.join() !== notice.assigned.join() || before.settingsProblem !== notice.settingsProblem)
          changed.add('');
      }
    },
  };
  const forget: Readonly<Record<string, () => void>> = {
    [names.state]: () => states.clear(),
    [names.control]: () => controls.clear(),
    [names.runs]: () => runs.clear(),
    [names.imports]: () => imports.clear(),
    [names.landingErrors]: () => void (landingErrors = []),
    [names.deadLetters]: () => letters.clear(),
    [names.status]: () => notices.clear(),
  };
  const follow = (...topics: { topic: string; newest?: number }[]) =>
    followTopics(
      access,
      topics,
      (message) => readers[message.topic]?.(message),
      (topic) => forget[topic]?.(),
    );
  // Read without waiting for open transactions, so that a writer's open transaction does not delay the workers' status.
  const prompt = follow(
    { topic: names.status },
    { topic: names.control },
    { topic: names.runs, newest: newestRuns },
    { topic: names.imports },
    { topic: names.landingErrors, newest: landingErrorsKept },
  );
  const transactional = follow({ topic: names.state }, { topic: names.deadLetters });

  return {
    async poll(options) {
      changed = new Set();
      await Promise.all([prompt.poll(options), transactional.poll(options)]);
      await completeRuns();
      return changed;
    },
    state: (table) => states.get(table),
    runs: (table) => runs.get(table) ?? [],
    deadLetters: (table) => letters.get(table) ?? { count: 0, lastAt: 0 },
    paused(connection, table) {
      // Of the requests for the table and for its connection, the latest counts.
      const wanted = latest('paused', connection, table);
      return wanted !== undefined && wanted.paused;
    },
    backfill: (connection, table) => latest('backfill', connection, table),
    live(connection, table, now) {
      const notice = notices.get(tableKey({ connection, table }));
      return notice !== undefined && isLive(notice, workers.get(notice.worker), now) ? notice : undefined;
    },
    workers: (now) => [...workers.values()].filter(({ at }) => now - at < silentMs),
    commands: () => commands,
    imports: () => [...imports.values()].sort((a, b) => b.at - a.at),
    landingErrors: (landing) => landingErrors.filter((error) => error.landing === landing),
  };

  /** The last runs of tables that rarely run are older than the newest records, so all records are read once. */
  async function completeRuns(): Promise<void> {
    if (complete) return;
    const unknown = [...states].filter(([name, { updatedAt }]) => !runs.has(name) && updatedAt > 0).map(([name]) => name);
    const tables = unknown.map((name) => ({ connection: name.slice(0, name.indexOf('.')), table: name.slice(name.indexOf('.') + 1) }));
    for (const run of await readLastRuns(access, tables))
      if (unknown.includes(tableKey(run))) runs.set(tableKey(run), [run, ...(runs.get(tableKey(run)) ?? [])]);
    complete = true;
  }

  function latest<S extends ControlSlot>(slot: S, connection: string, table: string): ControlValues[S] | undefined {
    let found: ControlValues[S] | undefined;
    for (const record of controls.values()) {
      if (record.slot === slot && record.connection === connection && (record.table ?? table) === table && record.value !== null)
        found = record.value as ControlValues[S];
    }
    return found;
  }
}
