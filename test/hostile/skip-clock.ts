import type { Clock } from '../../src/core/clock.ts';

/** A clock that passes over every wait as soon as nothing else goes on. */
export interface SkipClock extends Clock {
  /** Sets the time and forgets how far the clock has come. */
  set(now: number): void;
  /** How many waits were passed over since then. */
  skipped(): number;
  close(): void;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Looks without a change after which nothing goes on. */
const QUIET_LOOKS = 3;

/** `busy`: whether an answer is still to come; `moves` grows with everything that happens. `onSkip` hears of the new time. */
export function skipClock(busy: () => boolean, moves: () => number, onSkip: (to: number) => void): SkipClock {
  let offset = 0;
  let began = performance.now();
  let skipped = 0;
  let quiet = 0;
  let moved = 0;
  const timers = new Set<Timer>();
  const now = (): number => Math.floor(offset + performance.now() - began);

  let used = performance.eventLoopUtilization();

  const look = (): void => {
    const latest = moves() + skipped;
    // A program that computes, in turns or on a machine that has no time for it, waits for nothing.
    const computes = performance.eventLoopUtilization(used).utilization > 0.5;
    used = performance.eventLoopUtilization();
    quiet = busy() || computes || latest !== moved ? 0 : quiet + 1;
    moved = latest;
    let next: Timer | undefined;
    for (const timer of timers) if (next === undefined || timer.at < next.at) next = timer;
    if (next === undefined || (next.at > now() && quiet < QUIET_LOOKS)) return;
    timers.delete(next);
    if (next.at > now()) {
      offset += next.at - now();
      skipped += 1;
      onSkip(now());
    }
    quiet = 0;
    next.callback();
  };
  const ticking = setInterval(look, 1);

  return {
    now,
    timer(ms, callback) {
      const timer = { at: now() + Math.max(0, ms), callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    set(to) {
      offset = to;
      began = performance.now();
      skipped = 0;
    },
    skipped: () => skipped,
    close: () => clearInterval(ticking),
  };
}
