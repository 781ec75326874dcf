import { setMaxListeners } from 'node:events';

/** The source of time for readers; tests pass their own. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls back once after `ms`; returns a function that cancels it. */
  timer(ms: number, callback: () => void): () => void;
}

/** Longest delay (ms) that `setTimeout` supports; with a longer one it fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  timer(ms, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_TIMER));
    return () => clearTimeout(handle);
  },
};

/**
 * Milliseconds for measuring how long something takes. They go on with the clock, and stand still for a moment when the clock is
 * set back, because who waits for a time would otherwise wait longer by all that the clock was set back. They begin as the
 * clock's.
 */
export function forwardTime(now: () => number): () => number {
  let seen = now();
  let time = seen;
  return () => {
    const at = now();
    time += Math.max(0, at - seen);
    seen = at;
    return time;
  };
}

/**
 * Resolves at epoch ms `until`, or at once when the signal aborts; the caller checks the signal. When the clock is set back
 * meanwhile, it waits for at most as long again.
 */
export async function sleepUntil(clock: Clock, until: number, signal: AbortSignal): Promise<void> {
  const time = forwardTime(clock.now);
  for (let at = time(); !signal.aborted && at < until; at = time()) {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        forget();
        resolve();
      };
      const cancel = clock.timer(until - at, wake);
      const forget = onAbort(signal, wake);
    });
  }
}

/** Calls back once when the signal aborts; returns a function that stops listening. For signals shared by many requests: Node's warning about many listeners is turned off. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', callback, { once: true });
  return () => signal.removeEventListener('abort', callback);
}

/** A controller that aborts with its parent; `release` removes the listener from the parent. */
export function childController(parent: AbortSignal): { readonly controller: AbortController; release(): void } {
  const controller = new AbortController();
  const forward = (): void => controller.abort(parent.reason);
  if (parent.aborted) forward();
  return { controller, release: onAbort(parent, forward) };
}
