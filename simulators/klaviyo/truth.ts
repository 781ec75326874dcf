import { isShown } from './event-endpoints.ts';
import { eventResource } from './event-resource.ts';
import { metricResource, type Metric } from './metric-catalogue.ts';
import { parseLossless } from '../kit/lossless-json.ts';
import { profileResource, type ADDITIONAL_ATTRIBUTES } from './profile-resource.ts';
import type { Table } from './quirks.ts';
import { currentProfile, isLive, profileShown, type World } from './world.ts';

/** One resource as the API returns it now, in the newest revision. */
export interface TruthRow {
  id: string;
  /** The exact JSON text. */
  json: string;
  /** The parsed text, with integers too wide for a double as bigint. */
  resource(): any;
}

/** What the tables must hold now. Iterating makes rows one by one and stores none. */
export interface KlaviyoTruth {
  /** `additional`: includes `subscriptions` (as requested by default) and, when named, `predictive_analytics`. */
  profiles(additional?: readonly (typeof ADDITIONAL_ATTRIBUTES)[number][]): Iterable<TruthRow>;
  /** The events that are visible now. */
  events(): Iterable<TruthRow>;
  metrics(): Iterable<TruthRow>;
  has(table: Table, id: string): boolean;
  counts(): Record<Table, number>;
  /** The metric of an event, even if it was removed since. */
  metricOf(eventId: string): TruthRow;
  /** The profile an event names now, after merges. */
  profileOf(eventId: string): string | null;
  /** The survivor of a merged profile. */
  mergedInto(profileId: string): string | undefined;
  /** Time from which the API shows an event, epoch ms. */
  visibleAt(eventId: string): number;
}

function row(id: string, json: string): TruthRow {
  return { id, json, resource: () => parseLossless(json) };
}

export function klaviyoTruth(world: World): KlaviyoTruth {
  const { ids, profiles, events } = world;
  const eventRow = (id: string): number => {
    const found = ids.event.row(id);
    if (found === undefined || found >= events.count) throw new RangeError(`The simulator has no event ${id}.`);
    return found;
  };
  const metricRow = (index: number): TruthRow => row(ids.metric.of(index), metricResource(ids, index, world.metrics[index] as Metric));
  return {
    *profiles(additional = ['subscriptions']) {
      world.settle();
      for (let i = 0; i < profiles.count; i++) if (isLive(profiles, i)) yield row(ids.profile.of(i), profileResource(world, i, additional));
    },
    *events() {
      world.settle();
      for (let i = 0; i < events.count; i++) if (isShown(world, i)) yield row(ids.event.of(i), eventResource(world, i));
    },
    *metrics() {
      for (let i = 0; i < world.metrics.length; i++) if (!world.metrics[i]?.gone) yield metricRow(i);
    },
    has(table, id) {
      world.settle();
      if (table === 'profiles') return isLive(profiles, ids.profile.row(id));
      if (table === 'events') return isShown(world, ids.event.row(id));
      const index = ids.metric.row(id);
      return index !== undefined && world.metrics[index]?.gone === false;
    },
    counts() {
      world.settle();
      let shown = 0;
      for (let i = 0; i < events.count; i++) if (isShown(world, i)) shown++;
      return { profiles: profiles.live, events: shown, metrics: world.metrics.filter((metric) => !metric.gone).length };
    },
    metricOf: (eventId) => metricRow(events.metric[eventRow(eventId)] as number),
    profileOf(eventId) {
      world.settle();
      const shown = profileShown(world, eventRow(eventId));
      return shown === undefined ? null : ids.profile.of(shown);
    },
    mergedInto(profileId) {
      world.settle();
      const from = ids.profile.row(profileId);
      return from === undefined || !profiles.mergedInto.has(from) ? undefined : ids.profile.of(currentProfile(profiles, from));
    },
    visibleAt: (eventId) => events.visibleAt[eventRow(eventId)] as number,
  };
}
