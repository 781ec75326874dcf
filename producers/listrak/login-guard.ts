import type { TributaryError } from '../../src/core/errors.ts';
import { forwardTime, onAbort } from '../../src/core/clock.ts';
import { cooldownAfter } from './faults.ts';

/** Runs a call as soon as the concurrency limit allows it, or throws without sending it. */
export type LoginGuard = <T>(call: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * Keeps a wrong password from locking the user, however many tables of a connection start at once. Until a first call has
 * succeeded only one runs at a time, then at most `concurrency`; after a refused login none starts until its cool-down is over.
 */
export function createLoginGuard(concurrency: number, clock: () => number): LoginGuard {
  const now = forwardTime(clock);
  let proven = false;
  let underWay = 0;
  let waiting: (() => void)[] = [];
  let closed: { readonly error: TributaryError; readonly until: number } | undefined;

  async function ask<T>(call: () => Promise<T>): Promise<T> {
    if (closed !== undefined && now() < closed.until) throw closed.error;
    underWay += 1;
    try {
      const answer = await call();
      // A call that ran while a login was refused says nothing about the next login.
      if (closed === undefined || now() >= closed.until) {
        proven = true;
        closed = undefined;
      }
      return answer;
    } catch (error) {
      const cooldown = cooldownAfter(error);
      if (cooldown !== undefined) {
        proven = false;
        closed = { error: error as TributaryError, until: now() + cooldown };
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
