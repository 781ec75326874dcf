import { setMaxListeners } from 'node:events';

/** Time as the reading side sees it; a test owns it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls back once after `ms`; returns how to cancel. */
  timer(ms: number, callback: () => void): () => void;
}

/** Longest delay `setTimeout` keeps; anything above fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  timer(ms, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_TIMER));
    return () => clearTimeout(handle);
  },
};

/** Resolves at epoch ms `until`, or at once when the signal aborts; the caller looks at the signal. */
export async function sleepUntil(clock: Clock, until: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && clock.now() < until) {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        forget();
        resolve();
      };
      const cancel = clock.timer(until - clock.now(), wake);
      const forget = onAbort(signal, wake);
    });
  }
}

/** Calls back once when the signal aborts; returns how to stop listening. For signals that many requests share. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', callback, { once: true });
  return () => signal.removeEventListener('abort', callback);
}

/** A controller that aborts with its parent; `release` takes the listener off the parent again. */
export function childController(parent: AbortSignal): { readonly controller: AbortController; release(): void } {
  const controller = new AbortController();
  const forward = (): void => controller.abort(parent.reason);
  if (parent.aborted) forward();
  return { controller, release: onAbort(parent, forward) };
}
