import type { IndexEntry } from '../state/live-index.ts';
import { readTopics, type ReadMessage } from '../kafka/reader.ts';
import type { ConnectionState } from '../kafka/meta/state.ts';
import { checkTable, checkWritten } from '../kafka/topics.ts';
import { unframe } from '../record/framing.ts';
import type { ConnectionEnvironment } from './environment.ts';
import { newState } from './table-opener.ts';
import type { OpenTable } from './open-table.ts';

/** Entries applied at once while an index is brought up to its topic. */
const applyEvery = 5_000;

/**
 * Gives every table the state `_state` holds and an index that says what its topic holds. Reads only what
 * the index does not cover; an index that cannot be trusted is built anew from the whole topic.
 */
export async function catchUp(
  env: ConnectionEnvironment,
  where: { readonly connection: string; readonly source: string },
  tables: ReadonlyMap<string, OpenTable>,
  states: ConnectionState,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = env.clock.now();
  const fills = new Map<string, Fill>();
  for (const table of tables.values()) {
    const state = states.states.get(table.ref.table);
    checkTable(table.topic, table.topicFacts, table.keySchemaId, state);
    table.state = state ? { ...state, valueSchemaId: table.valueSchemaId } : newState(table, table.topicFacts);
    table.index.trust(table.state.topicEpoch ?? '', table.topicFacts.tombstonesKept / 2);
    table.outbox = states.outbox.get(table.ref.table) ?? [];
    fills.set(table.topic, createFill(table, env));
  }
  const take = (message: ReadMessage): Promise<void> | undefined => fills.get(message.topic)?.take(message);
  const requests = [...fills].map(([topic, fill]) => ({ topic, from: fill.table.index.coveredOffsets() }));
  const ranges = new Map(await readTopics(env.access, requests, take, { signal }));
  for (const { topic, state } of tables.values())
    checkWritten(
      topic,
      [...(ranges.get(topic)?.values() ?? [])].some(({ end }) => end > 0n),
      state,
    );
  // Offsets that are not in the log belong to another life of the topic, and so does the index.
  const strangers = requests.filter(({ topic }) => [...(ranges.get(topic)?.values() ?? [])].some((range) => range.restarted));
  for (const { topic } of strangers) fills.get(topic)?.startOver();
  for (const [topic, range] of await readTopics(
    env.access,
    strangers.map(({ topic }) => ({ topic })),
    take,
    { signal },
  ))
    ranges.set(topic, range);
  for (const [topic, fill] of fills) {
    const covered = new Map([...(ranges.get(topic) ?? [])].map(([partition, range]) => [partition, range.end]));
    fill.finish(covered);
    const reason = fill.fromStart() ? fill.table.index.rebuildReason() : undefined;
    if (reason === undefined || fill.taken() === 0) continue;
    env.emit({
      type: 'index-rebuilt',
      table: fill.table.ref.table,
      rows: fill.table.index.size(),
      durationMs: env.clock.now() - startedAt,
      reason,
      ...where,
    });
  }
}

interface Fill {
  readonly table: OpenTable;
  take(message: ReadMessage): Promise<void> | undefined;
  finish(covered: ReadonlyMap<number, bigint>): void;
  /** Forgets everything the index held and everything taken. */
  startOver(): void;
  /** Messages taken so far. */
  taken(): number;
  /** Whether the index held nothing when filling began. */
  fromStart(): boolean;
}

function createFill(table: OpenTable, env: ConnectionEnvironment): Fill {
  const { codec, index, valueSchemaId } = table;
  const writers = new Map<number, unknown>();
  let entries: IndexEntry[] = [];
  let covered = new Map<number, bigint>();
  let taken = 0;
  let fromStart = index.coveredOffsets().size === 0;

  function flush(upToDate: boolean): void {
    index.apply(entries, covered, upToDate);
    entries = [];
    covered = new Map();
  }

  async function takeOlder(message: ReadMessage, schemaId: number): Promise<void> {
    writers.set(schemaId, JSON.parse(await env.registry.schemaById(schemaId)));
    add(message);
  }

  function add(message: ReadMessage): void {
    taken += 1;
    const { payload: keyBody } = unframe(message.key as Buffer);
    const keyHash = codec.keyHash(keyBody);
    covered.set(message.partition, message.offset + 1n);
    if (message.value === null) {
      entries.push({ keyHash, row: null });
    } else {
      const { schemaId, payload } = unframe(message.value);
      const { record, body, deleted } = codec.decodeValue(payload, schemaId === valueSchemaId ? undefined : writers.get(schemaId));
      entries.push({ keyHash, row: deleted ? null : { rowHash: codec.rowHash(body), scopeHash: codec.scopeHash(record), keyBody } });
    }
    if (entries.length >= applyEvery) flush(false);
  }

  return {
    table,
    take(message) {
      if (message.key === null) return undefined;
      const schemaId = message.value === null ? valueSchemaId : unframe(message.value).schemaId;
      if (schemaId !== valueSchemaId && !writers.has(schemaId)) return takeOlder(message, schemaId);
      add(message);
      return undefined;
    },
    taken: () => taken,
    fromStart: () => fromStart,
    startOver() {
      fromStart = true;
      entries = [];
      covered = new Map();
      taken = 0;
      index.clear('its topic has begun a new life');
    },
    finish(ends) {
      covered = new Map([...covered, ...ends]);
      flush(true);
    },
  };
}
