import type { RowPrint } from '../core/known-row.ts';
import type { ScanCustody } from './scan-log.ts';

/** What the index was built from; an index with another identity is rebuilt. */
export interface LiveIndexIdentity {
  readonly topic: string;
  readonly topicId?: string;
  readonly valueSchemaId: number;
}

/** One key of the topic with its current row; null when the key is deleted. */
export interface IndexEntry {
  readonly keyHash: Buffer;
  readonly row: {
    readonly rowHash: Buffer;
    readonly scopeHash: Buffer;
    /** Avro bytes of the key, without the registry's header. */
    readonly keyBody: Buffer;
    readonly print?: RowPrint | undefined;
  } | null;
  /** True when the index is known not to hold the key, which saves the look-up. */
  readonly fresh?: boolean;
}

/** The print of a row that the topic holds already. */
export interface PrintedRow {
  readonly keyHash: Buffer;
  readonly rowHash: Buffer;
  readonly print: RowPrint;
}

/** A live row as the index returns it. */
export interface IndexedRow {
  readonly keyHash: Buffer;
  readonly rowHash: Buffer;
  readonly scopeHash: Buffer;
  readonly keyBody: Buffer;
}

/**
 * What one topic holds now: key hash to row hash, kept on disk. It is a cache. A killed process leaves the state after some
 * call, with the offsets that it covers; a store that is missing, damaged or built for another topic or schema is replaced
 * by an empty one, and {@link LiveIndex.rebuildReason} says why. Every call is durable when it returns, except `apply`
 * and `applyInTurns` while no scan is open: their rows may stay in memory until `flush` or the next call that changes or
 * lists anything.
 *
 * Every method throws a `transient` TributaryError with code `index_broken` when the
 * store is found damaged; the store is then discarded at the next opening.
 */
export interface LiveIndex {
  /** Why this index started empty or was cleared; undefined when it continues an earlier process's index. */
  rebuildReason(): string | undefined;
  /** Whether the store was found damaged; then it can only be closed. */
  isBroken(): boolean;
  /**
   * Clears the index when it was built in another topic epoch, or when it was last up to date more than `within` ms ago
   * (or in the future): compaction may since have removed tombstones that the index has never read.
   */
  trust(topicEpoch: string, within: number): void;
  /** Row hash of a live row. */
  get(keyHash: Buffer): Buffer | undefined;
  /** Whether the row is live and was stored with this print. */
  holds(keyHash: Buffer, print: RowPrint): boolean;
  /** Whether the row is live and was stored with a print of the same `shapedBy`. */
  wasShapedBy(keyHash: Buffer, shapedBy: Buffer): boolean;
  /** Another object after each change of any row. */
  state(): object;
  /** Offset after the last message this index includes, per partition. */
  coveredOffsets(): ReadonlyMap<number, bigint>;
  /**
   * Applies messages of the topic. While a scan is open, their keys count as seen in it. `upToDate`: the index now includes
   * everything the topic holds; false while more is still to be read. Default true.
   */
  apply(entries: Iterable<IndexEntry>, covered: ReadonlyMap<number, bigint>, upToDate?: boolean): void;
  /**
   * The same for any number of entries, in several transactions between which the event loop is free. The offsets come with
   * the last one: a process that is killed before leaves rows that are newer than its offsets say, and reads them again.
   */
  applyInTurns(entries: readonly IndexEntry[], covered: ReadonlyMap<number, bigint>): Promise<void>;
  /** Stores the prints of those rows that are live with that row hash. Nothing else about them changes: no scan sees them by it. */
  learn(rows: readonly PrintedRow[]): Promise<void>;
  /** Writes the changes that wait in memory to disk. */
  flush(): void;
  /** The same in several transactions, between which the event loop is free; given up when the index is cleared or closed meanwhile. */
  flushInTurns(): Promise<void>;
  /**
   * Marks these rows as seen by the open scan; call it before the position after them is committed. Keys that are not
   * live are ignored. Does nothing while no scan is open.
   */
  markSeen(keyHashes: Iterable<Buffer>): void;
  /**
   * Assigns the index to this session of the connection's writer. `committed` is the open scan that `_state` records: the
   * index's own open scan is dropped unless it holds the same scan up to the same page.
   */
  openSession(session: string, committed: ({ readonly id: string } & Partial<ScanCustody>) | undefined): void;
  /**
   * Begins a scan; the open one is dropped unless it has the same id.
   * @param whole whether this is the scan's first page: a scan that is not recorded from its first page on proves nothing.
   */
  beginScan(id: string, whole?: boolean): void;
  /** Whether this store has recorded the scan from its beginning and the scan is still open. */
  scanIntact(id: string): boolean;
  /** Which session has recorded the open scan, and up to which page; committed with the position after that page. */
  custody(): ScanCustody | undefined;
  /** A live row that the open scan has seen; undefined when there is none. */
  oneSeenInScan(): IndexedRow | undefined;
  /** Number of distinct live rows that the open scan has seen so far. */
  seenInScan(): number;
  /** Completes the open scan. Rows of unread scopes count neither as seen nor as missing. */
  endScan(unreadScopes?: readonly Buffer[]): void;
  /**
   * Rows that were missing in the last `absentScans` complete scans, the open one counted as complete; without the rows of
   * `exceptScopes`. Rows may be deleted while iterating.
   */
  vanished(absentScans: number, exceptScopes?: readonly Buffer[]): Iterable<IndexedRow>;
  /** The same, and the event loop is free again and again: all rows of the table are looked at. */
  vanishedInTurns(absentScans: number, exceptScopes?: readonly Buffer[]): AsyncIterable<IndexedRow>;
  /** Live rows of a scope (zeros: all rows). Rows may be deleted while iterating. */
  keysInScope(scopeHash: Buffer): Iterable<IndexedRow>;
  /** One row of every scope that has a live row. Rows may be deleted while iterating. */
  scopes(): Iterable<IndexedRow>;
  /** Whether the scope has a live row. */
  holdsScope(scopeHash: Buffer): boolean;
  /** How often {@link LiveIndex.noteOrphan} was called for the scope; kept when the index is rebuilt in the same topic epoch. */
  orphanChecks(scopeHash: Buffer): number;
  /** Records that the vendor was asked about the parent of this scope's rows and that the resulting tasks are committed. */
  noteOrphan(scopeHash: Buffer): void;
  /** All live rows. Rows may be deleted while iterating. */
  entries(): Iterable<IndexedRow>;
  /** Number of live rows. */
  size(): number;
  /** Removes everything, scans included; `why` is the new {@link LiveIndex.rebuildReason}. */
  clear(why: string): void;
  close(): Promise<void>;
}
