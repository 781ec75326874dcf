/** When to repeat a request. Pure: clock and random numbers are parameters. Times are epoch ms, delays ms. */

const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 300_000;
/** Lower limit, so that a failing server is not flooded when the random delay is near zero, ms. */
const SHORTEST_DELAY = 100;

/** Full-jitter back-off: a random delay below a ceiling that doubles with each failure, at most 5 minutes. */
export function backoff(failures: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(failures - 1, 20));
  return Math.max(SHORTEST_DELAY, Math.round(ceiling * random()));
}

/** Delay after a refusal that named no time: 1, 2, 4 … 60 s, plus up to 25 % at random. */
export function unnamedWait(refusals: number, random: () => number): number {
  return Math.round(Math.min(60_000, 1_000 * 2 ** Math.min(refusals - 1, 10)) * (1 + random() / 4));
}

/** Longest pause kept for a vendor, ms. After it the request is repeated, and the vendor may ask for another pause. */
export const LONGEST_PAUSE = 3_600_000;

/** End of a vendor's pause, epoch ms: at least 1 s and at most {@link LONGEST_PAUSE} from now. Undefined when `until` is not a time. */
export function pauseUntil(until: number | undefined, now: number): number | undefined {
  if (until === undefined || Number.isNaN(until)) return undefined;
  return Math.min(Math.max(until, now + 1_000), now + LONGEST_PAUSE);
}

/**
 * `Retry-After` (seconds or an HTTP date) of an answer as epoch ms, limited as by {@link pauseUntil}; undefined when it cannot
 * be read. A date is one of the vendor's clock: it is counted from when the answer was sent, which its header `Date` says.
 */
export function retryAfter(headers: Readonly<Record<string, string | undefined>>, now: number): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined || value === '') return undefined;
  // `Date.parse` would read some numbers as years, so anything that looks like a number is read as seconds.
  if (/^[+-]?[0-9.]+$/.test(value)) return pauseUntil(now + Number(value) * 1_000, now);
  return pauseUntil(now + untilDate(value, now, headers['date']), now);
}

/** Time from when an answer was sent (its header `Date`, otherwise now) to a date in it, ms; NaN when that is not a date. */
export function untilDate(date: string | undefined, now: number, sent: string | undefined): number {
  const from = parsed(sent);
  return parsed(date) - (Number.isNaN(from) ? now : from);
}

const parsed = (date = ''): number => (date.length > LONGEST_DATE ? Number.NaN : Date.parse(date));

const LONGEST_DATE = 100;
