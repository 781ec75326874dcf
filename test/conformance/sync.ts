import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/types.ts';
import { failuresOf, listings, rounds, tablesOf } from './faulty.ts';
import type { Subject } from './subject.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import type { Records } from '../support/records.ts';
import { once, type Runs, type World } from './world.ts';

/** Tables of a connection that the engine runs at once. */
const AT_ONCE = 4;
/** Without an event for so long, all that can happen before the stop has happened, ms. */
const STUCK_MS = 700;
/** Seconds before a sync in each of which an edge row is made. */
const EDGE_SECONDS = 75;

/** A sync's effect on every table, judged by the truth before and after. */
interface Step {
  readonly runs: Runs;
  readonly before: ReadonlyMap<string, Records>;
  readonly after: ReadonlyMap<string, Records>;
}

export function describeSync(subject: Subject, world: () => World): void {
  const tables = Object.keys(subject.tables);

  const step = (change: (w: World) => void, ...of: readonly string[]) =>
    once(async (): Promise<Step> => {
      const w = world();
      await w.synced();
      const before = truths(w, tables);
      change(w);
      const runs = await w.sync(of.length === 0 ? undefined : of);
      return { runs, before, after: truths(w, tables) };
    });

  const unchanged = step(() => undefined);
  const added = step((w) => {
    for (const table of tables) subject.tables[table]?.add?.(w.vendor);
  });
  const changed = step((w) => {
    for (const table of tables) subject.tables[table]?.change?.(w.vendor);
  });

  describe.each(tables)('%s, read for the first time', (table) => {
    it('holds every row of the vendor, column by column', async () => {
      const runs = await world().synced();
      expect(failuresOf(runs, [table])).toEqual([]);
      const topic = await expectTruth(world(), table);
      expect(runs.get(table)?.totals).toMatchObject({ deleted: 0, deadLetters: 0 });
      expect(topic.tombstones).toBe(0);
    });
  });

  describe.each(tables)('%s, read again', (table) => {
    it('publishes nothing when nothing changed', async () => {
      const { runs, before, after } = await unchanged();
      expect(failuresOf(runs, [table])).toEqual([]);
      expect(after.get(table)).toEqual(before.get(table));
      expect(runs.get(table)?.totals).toMatchObject({ published: 0, deleted: 0, messages: 0 });
    });

    it('has a way to show what an added or changed row does', () => {
      const { add, change } = subject.tables[table] ?? {};
      expect(add ?? change, `the subject's add or change of ${table}`).toBeDefined();
    });
  });

  for (const [way, what, altered] of [
    ['add', 'was added', added],
    ['change', 'changed', changed],
  ] as const) {
    describe.each(tables.filter((table) => subject.tables[table]?.[way]))('%s', (table) => {
      it(`publishes a row that ${what}, and no other`, async () => {
        await expectOnlyDifferences(world(), table, await altered());
      });
    });
  }

  const edged = once(async () => {
    const w = world();
    await w.synced();
    w.align();
    for (let second = 0; second < (subject.edgeSeconds ?? EDGE_SECONDS); second += 1) {
      for (const table of tables) subject.tables[table]?.edge?.(w.vendor);
      w.vendor.clock.advance(1_000);
    }
    const at = await w.syncNow();
    const after = await w.sync();
    return { at, after };
  });

  describe.each(tables.filter((table) => subject.tables[table]?.edge))('%s, rows all along the end of what is read', (table) => {
    it('are neither lost nor doubled', async () => {
      const { at, after } = await edged();
      expect(failuresOf(at, [table])).toEqual([]);
      expect(failuresOf(after, [table])).toEqual([]);
      await expectTruth(world(), table);
    });
  });

  const stopped = once(() => stopAndResume(subject, world()));

  describe.each(tables)('%s, stopped in the middle of its first run', (table) => {
    it('goes on and ends with every row once', async () => {
      const { other, interrupted, resumed } = await stopped();
      expect(failuresOf(resumed, [table])).toEqual([]);
      const topic = await expectTruth(other, table);
      expect(topic.messages).toBe(topic.rows.size);
      const first = interrupted.get(table);
      if (subject.tables[table]?.stopAfter !== undefined)
        expect(first, 'the run that was stopped').toMatchObject({
          outcome: 'interrupted',
          totals: { fetched: expect.toSatisfy((rows: number) => rows > 0) },
        });
      if (first?.outcome !== 'interrupted' || subject.tables[table]?.restarts !== undefined) return;
      expect(first.totals.published).toBe(first.totals.fetched);
      expect(resumed.get(table)?.totals.fetched, 'rows fetched after the stop').toBeLessThanOrEqual(
        topic.rows.size + overlapOf(first.totals.fetched) - first.totals.fetched,
      );
    });
  });
}

/** A run that was stopped may ask for its last page again. */
const overlapOf = (fetched: number): number => Math.ceil(fetched * 0.5);

