import { randomUUID } from 'node:crypto';
import type { Row, RunMode } from '../core/types.ts';
import type { TableState } from '../kafka/types.ts';
import type { Cycle } from './cycle.ts';
import type { RunTotals } from '../core/run.ts';
import { anySignal } from '../core/signals.ts';

/** What a run of a table is asked to do. */
export interface RunRequest {
  readonly mode: RunMode;
  /** The back-fill that a historical run belongs to; the state holds a separate position for it. */
  readonly backfill?: { readonly id: string; readonly since: number | null } | undefined;
  /** Oldest event time wanted, epoch ms; undefined means all. */
  readonly since: number | undefined;
  /** List everything now, however recent the last complete listing is. */
  readonly rescan: boolean;
  /** Ids of the control requests this run handles, by slot: saved in the state at its end. */
  readonly handles: Readonly<Record<string, string>>;
  readonly cycle: Cycle;
}

/** One attempt at a run: what was asked for, how to end it, and what it has done so far. */
export interface TableRun extends RunRequest {
  readonly id: string;
  readonly startedAt: number;
  readonly totals: RunTotals;
  readonly signal: AbortSignal;
  /** Scans that this attempt has begun. */
  readonly freshScans: Set<string>;
  /** All rows of the scan that this attempt began, kept when another table of the cycle may need them. */
  readonly keptRows: Row[] | undefined;
  /** Awaits the work; when it fails, cancels the reader, which would otherwise go on fetching. */
  orCancel<T>(work: Promise<T>): Promise<T>;
}

/** The state's record of this back-fill; an empty one when the state holds another back-fill or none. */
export function backfillOf(
  { backfill }: TableState,
  { id, since }: NonNullable<RunRequest['backfill']>,
): NonNullable<TableState['backfill']> {
  return backfill?.id === id ? backfill : { id, since, position: undefined, done: false };
}

/** The horizon: the topic holds rows from this event time on, epoch ms; undefined means all. */
export function horizonOf({ since, horizon = since }: TableState): number | undefined {
  return horizon ?? undefined;
}

/** The horizon once this back-fill has begun; null means all. */
export function horizonWith(state: TableState, { since }: NonNullable<RunRequest['backfill']>): number | null {
  const horizon = horizonOf(state);
  return horizon === undefined || since === null ? null : Math.min(horizon, since);
}

export function emptyTotals(): RunTotals {
  return { fetched: 0, published: 0, unchanged: 0, deleted: 0, deadLetters: 0, messages: 0, requests: 0, waitedMs: 0 };
}

export function createTableRun(
  request: RunRequest,
  attempt: {
    readonly id?: string;
    readonly startedAt: number;
    readonly totals: RunTotals;
    readonly signal: AbortSignal;
    readonly keepRows: boolean;
  },
): TableRun {
  const cancel = new AbortController();
  return {
    ...request,
    id: attempt.id ?? randomUUID(),
    startedAt: attempt.startedAt,
    totals: attempt.totals,
    signal: anySignal(attempt.signal, cancel.signal),
    freshScans: new Set(),
    keptRows: attempt.keepRows ? [] : undefined,
    async orCancel(work) {
      try {
        return await work;
      } catch (error) {
        cancel.abort();
        throw error;
      }
    },
  };
}
