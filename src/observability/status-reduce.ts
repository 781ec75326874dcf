import type { EngineEvent } from '../engine/events.ts';
import { tableKey, type FailureNotice, type TableRef } from '../core/run.ts';
import {
  emptyTable,
  timelineLength,
  withoutRetry,
  type Notice,
  type TimelineRun,
  type RunningTable,
  type StatusModel,
  type TableModel,
} from './status-model.ts';

const speedWindowMs = 15_000;
/** A page handled more than this long (ms) after the start of a wait must have been fetched after it. */
const handledWithinMs = 5_000;

/** The status after an event. Pure; `now` is the time of the event, epoch ms. */
export function reduceStatus(model: StatusModel, event: EngineEvent, now: number): StatusModel {
  switch (event.type) {
    case 'connection-assigned':
      return { ...model, assigned: [...model.assigned.filter((name) => name !== event.connection), event.connection] };
    case 'connection-revoked':
      return everyTable(
        { ...model, assigned: model.assigned.filter((name) => name !== event.connection) },
        event.connection,
        without('run', 'nextRunAt'),
      );
    case 'connection-failed':
      return everyTable(model, event.connection, (table) =>
        noted({ ...without('run')(table), failure: event.failure }, failureNotice(now, event.failure)),
      );
    case 'notice':
    case 'request':
    case 'throttled':
    case 'transaction':
    case 'index-rebuilt':
      return model;
    default: {
      const key = tableKey(event);
      const before = model.tables[key] ?? emptyTable(event);
      const after = reduceTable(before, event, now);
      return after === before && key in model.tables ? model : { ...model, tables: { ...model.tables, [key]: after } };
    }
  }
}

type TableEvent = Extract<EngineEvent, TableRef & { type: Exclude<EngineEvent['type'], 'index-rebuilt'> }>;

function reduceTable(table: TableModel, event: TableEvent, now: number): TableModel {
  switch (event.type) {
    case 'table-known': {
      const { lastSuccessAt, readTo, withheld } = event;
      return {
        ...without('withheld')(table),
        ...(lastSuccessAt === undefined ? {} : { lastSuccessAt }),
        ...(readTo === undefined ? {} : { readTo }),
        ...(withheld === undefined ? {} : { withheld }),
      };
    }
    case 'table-waiting':
      return event.nextRunAt === undefined ? without('nextRunAt')(table) : { ...table, nextRunAt: event.nextRunAt };
    case 'run-started':
      return {
        ...without('failure', 'disabled', 'nextRunAt')(table),
        run: { runId: event.runId, mode: event.mode, startedAt: event.at, rows: 0, samples: [{ at: now, rows: 0 }] },
      };
    case 'page-read':
      return inRun(table, (run) => {
        const rows = run.rows + event.rows;
        return {
          ...runWithout(
            run,
            // While one request waits for the rate limit, earlier pages are still being handled; they do not end the wait.
            ...(run.rateLimited && now - run.rateLimited.since >= handledWithinMs ? ['rateLimited' as const] : []),
            ...(run.trouble?.stage === 'extract' ? ['trouble' as const] : []),
          ),
          rows,
          samples: [...recent(run.samples, now), { at: now, rows }],
          ...(event.progress === undefined ? {} : { progress: Math.max(run.progress ?? 0, Math.min(1, event.progress)) }),
          ...(event.readTo === undefined ? {} : { readTo: event.readTo }),
        };
      });
    case 'batch-committed':
      return inRun(
        {
          ...table,
          deadLetters: table.deadLetters + event.deadLetters,
          ...(event.readTo === undefined ? {} : { readTo: Math.max(event.readTo, table.readTo ?? event.readTo) }),
        },
        (run) => runWithout(run, 'trouble'),
      );
    case 'rate-limited':
      return inRun(table, (run) => ({
        ...run,
        rateLimited: { until: event.until, since: now, ...(event.pacing ? { pacing: true as const } : {}) },
      }));
    case 'run-retrying':
      return noted(
        table.run
          ? inRun(table, (run) => ({ ...run, trouble: { ...event.failure, stage: event.stage } }))
          : { ...table, failure: event.failure },
        failureNotice(now, event.failure),
      );
    case 'run-recovered':
      return noted(
        inRun(without('failure')(table), (run) => runWithout(run, 'trouble')),
        { at: now, level: 'info', message: 'Recovered from the error.' },
      );
    case 'run-ended':
      return ended(table, event, now);
    case 'deletes-withheld':
      return noted(
        {
          ...table,
          withheld: {
            count: event.count,
            reason: event.reason,
            since: table.withheld?.since ?? now,
            ...(event.sample === undefined ? {} : { sample: event.sample }),
          },
        },
        { at: now, level: 'warning', message: `${event.count} deletes withheld: ${event.reason}` },
      );
    case 'deletes-released':
      return noted(without('withheld')(table), { at: now, level: 'info', message: `${event.count} withheld deletes released.` });
    case 'warning':
      return noted(table, { at: now, level: 'warning', message: event.message });
    case 'table-paused':
      return { ...table, paused: true };
    case 'table-resumed':
      return { ...without('disabled', 'failure')(table), paused: false };
    case 'table-disabled':
      return noted(
        { ...without('run')(table), disabled: event.reason },
        { at: now, level: 'warning', message: `Disabled: ${event.reason}` },
      );
    case 'rows-odd':
      return table;
  }
}

