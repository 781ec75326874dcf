import type { RunOutcome, RunTotals, TableRef } from '../core/run.ts';
import { count, duration, sentence, textTable, type Paint } from './text.ts';

/** One row of the table printed after a run. */
export interface RunLine {
  readonly ref: TableRef;
  readonly outcome: RunOutcome;
  readonly totals: RunTotals;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly error?: { readonly message: string; readonly remedy?: string | undefined };
  readonly withheld?: { readonly count: number; readonly reason: string };
}

/** Fetched, published, unchanged, deleted, dead letters, requests, waited, duration and status of every table. */
export function runsText(lines: readonly RunLine[], paint: Paint): string {
  const rows = lines.map(({ ref, outcome, totals, startedAt, endedAt, withheld }) => [
    `${ref.connection}.${ref.table}`,
    count(totals.fetched),
    count(totals.published),
    count(totals.unchanged),
    count(totals.deleted),
    count(totals.deadLetters),
    count(totals.requests),
    duration(totals.waitedMs),
    duration(endedAt - startedAt),
    `${paintOutcome(outcome, paint)}${withheld === undefined ? '' : paint.odd(`, ${count(withheld.count)} deletes withheld`)}`,
  ]);
  const text = textTable(
    ['TABLE', 'FETCHED', 'PUBLISHED', 'UNCHANGED', 'DELETED', 'DEAD LETTERS', 'REQUESTS', 'WAITED', 'DURATION', 'STATUS'],
    rows,
    ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
  );
  const reasons = lines.flatMap(({ ref, outcome, error }) =>
    error && outcome === 'failed' ? [`${ref.connection}.${ref.table}: ${sentence(error.message)} ${error.remedy ?? ''}`.trimEnd()] : [],
  );
  reasons.push(
    ...lines.flatMap(({ ref, withheld }) =>
      withheld === undefined
        ? []
        : [
            `${ref.connection}.${ref.table}: ${count(withheld.count)} deletes are withheld: ${sentence(withheld.reason)} If they are right: tributary deletes allow ${ref.connection}.${ref.table}`,
          ],
    ),
  );
  return reasons.length === 0 ? text : `${text}\n\n${reasons.join('\n')}`;
}

function paintOutcome(outcome: RunOutcome, paint: Paint): string {
  if (outcome === 'succeeded') return paint.good(outcome);
  return outcome === 'failed' ? paint.bad(outcome) : paint.odd(outcome);
}
