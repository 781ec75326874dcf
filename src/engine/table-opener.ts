import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openLiveIndex, type LiveIndex } from '../state/live-index.ts';
import { mendStores } from '../state/mend.ts';
import type { ConnectionSettings } from '../config/settings.ts';
import { roomIn } from '../kafka/message-limits.ts';
import { tableTopic } from '../kafka/meta/topic-names.ts';
import type { KafkaAccess } from '../kafka/client.ts';
import { ownTopics } from '../kafka/meta/own-topics.ts';
import { ensureTopics, type TopicFacts, type TopicSpec } from '../kafka/topics.ts';
import type { TableState } from '../kafka/types.ts';
import { TributaryError } from '../core/errors.ts';
import type { TableDefinition } from '../core/table.ts';
import { compileTable, type TableCodec } from '../record/codec.ts';
import { compileRow, type RowCompiler } from '../record/row.ts';
import { shaping } from './known-rows.ts';
import type { ConnectionEnvironment } from './environment.ts';
import type { ConnectionServices, OpenTable } from './open-table.ts';

/** Bytes added to a compiled row: two registry headers and the columns `_synced_at` and `_deleted`. */
const overheadBytes = 32;

/** A table before its index is opened. */
export type ClosedTable = Omit<OpenTable, 'index'>;

/** Creates and checks topics, registers schemas, compiles rows. Opens nothing local: that is for the owner of the writer. */
export async function prepareTables(
  settings: ConnectionSettings,
  env: ConnectionEnvironment,
  services: ConnectionServices,
): Promise<readonly ClosedTable[]> {
  const facts = await topicsOf(settings, env);
  const prepared: ClosedTable[] = [];
  for (const definition of settings.tables) {
    const topic = tableTopic(env.access.settings, settings.name, definition.name);
    const codec = compileTable(settings.source.name, definition);
    const { refusal, ...ids } = await registered(env, topic, codec);
    const topicFacts = facts.get(topic) as TopicFacts;
    prepared.push({
      ref: { connection: settings.name, source: settings.source.name, table: definition.name },
      definition,
      topic,
      topicFacts,
      codec,
      rows: rowsFor(definition, codec, topicFacts),
      shaping: shaping(settings, definition),
      ...ids,
      services,
      state: newState({ topic, ...ids }, topicFacts),
      outbox: [],
      refusal,
    });
  }
  return prepared;
}

/** Compiles the table's row code with the topic's size limit; a row beyond it becomes a dead letter. */
const rowsFor = (definition: TableDefinition, codec: TableCodec, { largestBatch }: TopicFacts): RowCompiler =>
  compileRow(definition, codec, { maxBytes: Math.max(0, roomIn(largestBatch) - overheadBytes) });

/** Registers the schemas. A refusal of the registry stops this table alone. */
async function registered(
  env: ConnectionEnvironment,
  topic: string,
  codec: TableCodec,
): Promise<{ keySchemaId: number; valueSchemaId: number; refusal: TributaryError | undefined }> {
  try {
    return {
      ...(await env.registry.registerTable(topic, JSON.stringify(codec.keySchema), JSON.stringify(codec.valueSchema), env.access.signal)),
      refusal: undefined,
    };
  } catch (error) {
    if (!(error instanceof TributaryError) || error.kind !== 'config' || error.reach === 'connection') throw error;
    return { keySchemaId: 0, valueSchemaId: 0, refusal: error };
  }
}

/** The first that is set of: the table's setting, the setting for all tables, the definition. */
function partitionsOf(
  { partitions }: ConnectionSettings,
  definition: TableDefinition,
  everywhere: number | undefined,
): { readonly partitions: number; readonly asked: boolean } {
  const asked = partitions?.get(definition.name) ?? everywhere;
  return { partitions: asked ?? definition.partitions ?? 1, asked: asked !== undefined };
}

/** Adds to `tables` what is prepared, with indexes opened in `folder`. */
export async function openIndexes(
  folder: string,
  prepared: readonly ClosedTable[],
  env: ConnectionEnvironment,
  tables: Map<string, OpenTable>,
): Promise<void> {
  const opened: OpenTable[] = [];
  try {
    for (const table of prepared) opened.push({ ...table, index: openIndex(folder, env, table) });
  } catch (error) {
    // The next attempt opens all of them again.
    for (const { index } of opened) await index.close();
    throw error;
  }
  for (const table of opened) tables.set(table.ref.table, table);
}

async function topicsOf(settings: ConnectionSettings, { access }: ConnectionEnvironment): Promise<ReadonlyMap<string, TopicFacts>> {
  return ensureTopics(access, [...ownTopics(access.settings), ...tableTopics(settings, access)]);
}

/** The topics of a connection's tables as the settings specify them. */
export function tableTopics(settings: ConnectionSettings, access: KafkaAccess): TopicSpec[] {
  return settings.tables.map((definition) => ({
    name: tableTopic(access.settings, settings.name, definition.name),
    table: `${settings.name}.${definition.name}`,
    ...partitionsOf(settings, definition, access.settings.partitions),
    kind: 'table' as const,
  }));
}

/** Checks the topics again: they may have been changed or deleted while Kafka was away. */
export async function lookAgain(
  settings: ConnectionSettings,
  env: ConnectionEnvironment,
  tables: ReadonlyMap<string, OpenTable>,
): Promise<void> {
  const facts = await topicsOf(settings, env);
  for (const table of tables.values()) applyFacts(table, facts.get(table.topic) as TopicFacts);
}

/** Applies a topic's current limits to the table from its next row on. */
export function applyFacts(table: OpenTable, facts: TopicFacts): void {
  const before = table.topicFacts.largestBatch;
  table.topicFacts = facts;
  if (facts.largestBatch !== before) table.rows = rowsFor(table.definition, table.codec, facts);
}

function openIndex(folder: string, { clock }: ConnectionEnvironment, { ref, topic, valueSchemaId }: ClosedTable): LiveIndex {
  return openLiveIndex(join(folder, ref.table), { topic, valueSchemaId }, clock.now);
}

/** Replaces damaged indexes by empty ones. The caller makes sure that nothing uses them any more. */
export async function replaceBrokenIndexes(
  folder: string,
  env: ConnectionEnvironment,
  tables: ReadonlyMap<string, OpenTable>,
): Promise<void> {
  const broken = [...tables.values()].filter(({ index }) => index.isBroken());
  if (broken.length === 0) return;
  for (const { index } of broken) await index.close().catch(() => undefined);
  await mendStores(broken.map(({ ref }) => join(folder, ref.table)));
  for (const table of broken) table.index = openIndex(folder, env, table);
}

/** State of a table that has never been read. */
export function newState(
  ids: { readonly topic: string; readonly keySchemaId: number; readonly valueSchemaId: number },
  facts: TopicFacts,
): TableState {
  return {
    v: 1,
    topic: ids.topic,
    topicEpoch: randomUUID(),
    position: undefined,
    keySchemaId: ids.keySchemaId,
    valueSchemaId: ids.valueSchemaId,
    partitions: facts.partitions,
    since: null,
    rowsPublished: 0,
    runId: '',
    updatedAt: 0,
  };
}
