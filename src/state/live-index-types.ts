import type { ScanCustody } from './scan-log.ts';

/** What the index must have been built from; anything else and it is built anew. */
export interface LiveIndexIdentity {
  readonly topic: string;
  readonly topicId?: string;
  readonly valueSchemaId: number;
}

/** One key of the topic and what it holds now; null when it holds the key no longer. */
export interface IndexEntry {
  readonly keyHash: Buffer;
  readonly row: {
    readonly rowHash: Buffer;
    readonly scopeHash: Buffer;
    /** Avro bytes of the key, without the registry's header. */
    readonly keyBody: Buffer;
  } | null;
  /** The index is known not to hold the key, so it need not look. */
  readonly fresh?: boolean;
}

/** A live row as the index lists it. */
export interface IndexedRow {
  readonly keyHash: Buffer;
  readonly rowHash: Buffer;
  readonly scopeHash: Buffer;
  readonly keyBody: Buffer;
}

/**
 * What one topic holds now: key hash to row hash, kept on disk. A cache: every call is durable when it returns, a
 * killed process leaves the state before or after a call, and a store that is missing, foreign or damaged is
 * replaced by an empty one, with {@link LiveIndex.rebuildReason} saying why.
 *
 * Every method but `close` is synchronous, and throws a `transient` TributaryError with code `index_broken` when the
 * store turns out to be damaged; it is then discarded at the next opening.
 */
export interface LiveIndex {
  /** Why this index started empty or was emptied; undefined when it was taken over from an earlier process. */
  rebuildReason(): string | undefined;
  /** Whether the store has turned out to be damaged: it can only be closed. */
  isBroken(): boolean;
  /**
   * Forgets everything when it was built in another life of the topic, or was last up to date more than `within` ms
   * ago (or in the future): compaction may then have removed tombstones that it has never read.
   */
  trust(topicEpoch: string, within: number): void;
  /** Row hash of a live row. */
  get(keyHash: Buffer): Buffer | undefined;
  /** Offset after the last message this index knows, per partition. */
  coveredOffsets(): ReadonlyMap<number, bigint>;
  /**
   * Takes over what the topic has got. While a scan is open they count as seen in it. `upToDate`: the index now knows
   * all that the topic holds; false while there is more to be read. Default true.
   */
  apply(entries: Iterable<IndexEntry>, covered: ReadonlyMap<number, bigint>, upToDate?: boolean): void;
  /**
   * The open scan has seen these rows; must be called before the position after them is committed. Keys that are
   * not live are passed over. Does nothing while no scan is open.
   */
  markSeen(keyHashes: Iterable<Buffer>): void;
  /**
   * The index now belongs to this session of the connection's writer. `committed` is what `_state` knows of a scan
   * under way: the open scan is given up unless its pages are recorded here as far as they were committed.
   */
  openSession(session: string, committed: ({ readonly id: string } & Partial<ScanCustody>) | undefined): void;
  /**
   * Begins a scan; the open one is given up unless it has this very id.
   * @param whole whether this is its first page: a scan that is not recorded from there on proves nothing.
   */
  beginScan(id: string, whole?: boolean): void;
  /** Id of the open scan. */
  currentScan(): string | undefined;
  /** Whether this store has recorded that scan from its beginning and it is still open. */
  scanIntact(id: string): boolean;
  /** Who has recorded the open scan up to which page; to be committed with the position after it. */
  custody(): ScanCustody | undefined;
  /** Live rows the open scan has seen so far, each counted once. */
  seenInScan(): number;
  /** The open scan is complete. Rows of unread scopes are neither seen nor missing in it. */
  endScan(unreadScopes?: readonly Buffer[]): void;
  /**
   * Rows that were missing in that many complete scans in a row, the open one counted as complete, without those of
   * some scopes. Rows may be deleted while iterating.
   */
  vanished(absentScans: number, exceptScopes?: readonly Buffer[]): Iterable<IndexedRow>;
  /** Live rows of a scope (zeros: all rows). Rows may be deleted while iterating. */
  keysInScope(scopeHash: Buffer): Iterable<IndexedRow>;
  /** Every scope that has a live row, once, with one of its rows. Rows may be deleted while iterating. */
  scopes(): Iterable<IndexedRow>;
  /** Whether a live row is of this scope. */
  holdsScope(scopeHash: Buffer): boolean;
  /** How often {@link LiveIndex.noteOrphan} was called for this scope; kept when the index is built anew in the same life of the topic. */
  orphanChecks(scopeHash: Buffer): number;
  /** The vendor has been asked about the parent of this scope's rows, and what followed from the answer is committed. */
  noteOrphan(scopeHash: Buffer): void;
  /** All live rows. Rows may be deleted while iterating. */
  entries(): Iterable<IndexedRow>;
  /** Number of live rows. */
  size(): number;
  /** Forgets everything, scans included; `why` is the new {@link LiveIndex.rebuildReason}. */
  clear(why: string): void;
  close(): Promise<void>;
}
