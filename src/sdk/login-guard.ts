import { forwardTime, onAbort } from '../core/clock.ts';

/** Runs a call as soon as the concurrency limit allows it, or throws without sending it. */
export type LoginGuard = <T>(call: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export interface LoginGuardOptions {
  /** Calls in flight at once, after a first call has proved the log-in. */
  readonly concurrency: number;
  /** Time in which no call may be sent after this error, ms; undefined when the error is not a refused log-in. */
  readonly cooldownAfter: (error: unknown) => number | undefined;
  readonly now: () => number;
}

/**
 * A circuit breaker for vendors that lock a user after a few refused log-ins and where each call logs in, however many tables of
 * a connection start at once. Until a first call has succeeded only one runs at a time, then at most `concurrency`; after a
 * refused log-in none starts until its cool-down is over.
 */
export function createLoginGuard({ concurrency, cooldownAfter, now: clock }: LoginGuardOptions): LoginGuard {
  const now = forwardTime(clock);
  let proven = false;
  let underWay = 0;
  let waiting: (() => void)[] = [];
  let closed: { readonly error: unknown; readonly until: number } | undefined;

  async function ask<T>(call: () => Promise<T>): Promise<T> {
    if (closed !== undefined && now() < closed.until) throw closed.error;
    underWay += 1;
    try {
      const answer = await call();
      // A call that ran while a log-in was refused says nothing about the next log-in.
      if (closed === undefined || now() >= closed.until) {
        proven = true;
        closed = undefined;
      }
      return answer;
    } catch (error) {
      const cooldown = cooldownAfter(error);
      if (cooldown !== undefined) {
        proven = false;
        closed = { error, until: now() + cooldown };
      }
      throw error;
    } finally {
      underWay -= 1;
      const woken = waiting;
      waiting = [];
      // Each one checks again, in the order of arrival.
      for (const wake of woken) wake();
    }
  }

  return async (call, signal) => {
    while (underWay >= (proven ? concurrency : 1) && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const forget = onAbort(signal, resolve);
        waiting.push(() => {
          forget();
          resolve();
        });
      });
    }
    return ask(call);
  };
}
