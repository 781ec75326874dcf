import type { IndexEntry } from '../state/live-index.ts';
import { readTopics, type ReadMessage } from '../kafka/reader.ts';
import type { ConnectionState } from '../kafka/meta/state.ts';
import type { TableState } from '../kafka/types.ts';
import { checkTable, checkWritten, foreignIds, shortenedTopic } from '../kafka/topic-rules.ts';
import { TributaryError } from '../core/errors.ts';
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
    table.refusal ??= caught(() => checkWritten(table.topic, written, table.state));
  }
  // Offsets that are not in the log belong to another life of the topic, and so does the index.
  const strangers = requests.filter(({ topic }) => [...(ranges.get(topic)?.values() ?? [])].some((range) => range.restarted));
  for (const { topic, from } of strangers) {
    const fill = fills.get(topic);
    fill?.startOver();
    const isShorter = [...(ranges.get(topic) ?? [])].some(([partition, { end }]) => (from.get(partition) ?? 0n) > end);
    // A table that is listed whole each time gets its rows back by itself.
    if (fill !== undefined && isShorter && fill.table.definition.method === 'incremental') fill.table.refusal ??= shortenedTopic(topic);
  }
  for (const [topic, range] of await readTopics(
    env.access,
    strangers.map(({ topic }) => ({ topic })),
    take,
    { signal },
  ))
    ranges.set(topic, range);
  for (const [topic, fill] of fills) {
    if (fill.table.refusal !== undefined) continue;
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

/** What is wrong with a table's topic that can be known before it is read. */
async function refusalOf(env: ConnectionEnvironment, table: OpenTable, state: TableState | undefined): Promise<TributaryError | undefined> {
  const { topic, topicFacts, keySchemaId, valueSchemaId } = table;
  // The registry's own refusal has left the table without ids.
  if (keySchemaId === 0) return table.refusal;
  const known = topicFacts.refusal ?? caught(() => checkTable(topic, topicFacts, keySchemaId, state));
  if (known !== undefined || state === undefined || state.valueSchemaId === valueSchemaId || state.rowsPublished === 0) return known;
  try {
    await writerSchema(env, table, state.valueSchemaId);
    return undefined;
  } catch (error) {
    return tableFault(error);
  }
}

/** The schema rows were written with, which the registry must know as one of this table. */
async function writerSchema(env: ConnectionEnvironment, { topic, codec }: OpenTable, id: number): Promise<unknown> {
  let text: string;
  try {
    text = await env.registry.schemaById(id, env.access.signal);
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'registry:404')
      throw foreignIds(topic, `it holds rows of the schema ${id}, which the registry does not know`);
    throw error;
  }
  const schema = JSON.parse(text) as { name?: unknown; namespace?: unknown };
  const own = codec.valueSchema as { name?: unknown; namespace?: unknown };
  if (fullName(schema) !== fullName(own))
    throw foreignIds(topic, `it holds rows of the schema ${id}, which is another table's now (${fullName(schema)})`);
  return schema;
}

const fullName = ({ name, namespace }: { name?: unknown; namespace?: unknown }): string =>
  [namespace, name]
    .filter((part) => part !== undefined)
    .map(String)
    .join('.');

/** The refusal in an error; throws on what is none. */
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
  /** Forgets everything the index held and everything taken. */
  startOver(): void;
  /** Messages taken so far. */
  taken(): number;
  /** Whether the index held nothing when filling began. */
  fromStart(): boolean;
}

function createFill(table: OpenTable, env: ConnectionEnvironment): Fill {
  const { codec, index, keySchemaId, valueSchemaId } = table;
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
    try {
      writers.set(schemaId, await writerSchema(env, table, schemaId));
    } catch (error) {
      table.refusal = tableFault(error);
      return;
    }
    add(message);
  }

  function add(message: ReadMessage): void {
    taken += 1;
    const { schemaId: keyId, payload: keyBody } = unframe(message.key as Buffer);
    if (keyId !== keySchemaId) {
      table.refusal = foreignIds(table.topic, `its keys carry the schema id ${keyId}, and the registry gives ${keySchemaId}`);
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
