import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { asTributaryError, type TributaryError } from '../core/errors.ts';
import type { RunMode } from '../core/types.ts';
import type { Connection, Session } from './connection.ts';
import { failureNotice, type RunOutcome, type RunTotals, type TableRef } from '../core/run.ts';
import { outOfPatience } from './keep-trying.ts';
import type { OpenTable } from './open-table.ts';
import { withinRun } from './run-scope.ts';
import { syncTable } from './sync-table.ts';
import { createTableRun, emptyTotals, type RunRequest } from './table-run.ts';
import { anySignal } from '../core/signals.ts';

/** The outcome of one run of one table. */
export interface RunSummary {
  readonly ref: TableRef;
  readonly runId: string;
  readonly mode: RunMode;
  readonly outcome: RunOutcome;
  readonly totals: RunTotals;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly error?: TributaryError;
  /** After a complete run: number of rows the topic holds. */
  readonly liveRows?: number;
  /** After a complete run: the topic holds all that the vendor had up to this time. Epoch ms. */
  readonly readTo?: number;
  /** Deletes withheld by this run or an earlier one, until somebody allows them. */
  readonly withheld?: { readonly count: number; readonly reason: string };
}

const longestPauseMs = 15_000;
/** Codes of refusals that an admin can repair while the worker runs: the topic's configuration, or the topic itself. */
const mendable: ReadonlySet<string> = new Set(['topic:config', 'topic:gone']);

/**
 * Executes one run of one table to its end. When Kafka fails or a commit's outcome is unknown, the connection
 * recovers and the run continues from what the topics say.
 *
 * @param stop ends the run with its position saved: shutdown, pause, revoked connection.
 */
export async function executeRun(connection: Connection, table: OpenTable, request: RunRequest, stop: AbortSignal): Promise<RunSummary> {
  const { ref, services } = table;
  const totals = emptyTotals();
  const startedAt = services.now();
  const runId = randomUUID();
  const keepRows = [...services.tables.values()].some((other) => other.definition.parent === ref.table);
  services.emit({ type: 'run-started', runId, mode: request.mode, at: startedAt, ...ref });

  const end = (outcome: RunOutcome, error?: TributaryError): RunSummary => {
    if (outcome !== 'succeeded') request.cycle.deliver(ref.table, undefined);
    const endedAt = services.now();
    const failure = error && outcome === 'failed' ? { failure: failureNotice(error) } : {};
    services.emit({ type: 'run-ended', runId, outcome, totals, startedAt, at: endedAt, ...ref, ...failure });
    const { withheld, readTo } = table.state;
    return {
      ref,
      runId,
      mode: request.mode,
      outcome,
      totals,
      startedAt,
      endedAt,
      ...(error === undefined ? {} : { error }),
      ...(outcome === 'succeeded' ? { liveRows: table.index.size() } : {}),
      ...(outcome === 'succeeded' && readTo !== undefined ? { readTo } : {}),
      ...(withheld === undefined ? {} : { withheld: { count: withheld.count, reason: withheld.reason } }),
    };
  };

  let indexBroken = false;
  /** Losses of the writer in a row without a commit between them, and the commit count before them. */
  let losses = 0;
  let committed = -1;
  let lostSince = startedAt;
  for (;;) {
    let session: Session | undefined;
    try {
      session = await connection.session(stop);
      if (table.refusal !== undefined) {
        // Repairable refusals are checked again; the other ones need a reset with the workers stopped.
        if (!mendable.has(table.refusal.code ?? '') || (await connection.topicFault(table)) !== undefined)
          return end('failed', table.refusal);
        session.lose();
        await connection.recover(session, stop);
        continue;
      }
      const signal = anySignal(stop, session.signal);
      const run = createTableRun(request, { id: runId, startedAt, totals, signal, keepRows });
      await session.attempt(withinRun({ ref, totals }, () => syncTable(table, run)));
      // A topic that expires rows cannot hold the table, so the run must not count as succeeded.
      const fault = await connection.topicFault(table);
      if (fault !== undefined) {
        table.refusal = fault;
        return end('failed', fault);
      }
      request.cycle.deliver(ref.table, run.freshScans.size === 1 ? run.keptRows : undefined);
      return end('succeeded');
    } catch (thrown) {
      const error = asTributaryError(thrown, `The run of ${ref.connection}.${ref.table}`);
      if (error.kind === 'fenced' && !stop.aborted) return end('failed', error);
      if (stop.aborted) return end('interrupted', error.kind === 'stopped' ? undefined : error);
      // A damaged index is rebuilt once within a run, not again and again.
      if (error.code === 'index_broken' && !indexBroken) {
        indexBroken = true;
        session?.lose();
      }
      if (error.code === 'disk_full') session?.lose();
      if (error.code === 'disk_full' || !session?.signal.aborted) return end('failed', error);
      // This table or another one of the connection has lost the session.
      services.emit({
        type: 'run-retrying',
        stage: error.code === 'index_broken' ? 'change' : 'kafka',
        failure: failureNotice(error),
        ...ref,
      });
      try {
        await connection.recover(session, stop);
      } catch (fatal) {
        if (stop.aborted) return end('interrupted');
        return end('failed', asTributaryError(fatal, `Recovering ${ref.connection}`));
      }
      if (error.kind !== 'transient' && error.kind !== 'stopped') return end('failed', error);
      const handled = totals.messages + totals.unchanged + totals.deadLetters;
      losses = handled === committed ? losses + 1 : 1;
      if (losses === 1) lostSince = services.now();
      committed = handled;
      if (error.tries !== undefined && losses >= error.tries) return end('failed', error);
      const lostFor = services.now() - lostSince;
      if (connection.patience !== undefined && lostFor > connection.patience) return end('failed', outOfPatience(error, lostFor));
      if (losses > 1) await delay(Math.min(1_000 * 2 ** (losses - 2), longestPauseMs), undefined, { signal: stop }).catch(() => undefined);
      services.emit({ type: 'run-recovered', ...ref });
    }
  }
}
