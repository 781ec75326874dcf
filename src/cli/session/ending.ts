/**
 * What a command may spend after the first signal, in milliseconds, one after the other. This is the one place that adds up how
 * long ending takes, whatever hangs: the vendor and the registry are cut at once, the rest when its share is over.
 */
export const ENDING = {
  /** Kafka may still commit what is held, and hear that this worker leaves. Then its sockets are cut. */
  saving: 4_000,
  /** What needs nobody else: files are closed, pages are told. */
  closing: 1_000,
  /** The parts of the embedded stack end, at last by force. */
  stack: 4_000,
} as const;

/** From the first signal until the process ends by force, milliseconds. */
export const endingMs = Object.values(ENDING).reduce((sum, share) => sum + share, 0);

/** A command that has ended still has so long to write out what it said; what keeps its process alive then is nothing to wait for. */
export const drainingMs = 500;

/** How long a part of the embedded stack has before it is ended by force, when so many milliseconds have passed since the signal. */
export function stackGrace(passedMs: number): number {
  // Two rows of parts, one after the other, and a moment for the force itself.
  return Math.max(0, endingMs - passedMs - 500) / 2;
}
