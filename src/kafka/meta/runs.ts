import type { FailureNotice, RunOutcome, RunTotals } from '../../core/run.ts';
import type { RunMode } from '../../core/types.ts';
import type { TributaryError } from '../../core/errors.ts';
import type { KafkaAccess } from '../client.ts';
import { keptProducer } from '../kept-producer.ts';
import { canonicalText, parseObject } from '../../core/json/text.ts';
import { readTail } from './tail.ts';
import { topicNames } from './topic-names.ts';

/** A run as stored in `_runs` for 90 days. Times are epoch milliseconds. */
export interface RunRecord {
  readonly v: 1;
  readonly runId: string;
  readonly connection: string;
  readonly source: string;
  readonly table: string;
  readonly mode: RunMode;
  readonly outcome: RunOutcome;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly totals: RunTotals;
  readonly failure?: FailureNotice;
  /** After a complete run: number of rows in the topic, and the time up to which the topic has everything the vendor had. */
  readonly liveRows?: number;
  readonly readTo?: number;
}

/** Writes run records. They are history, not state, so losing one does no harm and they need no transaction. */
export interface RunLog {
  /** Queues the record; it is written together with other queued ones. */
  append(run: RunRecord): void;
  /** Writes the queued records. */
  close(): Promise<void>;
}

/** Most records queued while Kafka is unavailable; older ones are dropped. */
const MOST_WAITING = 5_000;
const PER_SEND = 200;
const RETRY_MS = 5_000;

/** `onFailure` is called for records that cannot be written, once until one can; they are tried again. */
export function createRunLog(access: KafkaAccess, onFailure: (error: TributaryError) => void): RunLog {
  const producer = keptProducer(access, topicNames(access.settings.prefix).runs);
  const send = (runs: readonly RunRecord[]): Promise<void> =>
    producer.send(
      `Recording ${runs.length === 1 ? 'a run' : `${runs.length} runs`}`,
      runs.map((run) => ({
        partition: 0,
        key: canonicalText({ connection: run.connection, table: run.table }),
        value: canonicalText(run),
      })),
    );

  const waiting: RunRecord[] = [];
  let writing: Promise<void> | undefined;
  let failing = false;
  let retry: NodeJS.Timeout | undefined;
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const runs = waiting.splice(0, PER_SEND);
      try {
        await send(runs);
      } catch (error) {
        waiting.unshift(...runs);
        // Reported once for all queued records, not for each.
        if (!failing) onFailure(error as TributaryError);
        failing = true;
        retry = setTimeout(begin, RETRY_MS);
        retry.unref();
        return;
      }
      failing = false;
    }
  };
  const begin = (): void => {
    clearTimeout(retry);
    writing ??= write().finally(() => (writing = undefined));
  };
  return {
    append(run) {
      waiting.push(run);
      if (waiting.length > MOST_WAITING) waiting.shift();
      if (!failing) begin();
    },
    close: async () => {
      await writing;
      if (!failing) await write();
      clearTimeout(retry);
      await producer.close();
    },
  };
}

export interface RunFilter {
  readonly connection?: string;
  readonly table?: string;
  readonly outcome?: RunOutcome;
  /** Only runs that began at this time (epoch ms) or later. */
  readonly since?: number;
  /** Number of runs to return, counted from the newest. */
  readonly last: number;
}

/** The newest matching runs, newest first. */
export async function readRuns(access: KafkaAccess, { connection, table, outcome, since, last }: RunFilter): Promise<readonly RunRecord[]> {
  return readTail(access, topicNames(access.settings.prefix).runs, last, ({ value }) => {
    const run = runRecord(parseObject(value));
    if (run === undefined) return undefined;
    const fits =
      (connection === undefined || run.connection === connection) &&
      (table === undefined || run.table === table) &&
      (outcome === undefined || run.outcome === outcome) &&
      (since === undefined || run.startedAt >= since);
    return fits ? run : undefined;
  });
}

/** Runs, newest first, as far back as the last run of each of these tables. */
export async function readLastRuns(
  access: KafkaAccess,
  tables: Iterable<{ readonly connection: string; readonly table: string }>,
): Promise<readonly RunRecord[]> {
  const nameOf = ({ connection, table }: { readonly connection: string; readonly table: string }): string =>
    canonicalText({ connection, table });
  const wanted = [...tables].map(nameOf);
  if (wanted.length === 0) return [];
  return readTail(
    access,
    topicNames(access.settings.prefix).runs,
    Number.POSITIVE_INFINITY,
    ({ value }) => runRecord(parseObject(value)),
    (found) => {
      const names = new Set(found.map(nameOf));
      return wanted.every((name) => names.has(name));
    },
  );
}

/** Parses a run from a record of `_runs`; undefined for one of another kind or version. */
export function runRecord(fields: Record<string, unknown> | undefined): RunRecord | undefined {
  return fields?.['v'] === 1 && fields['kind'] === undefined ? (fields as unknown as RunRecord) : undefined;
}
