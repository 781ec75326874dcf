import { canonicalJson } from '../core/json/canonical.ts';
import { lastSeenOf, packEntry, type StoredEntry, rowHashOf, scopeHashOf, unpackEntry, withLastSeen } from './index-entry.ts';
import { incremented, isZero, rangeOf } from './index-range.ts';
import type { IndexEntry, IndexedRow, LiveIndex, LiveIndexIdentity } from './live-index-types.ts';
import { openIndexStore } from './index-store.ts';
export type { IndexEntry, IndexedRow, LiveIndex, LiveIndexIdentity } from './live-index-types.ts';
import { begun, emptyScanLog, ended, excused, type ScanLog, vanishedBelow } from './scan-log.ts';

const MARKED = Buffer.from([1]);

/** Opens the index in that directory, making it when needed. `now`: epoch ms. */
export function openLiveIndex(directory: string, identity: LiveIndexIdentity, now: () => number = Date.now): LiveIndex {
  const store = openIndexStore(directory, canonicalJson(identity));
  const { live, scopes, meta, guarded, transaction } = store;

  let log = readLog();
  const covered = readCovered();
  let rebuildReason = store.rebuildReason;

  return {
    rebuildReason: () => rebuildReason,
    isBroken: store.isBroken,
    trust: (topicEpoch, within) => {
      const known = guarded(() => meta.get('life'));
      const age = now() - Number(guarded(() => meta.get('current')) ?? 0);
      if (known === topicEpoch && Math.abs(age) <= within) return;
      if (covered.size > 0)
        clear(known === topicEpoch ? 'it had not been brought up to date for too long' : 'its topic has begun a new life');
      transaction(() => void meta.putSync('life', topicEpoch));
    },
    get: (keyHash) =>
      guarded(() => {
        const bytes = live.getBinaryFast(keyHash);
        return bytes === undefined ? undefined : rowHashOf(bytes);
      }),
    coveredOffsets: () => new Map(covered),
    apply: (changed, newlyCovered, upToDate = true) => {
      let seen = 0;
      const next = new Map(covered);
      for (const [partition, offset] of newlyCovered) if (offset > (next.get(partition) ?? -1n)) next.set(partition, offset);
      transaction(() => {
        for (const entry of changed) seen += applyOne(entry);
        meta.putSync('covered', JSON.stringify([...next].map(([partition, offset]) => [partition, String(offset)])));
        if (upToDate) meta.putSync('current', String(now()));
        if (log.current !== undefined) writeLog({ ...log, current: { id: log.current.id, seen: log.current.seen + seen } });
      });
      for (const [partition, offset] of next) covered.set(partition, offset);
      log = readLog();
    },
    markSeen: (keyHashes) => {
      const { current } = log;
      if (current === undefined) return;
      let seen = current.seen;
      transaction(() => {
        for (const keyHash of keyHashes) {
          const bytes = live.getBinary(keyHash);
          if (bytes === undefined || lastSeenOf(bytes) === log.serial) continue;
          live.putSync(keyHash, withLastSeen(bytes, log.serial));
          seen += 1;
        }
        writeLog({ ...log, current: { id: current.id, seen } });
      });
      log = readLog();
    },
    beginScan: (id) => {
      if (log.current?.id !== id) keepLog(begun(log, id));
    },
    currentScan: () => log.current?.id,
    scanIntact: (id) => log.current?.id === id,
    seenInScan: () => log.current?.seen ?? 0,
    endScan: (unreadScopes = []) => {
      if (log.current === undefined) return;
      transaction(() => {
        for (const scope of unreadScopes) {
          for (const { keyHash } of keysInScope(scope)) {
            const bytes = live.getBinary(keyHash) as Buffer;
            if (lastSeenOf(bytes) < log.serial) live.putSync(keyHash, withLastSeen(bytes, excused(log, lastSeenOf(bytes))));
          }
        }
        writeLog(ended(log));
      });
      log = readLog();
    },
    *vanished(absentScans, exceptScopes = []) {
      const below = vanishedBelow(log, absentScans);
      if (below === undefined) return;
      const except = new Set(exceptScopes.map((scope) => scope.toString('latin1')));
      for (const row of rows()) {
        if (row.lastSeen < below && !except.has(row.scopeHash.toString('latin1'))) yield row;
      }
    },
    keysInScope,
    entries: rows,
    size: () => guarded(() => (live.getStats() as { entryCount: number }).entryCount),
    clear,
    close: store.close,
  };

  function clear(why: string): void {
    rebuildReason = why;
    transaction(() => {
      live.clearSync();
      scopes.clearSync();
      meta.removeSync('covered');
      meta.removeSync('current');
      writeLog(emptyScanLog());
    });
    covered.clear();
    log = readLog();
  }

  /** Returns 1 when the open scan sees the row for the first time. */
  function applyOne({ keyHash, row, fresh }: IndexEntry): number {
    const before = fresh === true ? undefined : live.getBinary(keyHash);
    if (before !== undefined) {
      const scopeBefore = scopeHashOf(before);
      if (!isZero(scopeBefore) && (row === null || !scopeBefore.equals(row.scopeHash)))
        scopes.removeSync(Buffer.concat([scopeBefore, keyHash]));
    }
    if (row === null) {
      if (before !== undefined) live.removeSync(keyHash);
      return 0;
    }
    live.putSync(keyHash, packEntry({ ...row, lastSeen: log.serial }));
    if (!isZero(row.scopeHash)) scopes.putSync(Buffer.concat([row.scopeHash, keyHash]), MARKED);
    return log.current !== undefined && (before === undefined || lastSeenOf(before) !== log.serial) ? 1 : 0;
  }

  function* keysInScope(scopeHash: Buffer): Generator<IndexedRow, void, void> {
    if (isZero(scopeHash)) {
      yield* rows();
      return;
    }
    for (const [key] of rangeOf(guarded, scopes, scopeHash, incremented(scopeHash))) {
      const keyHash = key.subarray(scopeHash.length);
      const bytes = guarded(() => live.getBinary(keyHash));
      if (bytes !== undefined) yield { keyHash, ...unpackEntry(bytes) };
    }
  }

  function* rows(): Generator<IndexedRow & StoredEntry, void, void> {
    for (const [keyHash, bytes] of rangeOf(guarded, live)) yield { keyHash, ...unpackEntry(bytes) };
  }

  function readLog(): ScanLog {
    const text = guarded(() => meta.get('scans'));
    return text === undefined ? emptyScanLog() : ({ current: undefined, ...JSON.parse(text) } as ScanLog);
  }

  function writeLog(next: ScanLog): void {
    meta.putSync('scans', JSON.stringify(next));
  }

  function keepLog(next: ScanLog): void {
    transaction(() => writeLog(next));
    log = next;
  }

  function readCovered(): Map<number, bigint> {
    const pairs = JSON.parse(guarded(() => meta.get('covered')) ?? '[]') as [number, string][];
    return new Map(pairs.map(([partition, offset]) => [partition, BigInt(offset)]));
  }
}
