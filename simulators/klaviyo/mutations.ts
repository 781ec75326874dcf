import { fraction } from '../kit/random.ts';
import { newMetric } from './metric-catalogue.ts';
import { appendEvents, appendProfiles, type NewEvent } from './growth.ts';
import type { Table } from './quirks.ts';
import { currentProfile, DETACHED, GONE, isLive, NO_PROFILE, metricOfNewEvent, REDACTED, type Spoil, type World } from './world.ts';
import { DAY } from '../kit/durations.ts';

export interface HowMany {
  count?: number;
  /** The ids to change, instead of some drawn from the seed. */
  ids?: readonly string[];
}

/** Changes to the vendor's data, at the simulated time. Each returns the ids it changed. */
export interface Mutations {
  insertProfiles(how: { count: number }): string[];
  /** Some attributes change and `updated` moves. */
  updateProfiles(how: HowMany): string[];
  /** Only predictions change; `updated` stays. */
  recalculatePredictions(how: HowMany): string[];
  /**
   * The profile is no longer listed, and its events lose personal values unless `redact` is false; with `detach` they lose
   * their profile as well. `delayMs`: duration of the job.
   */
  deleteProfiles(how: HowMany & { redact?: boolean; detach?: boolean; delayMs?: number }): string[];
  /** Each source profile disappears, its events name the destination, and `updated` of the destination changes. */
  mergeProfiles(how: {
    count?: number;
    pairs?: readonly { source: string; destination: string }[];
    delayMs?: number;
  }): { source: string; destination: string }[];
  /** `agoMs`: how long ago the events happened. With `touch`, `updated` and `last_event_date` of their profiles change. */
  addEvents(how: { count: number; agoMs?: number; profile?: string; metric?: string; touch?: boolean }): string[];
  /** Events that happened between one second and `howLateMs` ago and become visible now. */
  addLateEvents(how: { count: number; howLateMs: number }): string[];
  /** Events dated at most `aheadMs`, and at most a year, in the future. */
  addFutureEvents(how: { count: number; aheadMs?: number }): string[];
  addMetric(how: { name: string; integration?: number | null }): string[];
  renameMetric(how: { id?: string; name: string }): string[];
  removeMetric(how: { id?: string }): string[];
  /** Spoils rows in the given way; `updated` of spoilt profiles changes. */
  spoil(how: HowMany & { table: 'profiles' | 'events'; as: Spoil }): string[];
}

const YEAR = 365 * DAY;

