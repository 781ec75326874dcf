import { AsyncLocalStorage } from 'node:async_hooks';
import type { TableRef, RunTotals } from '../core/run.ts';
import { createStandstill, type Standstill } from './standstill.ts';

/** The run a request belongs to: set around a table's run, read by the observer of the connection's HTTP client. */
export interface RunScope {
  readonly ref: TableRef;
  readonly totals: RunTotals;
}

const storage = new AsyncLocalStorage<RunScope>();

export function withinRun<T>(scope: RunScope, work: () => Promise<T>): Promise<T> {
  return storage.run(scope, work);
}

export function currentRun(): RunScope | undefined {
  return storage.getStore();
}

const standstills = new WeakMap<RunTotals, Standstill>();

/** The standstill of a run, shared by all its attempts. */
export function standstillOf({ totals }: RunScope): Standstill {
  let found = standstills.get(totals);
  if (found === undefined) standstills.set(totals, (found = createStandstill()));
  return found;
}
