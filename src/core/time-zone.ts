import { HOUR } from './time.ts';

/** Whether times can be told in this zone: an IANA name or, where Node knows them, an offset such as `+02:00`. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** A zone's offset from UTC at an instant, ms. */
export function offsetsOf(zone: string): (instant: number) => number {
  if (zone === 'UTC') return () => 0;
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const of = Object.fromEntries(parts.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const shown = Date.UTC(of.year ?? 0, (of.month ?? 1) - 1, of.day, of.hour, of.minute, of.second);
    return shown - Math.floor(instant / 1000) * 1000;
  };
}

/** Converts between instants and what a clock on the wall of a zone shows, given as the instant that shows it in UTC; all epoch ms. */
export interface WallClock {
  /** A time that a clock change skips becomes one next to it, and one that comes twice becomes one of the two. */
  instantOf(shown: number): number;
  shownAt(instant: number): number;
}

/** The wall clock of a zone. Offsets are cached per quarter of an hour, within which no zone changes. */
export function wallClockOf(zone: string): WallClock {
  if (zone === 'UTC') return { instantOf: (shown) => shown, shownAt: (instant) => instant };
  const offsetOf = offsetsOf(zone);
  const cache = new Map<number, number>();
  const offsetAt = (instant: number): number => {
    const quarterHour = Math.floor(instant / (HOUR / 4)) * (HOUR / 4);
    const known = cache.get(quarterHour);
    if (known !== undefined) return known;
    const offset = offsetOf(quarterHour);
    cache.set(quarterHour, offset);
    return offset;
  };
  return {
    instantOf(shown) {
      const first = shown - offsetAt(shown);
      return shown - offsetAt(first);
    },
    shownAt: (instant) => instant + offsetAt(instant),
  };
}
