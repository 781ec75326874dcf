import type { NoticeKind, TableRef } from '../core/run.ts';
import { tableKey } from './status-model.ts';
import type { StatusSnapshot, TableStatus } from './status-view.ts';
import { duration, plural, sentence } from './text.ts';

/** `at`: epoch ms. */
export interface Notification {
  readonly event: NoticeKind;
  readonly connection: string;
  readonly table: string;
  readonly message: string;
  readonly remedy?: string;
  readonly at: number;
}

/** What is wrong with the tables as far as it has been told, by table and kind. */
export interface Told {
  /**
   * What is new since the last look: each trouble once for as long as it lasts, and that it is over. The first look only learns what is
   * wrong already: whoever ran before has told it.
   */
  look(snapshot: StatusSnapshot): readonly Notification[];
}

/** Runs that were due without a success before a table counts as stale, as in the alert rules. */
const staleRuns = 3;

/** `interval`: ms between two runs of a table, where it has any. */
export function createTold(interval: (table: TableRef) => number | undefined): Told {
  let told: Map<string, ReadonlySet<Trouble>> | undefined;
  return {
    look(snapshot) {
      const before = told;
      const now = new Map<string, ReadonlySet<Trouble>>(before);
      const found: Notification[] = [];
      for (const table of snapshot.tables) {
        if (!snapshot.assigned.includes(table.connection)) continue;
        const key = tableKey(table);
        const troubles = troublesOf(table, interval(table), snapshot.at);
        const known = before?.get(key) ?? new Set<Trouble>();
        // A run under way has not put right what the last one failed of.
        const lasting =
          known.has('failed') && !hasSucceeded(table) ? [...new Set([...troubles.keys(), 'failed' as const])] : [...troubles.keys()];
        now.set(key, new Set(lasting));
        if (before === undefined) continue;
        const base = { connection: table.connection, table: table.table, at: snapshot.at };
        for (const [event, { message, remedy }] of troubles)
          if (!known.has(event)) found.push({ event, ...base, message, ...(remedy === undefined ? {} : { remedy }) });
        const over = (['failed', 'stale'] as const).some((kind) => known.has(kind)) && !lasting.some((kind) => kind !== 'deletes_withheld');
        if (over) found.push({ event: 'recovered', ...base, message: 'It is read again.' });
      }
      told = now;
      return found;
    },
  };
}

type Trouble = Exclude<NoticeKind, 'recovered'>;

const hasSucceeded = ({ state, lastRun }: TableStatus): boolean => state.kind !== 'failed' && lastRun?.outcome === 'succeeded';

function troublesOf(
  table: TableStatus,
  interval: number | undefined,
  now: number,
): ReadonlyMap<Trouble, { readonly message: string; readonly remedy?: string | undefined }> {
  const troubles = new Map<Trouble, { readonly message: string; readonly remedy?: string | undefined }>();
  const { state, lastRun, withheld, lastSuccessAt, freshnessMs } = table;
  if (state.kind === 'failed') troubles.set('failed', { message: state.reason, remedy: state.remedy });
  else if (lastRun?.outcome === 'failed' && state.kind !== 'disabled' && state.kind !== 'paused')
    troubles.set('failed', { message: lastRun.failure?.message ?? 'The last run failed.', remedy: lastRun.failure?.remedy });
  if (withheld !== undefined)
    troubles.set('deletes_withheld', {
      message: `${plural(withheld.count, 'delete')} withheld: ${withheld.reason}`,
      remedy: `If they are right: tributary deletes allow ${table.connection}.${table.table}`,
    });
  const idle = state.kind === 'paused' || state.kind === 'disabled';
  const age = lastSuccessAt === undefined ? undefined : Math.min(now - lastSuccessAt, freshnessMs ?? Number.POSITIVE_INFINITY);
  if (!idle && interval !== undefined && age !== undefined && age > staleRuns * interval)
    troubles.set('stale', {
      message: `It is ${duration(age)} old, although it is due every ${duration(interval)}.`,
      remedy: state.kind === 'error' ? state.message : `tributary status ${table.connection}.${table.table} says why.`,
    });
  return troubles;
}

/** Many tables of a connection mostly fail of one thing: they are told in one line. */
export function notificationText(prefix: string, all: readonly Notification[]): string {
  const groups = new Map<string, Notification[]>();
  for (const one of all) {
    const key = [one.event, one.connection, one.message].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()]
    .map((group) => {
      const [{ event, connection, message, remedy }] = group as [Notification, ...Notification[]];
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
