import pLimit from 'p-limit';
import type { Clock } from '../core/clock.ts';
import type { TributaryError } from '../core/errors.ts';
import type { ConnectionSettings } from '../config/settings.ts';
import { historySince } from '../config/dates.ts';
import type { ControlRecord } from '../kafka/meta/control.ts';
import type { Connection } from './connection.ts';
import { createCycle, type Cycle } from './cycle.ts';
import type { EngineEvent } from './events.ts';
import { failureNotice } from '../core/run.ts';
import type { OpenTable } from './open-table.ts';
import { executeRun, type RunSummary } from './execute-run.ts';
import { startSchedule, type Schedule } from './schedule.ts';
import type { RunRequest } from './table-run.ts';

/** Tables of one connection that run at once; they share one budget and one writer. */
const concurrentTables = 4;
const firstRetryMs = 60_000;
const longestRetryMs = 3_600_000;
/** Pause before a table that the vendor refuses (403) is tried again. */
const disabledRetryMs = 6 * 3_600_000;

/** What a run is asked for outside the schedule. */
interface PendingRequest {
  readonly mode: RunRequest['mode'];
  readonly backfill?: RunRequest['backfill'];
  readonly rescan: boolean;
  readonly handles: Readonly<Record<string, string>>;
}

interface Job {
  readonly table: OpenTable;
  stop: AbortController;
  running: Promise<void> | undefined;
  /** Requested while the table was running: one more run, however many requests came. */
  next: PendingRequest | undefined;
  /** A request whose run was interrupted or failed, or that came while the table was paused. */
  pending: PendingRequest | undefined;
  paused: boolean;
  failures: number;
  retry: NodeJS.Timeout | undefined;
  retryAt: number | undefined;
}

/** Keeps one connection's tables in sync until it is stopped. */
export interface ConnectionWorker {
  /** Runs what is due now, and later runs by the schedule. */
  start(): void;
  /** Runs each of these tables once, in one cycle. */
  once(tables: readonly string[], asked?: Partial<PendingRequest>): Promise<RunSummary[]>;
  /** Carries out a control record; ignores one that was handled before. */
  apply(record: ControlRecord): void;
  stop(): Promise<void>;
}

export interface ConnectionWorkerOptions {
  readonly settings: ConnectionSettings;
  /** IANA time zone of the cron schedules. */
  readonly timezone: string;
  readonly connection: Connection;
  readonly emit: (event: EngineEvent) => void;
  readonly clock: Clock;
  /** Called when the connection cannot go on: it was fenced, or the vendor refuses the key. */
  readonly onFatal: (error: TributaryError) => void;
  readonly onRunEnded: (summary: RunSummary) => void;
}

const periodic: PendingRequest = { mode: 'periodic', rescan: false, handles: {} };

