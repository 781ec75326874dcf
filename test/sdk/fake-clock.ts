import type { Clock } from '../../src/core/clock.ts';

export interface FakeClock extends Clock {
  /** Lets time pass, timer by timer, with everything that follows from each. */
  run(ms: number): Promise<void>;
}

export function fakeClock(start = 1_000_000): FakeClock {
  let now = start;
  let order = 0;
  const timers: { at: number; order: number; callback: () => void }[] = [];
  const settle = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });
  return {
    now: () => now,
    timer(ms, callback) {
      const timer = { at: now + Math.max(0, ms), order: (order += 1), callback };
      timers.push(timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    async run(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        let next: (typeof timers)[number] | undefined;
        for (const timer of timers) {
          if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
        }
        if (next === undefined || next.at > end) break;
        timers.splice(timers.indexOf(next), 1);
        now = Math.max(now, next.at);
        next.callback();
        await settle();
      }
      now = end;
    },
  };
}
