import type { StatusLog, StatusNotice, WorkerNotice } from '../kafka/meta/status-log.ts';
import { forwardTime } from '../core/clock.ts';
import { tableKey } from '../core/run.ts';
import type { LiveStatus, StatusSnapshot } from './status-view.ts';

/** Least time (ms) between two publications; changes in between are published together, because a speed changes with every page. */
const tellEveryMs = 1_500;
const aliveEveryMs = 10_000;

export interface StatusPublishing {
  /** Publishes the remaining changes, and that this worker has ended. */
  stop(): Promise<void>;
}

export interface StatusPublishOptions {
  readonly log: StatusLog;
  readonly status: Pick<LiveStatus, 'snapshot' | 'revision'>;
  readonly worker: Omit<WorkerNotice, 'v' | 'at' | 'assigned' | 'settingsProblem'>;
  readonly settingsProblem?: () => string | undefined;
  readonly now: () => number;
  readonly onRetry: (error: unknown) => void;
}

/** Publishes the status of this worker's tables through Kafka to all data-sync pages. What cannot be published now is published later. */
export function publishStatus({ log, status, worker, settingsProblem, now, onRetry }: StatusPublishOptions): StatusPublishing {
  const told = new Map<string, string>();
  const time = forwardTime(now);
  let aliveAt = Number.NEGATIVE_INFINITY;
  let aliveAs = '';
  let toldProblem: string | undefined;
  /** The revision that was published whole, unless a run was going on then, whose speed changes with the clock alone. */
  let settled: number | undefined;
  let telling: Promise<void> | undefined;

  const changedTables = ({ assigned, tables }: StatusSnapshot): StatusNotice[] =>
    tables
      .filter(({ connection }) => assigned.includes(connection))
      // Values that follow from the clock alone are computed by the reader.
      .map(
        ({ freshnessMs: _, ...table }) =>
          ({ v: 1, worker: worker.worker, connection: table.connection, table: table.table, status: table }) as const,
      )
      .filter((notice) => told.get(tableKey(notice)) !== JSON.stringify(notice.status));

  async function tell(): Promise<void> {
    const revision = status.revision();
    const problem = settingsProblem?.();
    const isDue = time() - aliveAt >= aliveEveryMs;
    // Most looks of an idle worker end here.
    if (revision === settled && problem === toldProblem && !isDue) return;
    const snapshot = status.snapshot();
    const { assigned, tables } = snapshot;
    const wanted = revision === settled ? [] : changedTables(snapshot);
    const alive = JSON.stringify([assigned, problem]);
    if (alive !== aliveAs || isDue) {
      wanted.unshift({ v: 1, ...worker, at: now(), assigned, ...(problem === undefined ? {} : { settingsProblem: problem }) });
    }
    try {
      if (wanted.length > 0) await log.send(wanted);
    } catch (error) {
      onRetry(error);
      return;
    }
    for (const notice of wanted) {
      if ('table' in notice) told.set(tableKey(notice), JSON.stringify(notice.status));
      else {
        aliveAt = time();
        aliveAs = alive;
        toldProblem = problem;
      }
    }
    const isRunning = tables.some(({ state: { kind } }) => kind === 'in_progress' || kind === 'rate_limited');
    settled = isRunning ? undefined : revision;
  }

  const timer = setInterval(() => {
    telling ??= tell().finally(() => (telling = undefined));
  }, tellEveryMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await telling;
      await tell();
      await log.withdraw(worker.worker).catch(onRetry);
      await log.close();
    },
  };
}
