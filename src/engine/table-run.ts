import { randomUUID } from 'node:crypto';
import type { Row, RunMode } from '../core/types.ts';
import type { TableState } from '../kafka/types.ts';
import type { Cycle } from './cycle.ts';
import type { RunTotals } from '../core/run.ts';

/** What is asked of a table. */
export interface RunRequest {
  readonly mode: RunMode;
  /** The back-fill a historical run is for; it has a position of its own in the state. */
  readonly backfill?: { readonly id: string; readonly since: number | null } | undefined;
  /** Oldest event time wanted, epoch ms; undefined means all. */
  readonly since: number | undefined;
  /** List everything now, however recent the last listing is. */
  readonly rescan: boolean;
  /** Control requests this run handles, by slot: remembered in the state once it has. */
  readonly handles: Readonly<Record<string, string>>;
  readonly cycle: Cycle;
}

/** One attempt at a run of one table: what was asked for, how to end it, and what it has done so far. */
export interface TableRun extends RunRequest {
  readonly id: string;
  readonly startedAt: number;
  readonly totals: RunTotals;
  readonly signal: AbortSignal;
  /** Scans this very attempt has begun. */
  readonly freshScans: Set<string>;
  /** All rows of the scan this attempt began, where another table of the cycle may want them. */
  readonly keptRows: Row[] | undefined;
  /** Ends the reading side when handling a page failed, so that nothing waits for a fetch in vain. */
  orCancel<T>(work: Promise<T>): Promise<T>;
}

/** What the state knows of this back-fill; nothing read yet when it knows of another one or of none. */
export function backfillOf(
  { backfill }: TableState,
  { id, since }: NonNullable<RunRequest['backfill']>,
): NonNullable<TableState['backfill']> {
  return backfill?.id === id ? backfill : { id, since, position: undefined, done: false };
}

/** Oldest event time of which the topic holds rows, epoch ms; undefined means all. */
export function horizonOf({ since, horizon = since }: TableState): number | undefined {
  return horizon ?? undefined;
}

/** That once this back-fill has begun; null means all. */
export function horizonWith(state: TableState, { since }: NonNullable<RunRequest['backfill']>): number | null {
  const reach = horizonOf(state);
  return reach === undefined || since === null ? null : Math.min(reach, since);
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
    signal: AbortSignal.any([attempt.signal, cancel.signal]),
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
