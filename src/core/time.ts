import type { Json } from './types.ts';

/** Lengths of time in ms. */
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const ISO =
  /^([+-]?[0-9]{4,6})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?\s*(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?$/;

export interface InstantOptions {
  /** Unit of a bare number. Default: a number is not a time. */
  readonly epoch?: 's' | 'ms';
}

/**
 * A vendor's time as epoch ms: ISO 8601 with `T` or a space, any fraction (cut to ms), with `Z`, an offset or neither (then
 * UTC); numbers and texts of digits only with the option. Null for everything else, impossible dates included.
 */
export function instantOf(value: unknown, options: InstantOptions = {}): number | null {
  if (typeof value === 'number' || typeof value === 'bigint') return fromEpoch(Number(value), options);
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (/^-?[0-9]+(\.[0-9]+)?$/.test(text)) return fromEpoch(Number(text), options);
  const match = ISO.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match as unknown as [
    string,
    string,
    string,
    string,
    ...(string | undefined)[],
  ];
  const ms = utc(Number(year), Number(month), Number(day));
  if (ms === null || Number(hour) > 24 || Number(minute) > 59 || Number(second) > 60) return null;
  const clock = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000 + Number(fraction.padEnd(3, '0').slice(0, 3));
  return ms + clock - offset(zone);
}

function fromEpoch(value: number, options: InstantOptions): number | null {
  if (options.epoch === undefined || !Number.isFinite(value)) return null;
  const ms = Math.trunc(options.epoch === 's' ? value * 1_000 : value);
  // The range of dates in JavaScript; every system downstream supports at least as much.
  return Math.abs(ms) <= 8.64e15 ? ms : null;
}

/** Midnight UTC of a day; null when the day does not exist. */
function utc(year: number, month: number, day: number): number | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && Number.isFinite(date.getTime()) ? date.getTime() : null;
}

function offset(zone: string): number {
  const match = /^([+-])([0-9]{2}):?([0-9]{2})?$/.exec(zone);
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3] ?? 0)) * 60_000;
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000, y: 365 * 86_400_000 };

/** Duration in ms: `30 d`, `12h`, `1 y`; `all` gives infinity; null when the text is not a duration. */
export function parseSpan(text: string): number | null {
  if (text.trim().toLowerCase() === 'all') return Number.POSITIVE_INFINITY;
  const match = /^\s*([0-9]{1,6})\s*(h|d|w|y)\s*$/i.exec(text);
  return match === null ? null : Number(match[1]) * (UNITS[(match[2] as string).toLowerCase()] as number);
}

/** First and last instant (epoch ms) of the years 1 to 9999, which ISO 8601 and every vendor support. */
const FIRST_MOMENT = -62_135_596_800_000;
const LAST_MOMENT = 253_402_300_799_999;

/** A vendor's number as a time, epoch ms; undefined unless it is in the years 1 to 9999. */
export function asInstant(value: Json | undefined): number | undefined {
  return typeof value === 'number' && value >= FIRST_MOMENT && value <= LAST_MOMENT ? Math.trunc(value) : undefined;
}

/** ISO 8601 in UTC with milliseconds. Never throws: a value out of range becomes the nearest date. */
export function isoMillis(instant: number): string {
  return new Date(Number.isNaN(instant) ? 0 : Math.min(LAST_MOMENT, Math.max(FIRST_MOMENT, instant))).toISOString();
}

/** ISO 8601 in UTC with whole seconds, as most APIs accept it. Never throws, like {@link isoMillis}. */
export function isoSeconds(instant: number): string {
  return isoMillis(instant).replace(/\.[0-9]{3}Z$/, 'Z');
}
