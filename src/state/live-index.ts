import { othersFirst, takeTurns } from '../core/turns.ts';
import { canonicalJson } from '../core/json/canonical.ts';
import {
  hasPrint,
  hasScope,
  lastSeenOf,
  packEntry,
  type StoredEntry,
  rowHashOf,
  scopeHashOf,
  scopeKeyOf,
  unpackEntry,
  wasShapedBy,
  withLastSeen,
} from './index-entry.ts';
import { SCOPE_BYTES } from '../record/codec.ts';
import { firstOfEach, incremented, isZero, rangeOf } from './index-range.ts';
import type { IndexEntry, IndexedRow, LiveIndex, LiveIndexIdentity, PrintedRow } from './live-index-types.ts';
import { type KeyList, writtenByKey } from './key-order.ts';
import { openIndexStore } from './index-store.ts';
import { type WaitingRoom, type WaitingRow, waitingRows } from './waiting-rows.ts';
export type { IndexEntry, IndexedRow, LiveIndex, LiveIndexIdentity, PrintedRow } from './live-index-types.ts';
import { adopted, begun, custodyOf, emptyScanLog, ended, excused, pageMore, type ScanLog, seenMore, vanishedBelow } from './scan-log.ts';

const MARKED = Buffer.from([1]);

/** Most rows of one transaction while others wait for the event loop: some 50 ms. */
const SLICE = 4_000;

const NO_OFFSETS: ReadonlyMap<number, bigint> = new Map();

/** Name in the meta table of the number of times a scope's parent was asked about. */
const orphanName = (scopeHash: Buffer): string => `orphan:${scopeHash.toString('hex')}`;

