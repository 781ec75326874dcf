/** The time a simulated vendor lives in, in Unix milliseconds. */
export interface SimClock {
  now(): number;
  /** Moves time forward; negative steps are refused because vendors' clocks do not go back. */
  advance(ms: number): void;
}

/**
 * `'real'` follows the machine's clock plus whatever was advanced. A number starts there and stands
 * still, so that a test decides every instant.
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
