import { HOUR, MINUTE } from '../kit/durations.ts';

/** Offsets and midnights of all zones fall on quarters of an hour. */
const QUARTER_HOUR = 15 * MINUTE;

export interface Calendar {
  readonly week: number;
  readonly month: number;
  readonly quarter: number;
}

/** Hours and days of a place, daylight saving included. Instants are epoch ms. */
export interface Zone {
  /** First instant of the calendar day the instant lies in. */
  dayStart(instant: number): number;
  /** First instant of the clock hour the instant lies in. */
  hourStart(instant: number): number;
  /** First instant of the day after. */
  nextDay(instant: number): number;
  /** First instants of the week (from Monday), month and quarter the instant lies in. */
  calendar(instant: number): Calendar;
  /** First instant of a calendar day; months count from 1. */
  date(year: number, month: number, day: number): number;
}

export function zone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const locals = new Map<number, number>();
  const starts = new Map<number, number>();

  /** The local time at the start of a quarter of an hour, as if it were UTC. */
  function localAt(quarterHour: number): number {
    let known = locals.get(quarterHour);
    if (known === undefined) {
      const part = Object.fromEntries(format.formatToParts(quarterHour).map(({ type, value }) => [type, Number(value)])) as Record<
        string,
        number
      >;
      known = Date.UTC(part['year'] as number, (part['month'] as number) - 1, part['day'], part['hour'], part['minute'], part['second']);
      locals.set(quarterHour, known);
    }
    return known;
  }
  const quarterHourOf = (instant: number): number => Math.floor(instant / QUARTER_HOUR) * QUARTER_HOUR;
  const dayOf = (quarterHour: number): number => Math.floor(localAt(quarterHour) / (24 * HOUR));

  function dayStart(instant: number): number {
    const quarterHour = quarterHourOf(instant);
    const known = starts.get(quarterHour);
    if (known !== undefined) return known;
    const day = dayOf(quarterHour);
    let before = quarterHour - 27 * HOUR;
    let start = quarterHour;
    while (start - before > QUARTER_HOUR) {
      const middle: number = before + Math.floor((start - before) / 2 / QUARTER_HOUR) * QUARTER_HOUR;
      if (dayOf(middle) === day) start = middle;
      else before = middle;
    }
    starts.set(quarterHour, start);
    return start;
  }

  const date = (year: number, month: number, day: number): number => {
    const noon = Date.UTC(year, month - 1, day, 12);
    return dayStart(noon - (localAt(quarterHourOf(noon)) - noon));
  };
  const calendars = new Map<number, Calendar>();

  function calendar(instant: number): Calendar {
    const day = dayStart(instant);
    let known = calendars.get(day);
    if (known === undefined) {
      // The local day, as if it were UTC.
      const at = new Date(localAt(quarterHourOf(instant)));
      const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
      known = {
        week: date(year, month + 1, at.getUTCDate() - ((at.getUTCDay() + 6) % 7)),
        month: date(year, month + 1, 1),
        quarter: date(year, Math.floor(month / 3) * 3 + 1, 1),
      };
      calendars.set(day, known);
    }
    return known;
  }

  return {
    dayStart,
    calendar,
    hourStart(instant) {
      const quarterHour = quarterHourOf(instant);
      return quarterHour - (localAt(quarterHour) % HOUR);
    },
    nextDay: (instant) => dayStart(dayStart(instant) + 36 * HOUR),
    date,
  };
}
