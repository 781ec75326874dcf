import type { TributaryError } from '../../src/core/errors.ts';
import { onAbort } from '../../src/core/clock.ts';
import { restAfter } from './faults.ts';

/** Lets a call pass when there is room, or fails it without asking. */
export type Gate = <T>(call: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * Keeps a wrong password from locking the user out, however many tables of a connection begin at once: until a
 * first call has been answered only one is under way, then at most so many; after a refused login none is begun.
 */
export function createGate(most: number, now: () => number): Gate {
  let proven = false;
  let underWay = 0;
  let waiting: (() => void)[] = [];
  let closed: { readonly error: TributaryError; readonly until: number } | undefined;

  async function ask<T>(call: () => Promise<T>): Promise<T> {
    if (closed !== undefined && now() < closed.until) throw closed.error;
    underWay += 1;
    try {
      const answer = await call();
      // One that was under way when a login was refused says nothing about the next.
      if (closed === undefined || now() >= closed.until) {
        proven = true;
        closed = undefined;
      }
      return answer;
    } catch (error) {
      const rest = restAfter(error);
      if (rest !== undefined) {
        proven = false;
        closed = { error: error as TributaryError, until: now() + rest };
      }
      throw error;
    } finally {
      underWay -= 1;
      const woken = waiting;
      waiting = [];
      // Each looks again, in the order they came.
      for (const wake of woken) wake();
    }
  }

  return async (call, signal) => {
    while (underWay >= (proven ? most : 1) && !signal.aborted) {
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
