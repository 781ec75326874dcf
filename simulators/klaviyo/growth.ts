import type { World } from './world.ts';

export interface NewEvent {
  /** Unix seconds. */
  datetime: number;
  visibleAt: number;
  metric: number;
  profile: number;
  /** `event_properties` as JSON text; generated when absent. */
  written?: string;
}

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;

/** The column itself, or a larger copy when it has no space for that many rows. */
function roomFor<T extends Column>(column: T, rows: number): T {
  if (rows <= column.length) return column;
  const larger = new (column.constructor as new (length: number) => T)(Math.ceil(rows * 1.25) + 64);
  larger.set(column as never);
  return larger;
}

/** Appends new rows created at `now` and returns their numbers. */
export function appendProfiles(world: World, count: number, now: number): number[] {
  const { profiles } = world;
  const from = profiles.count;
  const rows = Array.from({ length: count }, (_, i) => from + i);
  profiles.byUpdated.move(rows, () => {
    profiles.created = roomFor(profiles.created, from + count);
    profiles.updated = roomFor(profiles.updated, from + count);
    profiles.version = roomFor(profiles.version, from + count);
    profiles.flags = roomFor(profiles.flags, from + count);
    profiles.created.fill(now, from, from + count);
    profiles.updated.fill(now, from, from + count);
    profiles.count += count;
    profiles.live += count;
  });
  return rows;
}

export function appendEvents(world: World, added: readonly NewEvent[]): number[] {
  const { events } = world;
  const from = events.count;
  const rows = added.map((_, i) => from + i);
  events.byDatetime.move(rows, () => {
    const total = from + added.length;
    events.datetime = roomFor(events.datetime, total);
    events.visibleAt = roomFor(events.visibleAt, total);
    events.metric = roomFor(events.metric, total);
    events.profile = roomFor(events.profile, total);
    added.forEach((event, i) => {
      events.datetime[from + i] = event.datetime;
      events.visibleAt[from + i] = event.visibleAt;
      events.metric[from + i] = event.metric;
      events.profile[from + i] = event.profile;
      if (event.written !== undefined) events.written.set(from + i, event.written);
    });
    events.count = total;
  });
  return rows;
}
