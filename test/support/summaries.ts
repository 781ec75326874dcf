import type { RunTotals } from '../../src/core/run.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';

/**
 * What one sync did to each table. A table that was handed work runs twice in it: the totals of both count, and the outcome of
 * one that did not succeed stays.
 */
export function summariesByTable<Name extends string = string>(
  summaries: readonly RunSummary[],
  nameOf: (summary: RunSummary) => string = ({ ref }) => ref.table,
): Map<Name, RunSummary> {
  const found = new Map<Name, RunSummary>();
  for (const summary of summaries) {
    const name = nameOf(summary) as Name;
    const earlier = found.get(name);
    found.set(name, earlier === undefined ? summary : joined(earlier, summary));
  }
  return found;
}

function joined(earlier: RunSummary, later: RunSummary): RunSummary {
  const totals = { ...later.totals };
  for (const name of Object.keys(totals) as (keyof RunTotals)[]) totals[name] += earlier.totals[name];
  return { ...(earlier.outcome === 'succeeded' ? later : earlier), startedAt: earlier.startedAt, endedAt: later.endedAt, totals };
}
