import type { ConnectionSettings } from '../../config/settings.ts';
import { tableKey } from '../../core/run.ts';
import { hasHistory } from '../../core/table.ts';
import type { RunRecord } from '../../kafka/meta/runs.ts';
import type { TopicLag } from '../../landing/lag.ts';
import type { Notice } from '../../observability/status-model.ts';
import type { DisplayState, TableStatus } from '../../observability/status-view.ts';
import type { Facts } from './facts.ts';
import { DAY, HOUR } from '../../core/time.ts';

/** The states of the vendor's own data-sync page, and our additions `rate_limited` and `not_synced`. */
export type SyncState =
  | { readonly kind: 'completed' }
  | { readonly kind: 'landing' }
  | Exclude<DisplayState, { kind: 'in_progress' | 'rate_limited' }>
  | (Extract<DisplayState, { kind: 'in_progress' }> & { readonly estimated: boolean })
  | Extract<DisplayState, { kind: 'rate_limited' }>;

/** One of the two tabs of a connection: progress of a table's history, or of its periodic runs. Times are epoch ms. */
export interface SyncTab {
  readonly state: SyncState;
  readonly startedAt?: number;
  readonly finishedAt?: number;
}

/** A problem as shown in the drawer. `where`: the system to check. */
export interface Problem {
  readonly at: number;
  readonly where: 'vendor' | 'kafka' | 'registry' | 'sink' | 'tributary';
  readonly summary: string;
  readonly code?: string;
  /** The original message of the other system, where it differs from the summary. */
  readonly message?: string;
  readonly remedy?: string;
  /** How often it occurred in a row. */
  readonly times: number;
  /** No success has followed yet. */
  readonly active: boolean;
}

/** Code of the problem that a landing was not applied yet: to be done, but no error. */
export const NOT_APPLIED = 'connect:missing';

/** Progress of one landing with the table. */
export interface TableLanding {
  readonly landing: string;
  readonly connector: string;
  readonly lag: TopicLag;
  /** When the lag was measured, epoch ms; undefined when it is not known, for example because Connect does not answer. */
  readonly seenAt: number | undefined;
}

/** All data that the pages show of one table. */
export interface TableRow {
  readonly name: string;
  readonly status: TableStatus;
  /** Whether it has a history that can be read again; every run reads the others whole. */
  readonly history: boolean;
  readonly historical: SyncTab;
  readonly periodic: SyncTab;
  /** Age (ms) of the time up to which everything has arrived: in every warehouse, or in the topic when there is no landing. */
  readonly freshnessMs?: number;
  readonly worker?: string;
  readonly problems: readonly Problem[];
  readonly errors24h: number;
  /** Number of rows in the topic after the last complete run. */
  readonly liveRows?: number;
  /** Rows published or deleted in each of the last 24 hours, oldest first. */
  readonly hourly: readonly number[];
  readonly landings: readonly TableLanding[];
  /** A request that is not handled yet. */
  readonly asked?: 'pause' | 'resume';
}

export interface RowInput {
  readonly connection: ConnectionSettings;
  readonly status: TableStatus;
  readonly facts: Facts;
  readonly landings: readonly TableLanding[];
  /** A landing of the table has never been observed, or its Connect does not answer. */
  readonly unseen: boolean;
  /** Failures of the sinks that land the table. */
  readonly sinkProblems: readonly Problem[];
  readonly now: number;
}

export function tableRow({ connection, status, facts, landings, unseen, sinkProblems, now }: RowInput): TableRow {
  const name = tableKey(status);
  const runs = facts.runs(name);
  const notice = facts.live(status.connection, status.table, now);
  const problems = [...problemsOf(status, runs), ...sinkProblems].sort((a, b) => b.at - a.at);
  const wanted = facts.paused(status.connection, status.table);
  const is = status.state.kind === 'paused';
  const asked = wanted === is || status.state.kind === 'disabled' ? undefined : wanted ? ('pause' as const) : ('resume' as const);
  const freshnessMs = unseen ? undefined : endToEnd(status, runs, landings, now);
  return {
    name,
    status,
    history: connection.tables.some((table) => table.name === status.table && hasHistory(table)),
    landings,
    problems,
    historical: historicalTab(status, runs, landings, unseen),
    periodic: periodicTab(status, runs),
    errors24h: problems.filter(({ at, code }) => now - at < DAY && code !== NOT_APPLIED).reduce((sum, { times }) => sum + times, 0),
    hourly: hourlyRows(runs, now),
    ...defined({ liveRows: runs.findLast(({ liveRows }) => liveRows !== undefined)?.liveRows }),
    ...(freshnessMs === undefined ? {} : { freshnessMs }),
    ...(notice === undefined ? {} : { worker: notice.worker }),
    ...(asked === undefined ? {} : { asked }),
  };
}

