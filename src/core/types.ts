import type { KnownRows } from './known-row.ts';

/** A losslessly parsed JSON value: integers beyond 2^53 are `bigint`. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [field: string]: Json;
}

/** One row as the vendor sends it. */
export type Row = JsonObject;

/**
 * How far a table has been read: whatever its reader needs to continue, as plain JSON (no bigint, no dates). `v` is its
 * version, so that a later release can read or refuse it.
 */
export interface Position {
  readonly v: number;
  readonly [field: string]: Json;
}

/**
 * Marks a page of a scan: a listing of everything that exists. Rows and `seen` of all pages with the same id prove that
 * their keys still exist. The page with `end` completes the scan, and a reader may send it only with proof that the
 * listing is complete.
 */
export interface ScanMark {
  readonly id: string;
  readonly end?: {
    /** Number of distinct rows that the vendor announced, where it announces one. */
    readonly total?: number;
    /**
     * Scopes (values of the table's `scope` columns) whose listing could not be read: their rows count neither as seen nor as
     * vanished.
     */
    readonly unread?: readonly JsonObject[];
  };
}

/** One answer of the vendor. It is committed as a whole or not at all. */
export interface Page {
  readonly rows: readonly Row[];
  /** Rows that only prove that their key still exists; they need the key's fields only. */
  readonly seen?: readonly Row[];
  /** Where reading continues once this page is committed. */
  readonly position: Position;
  /** With this page, everything that the vendor had changed before this time (epoch ms) has been read. */
  readonly readTo?: number;
  /** Estimated share of the run that is done, 0 to 1; only where it can be known. */
  readonly progress?: number;
  readonly scan?: ScanMark;
  /** Problems that the user should see but that do not stop the run, for example an object that could not be read. */
  readonly warnings?: readonly string[];
}

/** `periodic`: by schedule or at a user's request. `historical`: a back-fill. */
export type RunMode = 'periodic' | 'historical';

/** What the engine offers to a reader. `Api` is the source's own client. */
export interface ReadContext<Api = unknown> {
  readonly api: Api;
  readonly mode: RunMode;
  /** Last committed position of this table; undefined on the first run and after a reset. */
  readonly position: Position | undefined;
  /** Oldest event time to read (epoch ms), from `history` or `start_date`; undefined means all. */
  readonly since: number | undefined;
  /** Oldest event time (epoch ms) of the rows that the topic is to hold, back-fills included; undefined means all. */
  readonly horizon?: number | undefined;
  /** Epoch ms at which this run began; no position may be later. */
  readonly runStart: number;
  readonly signal: AbortSignal;
  now(): number;
  /** Returns a new id for a scan. */
  newScan(): string;
  /** Whether the live index still has the record of that scan, so that it may be continued. */
  scanIntact(id: string): boolean;
  /**
   * All rows of another table of the connection as the vendor sends them, read at most once per cycle however many child
   * tables need them. Throws when they could not be read completely.
   */
  parents(table: string): Promise<readonly Row[]>;
  /** Keys (column name to value) of the rows in the topic whose `scope` columns have these values. */
  liveKeys(table: string, scope: JsonObject): AsyncIterable<JsonObject>;
  /** Outbox tasks from other tables (see `VanishedVerdict.rereads`); offered again in each run until completed. */
  readonly outbox: readonly JsonObject[];
  /** Declares that these outbox tasks are done with the page yielded next. */
  complete(work: readonly JsonObject[]): void;
  /** A new listing is required now, however recent the last one is: a user has allowed withheld deletes. */
  readonly rescan?: boolean;
  /** Read only what has changed since the position; no complete listing is needed. */
  readonly changesOnly?: boolean;
  /** For readers that know the text of a row; undefined where every row must be parsed. */
  readonly known?: KnownRows | undefined;
  /** Adds to a metric, for example `rows_out_of_order`. */
  count(what: string, by?: number): void;
}

/** Reads a table from its position to its end, page by page. Ends only when nothing is left to read. */
export type Reader<Api = never> = (ctx: ReadContext<Api>) => AsyncGenerator<Page, void, void>;
