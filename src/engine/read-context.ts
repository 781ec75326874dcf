import { randomUUID } from 'node:crypto';
import type { JsonObject, ReadContext } from '../core/types.ts';
import { knownRows } from './known-rows.ts';
import type { OpenTable } from './open-table.ts';
import { backfillOf, horizonOf, type TableRun } from './table-run.ts';

export interface EngineReadContext extends ReadContext {
  /** Ids of the outbox tasks that the last yielded page has done; empties the list. */
  completedTaskIds(): string[];
}

/** The part of the engine that a reader sees during one run. */
export function createReadContext(table: OpenTable, run: TableRun): EngineReadContext {
  const { services, index, ref } = table;
  const taskIds = new Map(table.outbox.map((item) => [item.work, item.id]));
  let completed: string[] = [];
  return {
    api: services.api,
    mode: run.mode,
    position: run.backfill === undefined ? table.state.position : backfillOf(table.state, run.backfill).position,
    since: run.since,
    horizon: table.state.updatedAt === 0 ? run.since : horizonOf(table.state),
    runStart: run.startedAt,
    signal: run.signal,
    rescan: run.rescan,
    known: knownRows(table),
    now: services.now,
    newScan() {
      const id = randomUUID();
      run.freshScans.add(id);
      return id;
    },
    scanIntact: (id) => index.scanIntact(id),
    parents: (name) => run.cycle.parents(name, run.signal),
    liveKeys: (name, scope) => liveKeys(services.tables.get(name), scope),
    outbox: [...taskIds.keys()],
    complete(work) {
      for (const item of work) {
        const id = taskIds.get(item);
        if (id !== undefined) completed.push(id);
      }
    },
    completedTaskIds() {
      const ids = completed;
      completed = [];
      return ids;
    },
    count: (what, by = 1) => services.emit({ type: 'rows-odd', what, count: by, ...ref }),
  };
}

async function* liveKeys(table: OpenTable | undefined, scope: JsonObject): AsyncGenerator<JsonObject, void, void> {
  // A table that is not selected has no rows in any topic.
  if (!table) return;
  for (const entry of table.index.keysInScope(table.codec.scopeHashOf(scope))) yield table.codec.decodeKey(entry.keyBody) as JsonObject;
}
