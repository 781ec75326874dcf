import { type Fit, Inexact, MISFIT } from './fit.ts';
import { DAY } from '../core/time.ts';

const FIRST_MOMENT = -62_135_596_800_000; // 0001-01-01T00:00:00.000Z
const LAST_MOMENT = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z
const FRACTION_WEIGHTS = [100, 10, 1] as const;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Epoch milliseconds for a timestamp column; times outside the years 1 to 9999 do not fit. */
export function fitInstant(milliseconds: number): Fit {
  const whole = Math.floor(milliseconds);
  if (!(whole >= FIRST_MOMENT && whole <= LAST_MOMENT)) return MISFIT;
  return whole === milliseconds ? whole + 0 : new Inexact(whole);
}

/**
 * Reads an ISO 8601 time: `T`, `t` or a space between date and time; seconds and fraction optional; `Z`, `±hh:mm`, `±hhmm`,
 * `±hh` or nothing (UTC) as the offset; or a date alone (midnight UTC). Digits beyond milliseconds are cut off, and the result
 * is then {@link Inexact}.
 */
export function fitIsoInstant(text: string): Fit {
  const day = parseDayAt(text);
  if (Number.isNaN(day)) return MISFIT;
  const length = text.length;
  if (length === 10) return fitInstant(day * DAY);

  const separator = text.charCodeAt(10);
  if (separator !== 84 && separator !== 116 && separator !== 32) return MISFIT;
  const hour = two(text, 11);
  const minute = text.charCodeAt(13) === 58 ? two(text, 14) : Number.NaN;
  if (!(hour <= 23 && minute <= 59)) return MISFIT;

  let at = 16;
  let second = 0;
  let millisecond = 0;
  let finer = false;
  if (text.charCodeAt(at) === 58) {
    second = two(text, at + 1);
    if (!(second <= 59)) return MISFIT;
    at += 3;
    const mark = text.charCodeAt(at);
    if (mark === 46 || mark === 44) {
      const start = at + 1;
      at = start;
      for (; at < length; at += 1) {
        const digit = text.charCodeAt(at) - 48;
        if (digit < 0 || digit > 9) break;
        const place = at - start;
        if (place < 3) millisecond += digit * (FRACTION_WEIGHTS[place] ?? 0);
        else if (digit !== 0) finer = true;
      }
      if (at === start) return MISFIT;
    }
  }
  const offset = parseOffset(text, at);
  if (Number.isNaN(offset)) return MISFIT;
  const fit = fitInstant(day * DAY + (hour * 60 + minute - offset) * 60_000 + second * 1000 + millisecond);
  return finer && typeof fit === 'number' ? new Inexact(fit) : fit;
}

/** Reads a calendar date; a time is accepted only when it is midnight UTC, because a date cannot hold more. */
export function fitDay(text: string): Fit {
  if (text.length === 10) return Number.isNaN(parseDayAt(text)) ? MISFIT : text;
  const instant = fitIsoInstant(text);
  const isMidnight = typeof instant === 'number' && instant % DAY === 0 && text.slice(11, 16) === '00:00';
  return isMidnight ? text.slice(0, 10) : MISFIT;
}

/** Days since 1970-01-01 of a `YYYY-MM-DD` text that {@link fitDay} has accepted. */
export const dayNumber = (day: string): number => parseDayAt(day);

/** `YYYY-MM-DD` of days since 1970-01-01. */
export function dayText(days: number): string {
  return new Date(days * DAY).toISOString().slice(0, 10);
}

function parseDayAt(text: string): number {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return Number.NaN;
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1)) return Number.NaN;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > (MONTH_DAYS[month - 1] ?? 0) + (leap && month === 2 ? 1 : 0)) return Number.NaN;
  return daysSinceEpoch(year, month, day);
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar. Counts in years that begin in March, so that leap days come last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

/** Offset in minutes east of UTC; NaN when the rest of the text is not an offset. */
function parseOffset(text: string, at: number): number {
  const rest = text.length - at;
  if (rest === 0) return 0;
  const sign = text.charCodeAt(at);
  if (sign === 90 || sign === 122) return rest === 1 ? 0 : Number.NaN;
  if (sign !== 43 && sign !== 45) return Number.NaN;
  const hours = two(text, at + 1);
  let minutes = 0;
  if (rest === 5) minutes = two(text, at + 3);
  else if (rest === 6) minutes = text.charCodeAt(at + 3) === 58 ? two(text, at + 4) : Number.NaN;
  else if (rest !== 3) return Number.NaN;
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  return (sign === 45 ? -1 : 1) * (hours * 60 + minutes);
}

function two(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
