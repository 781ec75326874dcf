/** At most `limit` requests in `ms` milliseconds. */
export interface Window {
  limit: number;
  ms: number;
}

export type Verdict =
  | { allowed: true; remaining: readonly number[]; resetMs: readonly number[] }
  /** `retryMs`: time until the exhausted window that lasts longest ends. */
  | { allowed: false; retryMs: number; exhausted: Window };

export interface RateWindows {
  /** Counts one request against every window of the bucket, unless one of them is full. */
  take(bucket: string, windows: readonly Window[]): Verdict;
  /** Advances the limiter's own time, so that a test need not wait for the end of a window. */
  advance(ms: number): void;
  reset(): void;
}

/**
 * Fixed windows aligned to multiples of their length, counted per bucket (named by endpoint and account). They have their own
 * clock, so that new windows begin even while the simulated time stands still.
 */
export function rateWindows(now: () => number = Date.now): RateWindows {
  let offset = 0;
  const buckets = new Map<string, { window: number; used: number }[]>();
  return {
    take(bucket, windows) {
      const at = now() + offset;
      let counters = buckets.get(bucket);
      if (counters?.length !== windows.length) {
        counters = windows.map(() => ({ window: -1, used: 0 }));
        buckets.set(bucket, counters);
      }
      let refused: { retryMs: number; exhausted: Window } | undefined;
      windows.forEach((window, i) => {
        const counter = counters[i] as { window: number; used: number };
        const current = Math.floor(at / window.ms);
        if (counter.window !== current) Object.assign(counter, { window: current, used: 0 });
        const retryMs = (current + 1) * window.ms - at;
        if (counter.used >= window.limit && retryMs > (refused?.retryMs ?? -1)) refused = { retryMs, exhausted: window };
      });
      if (refused) return { allowed: false, ...refused };
      for (const counter of counters) counter.used++;
      return {
        allowed: true,
        remaining: windows.map((window, i) => window.limit - (counters[i] as { used: number }).used),
        resetMs: windows.map((window) => window.ms - (at % window.ms)),
      };
    },
    advance(ms) {
      offset += ms;
    },
    reset() {
      buckets.clear();
    },
  };
}
