import { asInstant } from '../../src/core/time.ts';
import type { Row } from '../../src/core/types.ts';
import type { TimeSeries } from './aggregation.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * How time is cut into what one request asks for. Days and hours are those of the subscription's time zone, which
 * nobody tells: they are never computed. Any instant in a bucket asks for it, and its rows tell where it begins.
 */
export interface Granularity {
  series(at: number): TimeSeries;
  /** Begin of the bucket a row lies in, where rows tell. */
  startOf(row: Row): number | undefined;
  /** An instant in the bucket that `from` lies in, or in one shortly before. `day` is a day's begin seen earlier. */
  begin(from: number, day: number | undefined): number;
  /** An instant in the bucket after the one asked for with `at`, which began at `start` if that is known. Never skips one. */
  next(at: number, start: number | undefined, day: number | undefined): number;
  /** Whether the bucket asked for with `at` surely holds that later instant. */
  holds(instant: number, at: number, start: number | undefined): boolean;
  /** No bucket is longer, ms. */
  readonly longest: number;
}

export const days: Granularity = {
  series: (first) => ({ period: 'dayRange', first, count: 1 }),
  startOf: (row) => asInstant(row.day),
  // About noon of a day: there an hour more or less, when the clocks change, does not matter.
  begin: (from, day) => (day === undefined ? from : day + Math.floor((from - HOUR - day) / DAY) * DAY + 12 * HOUR),
  // Until a row has told where midnight is, an instant may be next to it: half steps cannot jump over a day.
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

/** Rows that are not counted by bucket need no day's border: 24 hours at once. */
export const dayOfHours: Granularity = {
  series: (first) => ({ period: 'hourRange', first, count: 24 }),
  startOf: () => undefined,
  begin: toHour,
  next: (at) => at + DAY,
  holds: (instant, at) => instant < at + DAY - HOUR,
  longest: DAY,
};
