import { clockTime, duration, sentence } from './text.ts';
import { tableKey } from '../core/run.ts';
import type { TableStatus } from './status-view.ts';

/**
 * Why requested runs of these tables do not begin at once, one sentence for each reason: a run is in progress and must end
 * first. `others`: the other tables of the connection, which may share its rate limits.
 */
export function waitTexts(tables: readonly TableStatus[], others: readonly TableStatus[], now: number): string[] {
  const reasons = new Map<string, string[]>();
  const idle: TableStatus[] = [];
  for (const table of tables) {
    const reason = waitOf(table, now);
    if (reason === undefined) idle.push(table);
    else reasons.set(reason, [...(reasons.get(reason) ?? []), tableKey(table)]);
  }
  const limited = [...tables, ...others]
    .filter((table) => limitOf(table, now) !== undefined)
    .sort((a, b) => (limitOf(b, now) ?? 0) - (limitOf(a, now) ?? 0))[0];
  const until = limited && limitOf(limited, now);
  if (idle.length > 0 && limited !== undefined && until !== undefined) {
    const reason = `the run begins now, but the vendor has asked ${tableKey(limited)} to wait until ${moment(until, now)}, and requests that share this limit wait as well`;
    reasons.set(reason, idle.map(tableKey));
  }
  return [...reasons].map(([reason, names]) => sentence(`${names.join(', ')}: ${reason}`));
}

function waitOf(table: TableStatus, now: number): string | undefined {
  const { state, nextRunAt } = table;
  const until = limitOf(table, now);
  if (until !== undefined)
    return `the vendor has asked to wait until ${moment(until, now)}; then the run in progress continues, and the new one follows it`;
  switch (state.kind) {
    case 'in_progress':
    case 'rate_limited':
      return 'a run is in progress, and the new one follows it';
    case 'error':
      // A failed run has its retry planned; the requested run begins now instead.
      return nextRunAt !== undefined || state.nextTryAt === undefined || state.nextTryAt <= now
        ? undefined
        : `the run in progress tries again at ${moment(state.nextTryAt, now)} (${state.message.replace(/\.$/, '')}), and the new one follows it`;
    default:
      return undefined;
  }
}

const limitOf = ({ state }: TableStatus, now: number): number | undefined =>
  state.kind === 'rate_limited' && state.until > now ? state.until : undefined;

const moment = (at: number, now: number): string => `${clockTime(at, now, 'seconds')} (in ${duration(at - now)})`;