export function createConnectionWorker(options: ConnectionWorkerOptions): ConnectionWorker {
  const { settings, timezone, connection, emit, clock } = options;
  const { now } = clock;
  const jobs = new Map<string, Job>();
  for (const [name, table] of connection.tables) {
    jobs.set(name, {
      table,
      stop: new AbortController(),
      running: undefined,
      next: undefined,
      pending: undefined,
      paused: false,
      failures: 0,
      retry: undefined,
      retryAt: undefined,
    });
  }
  const slots = pLimit(concurrentTables);
  let schedule: Schedule | undefined;
  let stopping = false;

  const parents = new Set([...jobs.values()].map(({ table }) => table.definition.parent));
  // A child table waits for its parent's run, so the parent starts first.
  const parentsFirst = (names: readonly string[]): string[] => [...names].sort((a, b) => Number(parents.has(b)) - Number(parents.has(a)));

  function newCycle(names: readonly string[]): Cycle {
    const cycle = createCycle((table, signal) => connection.readRows(table, signal));
    for (const name of names) if (parents.has(name)) cycle.expect(name);
    return cycle;
  }

  function announce(job: Job): void {
    const { ref } = job.table;
    if (job.paused) emit({ type: 'table-paused', ...ref });
    else if (schedule) emit({ type: 'table-waiting', nextRunAt: job.retryAt ?? schedule.nextRunAt(ref.table), ...ref });
  }

  async function run(job: Job, asked: PendingRequest, cycle: Cycle): Promise<RunSummary> {
    clearTimeout(job.retry);
    job.retryAt = undefined;
    const { table } = job;
    const since = table.state.since ?? undefined;
    const request: RunRequest = {
      ...asked,
      since: asked.backfill
        ? (asked.backfill.since ?? undefined)
        : table.state.rowsPublished > 0 || table.state.position
          ? since
          : historySince(settings.histories?.get(table.ref.table) ?? settings.history, now()),
      cycle,
    };
    const summary = await slots(() => executeRun(connection, table, request, job.stop.signal));
    options.onRunEnded(summary);
    if (summary.outcome !== 'succeeded') keep(job, asked);
    await after(job, summary);
    return summary;
  }

  async function after(job: Job, { outcome, error }: RunSummary): Promise<void> {
    const { table } = job;
    if (outcome === 'succeeded') job.failures = 0;
    if (outcome !== 'failed' || !error) return;
    job.failures += 1;
    if (error.kind === 'fenced' || (error.kind === 'config' && error.reach === 'connection')) {
      options.onFatal(error);
      return;
    }
    if (!schedule || stopping) return;
    const disabled = error.kind === 'config' && table.definition.planGated !== undefined;
    if (disabled) emit({ type: 'table-disabled', reason: [error.message, error.remedy ?? ''].join(' ').trim(), ...table.ref });
    else if (error.kind === 'config' || error.kind === 'internal') return;
    const wait = disabled ? disabledRetryMs : Math.min(longestRetryMs, firstRetryMs * 2 ** (job.failures - 1));
    job.retryAt = now() + wait;
    if (!disabled)
      emit({ type: 'run-retrying', stage: 'extract', failure: { ...failureNotice(error), retryAt: job.retryAt }, ...table.ref });
    job.retry = setTimeout(() => launch([table.ref.table], due(job)), wait);
  }

  function keep(job: Job, asked: PendingRequest): void {
    job.pending = merge(job.pending, asked);
  }

  function due(job: Job): PendingRequest {
    const asked = job.pending ?? periodic;
    job.pending = undefined;
    return asked;
  }

  function launch(names: readonly string[], asked: PendingRequest): void {
    if (stopping) return;
    const idle = names.filter((name) => !jobs.get(name)?.running);
    const cycle = newCycle(idle);
    for (const name of parentsFirst(names)) {
      const job = jobs.get(name);
      if (!job || job.paused) {
        if (job) keep(job, asked);
        cycle.deliver(name, undefined);
        continue;
      }
      if (job.running) {
        job.next = merge(job.next, asked);
        continue;
      }
      const handedBefore = new Set(job.table.outbox.map(({ id }) => id));
      job.running = run(job, asked, cycle)
        .then(
          () => undefined,
          (error: unknown) => emit({ type: 'warning', message: `The run of ${name} broke: ${String(error)}`, ...job.table.ref }),
        )
        .finally(() => {
          job.running = undefined;
          const next = job.next;
          job.next = undefined;
          if (next) launch([name], next);
          else announce(job);
          // Tables with new outbox tasks run at once instead of waiting for their schedule. No other table has tasks that this one had.
          const withTasks = [...jobs.values()].filter(
            (other) => !other.running && other.table.outbox.some(({ id }) => !handedBefore.has(id)),
          );
          launch(
            withTasks.map((other) => other.table.ref.table),
            periodic,
          );
        });
    }
  }

  function pause(job: Job): void {
    if (job.paused) return;
    job.paused = true;
    if (job.next) keep(job, job.next);
    job.next = undefined;
    clearTimeout(job.retry);
    job.stop.abort();
    if (!job.running) announce(job);
  }

  function resume(job: Job): void {
    // `resume` also restarts a table that failed or that the vendor refused.
    if (!job.paused && (job.running || job.failures === 0)) return;
    job.paused = false;
    job.stop = new AbortController();
    job.failures = 0;
    emit({ type: 'table-resumed', ...job.table.ref });
    if (schedule) launch([job.table.ref.table], due(job));
  }

  return {
    start() {
      const tables = [...jobs.keys()];
      schedule = startSchedule(settings.schedules, timezone, clock, {
        due: (names) => launch(names, periodic),
        moved: () => [...jobs.values()].filter((job) => !job.running).forEach(announce),
      });
      launch(tables, periodic);
      for (const job of jobs.values()) if (job.paused) announce(job);
    },
    async once(names, asked) {
      const cycle = newCycle(names);
      const known = parentsFirst(names).flatMap((name) => jobs.get(name) ?? []);
      const wanted = known.filter((job) => !job.paused);
      for (const job of known) if (job.paused) cycle.deliver(job.table.ref.table, undefined);
      const summaries = await Promise.all(wanted.map((job) => run(job, { ...periodic, ...job.next, ...asked }, cycle)));
      // Outbox tasks that these runs created for each other would otherwise wait for the next call.
      const withTasks = stopping ? [] : wanted.filter((job, i) => summaries[i]?.outcome === 'succeeded' && job.table.outbox.length > 0);
      const second = newCycle(withTasks.map(({ table }) => table.ref.table));
      return [...summaries, ...(await Promise.all(withTasks.map((job) => run(job, periodic, second))))];
    },
    apply(record) {
      if (record.value === null) return;
      const concerned = record.table === null ? [...jobs.values()] : [jobs.get(record.table)].filter((job) => job !== undefined);
      for (const job of concerned) {
        if (record.slot === 'paused') {
          if (record.value.paused) pause(job);
          else resume(job);
          continue;
        }
        const id = record.value.id;
        if (job.table.state.handled?.[record.slot] === id) continue;
        const handles = { [record.slot]: id };
        const asked: PendingRequest =
          record.slot === 'backfill'
            ? { mode: 'historical', backfill: { id, since: record.value.since }, rescan: false, handles }
            : { ...periodic, rescan: record.slot === 'allow-deletes', handles };
        if (schedule) launch([job.table.ref.table], asked);
        else job.next = merge(job.next, asked);
      }
    },
    async stop() {
      stopping = true;
      schedule?.stop();
      for (const job of jobs.values()) {
        clearTimeout(job.retry);
        job.next = undefined;
        job.stop.abort();
      }
      await Promise.allSettled([...jobs.values()].map((job) => job.running));
    },
  };
}

function merge(a: PendingRequest | undefined, b: PendingRequest): PendingRequest {
  if (!a) return b;
  const { mode, backfill } = b.backfill ? b : a;
  return { mode, backfill, rescan: a.rescan || b.rescan, handles: { ...a.handles, ...b.handles } };
}
