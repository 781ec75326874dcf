import type { SimClock } from '../kit/clock.ts';
import { below, fraction, hash32, randomStream } from '../kit/random.ts';
import { sortedRows, type SortedRows } from '../kit/sorted-rows.ts';
import { klaviyoIds, type KlaviyoIds } from './ids.ts';
import { metricAt, type Metric } from './metric-catalogue.ts';
import { DAY, MINUTE } from '../kit/durations.ts';

/** Flags of a profile: whether it is deleted, and what its events show. */
export const GONE = 1;
export const REDACTED = 2;
export const DETACHED = 4;

export const NO_PROFILE = 0xffffffff;

/** How a row is spoilt on purpose. */
export type Spoil = 'oversize' | 'wrong-types' | 'lone-surrogates' | 'unknown-fields' | 'extreme-years';

export interface Profiles {
  count: number;
  live: number;
  /** Unix milliseconds, per row. */
  created: Float64Array;
  updated: Float64Array;
  /** How often the row changed; seed, row and version determine its content. */
  version: Uint32Array;
  flags: Uint8Array;
  byUpdated: SortedRows;
  /** What clients wrote, by attribute, as JSON text. */
  written: Map<number, Record<string, string>>;
  lastEvent: Map<number, number>;
  spoiled: Map<number, Spoil>;
  mergedInto: Map<number, number>;
}

export interface Events {
  count: number;
  /** Unix seconds, per row. */
  datetime: Float64Array;
  /** Epoch ms from which the API shows the row. */
  visibleAt: Float64Array;
  metric: Uint16Array;
  profile: Uint32Array;
  byDatetime: SortedRows;
  /** `event_properties` as posted, JSON text. */
  written: Map<number, string>;
  uniqueKeys: Set<string>;
  spoiled: Map<number, Spoil>;
}

export interface World {
  seed: number;
  clock: SimClock;
  ids: KlaviyoIds;
  profiles: Profiles;
  events: Events;
  metrics: Metric[];
  random(): number;
  /** Time from arrival until an event becomes visible, ms. */
  visibilityDelay(row: number): number;
  /** Runs the asynchronous jobs that are due. Called before anything is read. */
  settle(): void;
  /** Runs `job` after that simulated time, ms; at once for 0. */
  later(delayMs: number, job: () => void): void;
}

export interface WorldOptions {
  seed: number;
  profiles: number;
  events: number;
  metrics: number;
  historyDays: number;
  visibility: 'instant' | 'documented';
  clock: SimClock;
}

/** 90 % within a minute, 9 % within two hours, 0.9 % within four days, the rest within seventeen days. */
function documentedDelay(seed: number, row: number): number {
  const share = fraction(seed, row, 300);
  const within = share < 0.9 ? MINUTE : share < 0.99 ? 120 * MINUTE : share < 0.999 ? 4 * DAY : 17 * DAY;
  return Math.floor(within * fraction(seed, row, 301));
}

export function createWorld(options: WorldOptions): World {
  const { seed, clock } = options;
  // The initial data ends with the last whole day: below any window's upper bound, and the same rows when a simulator with the
  // same seed is started later on that day.
  const until = Math.floor((clock.now() - 10 * MINUTE) / DAY) * DAY;
  const span = options.historyDays * DAY;
  const visibilityDelay = (row: number): number => (options.visibility === 'instant' ? 0 : documentedDelay(seed, row));
  let jobs: { due: number; job: () => void }[] = [];
  return {
    seed,
    clock,
    ids: klaviyoIds(seed),
    profiles: seedProfiles(seed, options.profiles, until, span),
    events: seedEvents(options, until, span, visibilityDelay),
    metrics: Array.from({ length: options.metrics }, (_, i) => metricAt(i, until - span - 400 * DAY)),
    random: randomStream(seed),
    visibilityDelay,
    settle() {
      if (jobs.length === 0) return;
      const now = clock.now();
      const due = jobs.filter((entry) => entry.due <= now);
      if (due.length === 0) return;
      jobs = jobs.filter((entry) => entry.due > now);
      for (const entry of due) entry.job();
    },
    later(delayMs, job) {
      if (delayMs > 0) jobs.push({ due: clock.now() + delayMs, job });
      else job();
    },
  };
}

