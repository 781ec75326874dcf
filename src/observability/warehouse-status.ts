import { tableKey, type TableRef } from '../core/run.ts';
import type { WatchedLanding } from './sink-metrics.ts';
import type { StatusSnapshot, TableWarehouse } from './status-view.ts';

/** How far a landing has got with a table. */
export type LandedTableStatus = Pick<TableRef, 'connection' | 'table'> & TableWarehouse;

/** The status with what is known of its tables in the warehouses. Tables without a landing stay as they are. */
export function withWarehouses(snapshot: StatusSnapshot, landed: readonly LandedTableStatus[]): StatusSnapshot {
  if (landed.length === 0) return snapshot;
  const known = new Map<string, TableWarehouse[]>();
  for (const { connection, table, ...warehouse } of landed) {
    const name = tableKey({ connection, table });
    known.set(name, [...(known.get(name) ?? []), warehouse]);
  }
  return {
    ...snapshot,
    tables: snapshot.tables.map((table) => {
      const warehouses = known.get(tableKey(table));
      return warehouses === undefined ? table : { ...table, warehouses };
    }),
  };
}

/** The last observed states of the landings, by table. A landing that does not answer has its tables without times. */
export function watchedTables(landings: readonly WatchedLanding[], now: number): LandedTableStatus[] {
  return landings.flatMap(({ landing, tables = [], landedTo = [], newestRows = [] }) =>
    tables.map(({ connection, table }) => {
      const isSame = (one: Pick<TableRef, 'connection' | 'table'>): boolean => one.connection === connection && one.table === table;
      const to = landedTo.find(isSame)?.to;
      const newestRowAt = newestRows.find(isSame)?.at;
      return {
        ...{ connection, table, landing },
        ...(to === undefined ? {} : { freshnessMs: Math.max(0, now - to) }),
        ...(newestRowAt === undefined ? {} : { newestRowAt }),
      };
    }),
  );
}