function periodicTab(status: TableStatus, runs: readonly RunRecord[]): SyncTab {
  return {
    state: progressed(status, runs),
    ...spanOf(
      status,
      runs.filter(({ mode }) => mode === 'periodic'),
      'periodic',
    ),
  };
}

/** The first read of the whole history, and every later back-fill. */
function historicalTab(status: TableStatus, runs: readonly RunRecord[], landings: readonly TableLanding[], unseen: boolean): SyncTab {
  const backfills = runs.filter(({ mode }) => mode === 'historical');
  const { state } = status;
  const running = state.kind === 'in_progress' && state.mode === 'historical';
  if (running || backfills.length > 0) {
    const span = spanOf(status, backfills, 'historical');
    const last = backfills.at(-1);
    if (running || (last?.outcome !== 'succeeded' && ['error', 'failed', 'paused', 'rate_limited'].includes(state.kind)))
      return { state: progressed(status, runs), ...span };
    if (last?.outcome === 'succeeded') return { state: landed(span.finishedAt, landings, unseen), ...span };
  }
  if (status.lastSuccessAt === undefined) {
    return { state: progressed(status, runs), ...spanOf(status, runs, state.kind === 'in_progress' ? state.mode : 'periodic') };
  }
  const done = runs.findIndex(({ outcome }) => outcome === 'succeeded');
  const first = done >= 0 && runs.length < 60 ? { startedAt: runs[0]?.startedAt, finishedAt: runs[done]?.endedAt } : {};
  // The state can be known before its run is, and the first runs of a long list are gone; something was published in any case.
  const published = first.finishedAt ?? (done >= 0 ? runs[0]?.endedAt : status.lastSuccessAt);
  return { state: landed(published, landings, unseen), ...defined(first) };
}

type LandedPart = Pick<TableLanding, 'lag' | 'seenAt'>;

/** The time up to which everything published has landed, by the last observation; undefined when it is not known. */
function landedTo({ lag, seenAt }: LandedPart): number | undefined {
  if (seenAt === undefined || lag.missing) return undefined;
  return lag.caughtUp ? seenAt : seenAt - lag.lagSeconds * 1000;
}

/** Complete includes the warehouse. Without an observation since the end of the run, a landing does not count as complete. */
function landed(finishedAt: number | undefined, landings: readonly LandedPart[], unseen: boolean): SyncState {
  const waiting = finishedAt !== undefined && (unseen || landings.some((landing) => (landedTo(landing) ?? 0) <= finishedAt));
  return { kind: waiting ? 'landing' : 'completed' };
}

/** From the first attempt to the last success; runs that were interrupted and continued count as one. */
function spanOf(
  status: TableStatus,
  runs: readonly RunRecord[],
  mode: 'periodic' | 'historical',
): { startedAt?: number; finishedAt?: number } {
  const { state } = status;
  if (state.kind === 'in_progress' && state.mode === mode) {
    const before = runs.findLastIndex(({ outcome }) => outcome === 'succeeded');
    return { startedAt: runs[before + 1]?.startedAt ?? state.startedAt };
  }
  const last = runs.at(-1);
  if (!last) return {};
  const before = runs.slice(0, -1).findLastIndex(({ outcome }) => outcome === 'succeeded');
  return { startedAt: runs[before + 1]?.startedAt ?? last.startedAt, finishedAt: last.endedAt };
}

