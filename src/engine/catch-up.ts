import type { IndexEntry } from '../state/live-index.ts';
import { tableKey } from '../core/run.ts';
import { readTopics, type ReadMessage } from '../kafka/reader.ts';
import type { ConnectionState } from '../kafka/meta/state.ts';
import type { TableState } from '../kafka/types.ts';
import { checkTable, checkWritten, foreignIds, movedTable, shortenedTopic } from '../kafka/topic-rules.ts';
import { TributaryError } from '../core/errors.ts';
import { unframe } from '../record/framing.ts';
import type { ConnectionEnvironment } from './environment.ts';
import { newState } from './table-opener.ts';
import type { OpenTable } from './open-table.ts';

/** Index entries written at once while an index catches up with its topic. */
const applyEvery = 5_000;

/**
 * Loads the state of every table from `_state` and brings its live index up to its topic. Reads only the offsets
 * that the index does not cover; an index that cannot be trusted is rebuilt from the whole topic.
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
    table.refusal = await refusalOf(env, table, state);
    table.state = state ? { ...state, valueSchemaId: table.valueSchemaId } : newState(table, table.topicFacts);
    table.index.trust(table.state.topicEpoch ?? '', table.topicFacts.tombstonesKept / 2);
    table.outbox = states.outbox.get(table.ref.table) ?? [];
    if (table.refusal === undefined) fills.set(table.topic, createFill(table, env));
  }
  const take = (message: ReadMessage): Promise<void> | undefined => fills.get(message.topic)?.take(message);
  const requests = [...fills].map(([topic, fill]) => ({ topic, from: fill.table.index.coveredOffsets() }));
  const ranges = new Map(await readTopics(env.access, requests, take, { signal }));
  for (const { table } of fills.values()) {
    const written = [...(ranges.get(table.topic)?.values() ?? [])].some(({ end }) => end > 0n);
    table.refusal ??= caught(() => checkWritten(table.topic, tableKey(table.ref), written, table.state));
  }
  // The index covers offsets that the log does not have: the topic was recreated or its log truncated, so the index is rebuilt.
  const recreated = requests.filter(({ topic }) => [...(ranges.get(topic)?.values() ?? [])].some((range) => range.restarted));
  for (const { topic, from } of recreated) {
    const fill = fills.get(topic);
    fill?.startOver();
    const isShorter = [...(ranges.get(topic) ?? [])].some(([partition, { end }]) => (from.get(partition) ?? 0n) > end);
    // A full table is listed again in each run, so its rows come back by themselves; an incremental one would miss them.
    if (fill !== undefined && isShorter && fill.table.definition.method === 'incremental')
      fill.table.refusal ??= shortenedTopic(topic, tableKey(fill.table.ref));
  }
  for (const [topic, range] of await readTopics(
    env.access,
    recreated.map(({ topic }) => ({ topic })),
    take,
    { signal },
  ))
    ranges.set(topic, range);
  for (const [topic, fill] of fills) {
    if (fill.table.refusal !== undefined) continue;
    const covered = new Map([...(ranges.get(topic) ?? [])].map(([partition, range]) => [partition, range.end]));
    fill.finish(covered);
    const reason = fill.fromStart() ? fill.table.index.rebuildReason() : undefined;
    if (reason === undefined || fill.messagesRead() === 0) continue;
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

/** Checks that need no read of the topic: why a table's topic must not be used, or undefined. */
async function refusalOf(env: ConnectionEnvironment, table: OpenTable, state: TableState | undefined): Promise<TributaryError | undefined> {
  const { topic, topicFacts, keySchemaId, valueSchemaId, ref } = table;
  const moved = movedTable(env.access.settings, ref.connection, ref.table, state);
  if (moved !== undefined) return moved;
  // The registry refused the schemas: the table has no schema ids, and the refusal is already known.
  if (keySchemaId === 0) return table.refusal;
  const known = topicFacts.refusal ?? caught(() => checkTable(topic, tableKey(ref), topicFacts, keySchemaId, state));
  if (known !== undefined || state === undefined || state.valueSchemaId === valueSchemaId || state.rowsPublished === 0) return known;
  try {
    await writerSchema(env, table, state.valueSchemaId);
    return undefined;
  } catch (error) {
    return tableFault(error);
  }
}