export function mutations(world: World): Mutations {
  const { profiles, events, ids, clock } = world;
  const second = (ms: number): number => Math.floor(ms / 1000) * 1000;

  function rowsOf(table: Exclude<Table, 'metrics'>, how: HowMany, unfit: ReadonlySet<number> = new Set()): number[] {
    world.settle();
    const fits = (row: number): boolean => (table === 'events' ? row < events.count : isLive(profiles, row)) && !unfit.has(row);
    const form = table === 'events' ? ids.event : ids.profile;
    if (how.ids) {
      return how.ids.map((id) => {
        const row = form.row(id);
        if (row === undefined || !fits(row)) throw new RangeError(`The simulator has no such row in ${table}: ${id}`);
        return row;
      });
    }
    const wanted = how.count ?? 1;
    const total = table === 'events' ? events.count : profiles.count;
    const chosen = new Set<number>();
    for (let tries = wanted * 4; tries > 0 && chosen.size < wanted; tries--) {
      const row = Math.floor(world.random() * total);
      if (fits(row)) chosen.add(row);
    }
    for (let row = 0; row < total && chosen.size < wanted; row++) if (fits(row)) chosen.add(row);
    if (chosen.size < wanted)
      throw new RangeError(`Only ${chosen.size} rows of ${table} are left to choose from; ${wanted} were asked for.`);
    return [...chosen];
  }

  function touch(rows: readonly number[]): void {
    const now = second(clock.now());
    profiles.byUpdated.move(rows, () => {
      for (const row of new Set(rows)) {
        profiles.updated[row] = now;
        profiles.version[row] = (profiles.version[row] as number) + 1;
      }
    });
  }

  function vanish(rows: readonly number[], flags: number): void {
    for (const row of rows) profiles.flags[row] = (profiles.flags[row] as number) | GONE | flags;
    profiles.byUpdated.remove(rows);
    profiles.live -= rows.length;
  }

  function metricIndex(id: string | undefined): number {
    const index = id === undefined ? Math.floor(world.random() * world.metrics.length) : ids.metric.row(id);
    const metric = index === undefined ? undefined : world.metrics[index];
    if (index === undefined || !metric || metric.gone) throw new RangeError(`The simulator has no metric ${id}.`);
    return index;
  }

  function add(count: number, event: (row: number) => Partial<NewEvent> & { ms: number }): string[] {
    const metricsThere = world.metrics.length;
    const made = Array.from({ length: count }, (_, i): NewEvent => {
      const row = events.count + i;
      const { ms, ...given } = event(row);
      const live = given.profile ?? (profiles.live > 0 ? (rowsOf('profiles', { count: 1 })[0] as number) : NO_PROFILE);
      return {
        metric: metricOfNewEvent(world.seed, row, metricsThere),
        visibleAt: clock.now() + world.visibilityDelay(row),
        ...given,
        profile: live,
        datetime: Math.floor(ms / 1000),
      };
    });
    return appendEvents(world, made).map(ids.event.of);
  }

  return {
    insertProfiles: ({ count }) => appendProfiles(world, count, second(clock.now())).map(ids.profile.of),
    updateProfiles(how) {
      const rows = rowsOf('profiles', how);
      touch(rows);
      return rows.map(ids.profile.of);
    },
    recalculatePredictions(how) {
      const rows = rowsOf('profiles', how);
      for (const row of rows)
        profiles.written.set(row, {
          ...profiles.written.get(row),
          predictive_analytics: `{"churn_probability":${world.random().toFixed(3)}}`,
        });
      return rows.map(ids.profile.of);
    },
    deleteProfiles(how) {
      const rows = rowsOf('profiles', how);
      const flags = (how.redact === false ? 0 : REDACTED) | (how.detach ? DETACHED : 0);
      world.later(how.delayMs ?? 0, () =>
        vanish(
          rows.filter((row) => isLive(profiles, row)),
          flags,
        ),
      );
      return rows.map(ids.profile.of);
    },
    mergeProfiles(how) {
      const sources = how.pairs
        ? rowsOf('profiles', { ids: how.pairs.map((pair) => pair.source) })
        : rowsOf('profiles', { count: how.count ?? 1 });
      const unfit = new Set(sources);
      const destinations = how.pairs
        ? rowsOf('profiles', { ids: how.pairs.map((pair) => pair.destination) }, unfit)
        : rowsOf('profiles', { count: sources.length }, unfit);
      world.later(how.delayMs ?? 0, () => {
        const done: number[] = [];
        sources.forEach((source, i) => {
          const destination = currentProfile(profiles, destinations[i] as number);
          if (!isLive(profiles, source) || !isLive(profiles, destination) || destination === source) return;
          profiles.mergedInto.set(source, destination);
          vanish([source], 0);
          done.push(destination);
        });
        touch(done);
      });
      return sources.map((source, i) => ({ source: ids.profile.of(source), destination: ids.profile.of(destinations[i] as number) }));
    },
    addEvents(how) {
      const profile = how.profile === undefined ? undefined : (rowsOf('profiles', { ids: [how.profile] })[0] as number);
      const metric = how.metric === undefined ? undefined : metricIndex(how.metric);
      const ms = clock.now() - (how.agoMs ?? 0);
      const from = events.count;
      const made = add(how.count, () => ({
        ms,
        ...(profile === undefined ? {} : { profile }),
        ...(metric === undefined ? {} : { metric }),
      }));
      if (how.touch) {
        const touched = made.map((_, i) => events.profile[from + i] as number).filter((row) => row !== NO_PROFILE);
        for (const row of touched) profiles.lastEvent.set(row, second(ms));
        touch(touched);
      }
      return made;
    },
    addLateEvents: ({ count, howLateMs }) =>
      add(count, (row) => ({
        ms: clock.now() - 1000 - Math.floor(Math.max(0, howLateMs - 1000) * fraction(world.seed, row, 600)),
        visibleAt: clock.now(),
      })),
    addFutureEvents({ count, aheadMs = YEAR }) {
      if (aheadMs > YEAR) throw new RangeError('An event may lie at most one year ahead.');
      return add(count, (row) => ({
        ms: clock.now() + 60_000 + Math.floor(Math.max(0, aheadMs - 60_000) * fraction(world.seed, row, 601)),
      }));
    },
    addMetric({ name, integration = 1 }) {
      world.metrics.push(newMetric(name, integration, 'object', second(clock.now())));
      return [ids.metric.of(world.metrics.length - 1)];
    },
    renameMetric({ id, name }) {
      const index = metricIndex(id);
      Object.assign(world.metrics[index] as object, { name, updated: second(clock.now()) });
      return [ids.metric.of(index)];
    },
    removeMetric({ id }) {
      const index = metricIndex(id);
      Object.assign(world.metrics[index] as object, { gone: true });
      return [ids.metric.of(index)];
    },
    spoil(how) {
      const rows = rowsOf(how.table, how);
      const target = how.table === 'events' ? events : profiles;
      for (const row of rows) target.spoiled.set(row, how.as);
      if (how.table === 'profiles') touch(rows);
      return rows.map(how.table === 'events' ? ids.event.of : ids.profile.of);
    },
  };
}