/** Opens the index in the directory and creates it when needed. `now`: epoch ms; `room`: shared with other indexes. */
export function openLiveIndex(directory: string, identity: LiveIndexIdentity, now: () => number = Date.now, room?: WaitingRoom): LiveIndex {
  const store = openIndexStore(directory, canonicalJson(identity));
  const { live, scopes, text, setText, guarded } = store;

  let log = readLog();
  let covered: ReadonlyMap<number, bigint> = readCovered();
  const waiting = waitingRows(room);
  /** Whether the store holds everything, including the offsets. */
  let isDrained = true;
  /** When the index was last up to date and the store does not know it yet, epoch ms. */
  let current: number | undefined;
  /** How often all waiting rows were written at once. */
  let flushes = 0;
  /** How often the index was cleared or closed. */
  let endings = 0;
  let rebuildReason = store.rebuildReason;
  /** Replaced by each change of rows. */
  let state = {};

  return {
    rebuildReason: () => rebuildReason,
    isBroken: store.isBroken,
    trust: (topicEpoch, within) => {
      flush();
      const known = text('life');
      const age = now() - Number(text('current') ?? 0);
      if (known === topicEpoch && Math.abs(age) <= within) return;
      if (covered.size > 0)
        clear(known === topicEpoch ? 'it had not been brought up to date for too long' : 'its topic was recreated or reset');
      transaction(() => setText('life', topicEpoch));
    },
    get: (keyHash) => ofRow(keyHash, rowHashOf),
    holds: (keyHash, print) => ofRow(keyHash, (bytes) => hasPrint(bytes, print)) === true,
    wasShapedBy: (keyHash, shapedBy) => ofRow(keyHash, (bytes) => wasShapedBy(bytes, shapedBy)) === true,
    state: () => state,
    coveredOffsets: () => new Map(covered),
    apply: (changed, newlyCovered, upToDate = true) => {
      put(changed, newlyCovered, upToDate);
      if (waiting.isFull()) flush();
    },
    async applyInTurns(changed, newlyCovered) {
      const isOver = whetherOver();
      let at = 0;
      for (; changed.length - at > SLICE; at += SLICE) {
        beginOffsets(newlyCovered.keys());
        put(changed.slice(at, at + SLICE), NO_OFFSETS, false);
        if (waiting.isFull()) await drain(isOver);
        await othersFirst();
        // Whoever cleared it reads the topic again, these rows included.
        if (isOver()) return;
      }
      put(changed.slice(at), newlyCovered, true);
      if (waiting.isFull()) await drain(isOver);
    },
    async learn(rows) {
      const isOver = whetherOver();
      for (let at = 0; at < rows.length; at += SLICE) {
        if (at > 0) await othersFirst();
        if (isOver()) return;
        const learnt = rows.slice(at, at + SLICE).flatMap(withPrint);
        if (log.current !== undefined) transaction(() => learnt.forEach(({ keyHash, packed: bytes }) => live.putSync(keyHash, bytes)));
        else for (const row of learnt) waiting.add(row);
        if (learnt.length > 0) isDrained = log.current !== undefined;
      }
      if (waiting.isFull()) await drain(isOver);
    },
    flush,
    flushInTurns: () => drain(whetherOver()),
    markSeen: (keyHashes) => {
      if (log.current === undefined) return;
      let seen = 0;
      transaction(() => {
        for (const keyHash of keyHashes) {
          const bytes = live.getBinary(keyHash);
          if (bytes === undefined || lastSeenOf(bytes) === log.serial) continue;
          live.putSync(keyHash, withLastSeen(keyHash, bytes, log.serial));
          seen += 1;
        }
        writeLog(pageMore(seenMore(log, seen)));
      });
      log = readLog();
    },
    openSession: (session, committed) => keepLog(adopted(log, session, committed)),
    beginScan: (id, whole = true) => {
      if (log.current?.id !== id) keepLog(begun(log, id, whole));
    },
    scanIntact: (id) => log.current?.id === id && log.current.whole,
    custody: () => custodyOf(log),
    oneSeenInScan() {
      if (log.current !== undefined) for (const row of rows()) if (row.lastSeen === log.serial) return row;
      return undefined;
    },
    seenInScan: () => log.current?.seen ?? 0,
    endScan: (unreadScopes = []) => {
      if (log.current === undefined) return;
      transaction(() => {
        for (const scope of unreadScopes) {
          for (const { keyHash } of keysInScope(scope)) {
            const bytes = live.getBinary(keyHash) as Buffer;
            if (lastSeenOf(bytes) < log.serial) live.putSync(keyHash, withLastSeen(keyHash, bytes, excused(log, lastSeenOf(bytes))));
          }
        }
        writeLog(ended(log));
      });
      log = readLog();
    },
    *vanished(absentScans, exceptScopes) {
      const isMissing = missingIn(absentScans, exceptScopes);
      if (isMissing !== undefined) for (const row of rows()) if (isMissing(row)) yield row;
    },
    async *vanishedInTurns(absentScans, exceptScopes) {
      const isMissing = missingIn(absentScans, exceptScopes);
      if (isMissing === undefined) return;
      const turns = takeTurns();
      for (const row of rows()) {
        if (isMissing(row)) yield row;
        if (turns.over()) await turns.next();
      }
    },
    keysInScope,
    *scopes() {
      flush();
      for (const key of firstOfEach(guarded, scopes, SCOPE_BYTES)) {
        const keyHash = key.subarray(SCOPE_BYTES);
        const bytes = guarded(() => live.getBinary(keyHash));
        if (bytes !== undefined) yield { keyHash, ...guarded(() => unpackEntry(keyHash, bytes)) };
      }
    },
    holdsScope: (scopeHash) => {
      flush();
      return rangeOf(guarded, scopes, scopeHash, incremented(scopeHash), 1).next().done !== true;
    },
    orphanChecks,
    noteOrphan: (scopeHash) => {
      const checks = { topicEpoch: text('life'), count: orphanChecks(scopeHash) + 1 };
      transaction(() => setText(orphanName(scopeHash), JSON.stringify(checks)));
    },
    entries: rows,
    size: () => {
      flush();
      return guarded(() => (live.getStats() as { entryCount: number }).entryCount);
    },
    clear,
    close: async () => {
      endings += 1;
      try {
        if (!store.isBroken()) flush();
      } catch {
        // The store is marked then, and is rebuilt at the next opening.
      }
      waiting.clear();
      await store.close();
    },
  };

  /** What the packed row tells; undefined when it is not live. The bytes are valid only until the next look-up. */
  function ofRow<T>(keyHash: Buffer, told: (bytes: Buffer) => T): T | undefined {
    const packed = waiting.packed(keyHash);
    if (packed !== undefined) return packed === null ? undefined : told(packed);
    return guarded(() => {
      const bytes = live.getBinaryFast(keyHash);
      return bytes === undefined ? undefined : told(bytes);
    });
  }

  /** Runs the work in one transaction, after the changes that wait. */
  function transaction(work: () => void): void {
    const drained = isDrained;
    const batch = drained ? undefined : waiting.batch();
    isDrained = true;
    try {
      store.transaction(() => {
        if (batch !== undefined) {
          for (const row of batch.rows(0, batch.count)) applyOne(row);
          flushes += 1;
          writeCovered(covered, current);
        }
        work();
      });
    } catch (error) {
      isDrained = drained;
      throw error;
    }
    batch?.written();
    if (!drained) current = undefined;
  }

  /** Tells whether the index has been cleared or closed since now. */
  function whetherOver(): () => boolean {
    const before = endings;
    return () => endings !== before;
  }

  function flush(): void {
    if (!isDrained) transaction(() => undefined);
  }

  /**
   * The same in several transactions, between which the event loop is free. Only the last one writes the offsets: a crash in
   * between is mended by the rows, which are read again.
   */
  async function drain(isOver: () => boolean): Promise<void> {
    if (waiting.count() > SLICE) {
      beginOffsets(covered.keys());
      const batch = waiting.batch();
      const before = flushes;
      for (const step of writtenByKey(batch, SLICE, applyOne, addToScope)) {
        store.transaction(step);
        await othersFirst();
        // All of them were written meanwhile, and maybe newer ones.
        if (isOver() || flushes !== before) return;
      }
      batch.written();
    }
    flush();
  }

  /** Rows without any offset would count as an index that holds nothing yet, and would not be cleared with it. */
  function beginOffsets(partitions: Iterable<number>): void {
    if (text('covered') !== undefined) return;
    store.transaction(() => writeCovered(new Map(Array.from(partitions, (partition) => [partition, 0n])), undefined));
  }

  /** Takes changes into the store while a scan is open, otherwise among the waiting rows. */
  function put(changed: Iterable<IndexEntry>, newlyCovered: ReadonlyMap<number, bigint>, upToDate: boolean): void {
    if (!Array.isArray(changed) || changed.length > 0) state = {};
    const next = new Map(covered);
    for (const [partition, offset] of newlyCovered) if (offset > (next.get(partition) ?? -1n)) next.set(partition, offset);
    // A scan counts the rows it sees, and the count must be on disk together with them.
    if (log.current !== undefined) {
      let seen = 0;
      transaction(() => {
        for (const { keyHash, row, fresh = false } of changed) seen += applyOne({ keyHash, packed: packed(keyHash, row), fresh });
        writeCovered(next, upToDate ? now() : undefined);
        writeLog(seenMore(log, seen));
      });
      covered = next;
      log = readLog();
      return;
    }
    for (const row of guarded(() => packedAll(changed))) waiting.add(row);
    if (upToDate) current = now();
    covered = next;
    isDrained = false;
  }

  function packedAll(changed: Iterable<IndexEntry>): WaitingRow[] {
    const all: WaitingRow[] = [];
    for (const { keyHash, row, fresh = false } of changed) all.push({ keyHash, packed: packed(keyHash, row), fresh });
    return all;
  }

  function addToScope(scopeKey: Buffer): void {
    scopes.putSync(scopeKey, MARKED);
  }

  function packed(keyHash: Buffer, row: IndexEntry['row']): Buffer | null {
    return row === null ? null : packEntry(keyHash, row, log.serial);
  }

  /** The stored row with its new print; none when it is not live any more, or has changed. */
  function withPrint({ keyHash, rowHash, print }: PrintedRow): { keyHash: Buffer; packed: Buffer; fresh: false }[] {
    const waits = waiting.packed(keyHash);
    const bytes = waits === undefined ? guarded(() => live.getBinary(keyHash)) : waits;
    if (!bytes || !rowHashOf(bytes).equals(rowHash)) return [];
    return [
      { keyHash, packed: packEntry(keyHash, { ...guarded(() => unpackEntry(keyHash, bytes)), print }, lastSeenOf(bytes)), fresh: false },
    ];
  }

  // The counts are valid within one topic epoch only.
  function orphanChecks(scopeHash: Buffer): number {
    const stored = text(orphanName(scopeHash));
    const checks = stored === undefined ? undefined : (JSON.parse(stored) as { topicEpoch?: string; count: number });
    return checks?.topicEpoch === text('life') ? (checks?.count ?? 0) : 0;
  }

  function clear(why: string): void {
    rebuildReason = why;
    endings += 1;
    state = {};
    transaction(() => {
      live.clearSync();
      scopes.clearSync();
      setText('covered', undefined);
      setText('current', undefined);
      writeLog({ ...emptyScanLog(), session: log.session });
    });
    covered = new Map();
    log = readLog();
  }

  /** Returns 1 for a row that the open scan has not seen before, otherwise 0. With `scopeKeys`, its place in its scope is left to the caller. */
  function applyOne({ keyHash, packed: bytes, fresh }: WaitingRow, scopeKeys?: KeyList): number {
    const before = fresh ? undefined : live.getBinary(keyHash);
    if (before !== undefined && hasScope(before) && (bytes === null || !scopeHashOf(before).equals(scopeHashOf(bytes))))
      scopes.removeSync(scopeKeyOf(keyHash, before));
    if (bytes === null) {
      if (before !== undefined) live.removeSync(keyHash);
      return 0;
    }
    live.putSync(keyHash, bytes);
    if (hasScope(bytes)) {
      const scopeKey = scopeKeyOf(keyHash, bytes);
      if (scopeKeys === undefined) addToScope(scopeKey);
      else scopeKeys.push(scopeKey);
    }
    return before === undefined || lastSeenOf(before) !== log.serial ? 1 : 0;
  }

  function* keysInScope(scopeHash: Buffer): Generator<IndexedRow, void, void> {
    flush();
    if (isZero(scopeHash)) {
      yield* rows();
      return;
    }
    for (const [key] of rangeOf(guarded, scopes, scopeHash, incremented(scopeHash))) {
      const keyHash = key.subarray(scopeHash.length);
      const bytes = guarded(() => live.getBinary(keyHash));
      if (bytes !== undefined) yield { keyHash, ...guarded(() => unpackEntry(keyHash, bytes)) };
    }
  }

  /** Which rows count as missing; undefined while there were not that many scans. */
  function missingIn(absentScans: number, exceptScopes: readonly Buffer[] = []): ((row: IndexedRow & StoredEntry) => boolean) | undefined {
    const below = vanishedBelow(log, absentScans);
    if (below === undefined) return undefined;
    const except = new Set(exceptScopes.map((scope) => scope.toString('latin1')));
    return (row) => row.lastSeen < below && !except.has(row.scopeHash.toString('latin1'));
  }

  function* rows(): Generator<IndexedRow & StoredEntry, void, void> {
    flush();
    for (const [keyHash, bytes] of rangeOf(guarded, live)) yield { keyHash, ...guarded(() => unpackEntry(keyHash, bytes)) };
  }

  function readLog(): ScanLog {
    const kept = text('scans');
    return kept === undefined ? emptyScanLog() : ({ current: undefined, ...JSON.parse(kept) } as ScanLog);
  }

  function writeLog(next: ScanLog): void {
    setText('scans', JSON.stringify(next));
  }

  function keepLog(next: ScanLog): void {
    transaction(() => writeLog(next));
    log = next;
  }

  /** Only within a transaction. `upToDateAt`: when the index was up to date, epoch ms. */
  function writeCovered(next: ReadonlyMap<number, bigint>, upToDateAt: number | undefined): void {
    if (next.size > 0) setText('covered', JSON.stringify([...next].map(([partition, offset]) => [partition, String(offset)])));
    if (upToDateAt !== undefined) setText('current', String(upToDateAt));
  }

  function readCovered(): Map<number, bigint> {
    const pairs = JSON.parse(text('covered') ?? '[]') as [number, string][];
    return new Map(pairs.map(([partition, offset]) => [partition, BigInt(offset)]));
  }
}
