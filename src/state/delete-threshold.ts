/** Up to this share of the live keys, or up to this many, may vanish in one scan without a question. */
const PLAUSIBLE_SHARE = 0.2;
const PLAUSIBLE_COUNT = 100;

/** How many of the live rows may vanish at once before somebody has to say that this is right. */
export function deleteThreshold(live: number): number {
  return Math.max(PLAUSIBLE_COUNT, Math.floor(live * PLAUSIBLE_SHARE));
}
