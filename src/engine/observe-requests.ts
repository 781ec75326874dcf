import type { HttpObserver } from '../sdk/http/client.ts';
import { type EngineEvent } from './events.ts';
import { failureNotice } from '../core/run.ts';
import { currentRun } from './run-scope.ts';

/** Turns what the HTTP client tells into events of the table whose run is asking. */
export function observeRequests(
  where: { readonly connection: string; readonly source: string },
  emit: (event: EngineEvent) => void,
): HttpObserver {
  const table = () => {
    const run = currentRun();
    return run ? { table: run.ref.table } : {};
  };
  return {
    onRequest(endpoint, status, durationMs, bytes) {
      const run = currentRun();
      if (run) run.totals.requests += 1;
      emit({ type: 'request', endpoint, status, durationMs, bytes, ...where, ...table() });
    },
    onThrottled(endpoint, until) {
      const run = currentRun();
      emit({ type: 'throttled', endpoint, until, ...where, ...table() });
      if (run) emit({ type: 'rate-limited', until, ...run.ref });
    },
    onWaited(_endpoint, waitedMs) {
      const run = currentRun();
      if (run) run.totals.waitedMs += waitedMs;
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
