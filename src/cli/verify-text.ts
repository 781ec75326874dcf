import { shown } from '../core/shown.ts';
import type { TableDefinition } from '../core/table.ts';
import type { Verification } from '../engine/verify.ts';
import { count } from '../observability/text.ts';

const keysShown = 3;

/** What a verification found, and what mends it. */
export function verifyText(typed: string, found: Verification, method: TableDefinition['method']): readonly string[] {
  const { missing, surplus, different } = found;
  return [
    `${typed}: ${count(found.vendorRows)} rows at the vendor, ${count(found.topicRows)} in the topic`,
    ...Object.entries({ missing, surplus, different }).map(([what, { count: n, keys }]) => {
      const examples = keys.slice(0, keysShown).map((key) => shown(Object.values(key).join('/')));
      return `  ${what.padEnd(9)}  ${count(n)}${examples.length === 0 ? '' : `  e.g. ${examples.join(', ')}`}`;
    }),
    ...(found.changedMeanwhile > 0 ? [`  ${count(found.changedMeanwhile)} changed meanwhile and were not compared further`] : []),
    ...(found.unusable > 0 ? [`  unusable   ${count(found.unusable)}  (rows without a usable key, or too large: see dead-letters)`] : []),
    ...remedies(typed, found, method),
  ];
}

function remedies(typed: string, { missing, surplus, different }: Verification, method: TableDefinition['method']): readonly string[] {
  const run = `tributary trigger ${typed} (or sync, where no worker runs)`;
  if (missing.count + surplus.count + different.count === 0) return [];
  if (method === 'full_table') return [`The table's next run mends it: ${run}.`];
  return [
    ...(missing.count + different.count > 0 ? [`The table's next run brings what is missing or different: ${run}.`] : []),
    ...(surplus.count > 0
      ? ['Surplus rows go when the table is listed whole again: `tributary docs` says how its deletes are found.']
      : []),
  ];
}
