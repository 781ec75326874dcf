import type { SimClock } from '../kit/clock.ts';
import { singleRow, summedRows, visible } from './buckets.ts';
import { wholeHistory } from './history.ts';
import type { GroupedSource, PendoTable, Period, SingleSource, Switches } from './options.ts';
import { isAnonymous } from './pipeline.ts';
import type { VendorRow } from './rows.ts';
import type { World } from './world.ts';

export interface TruthOptions {
  /** Default `dayRange`. */
  readonly period?: Period;
  /** Whether anonymous visitors count as visitors. Default false. */
  readonly anonymous?: boolean;
  /** Only events from the bucket of this instant on; default all. */
  readonly since?: number;
}

export interface PendoTruth {
  readonly tables: readonly PendoTable[];
  /** The current rows of the table in the vendor's shape, with the values that stand only in the request. */
  rows(table: PendoTable, options?: TruthOptions): VendorRow[];
}

export function pendoTruth(world: World, clock: SimClock, switches: Switches): PendoTruth {
  const from = ({ since, period = 'dayRange' }: TruthOptions): number =>
    since === undefined ? -Infinity : period === 'dayRange' ? world.zone.dayStart(since) : world.zone.hourStart(since);
  const grouped =
    (source: GroupedSource) =>
    (options: TruthOptions): VendorRow[] =>
      summedRows(
        world,
        source,
        visible(world, source, { from: from(options), to: Infinity }, clock.now()),
        options.period ?? 'dayRange',
        switches.hourRowsHaveDay,
      );
  const single =
    (source: SingleSource) =>
    (options: TruthOptions): VendorRow[] =>
      visible(world, source, { from: from({ ...options, period: 'hourRange' }), to: Infinity }, clock.now()).map((raw) =>
        singleRow(source, raw),
      );
  const fields = (of: 'account' | 'visitor') => (): VendorRow[] =>
    Object.entries(world.schemas[of]).flatMap(([group, named]) =>
      Object.entries(named).map(([field, descriptor]) => ({ group, field, ...(descriptor as VendorRow) })),
    );
  const visitors = ({ anonymous = false }: TruthOptions): VendorRow[] => world.visitors.filter((row) => anonymous || !isAnonymous(row));

  const rows: Record<PendoTable, (options: TruthOptions) => VendorRow[]> = {
    accounts: () => world.accounts,
    visitors,
    features: () => world.features,
    pages: () => world.pages,
    guides: () => world.guides,
    track_types: () => world.trackTypes,
    metadata_accounts: fields('account'),
    metadata_visitors: fields('visitor'),
    events: grouped('events'),
    feature_events: grouped('featureEvents'),
    page_events: grouped('pageEvents'),
    track_events: grouped('trackEvents'),
    guide_events: single('guideEvents'),
    poll_events: single('pollEvents'),
    visitor_history: (options) => visitors(options).flatMap((row) => wholeHistory(world, row['visitorId'] as string, clock.now())),
  };
  return { tables: Object.keys(rows) as PendoTable[], rows: (table, options = {}) => rows[table](options) };
}
