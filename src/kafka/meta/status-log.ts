import { plainProducer, type KafkaAccess } from '../client.ts';
import { keptProducer } from '../kept-producer.ts';
import { canonicalText, parseObject } from '../../core/json/text.ts';
import { readTopics } from '../reader.ts';
import { topicNames } from './topic-names.ts';

/** A running worker, as it reports itself every few seconds. Times are epoch ms. */
export interface WorkerNotice {
  readonly v: 1;
  readonly worker: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: number;
  readonly at: number;
  readonly assigned: readonly string[];
  /** Why the current settings file is not applied. */
  readonly settingsProblem?: string;
}

/** A worker's report about one of its tables. `status` is the table's status as JSON. */
export interface TableNotice {
  readonly v: 1;
  readonly worker: string;
  readonly connection: string;
  readonly table: string;
  readonly status: unknown;
}

export type StatusNotice = WorkerNotice | TableNotice;

/** Writes workers' reports to `_status`. No run depends on them. */
export interface StatusLog {
  send(notices: readonly StatusNotice[]): Promise<void>;
  /** Deletes the worker's own report. */
  withdraw(worker: string): Promise<void>;
  close(): Promise<void>;
}

export function createStatusLog(access: KafkaAccess): StatusLog {
  const producer = keptProducer(access, topicNames(access.settings.prefix).status, () => plainProducer(access, { retry: { retries: 2 } }));
  const send = (messages: readonly { readonly key: string; readonly value: string | null }[]): Promise<void> =>
    producer.send(
      'Telling the status',
      messages.map((message) => ({ partition: 0, ...message })),
    );
  return {
    send: (notices) => send(notices.map((notice) => ({ key: canonicalText(keyOf(notice)), value: canonicalText(notice) }))),
    withdraw: (worker) => send([{ key: canonicalText({ worker }), value: null }]),
    close: producer.close,
  };
}

function keyOf(notice: StatusNotice): Record<string, string> {
  return 'table' in notice ? { connection: notice.connection, table: notice.table } : { worker: notice.worker };
}

/** A worker without a report for this long (ms) counts as ended. */
export const silentMs = 35_000;

/** The live workers' reports about their tables. */
export async function readTableNotices(access: KafkaAccess, now: number): Promise<readonly TableNotice[]> {
  const workers = new Map<string, WorkerNotice>();
  const tables = new Map<string, TableNotice>();
  await readTopics(access, [{ topic: topicNames(access.settings.prefix).status }], ({ key, value }) => {
    const notice = statusNotice(key, value);
    if (notice === undefined) return;
    if ('gone' in notice) workers.delete(notice.gone);
    else if ('table' in notice) tables.set(canonicalText(keyOf(notice)), notice);
    else workers.set(notice.worker, notice);
  });
  return [...tables.values()].filter((notice) => isLive(notice, workers.get(notice.worker), now));
}

/** Whether the worker of a report is alive and still has that connection. */
export function isLive({ connection }: TableNotice, worker: WorkerNotice | undefined, now: number): boolean {
  return worker !== undefined && now - worker.at < silentMs && worker.assigned.includes(connection);
}

/** Parses a record of `_status`: a report, or the worker that has withdrawn its own; undefined for anything else. */
export function statusNotice(key: Buffer | null, value: Buffer | null): StatusNotice | { readonly gone: string } | undefined {
  const name = parseObject(key);
  if (value === null) return typeof name?.['worker'] === 'string' ? { gone: name['worker'] } : undefined;
  const notice = parseObject(value);
  if (notice?.['v'] !== 1 || typeof notice['worker'] !== 'string') return undefined;
  return notice as unknown as StatusNotice;
}
