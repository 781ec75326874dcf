import type { Settings } from '../../config/settings.ts';
import type { RunRecord } from '../../kafka/meta/runs.ts';
import type { TableState } from '../../kafka/types.ts';
import { emptyStatus, lastCompleted, seedStatus, type KnownFacts, type StatusModel } from '../../observability/status-model.ts';
import { snapshotOf, type StatusSnapshot, type TableStatus } from '../../observability/status-view.ts';
import { tableKey, type TableRef } from '../../core/run.ts';
import type { Facts } from './facts.ts';

export function refsOf(settings: Pick<Settings, 'connections'>): TableRef[] {
  return settings.connections.flatMap(({ name, source, tables }) =>
    tables.map((table) => ({ connection: name, source: source.name, table: table.name })),
  );
}

/** The status before anything was read: only tables that the settings turn off are known. */
export function unreadStatus(settings: Pick<Settings, 'connections'>): StatusModel {
  let model = emptyStatus(refsOf(settings));
  for (const { name, source, off } of settings.connections) {
    for (const [table, reason] of off ?? []) model = seedStatus(model, { connection: name, source: source.name, table }, { off: reason });
  }
  return model;
}

/** The model from the topics for a worker that starts, without pauses, which it reads from `_control` itself. */
export function knownModel(facts: Facts, settings: Settings): StatusModel {
  let model = unreadStatus(settings);
  for (const ref of refsOf(settings)) {
    const name = tableKey(ref);
    const state = facts.state(name);
    const lastRuns = facts.runs(name);
    const disabled = disabledBy(settings, ref, lastCompleted(lastRuns));
    model = seedStatus(model, ref, {
      ...(state ? factsOf(state) : {}),
      lastRuns,
      deadLetters: facts.deadLetters(name).count,
      ...(disabled === undefined ? {} : { disabled }),
    });
  }
  return model;
}

/** The status of every table: from the worker that has it, and for all other tables from the topics. */
export function statusOf(facts: Facts, settings: Settings, now: number): StatusSnapshot {
  const model = knownModel(facts, settings);
  const tables = Object.fromEntries(
    Object.entries(model.tables).map(([key, table]) => [key, { ...table, paused: facts.paused(table.connection, table.table) }]),
  );
  const known = snapshotOf({ ...model, tables }, now);
  return {
    ...known,
    assigned: [...new Set(facts.workers(now).flatMap(({ assigned }) => assigned))],
    tables: known.tables.map((table) => liveStatus(facts.live(table.connection, table.table, now), table, now)),
  };
}

/** The worker's status of a table, completed from the topics: the worker counts only from its own start. */
function liveStatus(notice: ReturnType<Facts['live']>, known: TableStatus, now: number): TableStatus {
  const told: unknown = notice?.status;
  if (notice === undefined) return known;
  if (typeof told !== 'object' || told === null) return known;
  const live = told as TableStatus;
  return {
    ...live,
    worker: notice.worker,
    deadLetters: Math.max(live.deadLetters, known.deadLetters),
    ...(live.readTo === undefined ? {} : { freshnessMs: Math.max(0, now - live.readTo) }),
  };
}

/** Why the vendor refuses this table only; undefined unless its last run that was not interrupted ended with that. */
function disabledBy({ connections }: Settings, { connection, table }: TableRef, last: RunRecord | undefined): string | undefined {
  const definition = connections.find(({ name }) => name === connection)?.tables.find(({ name }) => name === table);
  if (definition?.planGated === undefined || last?.outcome !== 'failed' || last.failure?.kind !== 'config') return undefined;
  return [last.failure.message, last.failure.remedy ?? ''].join(' ').trim();
}

function factsOf(state: TableState): KnownFacts {
  return {
    ...(state.lastSuccessAt === undefined ? {} : { lastSuccessAt: state.lastSuccessAt }),
    ...(state.readTo === undefined ? {} : { readTo: state.readTo }),
    ...(state.withheld === undefined ? {} : { withheld: state.withheld }),
  };
}
