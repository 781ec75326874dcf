import { asInstant, DAY, HOUR } from '../../src/core/time.ts';
import type { Row } from '../../src/core/types.ts';
import type { TimeSeries } from './aggregation.ts';

/**
 * How time is divided into the buckets of a request. Days and hours are those of the subscription's time zone, which the API
 * does not tell, so they are never computed: any time in a bucket requests it, and its rows say where it begins.
 */
export interface Granularity {
  series(at: number): TimeSeries;
  /** Start of the bucket of a row, epoch ms, where rows contain it. */
  startOf(row: Row): number | undefined;
  /** A time in the bucket that holds `from`, or in one shortly before. `day` is the start of a day seen earlier. */
  begin(from: number, day: number | undefined): number;
  /** A time in the bucket after the one requested with `at`, which began at `start` if known. Never skips a bucket. */
  next(at: number, start: number | undefined, day: number | undefined): number;
  /** Whether the bucket requested with `at` certainly holds that later time. */
  holds(instant: number, at: number, start: number | undefined): boolean;
  /** Length of the longest bucket, ms. */
  readonly longest: number;
}

export const days: Granularity = {
  series: (first) => ({ period: 'dayRange', first, count: 1 }),
  startOf: (row) => asInstant(row.day),
  // About noon, where the hour of a clock change does not matter.
  begin: (from, day) => (day === undefined ? from : day + Math.floor((from - HOUR - day) / DAY) * DAY + 12 * HOUR),
  // Until a row has shown where midnight is, the time may be next to it; half-day steps cannot jump over a day.
  next: (at, start, day) => (start !== undefined ? start + 36 * HOUR : at + (day === undefined ? 12 * HOUR : DAY)),
  holds: (instant, _at, start) => start !== undefined && instant < start + 23 * HOUR,
  longest: 25 * HOUR,
};

const toHour = (instant: number): number => Math.floor(instant / HOUR) * HOUR;

export const hours: Granularity = {
  series: (first) => ({ period: 'hourRange', first, count: 1 }),
  startOf: (row) => asInstant(row.hour),
  begin: toHour,
  next: (at) => at + HOUR,
  holds: (instant, _at, start) => start !== undefined && instant < start + HOUR,
  longest: HOUR,
};

/** Single interactions are not counted by bucket and need no day borders: 24 hours at once. */
export const dayOfHours: Granularity = {
  series: (first) => ({ period: 'hourRange', first, count: 24 }),
  startOf: () => undefined,
  begin: toHour,
  next: (at) => at + DAY,
  holds: (instant, at) => instant < at + DAY - HOUR,
  longest: DAY,
};
