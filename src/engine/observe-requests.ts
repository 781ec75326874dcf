import { systemClock } from '../core/clock.ts';
import type { HttpObserver } from '../sdk/http/client.ts';
import type { EngineEvent } from './events.ts';
import { failureNotice } from '../core/run.ts';
import { currentRun, standstillOf } from './run-scope.ts';

/** Milliseconds after which the same failure is told again. */
const tellAgainMs = 60_000;

/** Turns the HTTP client's reports into events of the table whose run made the request. */
export function observeRequests(
  where: { readonly connection: string; readonly source: string },
  emit: (event: EngineEvent) => void,
  now: () => number = systemClock.now,
): HttpObserver {
  /** Of requests outside runs, as those of `verify`, nobody else tells why nothing goes on. */
  const told = new Map<string, number>();
  const tell = (what: string, message: string): void => {
    const at = now();
    if (at - (told.get(what) ?? -Infinity) < tellAgainMs) return;
    if (told.size > 20) told.clear();
    told.set(what, at);
    emit({ type: 'notice', ...where, message });
  };
  const table = () => {
    const run = currentRun();
    return run ? { table: run.ref.table } : {};
  };
  return {
    onRequest(endpoint, status, durationMs, bytes) {
      const run = currentRun();
      if (run) {
        run.totals.requests += 1;
        const at = now();
        const standstill = standstillOf(run);
        standstill.busy(at - durationMs, at);
        run.totals.waitedMs = standstill.total();
      }
      emit({ type: 'request', endpoint, status, durationMs, bytes, ...where, ...table() });
    },
    onThrottled(endpoint, until, byVendor) {
      const run = currentRun();
      emit({ type: 'throttled', endpoint, until, ...where, ...table() });
      if (run) emit({ type: 'rate-limited', until, ...(byVendor ? {} : { pacing: true }), ...run.ref });
      else if (byVendor) tell('wait', `${where.connection} is asked to wait until ${new Date(until).toISOString()}.`);
    },
    onWaited(_endpoint, waitedMs) {
      const run = currentRun();
      if (!run) return;
      const at = now();
      const standstill = standstillOf(run);
      standstill.waited(at - waitedMs, at);
      run.totals.waitedMs = standstill.total();
    },
    onRetry(error) {
      const run = currentRun();
      if (run) emit({ type: 'run-retrying', stage: 'extract', failure: failureNotice(error), ...run.ref });
      else tell(error.message, `${error.message} It is tried again.`);
    },
    onRecovered() {
      const run = currentRun();
      if (run) emit({ type: 'run-recovered', ...run.ref });
    },
  };
}
