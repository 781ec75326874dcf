import type { Counter } from 'prom-client';
import type { EngineEvent } from '../engine/events.ts';
import { tableKey, type TableRef } from '../core/run.ts';
import type { EndpointLabels } from './endpoint-labels.ts';
import type { Instruments } from './metrics-instruments.ts';

/** Per run in progress: what has been counted already, so that the totals at its end are not counted twice. */
const inProgress = new WeakMap<Instruments, Map<string, { waitedMs: number; waitingUntil: number; hadError: boolean }>>();

/** Applies one event to the metrics. `now` is epoch ms. */
export function recordEvent(to: Instruments, event: EngineEvent, now: number, endpoints: EndpointLabels): void {
  switch (event.type) {
    case 'page-read':
      to.rowsRead.inc(tableLabels(event), event.rows);
      return;
    case 'batch-committed': {
      const labels = tableLabels(event);
      count(to.published, { ...labels, op: 'upsert' }, event.upserts);
      // Each delete publishes a marker and a tombstone in one transaction.
      count(to.published, { ...labels, op: 'delete' }, event.deletes);
      count(to.published, { ...labels, op: 'marker' }, event.deletes);
      count(to.unchanged, labels, event.unchanged);
      count(to.deadLetters, labels, event.deadLetters);
      to.batchDuration.observe(connectionLabels(event), event.durationMs / 1000);
      return;
    }
    case 'rows-odd':
      to.rowsOdd.inc({ ...tableLabels(event), what: event.what }, event.count);
      return;
    case 'run-started':
      startAtZero(to, event);
      runs(to).set(tableKey(event), { waitedMs: 0, waitingUntil: 0, hadError: false });
      return;
    case 'rate-limited': {
      const run = runs(to).get(tableKey(event));
      const waitMs = Math.max(0, event.until - Math.max(now, run?.waitingUntil ?? 0));
      to.budgetWait.inc(tableLabels(event), waitMs / 1000);
      if (run) {
        run.waitedMs += waitMs;
        run.waitingUntil = Math.max(run.waitingUntil, event.until);
      }
      return;
    }
    case 'run-retrying': {
      to.errors.inc({ ...tableLabels(event), stage: event.stage, kind: event.failure.kind });
      const run = runs(to).get(tableKey(event));
      if (run) run.hadError = true;
      return;
    }
    case 'run-ended': {
      const labels = tableLabels(event);
      const run = runs(to).get(tableKey(event));
      runs(to).delete(tableKey(event));
      to.runs.inc({ ...labels, outcome: event.outcome });
      to.runDuration.observe(connectionLabels(event), Math.max(0, event.at - event.startedAt) / 1000);
      count(to.budgetWait, labels, Math.max(0, event.totals.waitedMs - (run?.waitedMs ?? 0)) / 1000);
      if (event.failure && !run?.hadError) to.errors.inc({ ...labels, stage: 'run', kind: event.failure.kind });
      return;
    }
    case 'connection-failed':
      to.errors.inc({ connection: event.connection, source: event.source, table: '', stage: 'connection', kind: event.failure.kind });
      return;
    case 'request': {
      const endpoint = endpoints(event.connection, event.endpoint);
      const labels = { connection: event.connection, source: event.source };
      to.requests.inc({ ...labels, endpoint, code: String(event.status) });
      to.requestDuration.observe(labels, event.durationMs / 1000);
      to.responseBytes.inc(labels, event.bytes);
      return;
    }
    case 'throttled':
      to.throttled.inc({ connection: event.connection, source: event.source });
      return;
    case 'transaction': {
      const labels = { connection: event.connection, source: event.source };
      to.transactions.inc({ ...labels, outcome: event.outcome });
      to.transactionDuration.observe(labels, event.durationMs / 1000);
      return;
    }
    case 'index-rebuilt':
      to.rebuildDuration.observe(connectionLabels(event), event.durationMs / 1000);
      return;
    case 'connection-assigned':
    case 'connection-revoked':
      to.assigned.set({ connection: event.connection, source: event.source }, event.type === 'connection-assigned' ? 1 : 0);
      return;
    default:
  }
}

/**
 * Prometheus' `increase` and `rate` do not see the first step of a counter that appears with it. So the counters used by
 * alerts start at 0 with a table's first run. All others appear with their first event: with hundreds of tables, most
 * series would otherwise stay at 0.
 */
function startAtZero(to: Instruments, event: TableRef): void {
  const labels = tableLabels(event);
  to.rowsRead.inc(labels, 0);
  to.published.inc({ ...labels, op: 'upsert' }, 0);
  to.runs.inc({ ...labels, outcome: 'succeeded' }, 0);
}

function count<L extends string>(counter: Counter<L>, labels: Record<L, string>, by: number): void {
  if (by > 0) counter.inc(labels, by);
}

function runs(to: Instruments) {
  let found = inProgress.get(to);
  if (!found) inProgress.set(to, (found = new Map()));
  return found;
}

function tableLabels({ connection, source, table }: TableRef) {
  return { connection, source, table };
}

function connectionLabels({ connection, source }: { readonly connection: string; readonly source: string }) {
  return { connection, source };
}
