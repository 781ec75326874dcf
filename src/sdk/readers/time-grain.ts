import { DAY, HOUR } from '../../core/time.ts';
import type { Row } from '../../core/types.ts';

/**
 * How a vendor divides time into buckets. Their borders may be those of a zone that the vendor does not tell, so they are never
 * computed: any time in a bucket requests it, and its rows say where it begins. All times are epoch ms.
 */
export interface TimeGrain {
  /** Start of the bucket of a row, where rows contain it. */
  startOf(row: Row): number | undefined;
  /** A time in the bucket that holds `from`, or in one shortly before. `border` is the start of a bucket seen earlier. */
  begin(from: number, border: number | undefined): number;
  /** A time in the bucket after the one requested with `at`, which began at `start` if known. Never skips a bucket. */
  next(at: number, start: number | undefined, border: number | undefined): number;
  /** Whether the bucket requested with `at` certainly holds that later time. */
  holds(instant: number, at: number, start: number | undefined): boolean;
  /** Length of the longest bucket, ms. */
  readonly longest: number;
  /** Whether borders can only be learnt from rows, so that one is kept in the position. */
  readonly learnsBorders: boolean;
}

/** Days of an unknown zone, those of 23 and 25 hours included. */
export const daysOfSomeZone = (startOf: TimeGrain['startOf']): TimeGrain => ({
  startOf,
  // About noon, where the hour of a clock change does not matter.
  begin: (from, border) => (border === undefined ? from : border + Math.floor((from - HOUR - border) / DAY) * DAY + 12 * HOUR),
  // Until a row has shown where midnight is, the time may be next to it; half-day steps cannot jump over a day.
  next: (at, start, border) => (start !== undefined ? start + 36 * HOUR : at + (border === undefined ? 12 * HOUR : DAY)),
  holds: (instant, _at, start) => start !== undefined && instant < start + 23 * HOUR,
  longest: 25 * HOUR,
  learnsBorders: true,
});

const toHour = (instant: number): number => Math.floor(instant / HOUR) * HOUR;

/** Hours; they begin at whole hours of UTC or within the hour before. */
export const hoursOfSomeZone = (startOf: TimeGrain['startOf']): TimeGrain => ({
  startOf,
  begin: toHour,
  next: (at) => at + HOUR,
  holds: (instant, _at, start) => start !== undefined && instant < start + HOUR,
  longest: HOUR,
  learnsBorders: false,
});

/** So many hours at once, from the hour that holds the time asked for. Rows do not say where they begin. */
export const hoursAtOnce = (count: number): TimeGrain => ({
  startOf: () => undefined,
  begin: toHour,
  next: (at) => at + count * HOUR,
  holds: (instant, at) => instant < at + (count - 1) * HOUR,
  longest: count * HOUR,
  learnsBorders: false,
});
