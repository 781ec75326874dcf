import type { SimClock } from '../kit/clock.ts';
import { auditEvent } from './audit.ts';
import { ids } from './ids.ts';
import { destination, source, subscriptions, type VendorRow, type Workspace } from './workspace.ts';

/** Lists whose rows can be changed freely, by table. */
const LISTS = {
  sources: 'sources',
  destinations: 'destinations',
  warehouses: 'warehouses',
  users: 'users',
  groups: 'groups',
  transformations: 'transformations',
  catalog_destinations: 'catalogDestinations',
  catalog_sources: 'catalogSources',
  catalog_warehouses: 'catalogWarehouses',
} as const;
export type MutableTable = keyof typeof LISTS;

export type SegmentMutations = ReturnType<typeof segmentMutations>;

/** What can happen in a workspace. Operations return the row after the change, where there is one. */
export function segmentMutations(workspace: Workspace, clock: SimClock) {
  let made = 1_000;
  const rowsOf = (table: MutableTable): VendorRow[] => {
    if (!Object.hasOwn(LISTS, table)) throw new Error(`No rows can be changed in "${String(table)}".`);
    return workspace[LISTS[table]];
  };
  function find(table: MutableTable, id: string): VendorRow {
    const row = rowsOf(table).find((r) => r['id'] === id);
    if (!row) throw new Error(`${table} has no row ${id}.`);
    return row;
  }
  function drop(rows: VendorRow[], goes: (row: VendorRow) => boolean): void {
    rows.splice(0, rows.length, ...rows.filter((row) => !goes(row)));
  }

  const mutations = {
    /** Changes fields of a row; `null` removes a field. */
    'row.change'({ table, id, changes }: { table: MutableTable; id: string; changes: VendorRow }): VendorRow {
      const row = find(table, id);
      Object.assign(row, changes);
      for (const [name, value] of Object.entries(changes)) if (value === null) delete row[name];
      return row;
    },
    'row.add'({ table, row }: { table: MutableTable; row: VendorRow }): VendorRow {
      rowsOf(table).push(row);
      return row;
    },
    'row.delete'({ table, id }: { table: MutableTable; id: string }): void {
      find(table, id);
      drop(rowsOf(table), (row) => row['id'] === id);
    },
    'source.add'({ name }: { name: string }): VendorRow {
      const number = made++;
      const row: VendorRow = { ...source(workspace.seed, number, workspace.info.id, workspace.catalogSources), name };
      workspace.sources.push(row);
      workspace.connections.set(row['id'] as string, [(workspace.warehouses[0] as VendorRow)['id'] as string]);
      workspace.usageOrigins.push({ id: row['id'] as string, number, from: clock.now() });
      return row;
    },
    'source.rename': ({ id, name }: { id: string; name: string }) => mutations['row.change']({ table: 'sources', id, changes: { name } }),
    'source.disable': ({ id }: { id: string }) => mutations['row.change']({ table: 'sources', id, changes: { enabled: false } }),
    /** Deletes the source with its destinations and warehouse connections; its past usage stays. */
    'source.delete'({ id }: { id: string }): void {
      mutations['row.delete']({ table: 'sources', id });
      drop(workspace.destinations, (row) => row['sourceId'] === id);
      workspace.connections.delete(id);
      const origin = workspace.usageOrigins.find((o) => o.id === id);
      if (origin) origin.until = clock.now();
    },
    'destination.add'({ sourceId }: { sourceId: string }): VendorRow {
      const n = made++;
      const row = { ...destination(workspace.seed, n, workspace.sources, workspace.catalogDestinations), sourceId };
      workspace.destinations.push(row);
      workspace.subscriptions.set(
        ids.destination(workspace.seed, n),
        subscriptions(workspace.seed, n - (n % 3) + 1, ids.destination(workspace.seed, n)),
      );
      return row;
    },
    'destination.move': ({ id, sourceId }: { id: string; sourceId: string }) =>
      mutations['row.change']({ table: 'destinations', id, changes: { sourceId } }),
    'destination.disable': ({ id }: { id: string }) => mutations['row.change']({ table: 'destinations', id, changes: { enabled: false } }),
    'destination.delete'({ id }: { id: string }): void {
      mutations['row.delete']({ table: 'destinations', id });
      workspace.subscriptions.delete(id);
    },
    'subscriptions.set'({ destinationId, rows }: { destinationId: string; rows: VendorRow[] }): void {
      workspace.subscriptions.set(destinationId, rows);
    },
    'warehouses.connect'({ sourceId, warehouseIds }: { sourceId: string; warehouseIds: string[] }): void {
      workspace.connections.set(sourceId, warehouseIds);
    },
    /** Adds an event at `at` (ISO 8601), by default now. */
    'audit.add'({ at, ...fields }: { at?: string } & VendorRow): VendorRow {
      const event = { ...auditEvent(workspace, 10_000_000 + made++, at === undefined ? clock.now() : Date.parse(at as string)), ...fields };
      workspace.auditEvents.push(event);
      return event;
    },
    /** Corrects the API calls, and each count of users, of a past day (`YYYY-MM-DD`). */
    'usage.restate'({ sourceId, day, apiCalls, users = 0 }: { sourceId: string; day: string; apiCalls: string; users?: number }): void {
      workspace.restatements.set(`${sourceId} ${Date.parse(day)}`, { api: BigInt(apiCalls), users });
    },
    /** The source no longer lists the destination, although the list of destinations does. */
    'destination.disconnect'({ id, sourceId }: { id: string; sourceId: string }): void {
      workspace.disconnected.add(`${id} ${sourceId}`);
    },
    /** The destination's delivery summary becomes null. */
    'delivery.none'({ id }: { id: string }): void {
      workspace.unmeasured.add(id);
    },
    /** The parent is still listed, but its own endpoints answer 404 (or no longer do). */
    'parent.gone'({ id, gone }: { id: string; gone: boolean }): void {
      if (gone) workspace.gone.add(id);
      else workspace.gone.delete(id);
    },
  };
  return mutations;
}