function seedProfiles(seed: number, count: number, until: number, span: number): Profiles {
  const created = new Float64Array(count);
  const updated = new Float64Array(count);
  const second = (ms: number): number => Math.floor(ms / 1000) * 1000;
  for (let row = 0; row < count; row++) created[row] = second(until - span + (span * (row + fraction(seed, row, 1))) / count);
  for (let row = 0; row < count; row++) {
    const born = created[row] as number;
    // One row in eight was changed by a bulk import: hundreds of rows with the same second, more than a page.
    const importEnd = Math.min(count, (Math.floor(row / 2000) + 1) * 2000) - 1;
    if (hash32(seed, row, 2) % 8 === 0) updated[row] = created[importEnd] as number;
    else updated[row] = second(born + (until - born) * fraction(seed, row, 3)) + (row % 64 === 9 && born < until - 1000 ? 250 : 0);
  }
  // The order reads the table, not the array, because a growing table gets new arrays.
  const table = {
    count,
    live: count,
    created,
    updated,
    version: new Uint32Array(count),
    flags: new Uint8Array(count),
    written: new Map<number, Record<string, string>>(),
    lastEvent: new Map<number, number>(),
    spoiled: new Map<number, Spoil>(),
    mergedInto: new Map<number, number>(),
  };
  return Object.assign(table, { byUpdated: sortedRows(count, (row) => table.updated[row] as number) });
}

function seedEvents(options: WorldOptions, until: number, span: number, delay: (row: number) => number): Events {
  const { seed, events: count } = options;
  const datetime = new Float64Array(count);
  const visibleAt = new Float64Array(count);
  const metric = new Uint16Array(count);
  const profile = new Uint32Array(count);
  const from = (until - span) / 1000;
  const bulkSeconds = Math.max(1, Math.floor(count / 16 / 1300));
  for (let row = 0; row < count; row++) {
    const bulk = hash32(seed, row, 4) % 16 === 0;
    const share = bulk ? (below(bulkSeconds, seed, row, 5) + 0.5) / bulkSeconds : fraction(seed, row, 5);
    datetime[row] = Math.floor(from + (span / 1000) * share);
    visibleAt[row] = (datetime[row] as number) * 1000 + delay(row);
    metric[row] = metricOfNewEvent(seed, row, options.metrics);
    profile[row] = row % 307 === 5 || options.profiles === 0 ? NO_PROFILE : below(options.profiles, seed, row, 6);
  }
  const table = {
    count,
    datetime,
    visibleAt,
    metric,
    profile,
    written: new Map<number, string>(),
    uniqueKeys: new Set<string>(),
    spoiled: new Map<number, Spoil>(),
  };
  return Object.assign(table, { byDatetime: sortedRows(count, (row) => table.datetime[row] as number) });
}

/** Nine of ten events belong to the first twelve metrics, as in real accounts. */
export function metricOfNewEvent(seed: number, row: number, metrics: number): number {
  return below(hash32(seed, row, 7) % 10 === 0 ? metrics : Math.min(12, metrics), seed, row, 8);
}

/** The current profile of an event, after merges. */
export function currentProfile(profiles: Profiles, row: number): number {
  let at = row;
  for (let next = profiles.mergedInto.get(at); next !== undefined; next = profiles.mergedInto.get(at)) at = next;
  return at;
}

/** The profile an event names, or undefined when it names none. */
export function profileShown(world: World, event: number): number | undefined {
  const named = world.events.profile[event] as number;
  if (named === NO_PROFILE) return undefined;
  const row = currentProfile(world.profiles, named);
  return (world.profiles.flags[row] as number) & DETACHED ? undefined : row;
}

export function isLive(profiles: Profiles, row: number | undefined): row is number {
  return row !== undefined && row < profiles.count && ((profiles.flags[row] as number) & GONE) === 0;
}
