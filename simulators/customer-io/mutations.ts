import type { SimClock } from '../kit/clock.ts';
import { activity } from './activities.ts';
import { addMetric, delivery } from './deliveries.ts';
import { suppression } from './lists.ts';
import { person, profileOf, type Person } from './people.ts';
import { byNewest, LISTS, many, type ListTable, type SuppressionType, type VendorRow, type World } from './world.ts';

export type CustomerIoMutations = ReturnType<typeof customerIoMutations>;

/** What can happen in a workspace. Times are epoch seconds; the default is now. */
export function customerIoMutations(world: World, clock: SimClock) {
  const second = (): number => Math.floor(clock.now() / 1000);
  let made = 1_000_000;
  const list = (table: ListTable): VendorRow[] => {
    if (!LISTS.includes(table)) throw new Error(`No rows can be changed in "${String(table)}".`);
    return world.lists[table];
  };
  const keyOf = (table: ListTable, row: VendorRow): string => String(row[table === 'snippets' ? 'name' : 'id']);
  function find(table: ListTable, id: string | number): VendorRow {
    const row = list(table).find((one) => keyOf(table, one) === String(id));
    if (!row) throw new Error(`${table} has no row ${id}.`);
    return row;
  }
  function someone(cioId: string): Person {
    const one = world.people.get(cioId);
    if (!one) throw new Error(`There is no person ${cioId}.`);
    return one;
  }
  const people = (): Person[] => [...world.people.values()];

  return {
    'row.add'({ table, row }: { table: ListTable; row: VendorRow }): VendorRow {
      list(table).push(row);
      return row;
    },
    /** Changes fields of a row and its time of last change, where it has one. */
    'row.change'({ table, id, changes }: { table: ListTable; id: string | number; changes: VendorRow }): VendorRow {
      const row = find(table, id);
      Object.assign(row, changes);
      for (const name of ['updated', 'updated_at']) if (Object.hasOwn(row, name)) row[name] = second();
      if (Object.hasOwn(row, 'deduplicate_id')) row['deduplicate_id'] = `${String(row['id'])}:${second()}`;
      return row;
    },
    'row.delete'({ table, id }: { table: ListTable; id: string | number }): void {
      const rows = list(table);
      rows.splice(rows.indexOf(find(table, id)), 1);
    },
    /** Removes all rows of a list. */
    'rows.clear'({ table }: { table: ListTable }): void {
      list(table).splice(0);
    },
    'segment.archive'({ id }: { id: number }): void {
      const row = find('segments', id);
      world.lists.segments.splice(world.lists.segments.indexOf(row), 1);
      world.archivedSegments.push(row);
    },
    'person.add'(): VendorRow {
      const one = person(world.seed, made++, second());
      world.people.set(one.cioId, one);
      return profileOf(one, one.cioId);
    },
    'person.change'({ cioId, attributes }: { cioId: string; attributes: Record<string, string> }): VendorRow {
      const one = someone(cioId);
      Object.assign(one.attributes, attributes);
      for (const name of Object.keys(attributes)) one.timestamps[name] = second();
      return profileOf(one, cioId);
    },
    /** The person's deliveries keep only the cio_id; the activities are shown only when the request asks for those of deleted people. */
    'person.delete'({ cioId }: { cioId: string }): void {
      someone(cioId);
      world.people.delete(cioId);
      for (const { row } of world.deliveries) {
        if ((row['customer_identifiers'] as { cio_id?: string } | null)?.cio_id !== cioId) continue;
        Object.assign(row, { customer_id: null, customer_identifiers: { cio_id: cioId, id: null, email: null }, recipient: '' });
      }
      for (const one of world.activities)
        if ((one.row['customer_identifiers'] as { cio_id?: string } | null)?.cio_id === cioId) one.ofDeleted = true;
    },
    /** Adds `count` deliveries of one second and returns the first. */
    'delivery.add'({ at = second(), count = 1 }: { at?: number; count?: number } = {}): VendorRow {
      const added = many(count, () => delivery(world.seed, made++, at, second(), people()));
      world.deliveries.push(...added);
      world.deliveries.sort((a, b) => byNewest(a.row, b.row, 'created'));
      return added[0]!.row;
    },
    /** Adds a metric to a delivery, maybe weeks after it was created. */
    'delivery.metric'({ id, metric, at = second() }: { id: string; metric: string; at?: number }): VendorRow {
      const one = world.deliveries.find(({ row }) => row['id'] === id);
      if (!one) throw new Error(`There is no delivery ${id}.`);
      addMetric(one, metric, at);
      return one.row;
    },
    'activity.add'({ at = second() }: { at?: number } = {}): VendorRow {
      const one = activity(world.seed, made++, at, people());
      world.activities.push(one);
      world.activities.sort((a, b) => byNewest(a.row, b.row, 'timestamp'));
      return one.row;
    },
    'suppression.add'({ type }: { type: SuppressionType }): VendorRow {
      const row = suppression(world.seed, made++, second());
      world.suppressions[type].push(row);
      return row;
    },
    'suppression.lift'({ type, email }: { type: SuppressionType; email: string }): void {
      world.suppressions[type] = world.suppressions[type].filter((row) => row['email'] !== email);
    },
    'ip.remove'({ address }: { address: string }): void {
      world.ipAddresses = world.ipAddresses.filter((one) => one !== address);
    },
  };
}
