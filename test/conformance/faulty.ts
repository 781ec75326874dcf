import type { EngineEvent } from '../../src/engine/events.ts';
import type { DisplayState } from '../../src/observability/status-view.ts';
import type { FaultRule } from '../../simulators/kit/faults.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import type { Subject } from './subject.ts';
import type { Runs, World } from './world.ts';

/** What a table's run did while its requests went wrong. */
export interface Troubled {
  readonly run: RunSummary | undefined;
  /** How often each of the rules spoilt a request of this table. */
  readonly hits: readonly number[];
  readonly events: readonly EngineEvent[];
  /** States the table was shown in. */
  readonly states: readonly DisplayState[];
}

export const tablesOf = (subject: Subject): string[] => Object.keys(subject.tables);

/** Tables that can be spoilt together: those without a parent, their children, the children of those; so that each meets its own faults. */
export function rounds({ definitions }: World): string[][] {
  const depthOf = (table: string | undefined): number => (table === undefined ? -1 : 1 + depthOf(definitions.get(table)?.parent));
  const deepest = Math.max(...[...definitions.keys()].map(depthOf));
  return Array.from({ length: deepest + 1 }, (_, depth) => [...definitions.keys()].filter((table) => depthOf(table) === depth)).filter(
    (round) => round.length > 0,
  );
}

/** What a fault rule has to hold to meet the requests that list the table; one for each way they are made. */
export function listings(subject: Subject, table: string): Pick<FaultRule, 'on' | 'query' | 'requestBody'>[] {
  const lists = subject.tables[table]?.lists ?? [];
  return [lists].flat().map((one) => (typeof one === 'string' ? { on: one } : one));
}

/** Syncs every table while its listing is spoilt by these rules, tried in their order. */
export async function withFaults(
  subject: Subject,
  w: World,
  rules: (table: string) => readonly FaultRule[],
): Promise<ReadonlyMap<string, Troubled>> {
  w.vendor.clock.advance(subject.settleMs);
  const troubled = new Map<string, Troubled>();
  for (const round of rounds(w)) {
    const ids = new Map(
      round.map((table) => [
        table,
        rules(table).map((rule) => listings(subject, table).map((where) => w.vendor.faults.add({ ...rule, ...where }))),
      ]),
    );
    const from = w.test.events.length;
    w.watch.forgetStates();
    const runs = await w.syncNow(round);
    const hits = new Map(w.vendor.faults.list().map(({ id, hits: count }) => [id, count]));
    w.vendor.faults.clear();
    for (const table of round) {
      troubled.set(table, {
        run: runs.get(table),
        hits: (ids.get(table) ?? []).map((of) => of.reduce((sum, id) => sum + (hits.get(id) ?? 0), 0)),
        events: w.test.events.slice(from).filter((event) => 'table' in event && event.table === table),
        states: w.watch.statesOf(table),
      });
    }
  }
  return troubled;
}

/** An answer of the vendor's own, in its content type. */
export function answer(subject: Subject, status: number, body: string): FaultRule {
  return { kind: 'status', status, body, ...(subject.contentType === undefined ? {} : { contentType: subject.contentType }) };
}

/** A refusal in the vendor's words that repeats the key it was sent. */
export function refusal(subject: Subject, w: World, status: number): FaultRule {
  const text = `No: ${subject.secrets(w.vendor).join(' ')}`;
  return answer(subject, status, subject.refusal?.(status, text) ?? JSON.stringify({ message: text }));
}

export function failuresOf(runs: Runs, tables: readonly string[]): string[] {
  return tables.flatMap((table) => {
    const run = runs.get(table);
    return run?.outcome === 'succeeded'
      ? []
      : [`${table}: ${run?.outcome ?? 'not run'}: ${run?.error?.message ?? ''} ${run?.error?.detail ?? ''}`];
  });
}
