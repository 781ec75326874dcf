import type { ErrorKind, TributaryError } from './errors.ts';

/** The table an event belongs to. */
export interface TableRef {
  readonly connection: string;
  readonly source: string;
  readonly table: string;
}

/** A table's name for people, and as a map key: `connection.table`. */
export const tableKey = ({ connection, table }: Pick<TableRef, 'connection' | 'table'>): string => `${connection}.${table}`;

/** Kinds of notifications about a table. */
export const NOTICES = ['failed', 'recovered', 'deletes_withheld', 'stale'] as const;
export type NoticeKind = (typeof NOTICES)[number];

export type RunOutcome = 'succeeded' | 'failed' | 'interrupted';

/** Counts of a run, in rows unless the member says otherwise. */
export interface RunTotals {
  fetched: number;
  published: number;
  unchanged: number;
  deleted: number;
  deadLetters: number;
  /** Messages written to the table's topic: upserts, markers and tombstones. */
  messages: number;
  requests: number;
  /** Milliseconds spent waiting for the vendor's rate limit. */
  waitedMs: number;
}

export interface FailureNotice {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly remedy?: string;
  readonly code?: string;
  /** Epoch ms of the next attempt; absent when only the user can help. */
  readonly retryAt?: number;
}

export function failureNotice(error: TributaryError): FailureNotice {
  return {
    kind: error.kind,
    message: error.message,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(error.code === undefined ? {} : { code: error.code }),
    ...(error.retryAt === undefined ? {} : { retryAt: error.retryAt }),
  };
}
