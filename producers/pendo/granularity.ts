import { asInstant } from '../../src/core/time.ts';
import { daysOfSomeZone, hoursAtOnce, hoursOfSomeZone } from '../../src/sdk/readers/time-grain.ts';
import type { TimeGrain } from '../../src/sdk/readers/time-grain.ts';
import type { TimeSeries } from './aggregation.ts';

/** How time is divided into the buckets of a request. Days and hours are those of the subscription's time zone, which the API does not tell. */
export interface Granularity extends TimeGrain {
  series(at: number): TimeSeries;
}

export const days: Granularity = {
  ...daysOfSomeZone((row) => asInstant(row.day)),
  series: (first) => ({ period: 'dayRange', first, count: 1 }),
};

export const hours: Granularity = {
  ...hoursOfSomeZone((row) => asInstant(row.hour)),
  series: (first) => ({ period: 'hourRange', first, count: 1 }),
};

/** Single interactions are not counted by bucket and need no day borders: 24 hours at once. */
export const dayOfHours: Granularity = {
  ...hoursAtOnce(24),
  series: (first) => ({ period: 'hourRange', first, count: 24 }),
};
