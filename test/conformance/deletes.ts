import { describe, expect, it } from 'vitest';
import type { TableRecord } from '../../src/core/table.ts';
import type { FaultRule } from '../../simulators/kit/faults.ts';
import { answer, failuresOf, refusal, tablesOf, withFaults, type Troubled } from './faulty.ts';
import type { Subject } from './subject.ts';
import { differencesOf, expectTruth, truths } from './sync.ts';
import type { Records } from '../support/records.ts';
import { once, type World } from './world.ts';

/** Listings that prove nothing; `requests` is how many a whole one takes. A row has vanished at the vendor meanwhile. */
const unproven: readonly (readonly [
  name: string,
  rules: (subject: Subject, w: World, table: string, requests: number) => readonly FaultRule[],
])[] = [
  ['was refused (401)', (subject, w) => [refusal(subject, w, 401)]],
  ['was refused (403)', (subject, w) => [refusal(subject, w, 403)]],
  ['failed (400)', (subject, w) => [refusal(subject, w, 400)]],
  [
    'was empty, with 200',
    (subject, _w, table) => {
      const body = subject.tables[table]?.empty;
      return body === undefined || body === null ? [] : [answer(subject, 200, body)];
    },
  ],
  // The last one: a listing that was cut goes on in the next run, and what comes then completes it.
  ['broke off half-way', (subject, w, _table, requests) => [{ ...refusal(subject, w, 400), after: Math.floor(requests / 2) }]],
];
const EMPTY = unproven.findIndex(([name]) => name.includes('empty'));

/** Vanished rows whose parent has vanished as well: the parent's own listing was whole, so they may go with it. */
function orphansOf(w: World, table: string, before: Records = new Map()): number {
  const { parent, scope = [] } = w.definitions.get(table) ?? {};
  if (parent === undefined || scope.length === 0) return 0;
  const scopeOf = (record: TableRecord | undefined): string => JSON.stringify(scope.map((column) => String(record?.[column])));
  const truth = w.truth(table);
  const scopes = new Set([...truth.values()].map(scopeOf));
  return differencesOf(before, truth).gone.filter((key) => !scopes.has(scopeOf(before.get(key)))).length;
}

export function describeDeletes(subject: Subject, world: () => World): void {
  const all = tablesOf(subject);
  const tables = all.filter((table) => subject.tables[table]?.remove);

  const watched = once(async () => {
    const w = world();
    await w.synced();
    // A fault that spoils nothing counts the requests.
    const counted = await withFaults(subject, w, () => [{ kind: 'slow', delayMs: 0 }]);
    const before = truths(w, all);
    const tombstones = new Map<string, number>();
    for (const table of all) tombstones.set(table, (await w.topic(table)).tombstones);
    for (const table of tables) subject.tables[table]?.remove?.(w.vendor);
    const outcomes: ReadonlyMap<string, Troubled>[] = [];
    for (const [, rules] of unproven)
      outcomes.push(await withFaults(subject, w, (table) => rules(subject, w, table, counted.get(table)?.hits[0] ?? 0)));
    return { before, tombstones, outcomes };
  });

  /** Where each fault was met: after it, nothing may have been deleted. */
  const guarded = once(async () => {
    const seen = await watched();
    const after = new Map<string, number>();
    for (const table of all) after.set(table, (await world().topic(table)).tombstones);
    return { ...seen, after };
  });

  const settled = once(async () => {
    const seen = await guarded();
    const w = world();
    const most = Math.max(1, ...[...w.definitions.values()].map(({ absentScans }) => absentScans ?? 1));
    let runs = await w.sync();
    for (let more = 0; more < most; more += 1) runs = await w.sync();
    return { ...seen, runs };
  });

  it('can show a vanished row of every table that notices one', () => {
    const needed = [...world().definitions.values()].filter(({ deletes }) => deletes !== 'none').map(({ name }) => name);
    expect(needed.filter((table) => !subject.tables[table]?.remove)).toEqual([]);
    expect(needed.filter((table) => subject.tables[table]?.empty === undefined)).toEqual([]);
  });

  describe.each(all)('%s', (table) => {
    it.each(unproven.map(([name], i) => [name, i] as const))('deletes nothing after a listing that %s', async (_name, i) => {
      const { before, tombstones, outcomes, after } = await guarded();
      const { run, hits = [], events = [] } = outcomes[i]?.get(table) ?? {};
      const orphans = orphansOf(world(), table, before.get(table));
      expect(run?.totals.deleted).toBeLessThanOrEqual(orphans);
      expect(after.get(table)).toBeLessThanOrEqual((tombstones.get(table) ?? 0) + orphans);
      if (i === EMPTY) {
        const { deletes, absentScans = 1 } = world().definitions.get(table) ?? {};
        if (deletes === 'scan' && absentScans === 1 && (hits[0] ?? 0) > 0)
          expect(events, 'what is withheld is told').toContainEqual(expect.objectContaining({ type: 'deletes-withheld' }));
        return;
      }
      expect(hits[0], `requests of ${table} that were refused`).toBeGreaterThan(0);
      expect(run?.outcome === 'failed' || events.some(({ type }) => type === 'warning'), `${table}: a refused request stays unsaid`).toBe(
        true,
      );
    });
  });

  describe.each(tables)('%s', (table) => {
    it('deletes what has vanished once a complete listing shows it, with a marker before the tombstone', async () => {
      const { before, tombstones, runs } = await settled();
      const { gone } = differencesOf(before.get(table), world().truth(table));
      expect(gone.length, `rows of ${table} that vanished at the vendor`).toBeGreaterThan(0);
      expect(failuresOf(runs, [table])).toEqual([]);
      if (world().definitions.get(table)?.deletes === 'none') return;
      const topic = await expectTruth(world(), table);
      expect(topic.tombstones - (tombstones.get(table) ?? 0)).toBe(gone.length);
      expect(topic.markers.length).toBe(topic.tombstones);
    });

    it('leaves nothing withheld behind', async () => {
      await settled();
      expect((await world().state(table))?.withheld).toBeUndefined();
    });
  });
}
