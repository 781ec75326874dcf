import type { StatusSnapshot, DisplayState, TableStatus, TableWarehouse } from './status-view.ts';
import { clockTime, count, duration, sentence, textTable, type Paint } from './text.ts';

/** A state as text: `rate limited until 14:05`, `in progress 42 %, 12,000 rows, 800 rows/s`. */
export function stateText(state: DisplayState, now: number): string {
  switch (state.kind) {
    case 'not_synced':
      return state.nextRunAt === undefined ? 'not yet synced' : `not yet synced, first run ${clockTime(state.nextRunAt, now)}`;
    case 'scheduled':
      return state.nextRunAt === undefined ? 'synced, no run planned here' : `scheduled ${clockTime(state.nextRunAt, now)}`;
    case 'in_progress':
      return `in progress${percent(state)}, ${count(state.rows)} rows, ${count(state.rowsPerSecond)} rows/s${state.pacing ? ', pacing' : ''}`;
    case 'rate_limited':
      return `rate limited until ${clockTime(state.until, now)}${state.percent === undefined ? '' : `, ${state.percent} %`}, ${count(state.rows)} rows`;
    case 'error':
      return state.nextTryAt === undefined ? 'error, trying again' : `error, next try ${clockTime(state.nextTryAt, now, 'seconds')}`;
    case 'failed':
      return 'failed';
    case 'paused':
      return 'paused';
    case 'disabled':
      return 'disabled';
  }
}

/** The reason for a state and what to do about it, as lines. */
export function stateReason(state: DisplayState): string[] {
  switch (state.kind) {
    case 'error':
      return [state.message, ...(state.remedy === undefined ? [] : [state.remedy])];
    case 'failed':
      return [state.reason, ...(state.remedy === undefined ? [] : [state.remedy])];
    case 'disabled':
      return [state.off ? `Disabled: ${state.reason}` : state.reason];
    default:
      return [];
  }
}

export function paintState(state: DisplayState, text: string, paint: Paint): string {
  switch (state.kind) {
    case 'in_progress':
      return paint.good(text);
    case 'failed':
      return paint.bad(text);
    case 'error':
    case 'rate_limited':
    case 'disabled':
      return paint.odd(text);
    default:
      return text;
  }
}

/** What `tributary status` prints. */
export function statusText(snapshot: StatusSnapshot, paint: Paint): string {
  const { at, tables } = snapshot;
  const workers = tables.some(({ worker }) => worker !== undefined);
  const landed = tables.some(({ warehouses = [] }) => warehouses.length > 0);
  const queried = tables.some(({ warehouses = [] }) => warehouses.some(({ newestRowAt }) => newestRowAt !== undefined));
  const rows = tables.map((table) => [
    `${table.connection}.${table.table}`,
    paintState(table.state, stateText(table.state, at), paint),
    table.freshnessMs === undefined ? '-' : duration(table.freshnessMs),
    ...(landed ? [warehouseFreshness(table.warehouses)] : []),
    ...(queried ? [newestRow(table.warehouses, at)] : []),
    table.lastSuccessAt === undefined ? 'never' : clockTime(table.lastSuccessAt, at),
    count(table.deadLetters),
    table.withheld === undefined ? '-' : count(table.withheld.count),
    ...(workers ? [table.worker ?? '-'] : []),
  ]);
  const main = textTable(
    [
      ...['TABLE', 'STATUS', 'FRESHNESS', ...(landed ? ['VENDOR TO WAREHOUSE'] : []), ...(queried ? ['NEWEST ROW'] : [])],
      ...['LAST SUCCESS', 'DEAD LETTERS', 'WITHHELD', ...(workers ? ['WORKER'] : [])],
    ],
    rows,
    ['left', 'left', 'right', ...(landed ? ['right' as const] : []), ...(queried ? ['right' as const] : []), 'left', 'right', 'right'],
  );
  const notes = tables.flatMap(notesOf);
  return notes.length === 0 ? main : `${main}\n\n${notes.join('\n')}`;
}

/** Of the warehouse that is furthest behind; `-` while one of them is not known. */
function warehouseFreshness(warehouses: readonly TableWarehouse[] = []): string {
  const ages = warehouses.map(({ freshnessMs }) => freshnessMs ?? Number.POSITIVE_INFINITY);
  const oldest = Math.max(...ages);
  return Number.isFinite(oldest) ? duration(oldest) : '-';
}

/** Of the warehouse whose newest row is the oldest, among those that can be queried. */
function newestRow(warehouses: readonly TableWarehouse[] = [], now: number): string {
  const times = warehouses.flatMap(({ newestRowAt }) => (newestRowAt === undefined ? [] : [newestRowAt]));
  return times.length === 0 ? '-' : `${duration(Math.max(0, now - Math.min(...times)))} ago`;
}

function notesOf(table: TableStatus): string[] {
  const name = `${table.connection}.${table.table}`;
  const reasons = stateReason(table.state);
  const { withheld } = table;
  return [
    ...(reasons.length === 0 ? [] : [`${name}: ${reasons.map(sentence).join(' ')}`]),
    ...(withheld
      ? [`${name}: ${count(withheld.count)} deletes withheld (${withheld.reason}). To allow them: tributary deletes allow ${name}`]
      : []),
  ];
}

function percent(state: { readonly percent?: number }): string {
  return state.percent === undefined ? '' : ` ${state.percent} %`;
}
