import type { Clock } from '../../src/core/clock.ts';

/** Passes over every wait: its time goes on by as much, since a wait by the clock looks at it again. */
export function eagerClock(): Clock {
  let passed = 0;
  return {
    now: () => Date.now() + passed,
    timer(ms, callback) {
      const handle = setImmediate(() => {
        passed += Math.max(0, ms);
        callback();
      });
      return () => clearImmediate(handle);
    },
  };
}
