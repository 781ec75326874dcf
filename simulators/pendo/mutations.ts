import type { SimClock } from '../kit/clock.ts';
import type { VendorRow } from './rows.ts';
import { featureRow, guideRow, pageRow, trackTypeRow, visitorRow, accountRow } from './rows.ts';
import { insertRaws, noteVisit, session, type RawEvent, type World } from './world.ts';
import { HOUR } from '../kit/durations.ts';

const LISTS = ['accounts', 'visitors', 'features', 'pages', 'guides', 'trackTypes'] as const;
export type ListName = (typeof LISTS)[number];

export type PendoMutations = ReturnType<typeof pendoMutations>;

/** What can happen in a subscription. */
export function pendoMutations(world: World, clock: SimClock) {
  let made = 5_000;
  const listOf = (list: ListName): VendorRow[] => {
    if (!LISTS.includes(list)) throw new Error(`There is no list "${String(list)}".`);
    return world[list];
  };
  const idField = (list: ListName): string => (list === 'accounts' ? 'accountId' : list === 'visitors' ? 'visitorId' : 'id');
  function find(list: ListName, id: string): VendorRow {
    const row = listOf(list).find((candidate) => candidate[idField(list)] === id);
    if (!row) throw new Error(`${list} has no row ${id}.`);
    return row;
  }
  const auto = (row: VendorRow): VendorRow | undefined => (row['metadata'] as VendorRow | undefined)?.['auto'] as VendorRow | undefined;

  return {
    /** Adds a row to a list, changed now; returns its id. */
    'row.add'({ list, id }: { list: ListName; id?: string }): string {
      made += 1;
      const n = made;
      const rows = {
        accounts: () => accountRow(world.seed, id ?? `acct-new-${n}`, n, world.start, clock.now()),
        visitors: () => visitorRow(world.seed, id ?? `u-new-${n}`, n, ['acct-0'], world.start, clock.now()),
        features: () => featureRow(world.seed, n, world.start),
        pages: () => pageRow(world.seed, n, world.start),
        guides: () => guideRow(world.seed, n, world.start),
        trackTypes: () => trackTypeRow(world.seed, n, world.start),
      };
      const row = rows[list]();
      if (list !== 'accounts' && list !== 'visitors') Object.assign(row, { lastUpdatedAt: clock.now() }, id === undefined ? {} : { id });
      listOf(list).push(row);
      world.version += 1;
      return row[idField(list)] as string;
    },
    /** Changes top-level fields and the time of change; `null` removes a field. */
    'row.change'({ list, id, changes }: { list: ListName; id: string; changes: VendorRow }): void {
      const row = find(list, id);
      Object.assign(row, changes);
      for (const [name, value] of Object.entries(changes)) if (value === null) delete row[name];
      if (list !== 'accounts' && list !== 'visitors') row['lastUpdatedAt'] = clock.now();
      world.version += 1;
    },
    /** Simulates the vendor's own counting: its marks on features, pages and track types change, and nothing else. */
    'marks.move'(): void {
      for (const row of [...world.features, ...world.pages, ...world.trackTypes])
        Object.assign(row, { validThrough: clock.now(), dailyMergeFirst: clock.now() - HOUR, dailyRollupFirst: clock.now() });
      world.version += 1;
    },
    'row.delete'({ list, id }: { list: ListName; id: string }): void {
      const rows = listOf(list);
      rows.splice(rows.indexOf(find(list, id)), 1);
      world.version += 1;
    },
    /** Sets metadata of a visitor or account, and its time of change unless `silently`. */
    'metadata.set'({
      list,
      id,
      group,
      values,
      silently = false,
    }: {
      list: 'accounts' | 'visitors';
      id: string;
      group: string;
      values: VendorRow;
      silently?: boolean;
    }): void {
      const row = find(list, id);
      const metadata = row['metadata'] as VendorRow;
      metadata[group] = { ...(metadata[group] as VendorRow | undefined), ...values };
      const times = auto(row);
      if (!silently && times) times['lastupdated'] = clock.now();
      world.version += 1;
    },
    /** Adds or changes a custom field of a metadata schema; without a descriptor it is removed. */
    'field.set'({
      of,
      group = 'custom',
      name,
      descriptor,
    }: {
      of: 'account' | 'visitor';
      group?: string;
      name: string;
      descriptor?: VendorRow;
    }): void {
      const fields = (world.schemas[of][group] ??= {});
      if (descriptor === undefined) delete fields[name];
      else fields[name] = descriptor;
    },
    /** Adds a session of a visitor at `at` (default: ten minutes ago), visible from `visibleAt` on. */
    'session.add'({
      visitor = 0,
      at = clock.now() - 600_000,
      visibleAt = at,
    }: {
      visitor?: number;
      at?: number;
      visibleAt?: number;
    }): number {
      made += 1;
      const raws = session(world, made, at, visitor).map((raw) => ({ ...raw, visibleAt }));
      insertRaws(world, raws);
      noteVisit(world, visitor, Math.min(clock.now(), Math.max(...raws.map(({ ts }) => ts))));
      return raws.length;
    },
    /** Adds one interaction, like those of visitor 0 except for the given values. */
    'event.add'(event: Partial<RawEvent> & Pick<RawEvent, 'kind'>): void {
      made += 1;
      const [like] = session(world, 1, 0, 0) as [RawEvent];
      const ts = event.ts ?? clock.now() - 1_000;
      const {
        parameters: _parameters,
        properties: _properties,
        type: _type,
        stepId: _step,
        pollId: _poll,
        pollResponse: _response,
        ...context
      } = like;
      const kinds: Partial<Record<RawEvent['kind'], Partial<RawEvent>>> = {
        guide: { type: 'guideSeen', stepId: 'St_0' },
        poll: { type: 'ui:web:pollResponse', stepId: 'St_0', pollId: 'pl_1', pollResponse: made },
      };
      noteVisit(world, 0, ts);
      insertRaws(world, [{ ...context, objectId: `${event.kind}_${made}`, ...kinds[event.kind], ts, visibleAt: ts, ...event }]);
    },
    /** Makes all past events visible now. */
    'events.release'(): number {
      const held = world.raws.filter(({ ts, visibleAt }) => ts <= clock.now() && visibleAt > clock.now());
      for (const raw of held) raw.visibleAt = clock.now();
      world.version += 1;
      return held.length;
    },
    /** Simulates an edited tag: past events belong to another object. */
    'tag.edit'({ from, to }: { from: string; to: string }): number {
      const moved = world.raws.filter(({ objectId }) => objectId === from);
      for (const raw of moved) raw.objectId = to;
      world.version += 1;
      return moved.length;
    },
  };
}
