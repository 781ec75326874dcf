/** The simulated vendor's time, epoch ms. */
export interface SimClock {
  now(): number;
  /** Moves time forward; negative steps are refused because vendors' clocks do not go back. */
  advance(ms: number): void;
}

/**
 * `'real'` follows the machine's clock plus what was advanced. A number starts there and stands still, so that a test controls
 * the time.
 */
export function simClock(start: number | 'real'): SimClock {
  let offset = start === 'real' ? 0 : start;
  return {
    now: () => (start === 'real' ? Date.now() + offset : offset),
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`The simulated clock only goes forward; got ${ms} ms.`);
      offset += ms;
    },
  };
}
