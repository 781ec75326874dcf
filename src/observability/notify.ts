import { tableKey, type NoticeKind, type TableRef } from '../core/run.ts';
import type { StatusSnapshot, TableStatus } from './status-view.ts';
import { duration, plural, sentence } from './text.ts';

/** `at`: epoch ms. */
export interface Notification {
  /** `test`: tells of no table. */
  readonly event: NoticeKind | 'test';
  readonly connection: string;
  readonly table: string;
  readonly message: string;
  readonly remedy?: string;
  readonly at: number;
}

/** Remembers which problems of tables have been reported, by table and kind. */
export interface ProblemTracker {
  /**
   * Returns what has changed since the last call: each problem once while it lasts, and its end. The first call only records
   * the existing problems, because an earlier process has reported them.
   */
  look(snapshot: StatusSnapshot): readonly Notification[];
}

/** A table counts as stale when this many runs were due without a success, as in the alert rules. */
const staleRuns = 3;

/** `interval`: ms between two runs of a table, if it has a schedule. */
export function createProblemTracker(interval: (table: TableRef) => number | undefined): ProblemTracker {
  let reported: Map<string, ReadonlySet<Problem>> | undefined;
  let assigned: readonly string[] = [];
  return {
    look(snapshot) {
      const before = reported;
      const now = new Map<string, ReadonlySet<Problem>>(before);
      const found: Notification[] = [];
      // A connection that was just released is looked at once more: its last run may have failed since the last look.
      const watched = new Set([...assigned, ...snapshot.assigned]);
      assigned = snapshot.assigned;
      for (const table of snapshot.tables) {
        // A worker has no connections at its start, but knows the earlier status of its tables from the topics.
        if (before !== undefined && !watched.has(table.connection)) continue;
        const key = tableKey(table);
        const problems = problemsOf(table, interval(table), snapshot.at);
        const known = before?.get(key) ?? new Set<Problem>();
        // While a new run is in progress, the failure of the last one is not over.
        const lasting =
          known.has('failed') && !hasSucceeded(table) ? [...new Set([...problems.keys(), 'failed' as const])] : [...problems.keys()];
        now.set(key, new Set(lasting));
        if (before === undefined) continue;
        const base = { connection: table.connection, table: table.table, at: snapshot.at };
        for (const [event, { message, remedy }] of problems)
          if (!known.has(event)) found.push({ event, ...base, message, ...(remedy === undefined ? {} : { remedy }) });
        const over = (['failed', 'stale'] as const).some((kind) => known.has(kind)) && !lasting.some((kind) => kind !== 'deletes_withheld');
        if (over) found.push({ event: 'recovered', ...base, message: 'It is read again.' });
      }
      reported = now;
      return found;
    },
  };
}

type Problem = Exclude<NoticeKind, 'recovered'>;

const hasSucceeded = ({ state, lastRun }: TableStatus): boolean => state.kind !== 'failed' && lastRun?.outcome === 'succeeded';

function problemsOf(
  table: TableStatus,
  interval: number | undefined,
  now: number,
): ReadonlyMap<Problem, { readonly message: string; readonly remedy?: string | undefined }> {
  const problems = new Map<Problem, { readonly message: string; readonly remedy?: string | undefined }>();
  const { state, lastRun, withheld, lastSuccessAt, freshnessMs } = table;
  if (state.kind === 'failed') problems.set('failed', { message: state.reason, remedy: state.remedy });
  else if (lastRun?.outcome === 'failed' && state.kind !== 'disabled' && state.kind !== 'paused')
    problems.set('failed', { message: lastRun.failure?.message ?? 'The last run failed.', remedy: lastRun.failure?.remedy });
  if (withheld !== undefined)
    problems.set('deletes_withheld', {
      message: `${plural(withheld.count, 'delete')} withheld: ${withheld.reason}`,
      remedy: `If they are right: tributary deletes allow ${table.connection}.${table.table}`,
    });
  const idle = state.kind === 'paused' || state.kind === 'disabled';
  const age = lastSuccessAt === undefined ? undefined : Math.min(now - lastSuccessAt, freshnessMs ?? Number.POSITIVE_INFINITY);
  if (!idle && interval !== undefined && age !== undefined && age > staleRuns * interval)
    problems.set('stale', {
      message: `Its data are ${duration(age)} old, although it is due every ${duration(interval)}.`,
      remedy: state.kind === 'error' ? state.message : `tributary status ${table.connection}.${table.table} says why.`,
    });
  return problems;
}

/** Tables of a connection often fail for the same reason: then they share one line. */
export function notificationText(prefix: string, all: readonly Notification[]): string {
  const groups = new Map<string, Notification[]>();
  for (const one of all) {
    const key = [one.event, one.connection, one.message].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()]
    .map((group) => {
      const [{ event, connection, message, remedy }] = group as [Notification, ...Notification[]];
      if (event === 'test') return `[${prefix}] ${sentence(message)}`;
      const tables = group.map(({ table }) => table);
      const named = tables.length > 8 ? `${tables.slice(0, 8).join(', ')} and ${tables.length - 8} more tables` : tables.join(', ');
      return `[${prefix}] ${connection}: ${named} ${TITLES[event]}: ${sentence(message)}${remedy === undefined ? '' : ` ${remedy}`}`;
    })
    .join('\n');
}

const TITLES: Readonly<Record<NoticeKind, string>> = {
  failed: 'failed',
  recovered: 'recovered',
  deletes_withheld: 'withholds deletes',
  stale: 'is stale',
};
