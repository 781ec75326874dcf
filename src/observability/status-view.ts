import type { RunMode } from '../core/types.ts';
import type { EventBus } from '../engine/events.ts';
import type { FailureNotice, TableRef } from '../core/run.ts';
import {
  emptyStatus,
  onlyTables,
  withTables,
  type Notice,
  type TimelineRun,
  type RunningTable,
  type StatusModel,
  type TableModel,
} from './status-model.ts';
import { reduceStatus } from './status-reduce.ts';

/** The displayed state of a table. Times are epoch ms. */
export type DisplayState =
  | { readonly kind: 'not_synced'; readonly nextRunAt?: number }
  | { readonly kind: 'scheduled'; readonly nextRunAt?: number }
  | {
      readonly kind: 'in_progress';
      readonly mode: RunMode;
      readonly startedAt: number;
      readonly rows: number;
      readonly rowsPerSecond: number;
      readonly percent?: number;
      /** We delay requests ourselves, to stay below the vendor's limit. */
      readonly pacing?: true;
    }
  | { readonly kind: 'rate_limited'; readonly until: number; readonly rows: number; readonly percent?: number }
  | { readonly kind: 'error'; readonly message: string; readonly nextTryAt?: number; readonly code?: string; readonly remedy?: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly remedy?: string; readonly code?: string }
  | { readonly kind: 'paused' }
  /** `off`: excluded by the settings; otherwise the vendor refuses this table only. */
  | { readonly kind: 'disabled'; readonly reason: string; readonly off?: true };

/** A table in one warehouse. */
export interface TableWarehouse {
  readonly landing: string;
  /** Age (ms) of the time up to which the warehouse has everything the vendor had; absent while it is not known. */
  readonly freshnessMs?: number;
  /** Newest `_synced_at` in the table, epoch ms; only where the warehouse can be queried. */
  readonly newestRowAt?: number;
}

export interface TableStatus extends TableRef {
  /** The worker that has the table, where known. */
  readonly worker?: string;
  readonly state: DisplayState;
  /** Age (ms) of the time up to which the topic has everything. */
  readonly freshnessMs?: number;
  /** One entry per landing of the table; absent without landings, and where they were not looked at. */
  readonly warehouses?: readonly TableWarehouse[];
  readonly readTo?: number;
  readonly lastSuccessAt?: number;
  readonly nextRunAt?: number;
  readonly lastRun?: TimelineRun;
  readonly runs: Readonly<Partial<Record<RunMode, TimelineRun>>>;
  readonly withheld?: TableModel['withheld'];
  readonly deadLetters: number;
  readonly timeline: readonly Notice[];
}

/** The status as plain JSON. */
export interface StatusSnapshot {
  readonly v: 1;
  readonly at: number;
  readonly assigned: readonly string[];
  readonly tables: readonly TableStatus[];
  /** Why a worker does not use its settings file as it is now, or not all of it. */
  readonly settingsProblem?: string;
}

export function stateOf(table: TableModel, now: number): DisplayState {
  if (table.off !== undefined) return { kind: 'disabled', reason: table.off, off: true };
  if (table.disabled !== undefined) return { kind: 'disabled', reason: table.disabled };
  if (table.paused) return { kind: 'paused' };
  const { run, failure } = table;
  if (run) return runningState(run, now);
  if (failure) return failureState(failure);
  const next = table.nextRunAt === undefined ? {} : { nextRunAt: table.nextRunAt };
  return { kind: table.lastSuccessAt === undefined ? 'not_synced' : 'scheduled', ...next };
}

function runningState(run: RunningTable, now: number): DisplayState {
  const percent = run.progress === undefined ? {} : { percent: Math.min(99, Math.floor(run.progress * 100)) };
  if (run.trouble) return troubleState(run.trouble);
  const limited = run.rateLimited !== undefined && run.rateLimited.until > now ? run.rateLimited : undefined;
  if (limited && !limited.pacing) {
    return { kind: 'rate_limited', until: limited.until, rows: run.rows, ...percent };
  }
  return {
    kind: 'in_progress',
    mode: run.mode,
    startedAt: run.startedAt,
    rows: run.rows,
    rowsPerSecond: speed(run, now),
    ...percent,
    ...(limited ? { pacing: true } : {}),
  };
}

/** A run with an error retries, even when no time for the retry is known. */
function troubleState(failure: FailureNotice): DisplayState {
  return {
    kind: 'error',
    message: failure.message,
    ...(failure.retryAt === undefined ? {} : { nextTryAt: failure.retryAt }),
    ...advice(failure),
  };
}

function failureState(failure: FailureNotice): DisplayState {
  return failure.retryAt === undefined ? { kind: 'failed', reason: failure.message, ...advice(failure) } : troubleState(failure);
}

function advice({ code, remedy }: FailureNotice): { code?: string; remedy?: string } {
  return { ...(code === undefined ? {} : { code }), ...(remedy === undefined ? {} : { remedy }) };
}

function speed(run: RunningTable, now: number): number {
  const [first] = run.samples;
  if (!first || now <= first.at) return 0;
  return Math.round(((run.rows - first.rows) * 1000) / (now - first.at));
}

export function snapshotOf(model: StatusModel, now: number): StatusSnapshot {
  return {
    v: 1,
    at: now,
    assigned: model.assigned,
    tables: Object.values(model.tables).map((table) => tableStatus(table, now)),
  };
}

function tableStatus(table: TableModel, now: number): TableStatus {
  const { connection, source, table: name, readTo, lastSuccessAt, nextRunAt, lastRun, withheld } = table;
  return {
    connection,
    source,
    table: name,
    state: stateOf(table, now),
    runs: table.lastRuns,
    deadLetters: table.deadLetters,
    timeline: table.timeline,
    ...(readTo === undefined ? {} : { readTo, freshnessMs: Math.max(0, now - readTo) }),
    ...(lastSuccessAt === undefined ? {} : { lastSuccessAt }),
    ...(nextRunAt === undefined ? {} : { nextRunAt }),
    ...(lastRun === undefined ? {} : { lastRun }),
    ...(withheld === undefined ? {} : { withheld }),
  };
}

/** The status of a running engine. */
export interface LiveStatus {
  snapshot(): StatusSnapshot;
  /** Another number once something has happened. Until then a snapshot differs only by what follows from the clock. */
  revision(): number;
  /** Takes up changed settings, whose tables `known` has: from now on those are shown, with what was learned of them, and no others. */
  list(known: StatusModel): void;
  stop(): void;
}

/** Follows the bus, starting from `initial`. */
export function followStatus(bus: EventBus, initial: readonly TableRef[] | StatusModel, now: () => number): LiveStatus {
  let model = 'tables' in initial ? initial : emptyStatus(initial);
  let listed: readonly string[] | undefined;
  let revision = 0;
  const stop = bus.on((event) => {
    model = reduceStatus(model, event, now());
    revision += 1;
  });
  return {
    // A table that is listed no more still ends its run, and may be listed again.
    snapshot: () => snapshotOf(listed === undefined ? model : onlyTables(model, listed), now()),
    revision: () => revision,
    list(known) {
      model = withTables(model, known);
      listed = Object.keys(known.tables);
      revision += 1;
    },
    stop,
  };
}
