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

/** `Retry-After` in seconds or as an HTTP date, to epoch ms; at least one second from now, undefined when unusable. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  const value = header?.trim();
  if (value === undefined || value === '') return undefined;
  const seconds = /^[0-9]+(\.[0-9]+)?$/.test(value) ? Number(value) : undefined;
  const at = seconds === undefined ? Date.parse(value) : now + seconds * 1_000;
  return Number.isFinite(at) ? Math.max(at, now + 1_000) : undefined;
}