/** Returns the writer's schema from the registry. @throws when the registry does not know the id, or knows it as another table's. */
async function writerSchema(env: ConnectionEnvironment, { topic, ref, codec }: OpenTable, id: number): Promise<unknown> {
  let text: string;
  try {
    text = await env.registry.schemaById(id, env.access.signal);
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'registry:404')
      throw foreignIds(topic, tableKey(ref), `it holds rows of the schema ${id}, which the registry does not know`);
    throw error;
  }
  const schema = JSON.parse(text) as { name?: unknown; namespace?: unknown };
  const own = codec.valueSchema as { name?: unknown; namespace?: unknown };
  if (fullName(schema) !== fullName(own))
    throw foreignIds(topic, tableKey(ref), `it holds rows of the schema ${id}, which is another table's now (${fullName(schema)})`);
  return schema;
}

const fullName = ({ name, namespace }: { name?: unknown; namespace?: unknown }): string =>
  [namespace, name]
    .filter((part) => part !== undefined)
    .map(String)
    .join('.');

/** Returns an error that concerns this table only; rethrows every other error. */
function tableFault(error: unknown): TributaryError {
  if (error instanceof TributaryError && error.kind === 'config' && error.reach !== 'connection') return error;
  throw error;
}

function caught(check: () => void): TributaryError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return tableFault(error);
  }
}

interface Fill {
  readonly table: OpenTable;
  take(message: ReadMessage): Promise<void> | undefined;
  finish(covered: ReadonlyMap<number, bigint>): void;
  /** Clears the index and the entries not yet written to it. */
  startOver(): void;
  /** Messages read so far. */
  messagesRead(): number;
  /** Whether the index was empty when catching up began. */
  fromStart(): boolean;
}

function createFill(table: OpenTable, env: ConnectionEnvironment): Fill {
  const { codec, index, keySchemaId, valueSchemaId } = table;
  const writers = new Map<number, unknown>();
  let entries: IndexEntry[] = [];
  let covered = new Map<number, bigint>();
  let messagesRead = 0;
  let fromStart = index.coveredOffsets().size === 0;

  function flush(upToDate: boolean): void {
    index.apply(entries, covered, upToDate);
    entries = [];
    covered = new Map();
  }

  async function addOlder(message: ReadMessage, schemaId: number): Promise<void> {
    try {
      writers.set(schemaId, await writerSchema(env, table, schemaId));
    } catch (error) {
      table.refusal = tableFault(error);
      return;
    }
    add(message);
  }

  function add(message: ReadMessage): void {
    messagesRead += 1;
    const { schemaId: keyId, payload: keyBody } = unframe(message.key as Buffer);
    if (keyId !== keySchemaId) {
      table.refusal = foreignIds(
        table.topic,
        tableKey(table.ref),
        `its keys carry the schema id ${keyId}, but the registry has the id ${keySchemaId} for this table's key`,
      );
      return;
    }
    const keyHash = codec.keyHash(keyBody);
    covered.set(message.partition, message.offset + 1n);
    if (message.value === null) {
      entries.push({ keyHash, row: null });
    } else {
      const { schemaId, payload } = unframe(message.value);
      const { record, body, deleted } = codec.decodeValue(payload, schemaId === valueSchemaId ? undefined : writers.get(schemaId));
      entries.push({
        keyHash,
        row: deleted ? null : { rowHash: codec.rowHash(body, record), scopeHash: codec.scopeHash(record), keyBody },
      });
    }
    if (entries.length >= applyEvery) flush(false);
  }

  return {
    table,
    take(message) {
      if (message.key === null || table.refusal !== undefined) return undefined;
      const schemaId = message.value === null ? valueSchemaId : unframe(message.value).schemaId;
      if (schemaId !== valueSchemaId && !writers.has(schemaId)) return addOlder(message, schemaId);
      add(message);
      return undefined;
    },
    messagesRead: () => messagesRead,
    fromStart: () => fromStart,
    startOver() {
      fromStart = true;
      entries = [];
      covered = new Map();
      messagesRead = 0;
      index.clear('its topic was recreated or reset');
    },
    finish(ends) {
      covered = new Map([...covered, ...ends]);
      flush(true);
    },
  };
}
