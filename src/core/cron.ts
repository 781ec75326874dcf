import { Cron } from 'croner';
import cron from 'node-cron';
import { DAY, HOUR } from './time.ts';
import { isZone, offsetsOf } from './time-zone.ts';

/** The first time of the schedule after epoch ms `after`; undefined when there is none. */
export type NextMoment = (after: number) => number | undefined;

/** Whether the text is a cron expression of five or six fields that can ever be due. */
export function isCron(text: string): boolean {
  if (!cron.validate(text)) return false;
  try {
    return cronMoments(text, 'UTC')(0) !== undefined;
  } catch {
    return false;
  }
}

/** Whether the text is the IANA name of a time zone. */
export const isTimezone = (text: string): boolean => /^[A-Za-z]/.test(text) && isZone(text);

/** How far ahead (ms) clock changes are searched that leave out a scheduled time. */
const LOOK_AHEAD = 400 * DAY;
const STEP = 6 * HOUR;
/** An expression without a time in this period (ms) has none: 29 February may be eight years away, on a given weekday forty. */
const FAR = 50 * 366 * DAY;

/**
 * The times of a cron expression in a time zone, across clock changes: a time in the skipped hour is due right after it; a
 * fixed time in the repeated hour is due once, every other time in both. node-cron parses the expressions (day of month and
 * day of week must both match, names may be whole words, ranges may wrap); croner computes the times, because node-cron skips
 * days on which a time is left out.
 */
export function cronMoments(expression: string, timezone: string): NextMoment {
  const pattern = numeric(expression);
  const options = { paused: true, domAndDow: true, fixedTimeRule: 'no-wildcard' } as const;
  const zoned = new Cron(pattern, { ...options, timezone });
  const plain = new Cron(pattern, { ...options, timezone: 'UTC' });
  const offset = offsetsOf(timezone);
  const fits = dayFilter(expression);

  const next = (schedule: Cron, after: number, dayAt: (instant: number) => number): number | undefined => {
    for (let at: Date | null = new Date(after); ;) {
      at = schedule.nextRun(at);
      if (at === null || at.getTime() > after + FAR) return undefined;
      if (fits(dayAt(at.getTime()))) return at.getTime();
      at = new Date(lastOfDay(at.getTime(), dayAt));
    }
  };
  const afterGap = (after: number, until: number): number | undefined => {
    for (const change of changesOf(offset, after, until)) {
      const from = change + offset(change - 1);
      const left = next(plain, from - 1, (instant) => instant);
      if (left !== undefined && left < change + offset(change)) return change;
    }
    return undefined;
  };
  return (after) => {
    const regular = next(zoned, after, (instant) => instant + offset(instant));
    return afterGap(after, Math.min(regular ?? Infinity, after + LOOK_AHEAD)) ?? regular;
  };
}

/**
 * A late instant of the same day, as `shownAt` tells days: every minute of a day that does not fit would take seconds, and minutes
 * for an expression that never fits. On a day on which the clock changes it may be three hours early.
 */
function lastOfDay(at: number, shownAt: (instant: number) => number): number {
  const dayOf = (instant: number): number => Math.floor(shownAt(instant) / DAY);
  const end = at + (dayOf(at) + 1) * DAY - shownAt(at) - 1;
  return [end, end - 3 * HOUR].find((instant) => instant > at && dayOf(instant) === dayOf(at)) ?? at;
}

/** The instants in (after, until) at which clocks are set forward. */
function* changesOf(offset: (instant: number) => number, after: number, until: number): Generator<number, void, void> {
  for (let from = after; from < until; from += STEP) {
    let low = from;
    let high = Math.min(from + STEP, until);
    if (offset(high) <= offset(low)) continue;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offset(middle) === offset(from)) low = middle;
      else high = middle;
    }
    if (high > after) yield high;
  }
}

const FIELDS = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;
const WHOLE = { second: 60, minute: 60, hour: 24, dayOfMonth: 31, month: 12, dayOfWeek: 7 };

/** The expression in numbers; a field that allows every value becomes `*`. An hour or minute that was written with `*` keeps it, because it is not a fixed time. */
function numeric(expression: string): string {
  const parsed = cron.parse(expression);
  const typed = expression.trim().split(/\s+/);
  if (typed.length === 5) typed.unshift('0');
  return FIELDS.map((field, i) => {
    const values = parsed[field];
    const given = typed.length === FIELDS.length ? (typed[i] ?? '') : '';
    if (values.length >= WHOLE[field]) return '*';
    if (field === 'dayOfMonth' && values.some(isBeforeLast)) return '*';
    return i < 3 && values.length > 1 && given.includes('*') ? given : values.join(',');
  }).join(' ');
}

/** `L-2` (two days before the last of the month); croner does not support it. */
const isBeforeLast = (day: number | string): boolean => typeof day === 'string' && day.startsWith('L-');

/** For day rules that croner does not support: tests a day, given as the instant that shows it in UTC. */
function dayFilter(expression: string): (shown: number) => boolean {
  const days = cron.parse(expression).dayOfMonth;
  if (!days.some(isBeforeLast)) return () => true;
  const task = cron.createTask(`0 0 0 ${days.join(',')} * *`, () => undefined, { timezone: 'UTC' });
  void task.destroy();
  return (shown) => task.match(new Date(Math.floor(shown / DAY) * DAY));
}

/** Longest time (ms) between two consecutive times of a cron expression; weekends count. */
export function longestInterval(expression: string, timezone: string, now: number): number {
  const next = cronMoments(expression, timezone);
  let longest = 0;
  let before = next(now);
  for (let i = 0; i < 15 && before !== undefined; i += 1) {
    const at = next(before);
    if (at !== undefined) longest = Math.max(longest, at - before);
    before = at;
  }
  return longest;
}
