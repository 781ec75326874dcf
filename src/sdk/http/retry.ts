/** When to try again. Pure: clock and random come from the caller, times are epoch ms, delays ms. */

const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 300_000;
/** Below this a failing server would be hammered when the dice fall low. */
const SHORTEST_DELAY = 100;

/** Full-jitter back-off: anything up to a ceiling that doubles with each failure, at most 5 minutes. */
export function backoff(failures: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(failures - 1, 20));
  return Math.max(SHORTEST_DELAY, Math.round(ceiling * random()));
}

/** How long to keep away after a refusal that named no time: 1, 2, 4 … 60 s, and up to a quarter more by chance. */
export function unnamedWait(refusals: number, random: () => number): number {
  return Math.round(Math.min(60_000, 1_000 * 2 ** Math.min(refusals - 1, 10)) * (1 + random() / 4));
}

/** No pause a vendor asks for is kept longer at a time, ms: then it is asked again, and may repeat it. */
export const LONGEST_PAUSE = 3_600_000;

/** When a vendor's pause is over, epoch ms: within {@link LONGEST_PAUSE}, and not before a second has passed. Undefined when it is no time. */
export function pauseUntil(until: number | undefined, now: number): number | undefined {
  if (until === undefined || Number.isNaN(until)) return undefined;
  return Math.min(Math.max(until, now + 1_000), now + LONGEST_PAUSE);
}

/** `Retry-After` in seconds or as an HTTP date, to epoch ms as {@link pauseUntil} gives it; undefined when unusable. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  const value = header?.trim();
  if (value === undefined || value === '') return undefined;
  // A number that is no count of seconds is no date either, whatever `Date.parse` makes of it.
  if (/^[+-]?[0-9.]+$/.test(value)) return pauseUntil(now + Number(value) * 1_000, now);
  return value.length > LONGEST_DATE ? undefined : pauseUntil(Date.parse(value), now);
}

const LONGEST_DATE = 100;
