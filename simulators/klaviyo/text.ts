import { DAY } from '../kit/durations.ts';

const TWO_DIGITS = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0'));
let lastDay = NaN;
let lastDayText = '';

/** JSON text of a time in the vendor's usual form, `"2026-03-01T10:12:44+00:00"`, with a fraction only when it is not zero. */
export function iso(ms: number): string {
  const day = Math.floor(ms / DAY);
  if (day !== lastDay) {
    lastDay = day;
    lastDayText = `"${new Date(ms).toISOString().slice(0, 11)}`;
  }
  const seconds = Math.floor((ms - day * DAY) / 1000);
  const minutes = Math.floor(seconds / 60);
  const clock = `${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[seconds % 60]}`;
  const part = ms % 1000;
  return part === 0 ? `${lastDayText}${clock}+00:00"` : `${lastDayText}${clock}.${String(part).padStart(3, '0')}000+00:00"`;
}

/** The form of older revisions: a space instead of the T. */
export function isoWithSpace(ms: number): string {
  return iso(ms).replace('T', ' ');
}

export const quote: (text: string) => string = JSON.stringify;

export const LONG_STRING = quote('long '.repeat(20_000));

/** Property names that break naming rules of columns or JSON paths. */
export const AWKWARD_NAMES = '"first visit":"web","a.b":1,"$source":-6,"Size":"M","size":"m","SIZE":"L","zażółć":true,"":"nameless"';