function ended(table: TableModel, event: Extract<EngineEvent, { type: 'run-ended' }>, now: number): TableModel {
  const run = table.run?.runId === event.runId ? table.run : undefined;
  // A page with an unresolved error was not read, so the run is not complete, whatever it reports.
  const outcome = event.outcome === 'succeeded' && run?.trouble ? 'interrupted' : event.outcome;
  const mode = run?.mode ?? 'periodic';
  const record: TimelineRun = {
    runId: event.runId,
    mode,
    startedAt: event.startedAt,
    endedAt: event.at,
    outcome,
    totals: event.totals,
    ...(event.failure ? { failure: event.failure } : {}),
  };
  const after: TableModel = { ...without('run')(table), lastRun: record, lastRuns: { ...table.lastRuns, [mode]: record } };
  if (outcome === 'succeeded') {
    const readTo = run?.readTo;
    return noted(
      {
        ...without('lastFailure')(after),
        lastSuccessAt: event.at,
        ...(readTo === undefined ? {} : { readTo: Math.max(readTo, table.readTo ?? readTo) }),
      },
      { at: event.at, level: 'info', message: 'Completed.' },
    );
  }
  if (outcome === 'interrupted') {
    const earlier = table.lastFailure === undefined ? {} : { failure: withoutRetry(table.lastFailure) };
    return noted({ ...after, ...earlier }, { at: event.at, level: 'info', message: 'Interrupted; the position is saved.' });
  }
  const failure: FailureNotice = event.failure ?? { kind: 'internal', message: 'The run failed without a reason.' };
  return noted({ ...after, failure, lastFailure: failure }, failureNotice(now, failure));
}

function everyTable(model: StatusModel, connection: string, change: (table: TableModel) => TableModel): StatusModel {
  const entries = Object.entries(model.tables).map(
    ([key, table]) => [key, table.connection === connection ? change(table) : table] as const,
  );
  return { ...model, tables: Object.fromEntries(entries) };
}

function inRun(table: TableModel, change: (run: RunningTable) => RunningTable): TableModel {
  return table.run ? { ...table, run: change(table.run) } : table;
}

/** The samples within the time window, thinned out, because a page may take only a millisecond. */
function recent(samples: RunningTable['samples'], now: number): RunningTable['samples'] {
  const inWindow = samples.filter((sample) => now - sample.at <= speedWindowMs);
  const last = inWindow.at(-1);
  const beforeLast = inWindow.at(-2);
  return last && beforeLast && last.at - beforeLast.at < 500 ? inWindow.slice(0, -1) : inWindow;
}

function noted(table: TableModel, notice: Notice): TableModel {
  return { ...table, timeline: [...table.timeline, notice].slice(-timelineLength) };
}

function failureNotice(at: number, failure: FailureNotice): Notice {
  const { message, code, remedy } = failure;
  return { at, level: 'error', message, ...(code === undefined ? {} : { code }), ...(remedy === undefined ? {} : { remedy }) };
}

type OptionalTable = 'run' | 'failure' | 'lastFailure' | 'disabled' | 'nextRunAt' | 'withheld';

function without(...names: readonly OptionalTable[]): (table: TableModel) => TableModel {
  return (table) => omit(table, names);
}

function runWithout(run: RunningTable, ...names: readonly ('trouble' | 'rateLimited')[]): RunningTable {
  return omit(run, names);
}

function omit<T extends object>(value: T, names: readonly (keyof T)[]): T {
  const copy = { ...value };
  for (const name of names) delete copy[name];
  return copy;
}
