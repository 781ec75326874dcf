import type { RunMode } from '../core/types.ts';
import type { Stage } from '../engine/events.ts';
import { tableKey, type FailureNotice, type RunOutcome, type RunTotals, type TableRef } from '../core/run.ts';
import type { Withheld } from '../kafka/types.ts';

/** One run of a table, in progress or ended. Times are epoch ms. */
export interface TimelineRun {
  readonly runId: string;
  readonly mode: RunMode;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: RunOutcome;
  readonly totals?: RunTotals;
  readonly failure?: FailureNotice;
}

/** The run in progress. */
export interface RunningTable extends TimelineRun {
  readonly rows: number;
  readonly progress?: number;
  readonly readTo?: number;
  /** Number of rows read at some points of the last seconds, to compute the speed. */
  readonly samples: readonly { readonly at: number; readonly rows: number }[];
  /** Requests wait for the rate limit until `until`; `pacing` when our own count and not the vendor says so; `since`: when this was last reported. */
  readonly rateLimited?: { readonly until: number; readonly since: number; readonly pacing?: true };
  readonly trouble?: FailureNotice & { readonly stage: Stage };
}

export interface Notice {
  readonly at: number;
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
  readonly code?: string;
  readonly remedy?: string;
}

/** Everything known about one table; its displayed state is derived from this. */
export interface TableModel extends TableRef {
  readonly run?: RunningTable;
  /** The last run that ended. */
  readonly lastRun?: TimelineRun;
  readonly lastRuns: Readonly<Partial<Record<RunMode, TimelineRun>>>;
  readonly lastSuccessAt?: number;
  /** The topic has everything that the vendor had up to this time. */
  readonly readTo?: number;
  readonly nextRunAt?: number;
  /** Why the last run failed, or why the connection cannot be opened; kept until a run starts. */
  readonly failure?: FailureNotice;
  /** Why the last run failed that was not interrupted; kept until one succeeds. An interrupted run ends no failure. */
  readonly lastFailure?: FailureNotice;
  readonly paused: boolean;
  readonly disabled?: string;
  readonly withheld?: Withheld;
  /** Why the settings exclude it, and which setting would include it. */
  readonly off?: string;
  readonly deadLetters: number;
  /** Oldest first, at most {@link timelineLength}. */
  readonly timeline: readonly Notice[];
}

export interface StatusModel {
  readonly tables: Readonly<Record<string, TableModel>>;
  /** Connections assigned to this process. */
  readonly assigned: readonly string[];
}

export const timelineLength = 30;

/** What is known about a table without a running worker: from `_state`, `_runs` and `_control`. */
export interface KnownFacts {
  readonly lastRuns?: readonly TimelineRun[];
  readonly lastSuccessAt?: number;
  readonly readTo?: number;
  readonly nextRunAt?: number;
  readonly paused?: boolean;
  readonly disabled?: string;
  readonly off?: string;
  readonly withheld?: TableModel['withheld'];
  readonly deadLetters?: number;
}

/** A model of tables about which nothing is known yet. */
export function emptyStatus(tables: readonly TableRef[]): StatusModel {
  return { tables: Object.fromEntries(tables.map((ref) => [tableKey(ref), emptyTable(ref)])), assigned: [] };
}

export function emptyTable({ connection, source, table }: TableRef): TableModel {
  return { connection, source, table, lastRuns: {}, paused: false, deadLetters: 0, timeline: [] };
}

/** The model with the facts from the topics added. */
export function seedStatus(model: StatusModel, ref: TableRef, facts: KnownFacts): StatusModel {
  const { lastRuns: runs = [], disabled, ...plain } = facts;
  const ended = [...runs].filter((run) => run.endedAt !== undefined).sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  const last = ended.at(-1);
  const completed = lastCompleted(ended);
  const failed = completed?.outcome === 'failed' ? completed.failure : undefined;
  const table: TableModel = {
    ...(model.tables[tableKey(ref)] ?? emptyTable(ref)),
    ...Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)),
    ...(disabled === undefined ? {} : { disabled }),
    ...(last ? { lastRun: last, lastRuns: Object.fromEntries(ended.map((run) => [run.mode, run])) } : {}),
    ...(failed === undefined ? {} : { failure: last === completed ? failed : withoutRetry(failed), lastFailure: failed }),
  };
  return { ...model, tables: { ...model.tables, [tableKey(ref)]: table } };
}

/** The model with the tables of other settings added, and what those turn off. */
export function withTables(model: StatusModel, known: StatusModel): StatusModel {
  const tables = Object.entries(known.tables).map(([key, fresh]) => {
    const { off: _, ...learned } = model.tables[key] ?? fresh;
    return [key, { ...learned, ...(fresh.off === undefined ? {} : { off: fresh.off }) }] as const;
  });
  return { ...model, tables: { ...model.tables, ...Object.fromEntries(tables) } };
}

/** The model with these tables alone, in this order. */
export function onlyTables(model: StatusModel, keys: readonly string[]): StatusModel {
  const tables = keys.flatMap((key) => (model.tables[key] === undefined ? [] : [[key, model.tables[key]] as const]));
  return { ...model, tables: Object.fromEntries(tables) };
}

/** Of runs, oldest first, the last that was not interrupted: only such a run tells whether the table can be read. */
export function lastCompleted<T extends Pick<TimelineRun, 'outcome'>>(runs: readonly T[]): T | undefined {
  return runs.findLast(({ outcome }) => outcome !== 'interrupted');
}

/** A failure from before an interrupted run: the retry it announced was that run. */
export function withoutRetry({ retryAt: _, ...failure }: FailureNotice): FailureNotice {
  return failure;
}