async function stopAndResume(subject: Subject, w: World): Promise<{ other: World; interrupted: Runs; resumed: Runs }> {
  const other = await w.another({ patient: true });
  const interrupted = new Map<string, RunSummary>();
  for (const round of rounds(w)) {
    // Hanging requests take the room of others: tables that were not met by then have another go.
    for (let left = round, tries = 0; left.length > 0 && tries < 2 * round.length; tries += 1) {
      const group = left.slice(0, AT_ONCE);
      const { runs, met } = await stopWhenStuck(subject, other, group);
      for (const table of met) interrupted.set(table, runs.get(table) as RunSummary);
      left = [...left.slice(AT_ONCE), ...group.filter((table) => !met.includes(table))];
    }
  }
  return { other, interrupted, resumed: await other.syncNow() };
}

/** Runs the tables into answers that never come, and stops them there. */
async function stopWhenStuck(
  subject: Subject,
  { vendor, test, syncNow }: World,
  group: readonly string[],
): Promise<{ runs: Runs; met: string[] }> {
  const ids = new Map(
    group.map((table) => [
      table,
      listings(subject, table).map((where) => vendor.faults.add({ kind: 'hang', after: subject.tables[table]?.stopAfter ?? 1, ...where })),
    ]),
  );
  const stop = new AbortController();
  const from = test.events.length;
  const running = syncNow(group, stop.signal);
  const met = (): string[] => {
    const hanging = new Set(
      vendor.faults
        .list()
        .filter(({ hits }) => hits > 0)
        .map(({ id }) => id),
    );
    const over = new Set(test.events.slice(from).flatMap((event) => (event.type === 'run-ended' ? [event.table] : [])));
    return group.filter((table) => over.has(table) || ids.get(table)?.some((id) => hanging.has(id)));
  };
  let lastMove = { at: performance.now(), events: 0 };
  const deadline = lastMove.at + 60_000;
  while (met().length < group.length && performance.now() < deadline) {
    if (test.events.length > lastMove.events) lastMove = { at: performance.now(), events: test.events.length };
    if (met().length > 0 && performance.now() - lastMove.at > STUCK_MS) break;
    await delay(20);
  }
  const found = met();
  stop.abort();
  const runs = await running;
  vendor.faults.clear();
  return { runs, met: found };
}

export async function expectTruth(w: World, table: string) {
  const topic = await w.topic(table);
  const truth = w.truth(table);
  // Without deletes the topic keeps what the vendor no longer shows.
  const known = w.definitions.get(table)?.deletes === 'none' ? w.everTrue(table) : truth;
  expect(
    [...topic.rows.keys()].filter((key) => !known.has(key)),
    `${table}: rows the vendor does not have`,
  ).toEqual([]);
  expect(
    [...truth.keys()].filter((key) => !topic.rows.has(key)),
    `${table}: rows missing in the topic`,
  ).toEqual([]);
  for (const [key, record] of truth) expect(topic.rows.get(key), `${table} ${key}`).toEqual(record);
  expect(topic.repeated, `${table}: rows published again unchanged`).toBe(0);
  return topic;
}

async function expectOnlyDifferences(w: World, table: string, { runs, before, after }: Step): Promise<void> {
  const different = differencesOf(before.get(table), after.get(table));
  expect(different.upserts.length, `rows of ${table} that differ at the vendor`).toBeGreaterThan(0);
  expect(failuresOf(runs, [table])).toEqual([]);
  expect(runs.get(table)?.totals.published).toBe(different.upserts.length);
  const topic = await w.topic(table);
  for (const key of different.upserts) expect(topic.rows.get(key), key).toEqual(after.get(table)?.get(key));
}

export function truths(w: World, tables: readonly string[]): Map<string, Records> {
  return new Map(tables.map((table) => [table, w.truth(table)]));
}

/** Keys that are new or differ, and keys that are gone. */
export function differencesOf(before: Records = new Map(), after: Records = new Map()): { upserts: string[]; gone: string[] } {
  const same = (a: object | undefined, b: object): boolean => JSON.stringify(a, plain) === JSON.stringify(b, plain);
  return {
    upserts: [...after].filter(([key, record]) => !same(before.get(key), record)).map(([key]) => key),
    gone: [...before.keys()].filter((key) => !after.has(key)),
  };
}

const plain = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

export function describePositions(subject: Subject, world: () => World): void {
  describe.each(tablesOf(subject))('%s, over all runs', (table) => {
    it('never goes back and never passes the present', () => {
      const rests = world().rests.get(table) ?? [];
      expect(rests.length).toBeGreaterThan(1);
      let known = new Map<string, number>();
      for (const { position, readTo, at } of rests) {
        const numbers = new Map(numbersOf({ position: position ?? null, readTo: readTo ?? null }));
        for (const [path, value] of numbers) {
          expect(value, `${path}, after ${known.get(path)}`).toBeGreaterThanOrEqual(known.get(path) ?? -Infinity);
          if (value > Date.UTC(2000, 0)) expect(value, path).toBeLessThanOrEqual(at);
        }
        known = new Map([...known, ...numbers]);
      }
    });
  });
}

function* numbersOf(value: Json, path = ''): Generator<[path: string, value: number], void, void> {
  if (typeof value === 'number') yield [path, value];
  else if (typeof value === 'object' && value !== null)
    for (const [name, part] of Object.entries(value)) yield* numbersOf(part as Json, `${path}.${name}`);
}
