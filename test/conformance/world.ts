import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { Position } from '../../src/core/types.ts';
import { readStates } from '../../src/kafka/meta/state.ts';
import type { TableState } from '../../src/kafka/types.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import type { Source } from '../../src/sdk/source.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { openTestEngine, type TestEngine, type TopicTable } from '../support/engine.ts';
import { recordsOf, type Records } from '../support/records.ts';
import { summariesByTable } from '../support/summaries.ts';
import { unlimited } from '../support/unlimited.ts';
import { watch, type Watch } from './watch.ts';
import type { Subject, TableSubject, Vendor } from './subject.ts';

/** Largest answer and longest wait of the suite's clients: small, so that both can be exceeded quickly. */
export const CAP_BYTES = 8 * 1024 * 1024;
export const PATIENCE_MS = 2_000;
/** How far the vendor's time may lie behind ours when a sync begins, ms: some refuse to be asked for what lies ahead of them. */
const MOST_BEHIND_MS = 10_000;
/** And during one, ms: on a busy machine a sync takes minutes, and a vendor that refuses bounds ahead of its time would refuse them all. */
const MOST_BEHIND_IN_A_SYNC_MS = 30_000;

export type Runs = ReadonlyMap<string, RunSummary>;

/** The vendor, the engine that reads it, and what has been seen so far. One for all tests of a source. */
export interface World {
  readonly vendor: Vendor;
  readonly test: TestEngine;
  readonly watch: Watch;
  readonly definitions: ReadonlyMap<string, TableDefinition>;
  /** Positions after runs that succeeded, oldest first, and the engine's time then. */
  readonly rests: ReadonlyMap<string, readonly Rest[]>;
  /** The first sync of everything; later calls answer the same. */
  synced(): Promise<Runs>;
  /** Lets the vendor's time pass, then syncs these tables, or all. */
  sync(tables?: readonly string[]): Promise<Runs>;
  /** Syncs without letting time pass; ends early when the signal says so. */
  syncNow(tables?: readonly string[], signal?: AbortSignal): Promise<Runs>;
  /** Rows the table should hold now, by key. */
  truth(table: string): Records;
  /** Keys of all rows the vendor was known to have at some time. */
  everTrue(table: string): Set<string>;
  topic(table: string): Promise<TopicTable>;
  state(table: string): Promise<TableState | undefined>;
  subjectOf(table: string): TableSubject;
  /** The vendor's time catches up with the engine's. */
  align(): void;
  /** Another engine on topics of its own, reading the same vendor. */
  another(how: { readonly settings?: Readonly<Record<string, unknown>>; readonly patient?: boolean }): Promise<World>;
  close(): Promise<void>;
}

export interface Rest {
  readonly position: Position | undefined;
  readonly readTo: number | undefined;
  readonly at: number;
}

export async function openWorld(subject: Subject): Promise<World> {
  const vendor = await subject.start();
  let began = performance.now();
  // The vendor's time stands still, so that its truth does; ours has to move for anything to be waited for.
  const behind = (): number => Math.floor(performance.now() - began);
  const align = (): void => {
    const passed = behind();
    began += passed;
    vendor.clock.advance(passed);
  };
  const now = (): number => {
    if (behind() > MOST_BEHIND_IN_A_SYNC_MS) align();
    return vendor.clock.now() + behind();
  };
  const clock: Clock = { now, timer: systemClock.timer };
  return openOn(subject, vendor, clock, align, subject.settings(vendor), false);
}

async function openOn(
  subject: Subject,
  vendor: Vendor,
  clock: Clock,
  align: () => void,
  settings: Readonly<Record<string, unknown>>,
  patient: boolean,
): Promise<World> {
  const stack = inject('stack');
  // A patient one keeps the pace too: without it so much is under way at once that a stop comes before the first position is kept.
  const source = patient ? subject.source : unlimited(hurried(subject.source));
  const prefix = `conf${randomBytes(5).toString('hex')}`;
  const test = await openTestEngine({ ...stack, prefix, clock, random: () => 0, connections: [{ source, settings: { ...settings } }] });
  const [connection] = test.settings.connections;
  if (!connection) throw new Error('no connection');
  const definitions = new Map(connection.tables.map((definition) => [definition.name, definition]));
  const watched = watch(test, clock);
  const rests = new Map<string, Rest[]>();
  const everTrue = new Map<string, Set<string>>();
  const others: World[] = [];
  let first: Promise<Runs> | undefined;

  async function syncNow(tables?: readonly string[], signal = new AbortController().signal): Promise<Runs> {
    if (clock.now() - vendor.clock.now() > MOST_BEHIND_MS) align();
    const summaries = await test.engine.sync([{ connection: connection?.name ?? '', ...(tables && { tables }) }], signal);
    const { states } = await readStates(test.access, connection?.name ?? '');
    for (const { ref, outcome, error } of summaries) {
      if (error) watched.errors.push(error);
      const state = states.get(ref.table);
      if (outcome !== 'succeeded') continue;
      rests.set(ref.table, [...(rests.get(ref.table) ?? []), { position: state?.position, readTo: state?.readTo, at: clock.now() }]);
    }
    return summariesByTable(summaries);
  }

  const world: World = {
    vendor,
    test,
    watch: watched,
    definitions,
    rests,
    align,
    syncNow,
    synced() {
      if (!first) for (const table of definitions.keys()) world.truth(table);
      return (first ??= syncNow());
    },
    async sync(tables) {
      vendor.clock.advance(subject.settleMs);
      return syncNow(tables);
    },
    truth(table) {
      const records = recordsOf(definitions.get(table) as TableDefinition, world.subjectOf(table).truth(vendor));
      for (const key of records.keys()) world.everTrue(table).add(key);
      return records;
    },
    everTrue(table) {
      const known = everTrue.get(table) ?? new Set();
      everTrue.set(table, known);
      return known;
    },
    topic: (table) => test.readTable(table),
    state: async (table) => (await readStates(test.access, connection.name)).states.get(table),
    subjectOf(table) {
      const found = subject.tables[table];
      if (!found) throw new Error(`The subject says nothing of the table ${table}.`);
      return found;
    },
    async another(how) {
      const other = await openOn(subject, vendor, clock, align, how.settings ?? settings, how.patient ?? false);
      others.push(other);
      return other;
    },
    async close() {
      watched.stop();
      for (const other of others) await other.close();
      await test.close();
    },
  };
  return world;
}

/** The source with less patience, and room for smaller answers, than it has by itself. */
function hurried(source: Source): Source {
  return {
    ...source,
    connect: (settings, env) =>
      source.connect(settings, {
        ...env,
        http: (options) =>
          env.http({
            ...options,
            maxBytes: Math.min(options.maxBytes ?? Infinity, CAP_BYTES),
            timeoutMs: Math.min(options.timeoutMs ?? Infinity, PATIENCE_MS),
          }),
      }),
  };
}

/** Starts the work when first asked, and gives all who ask the same outcome. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let outcome: Promise<T> | undefined;
  return () => (outcome ??= work());
}
