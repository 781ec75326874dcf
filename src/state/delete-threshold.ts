/** A scan may delete up to the larger of these two without being confirmed: a share of the live rows, or a number of rows. */
const PLAUSIBLE_SHARE = 0.2;
const PLAUSIBLE_COUNT = 100;

/** Most rows that one scan may delete; with more, all of its deletes are withheld until a user allows them. `live`: rows in the topic. */
export function deleteThreshold(live: number): number {
  return Math.max(PLAUSIBLE_COUNT, Math.floor(live * PLAUSIBLE_SHARE));
}
