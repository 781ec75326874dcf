import type { ConnectionSettings } from '../../config/settings.ts';
import type { WorkerNotice } from '../../kafka/meta/status-log.ts';
import type { LandingStatus } from '../../landing/status.ts';
import { sinkNotes } from './sink-notes.ts';
import type { SeenLanding } from './parts.ts';
import { defined, type Problem, type SyncState, type TableRow } from './table-row.ts';

/** A connection's row in the overview. Times are epoch ms. */
export interface ConnectionView {
  readonly name: string;
  readonly source: string;
  readonly sourceTitle: string;
  readonly tables: readonly TableRow[];
  /** The state of its most urgent table. */
  readonly worst: SyncState;
  /** Number of tables in each state. */
  readonly states: Readonly<Partial<Record<SyncState['kind'], number>>>;
  /** The oldest freshness among its tables, and the longest time between two runs of that table. */
  readonly freshnessMs?: number;
  readonly freshnessDueMs?: number;
  readonly late: boolean;
  readonly lastSyncAt?: number;
  readonly errors24h: number;
  readonly hourly: readonly number[];
  readonly worker?: WorkerNotice;
  readonly withheld: number;
}

/** A landing's row in the overview. */
export interface LandingView {
  readonly name: string;
  readonly kind: string;
  readonly state: 'running' | 'paused' | 'failed' | 'missing' | 'away' | 'unknown';
  readonly connections: readonly string[];
  readonly sinks: readonly LandingStatus[];
  readonly problems: readonly Problem[];
  readonly rowsAtMost: number;
  readonly lagSeconds: number;
  readonly seenAt?: number;
  /** Why it could not be checked. */
  readonly trouble?: string;
  /** What else a person should know, with what to do. */
  readonly notes: readonly string[];
}

/** Most urgent first. */
const urgency: readonly SyncState['kind'][] = [
  'failed',
  'error',
  'rate_limited',
  'in_progress',
  'landing',
  'paused',
  'not_synced',
  'disabled',
  'scheduled',
  'completed',
];

export function urgencyOf(kind: SyncState['kind']): number {
  return urgency.indexOf(kind);
}

export function connectionView(
  connection: ConnectionSettings,
  tables: readonly TableRow[],
  workers: readonly WorkerNotice[],
  interval: (cron: string) => number,
): ConnectionView {
  const states: Partial<Record<SyncState['kind'], number>> = {};
  for (const {
    periodic: { state },
  } of tables)
    states[state.kind] = (states[state.kind] ?? 0) + 1;
  const byUrgency = [...tables].sort((a, b) => urgencyOf(a.periodic.state.kind) - urgencyOf(b.periodic.state.kind));
  const worst = byUrgency.find(({ periodic: { state } }) => state.kind !== 'disabled') ?? byUrgency[0];
  const aged = tables
    .filter(({ periodic: { state } }) => state.kind !== 'disabled' && state.kind !== 'paused')
    .flatMap((row) => {
      if (row.freshnessMs === undefined) return [];
      const due = interval(connection.schedules.get(row.status.table) ?? '');
      return [{ freshnessMs: row.freshnessMs, due, over: row.freshnessMs / Math.max(due, 60_000) }];
    })
    .sort((a, b) => b.over - a.over)[0];
  const lastSync = Math.max(0, ...tables.map(({ status }) => status.lastSuccessAt ?? 0));
  const worker = workers.find(({ assigned }) => assigned.includes(connection.name));
  return {
    name: connection.name,
    source: connection.source.name,
    sourceTitle: connection.source.title,
    tables,
    worst: worst?.periodic.state ?? { kind: 'not_synced' },
    states,
    // A table is late when it has missed a whole interval, not while it is within one.
    late: aged !== undefined && aged.freshnessMs > 2 * aged.due + 300_000,
    errors24h: tables.reduce((sum, row) => sum + row.errors24h, 0),
    hourly: tables.reduce((sum, row) => sum.map((rows, hour) => rows + (row.hourly[hour] ?? 0)), new Array<number>(24).fill(0)),
    withheld: tables.reduce((sum, { status }) => sum + (status.withheld?.count ?? 0), 0),
    ...defined({ freshnessMs: aged?.freshnessMs, freshnessDueMs: aged?.due, lastSyncAt: lastSync || undefined, worker }),
  };
}

export function landingView(seen: SeenLanding, now: number): LandingView {
  const { name, kind, connections, sinks, trouble, seenAt } = seen;
  const topics = sinks.flatMap((sink) => sink.topics).filter(({ missing }) => !missing);
  const known = seenAt !== undefined && now - seenAt < 120_000;
  return {
    name,
    kind,
    connections,
    sinks,
    state: trouble !== undefined ? 'away' : known ? stateOf(sinks) : 'unknown',
    problems: [...seen.problems.values()].flat(),
    rowsAtMost: topics.reduce((sum, { rowsAtMost }) => sum + rowsAtMost, 0),
    lagSeconds: Math.max(0, ...topics.map(({ lagSeconds }) => lagSeconds)),
    // The others are among the problems.
    notes: sinkNotes(name, sinks).flatMap(({ about, text }) =>
      about === 'paused' || about === 'deletes' || about === 'warehouse' ? [text] : [],
    ),
    ...defined({ seenAt, trouble }),
  };
}

function stateOf(sinks: readonly LandingStatus[]): LandingView['state'] {
  if (sinks.some(({ state, tasks }) => state === 'FAILED' || tasks.some((task) => task.state === 'FAILED'))) return 'failed';
  if (sinks.some(({ state }) => state === 'MISSING')) return 'missing';
  return sinks.some(({ state }) => state === 'PAUSED' || state === 'STOPPED') ? 'paused' : 'running';
}
