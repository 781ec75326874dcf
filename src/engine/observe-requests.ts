import { systemClock } from '../core/clock.ts';
import type { HttpObserver } from '../sdk/http/client.ts';
import type { EngineEvent } from './events.ts';
import { failureNotice } from '../core/run.ts';
import { currentRun, standstillOf } from './run-scope.ts';

/** Turns the HTTP client's reports into events of the table whose run made the request. */
export function observeRequests(
  where: { readonly connection: string; readonly source: string },
  emit: (event: EngineEvent) => void,
  now: () => number = systemClock.now,
): HttpObserver {
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
    },
    onRecovered() {
      const run = currentRun();
      if (run) emit({ type: 'run-recovered', ...run.ref });
    },
  };
}