/** Without a percentage from the API, progress is estimated by the row count of the last complete run. 100 % is shown only when complete. */
function progressed(status: TableStatus, runs: readonly RunRecord[]): SyncState {
  const { state } = status;
  if (state.kind !== 'in_progress') return state;
  if (state.percent !== undefined) return { ...state, estimated: false };
  const last = runs.findLast(({ outcome, mode }) => outcome === 'succeeded' && mode === state.mode);
  if (last === undefined || last.totals.fetched === 0) return { ...state, estimated: false };
  return { ...state, percent: Math.min(99, Math.floor((state.rows / last.totals.fetched) * 100)), estimated: true };
}

/** Age (ms) of the time up to which every landing has everything; undefined when it is not known. */
export function endToEnd(
  { readTo }: TableStatus,
  runs: readonly RunRecord[],
  landings: readonly LandedPart[],
  now: number,
): number | undefined {
  if (readTo === undefined) return undefined;
  let to = readTo;
  const last = runs.findLast(({ outcome }) => outcome === 'succeeded');
  for (const landing of landings) {
    const until = landedTo(landing);
    if (until === undefined) return undefined;
    if (landing.lag.caughtUp && (last === undefined || last.endedAt < until)) continue;
    // A run has landed when the oldest record not yet landed was published after the run's end; the run had read everything up to its start.
    const run = runs.findLast(({ outcome, endedAt }) => outcome === 'succeeded' && endedAt < until);
    if (run === undefined) return undefined;
    to = Math.min(to, run.startedAt);
  }
  return Math.max(0, now - to);
}

function hourlyRows(runs: readonly RunRecord[], now: number): number[] {
  const hours = new Array<number>(24).fill(0);
  for (const { endedAt, totals } of runs) {
    const hour = 23 - Math.floor((now - endedAt) / HOUR);
    if (hour >= 0 && hour < 24) hours[hour] = (hours[hour] ?? 0) + totals.published + totals.deleted;
  }
  return hours;
}

/** Problems of the table, newest first: the errors of its runs, and those that its worker reports. */
export function problemsOf(status: TableStatus, runs: readonly RunRecord[]): Problem[] {
  const lastSuccess = Math.max(status.lastSuccessAt ?? 0, runs.findLast(({ outcome }) => outcome === 'succeeded')?.endedAt ?? 0);
  const found: Problem[] = [];
  const add = (at: number, notice: { message: string; code?: string; remedy?: string }): void => {
    const same = found.find((one) => one.summary === notice.message && at > lastSuccess === one.active);
    if (same) {
      const index = found.indexOf(same);
      found[index] = { ...same, at: Math.max(same.at, at), times: Math.abs(same.at - at) < 5_000 ? same.times : same.times + 1 };
      return;
    }
    found.push({
      at,
      summary: notice.message,
      where: whereOf(notice.code),
      times: 1,
      active: at > lastSuccess,
      ...defined({ code: notice.code, remedy: notice.remedy }),
    });
  };
  for (const { failure, endedAt, outcome } of runs) if (outcome === 'failed' && failure) add(endedAt, failure);
  for (const notice of status.timeline) if (isError(notice)) add(notice.at, notice);
  const { state } = status;
  if (state.kind === 'error')
    add(Math.max(lastSuccess + 1, ...found.filter(({ summary }) => summary === state.message).map(({ at }) => at)), {
      message: state.message,
      ...defined({ code: state.code, remedy: state.remedy }),
    });
  if (state.kind === 'failed')
    add(Math.max(lastSuccess + 1, ...found.filter(({ summary }) => summary === state.reason).map(({ at }) => at)), {
      message: state.reason,
      ...defined({ code: state.code, remedy: state.remedy }),
    });
  return found.sort((a, b) => b.at - a.at);
}

const isError = ({ level }: Notice): boolean => level === 'error';

function whereOf(code: string | undefined): Problem['where'] {
  const [first] = (code ?? '').split(':');
  if (first === 'kafka' || first === 'registry') return first;
  if (first === 'connect' || first === 'sink') return 'sink';
  return code === undefined || first === 'index_broken' || first === 'settings' ? 'tributary' : 'vendor';
}

/** The object without its undefined members. */
export function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
