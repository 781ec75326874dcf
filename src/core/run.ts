import type { ErrorKind, TributaryError } from './errors.ts';

/** The table an event speaks of. */
export interface TableRef {
  readonly connection: string;
  readonly source: string;
  readonly table: string;
}

/** What somebody may be told of a table. */
export const NOTICES = ['failed', 'recovered', 'deletes_withheld', 'stale'] as const;
export type NoticeKind = (typeof NOTICES)[number];

export type RunOutcome = 'succeeded' | 'failed' | 'interrupted';

/** What a run did, in rows unless said otherwise. */
export interface RunTotals {
  fetched: number;
  published: number;
  unchanged: number;
  deleted: number;
  deadLetters: number;
  /** Messages written to the table's topic: upserts, markers and tombstones. */
  messages: number;
  requests: number;
  /** Time spent waiting for the vendor's quota. */
  waitedMs: number;
}

export interface FailureNotice {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly remedy?: string;
  readonly code?: string;
  /** Epoch ms of the next try; absent when only the user can help. */
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
