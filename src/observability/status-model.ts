import type { RunMode } from '../core/types.ts';
import type { Stage } from '../engine/events.ts';
import type { FailureNotice, RunOutcome, RunTotals, TableRef } from '../core/run.ts';
import type { Withheld } from '../kafka/types.ts';

/** One pass over a table, under way or over. Times are epoch ms. */
export interface TimelineRun {
  readonly runId: string;
  readonly mode: RunMode;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: RunOutcome;
  readonly totals?: RunTotals;
  readonly failure?: FailureNotice;
}

/** The run under way. */
export interface RunningTable extends TimelineRun {
  readonly rows: number;
  readonly progress?: number;
  readonly readTo?: number;
  /** Rows read by some moments of the last seconds, for the speed. */
  readonly samples: readonly { readonly at: number; readonly rows: number }[];
  /** The quota is closed until then, by our own count where `pacing`; `since`: when that was last told. */
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

/** What is known of one table; the state shown is derived from it. */
export interface TableModel extends TableRef {
  readonly run?: RunningTable;
  /** The last run that ended. */
  readonly lastRun?: TimelineRun;
  readonly lastRuns: Readonly<Partial<Record<RunMode, TimelineRun>>>;
  readonly lastSuccessAt?: number;
  /** Everything the vendor had before this instant is in the topic. */
  readonly readTo?: number;
  readonly nextRunAt?: number;
  /** Why the last run failed, until a new one starts. */
  readonly failure?: FailureNotice;
  readonly paused: boolean;
  readonly disabled?: string;
  readonly withheld?: Withheld;
  /** Why the settings leave it out, and what would turn it on. */
  readonly off?: string;
  readonly deadLetters: number;
  /** Newest last, the last {@link timelineLength}. */
  readonly timeline: readonly Notice[];
}

export interface StatusModel {
  readonly tables: Readonly<Record<string, TableModel>>;
  /** Connections this process is to read now. */
  readonly assigned: readonly string[];
}

export const timelineLength = 30;

export function tableKey(ref: { readonly connection: string; readonly table: string }): string {
  return `${ref.connection}.${ref.table}`;
}

/** What can be known of a table without a running worker: from `_state`, `_runs` and `_control`. */
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

/** A model of tables nothing is known about yet. */
export function emptyStatus(tables: readonly TableRef[]): StatusModel {
  return { tables: Object.fromEntries(tables.map((ref) => [tableKey(ref), emptyTable(ref)])), assigned: [] };
}

export function emptyTable({ connection, source, table }: TableRef): TableModel {
  return { connection, source, table, lastRuns: {}, paused: false, deadLetters: 0, timeline: [] };
}

/** The model with what is known from the topics put in. */
export function seedStatus(model: StatusModel, ref: TableRef, facts: KnownFacts): StatusModel {
  const { lastRuns: runs = [], disabled, ...plain } = facts;
  const ended = [...runs].filter((run) => run.endedAt !== undefined).sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  const last = ended.at(-1);
  const table: TableModel = {
    ...(model.tables[tableKey(ref)] ?? emptyTable(ref)),
    ...Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)),
    ...(disabled === undefined ? {} : { disabled }),
    ...(last ? { lastRun: last, lastRuns: Object.fromEntries(ended.map((run) => [run.mode, run])) } : {}),
    ...(last?.outcome === 'failed' && last.failure ? { failure: last.failure } : {}),
  };
  return { ...model, tables: { ...model.tables, [tableKey(ref)]: table } };
}
