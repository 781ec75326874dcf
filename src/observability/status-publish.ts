import type { StatusLog, StatusNotice, WorkerNotice } from '../kafka/meta/status-log.ts';
import { forwardTime } from '../core/clock.ts';
import { tableKey } from '../core/run.ts';
import type { StatusSnapshot } from './status-view.ts';

/** Least time (ms) between two publications; changes in between are published together, because a speed changes with every page. */
const tellEveryMs = 1_500;
const aliveEveryMs = 10_000;

export interface StatusPublishing {
  /** Publishes the remaining changes, and that this worker has ended. */
  stop(): Promise<void>;
}

export interface StatusPublishOptions {
  readonly log: StatusLog;
  readonly status: () => StatusSnapshot;
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
  let telling: Promise<void> | undefined;

  function notices(): StatusNotice[] {
    const { assigned, tables } = status();
    const found: StatusNotice[] = tables
      .filter(({ connection }) => assigned.includes(connection))
      // Values that follow from the clock alone are computed by the reader.
      .map(
        ({ freshnessMs: _, ...table }) =>
          ({ v: 1, worker: worker.worker, connection: table.connection, table: table.table, status: table }) as const,
      )
      .filter((notice) => told.get(tableKey(notice)) !== JSON.stringify(notice.status));
    const problem = settingsProblem?.();
    const alive = JSON.stringify([assigned, problem]);
    if (alive !== aliveAs || time() - aliveAt >= aliveEveryMs) {
      found.unshift({ v: 1, ...worker, at: now(), assigned, ...(problem === undefined ? {} : { settingsProblem: problem }) });
    }
    return found;
  }

  async function tell(): Promise<void> {
    const wanted = notices();
    if (wanted.length === 0) return;
    try {
      await log.send(wanted);
    } catch (error) {
      onRetry(error);
      return;
    }
    for (const notice of wanted) {
      if ('table' in notice) told.set(tableKey(notice), JSON.stringify(notice.status));
      else {
        aliveAt = time();
        aliveAs = JSON.stringify([notice.assigned, notice.settingsProblem]);
      }
    }
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
