/** A JSON value as parsed losslessly: integers beyond 2^53 arrive as `bigint`. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [field: string]: Json;
}

/** One row in the vendor's own shape. */
export type Row = JsonObject;

/**
 * How far a table has been read: whatever the table's reader needs to go on, as plain JSON (no bigint,
 * no dates). Always carries `v`, so that a later release can read or refuse it.
 */
export interface Position {
  readonly v: number;
  readonly [field: string]: Json;
}

/**
 * The page belongs to a scan: a listing of everything that exists. Rows and `seen` of all pages with the
 * same id prove that their keys still exist. The scan is over with the page that carries `end`, and
 * only a reader that has proof of a complete listing may send it.
 */
export interface ScanMark {
  readonly id: string;
  readonly end?: {
    /** Number of distinct rows the vendor announced, where it does. */
    readonly total?: number;
    /**
     * Scopes (values of the table's `scope` columns) whose listing could not be read: their rows are
     * neither seen nor vanished.
     */
    readonly unread?: readonly JsonObject[];
  };
}

/** One answer of the vendor. Committed as a whole or not at all. */
export interface Page {
  readonly rows: readonly Row[];
  /** Rows that only prove that their key still exists; needs the key's fields only. */
  readonly seen?: readonly Row[];
  /** Where reading goes on once this page is committed. */
  readonly position: Position;
  /** Everything the vendor had changed before this instant (epoch ms) has been read with this page. */
  readonly readTo?: number;
  /** Estimated share of the run that is done, 0..1, only where it can be known. */
  readonly progress?: number;
  readonly scan?: ScanMark;
  /** Problems the user should see that do not stop the run, e.g. an object that could not be read. */
  readonly warnings?: readonly string[];
}

/** What asked for this run: the schedule or a user, or a back-fill of history. */
export type RunMode = 'periodic' | 'historical';

/** What a reader may ask the engine. `Api` is the source's own client. */
export interface ReadContext<Api = unknown> {
  readonly api: Api;
  readonly mode: RunMode;
  /** Last committed position of this table; undefined on the first run and after a reset. */
  readonly position: Position | undefined;
  /** Oldest event time wanted (epoch ms); undefined means all. From `history` or `start_date`. */
  readonly since: number | undefined;
  /** Oldest event time (epoch ms) of which the topic is to hold rows, back-fills included; undefined means all. */
  readonly horizon?: number | undefined;
  /** Epoch ms at which this run began; no position may pass it. */
  readonly runStart: number;
  readonly signal: AbortSignal;
  now(): number;
  /** A new id for a scan. */
  newScan(): string;
  /** Whether everything seen so far in that scan is still known, so that it may be continued. */
  scanIntact(id: string): boolean;
  /**
   * All rows of another table of the same connection in the vendor's shape, read at most once per
   * cycle however many children ask. Throws when the parent could not be read completely.
   */
  parents(table: string): Promise<readonly Row[]>;
  /** Keys (column name to value) the topic holds now for rows whose `scope` columns have these values. */
  liveKeys(table: string, scope: JsonObject): AsyncIterable<JsonObject>;
  /** Work other tables have handed to this one (see `VanishedVerdict.rereads`); handed again until `taken`. */
  readonly outbox: readonly JsonObject[];
  /** Tells the engine that handed work is done with the page yielded next. */
  complete(work: readonly JsonObject[]): void;
  /** A fresh listing is wanted now, however recent the last one is: someone allowed withheld deletes. */
  readonly rescan?: boolean;
  /** Nothing is to be listed whole: only what has changed since the position is wanted. */
  readonly changesOnly?: boolean;
  /** Counts something worth a metric, e.g. `rows_out_of_order`. */
  count(what: string, by?: number): void;
}

/** Reads a table from its position to its end, page by page. Ends only when nothing is left to read. */
export type Reader<Api = never> = (ctx: ReadContext<Api>) => AsyncGenerator<Page, void, void>;
