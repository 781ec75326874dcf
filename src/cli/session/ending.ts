/**
 * Time limits (ms) of the shutdown phases after the first signal; they run one after the other. All limits of the shutdown
 * are here: requests to the vendor and the registry are aborted at once, the rest when its phase is over.
 */
export const ENDING = {
  /** Kafka may still commit the batches held, and this worker leaves its group. Then its sockets are closed. */
  saving: 4_000,
  /** Work without other servers: files are closed, pages are notified. */
  closing: 1_000,
  /** The parts of the embedded stack end, finally by force. */
  stack: 4_000,
} as const;

/** From the first signal until the process ends by force, milliseconds. */
export const endingMs = Object.values(ENDING).reduce((sum, share) => sum + share, 0);

/** Time (ms) for a finished command to flush its output; then the process ends, whatever keeps it alive. */
export const drainingMs = 500;

/** Time (ms) a part of the embedded stack has before it is ended by force, `passedMs` after the signal. */
export function stackGrace(passedMs: number): number {
  // The parts end in two groups, one after the other; 500 ms are reserved for ending them by force.
  return Math.max(0, endingMs - passedMs - 500) / 2;
}
