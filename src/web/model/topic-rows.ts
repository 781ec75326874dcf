import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';
import { offsetsOf, offsetsSince, topicsOf, withCluster } from '../../kafka/cluster.ts';
import { partitionOf } from '../../kafka/partitioning.ts';
import { readTopics, type ReadMessage } from '../../kafka/reader.ts';
import { tableTopic } from '../../kafka/meta/topic-names.ts';
import { canonicalJson } from '../../core/json/canonical.ts';
import { coercerFor } from '../../record/coercers.ts';
import { compileTable, type TableCodec } from '../../record/codec.ts';
import { Inexact, MISFIT } from '../../record/fit.ts';
import type { TableDefinition, TableRecord } from '../../core/table.ts';
import { frame, unframe } from '../../record/framing.ts';
import type { KafkaAccess } from '../../kafka/client.ts';
import type { WebContext } from '../context.ts';
import { timeLimit } from '../../core/signals.ts';

/** What is needed to read a topic. */
export type TopicContext = Pick<WebContext, 'access' | 'registry' | 'settings'>;

/** One decoded message of a table's topic. `at`: when it was published, epoch ms. */
export interface Change {
  readonly kind: 'row' | 'marker' | 'tombstone';
  readonly partition: number;
  readonly offset: string;
  readonly at: number;
  readonly key: TableRecord;
  readonly record?: TableRecord;
  readonly run?: string;
}

/** The current row of a key in a topic, and the versions that are still there, newest first. */
export interface LookedUp {
  readonly key: TableRecord;
  readonly now: Change | undefined;
  readonly versions: readonly Change[];
}

/** Most offsets read for a look-up, which scans the whole partition; more would take too long for a page. */
const mostRead = 2_000_000n;
const lookUpMs = 60_000;
/** Polling interval (ms) of a topic that is followed. */
const followMs = 1_000;

/** The newest messages of a table, newest first. */
export async function lastChanges(context: TopicContext, connection: string, definition: TableDefinition, last: number): Promise<Change[]> {
  const { access } = context;
  const topic = tableTopic(context.settings(), connection, definition.name);
  const ranges = await withCluster(access, `Reading ${topic}`, async (cluster) =>
    (await topicsOf(cluster)).has(topic) ? (await offsetsOf(cluster, [topic])).get(topic) : undefined,
  );
  if (ranges === undefined) return [];
  const decode = decoder(context, connection, definition);
  // Transaction markers and compaction leave gaps in the offsets, so reading starts further back when too few rows were found.
  for (let step = BigInt(last * 4); ; step *= 8n) {
    const from = new Map([...ranges].map(([partition, { start, end }]) => [partition, end - step > start ? end - step : start]));
    const found: ReadMessage[] = [];
    await readTopics(access, [{ topic, from }], (message) => {
      found.push(message);
      if (found.length > last * 200) found.splice(0, found.length - last * 20);
    });
    const newest = found
      .sort((a, b) => a.timestamp - b.timestamp || Number(a.offset - b.offset))
      .slice(-last)
      .reverse();
    if (newest.length >= last || [...ranges].every(([partition, { start }]) => from.get(partition) === start))
      return Promise.all(newest.map(decode));
  }
}

/**
 * Everything published since a point in time, decoded, in the order of each partition; `onChange` is awaited.
 *
 * @param follow continues with what is published later, until the access's signal fires.
 */
export async function changesSince(
  context: TopicContext,
  connection: string,
  definition: TableDefinition,
  { since, follow = false }: { readonly since: number; readonly follow?: boolean },
  onChange: (change: Change) => void | Promise<void>,
): Promise<void> {
  const { access } = context;
  const topic = tableTopic(context.settings(), connection, definition.name);
  const decode = decoder(context, connection, definition);
  let from: ReadonlyMap<number, bigint> | undefined;
  for (;;) {
    from ??= await withCluster(access, `Reading ${topic}`, async (cluster) =>
      (await topicsOf(cluster)).has(topic) ? offsetsSince(cluster, topic, since) : undefined,
    );
    if (from !== undefined) {
      const ranges = await readTopics(access, [{ topic, from }], async (message) => {
        if (message.timestamp >= since) await onChange(await decode(message));
      });
      from = new Map([...(ranges.get(topic) ?? [])].map(([partition, { end }]) => [partition, end]));
    }
    if (!follow) return;
    await sleep(followMs, undefined, access.signal === undefined ? {} : { signal: access.signal });
  }
}

/**
 * The topic's current row for a key, given as text per key column.
 * @throws TributaryError `config` when the text is not a key, or when the partition is too long to scan for one key.
 */
export async function lookUp(
  context: TopicContext,
  connection: string,
  definition: TableDefinition,
  given: Readonly<Record<string, string>>,
): Promise<LookedUp> {
  const { access } = context;
  const topic = tableTopic(context.settings(), connection, definition.name);
  const codec = compileTable(sourceOf(context, connection), definition);
  const key = Object.fromEntries(definition.key.map((column) => [column, keyValue(definition, column, given[column])])) as TableRecord;
  const body = codec.keyBody(key);
  const ranges = await withCluster(access, `Reading ${topic}`, async (cluster) =>
    (await topicsOf(cluster)).has(topic) ? (await offsetsOf(cluster, [topic])).get(topic) : undefined,
  );
  if (ranges === undefined) return { key, now: undefined, versions: [] };
  const schemaId = await keySchemaId(access, topic, ranges);
  const partition = schemaId === undefined ? undefined : partitionOf(frame(schemaId, body), ranges.size);
  const size = partition === undefined ? 0n : (ranges.get(partition)?.end ?? 0n) - (ranges.get(partition)?.start ?? 0n);
  if (size > mostRead) {
    throw new TributaryError(`The partition of this key has ${size} offsets; a look-up reads at most ${mostRead}.`, {
      kind: 'config',
      code: 'too_large',
      remedy: 'Query the warehouse, or read the topic with another tool.',
    });
  }
  const found: ReadMessage[] = [];
  if (partition !== undefined) {
    await readTopics(
      access,
      [{ topic, partitions: [partition] }],
      (message) => {
        if (message.key !== null && unframe(message.key).payload.equals(body)) found.push(message);
        if (found.length > 50) found.shift();
      },
      { signal: timeLimit(lookUpMs) },
    );
  }
  const versions = await Promise.all(found.reverse().map(decoder(context, connection, definition)));
  const [newest] = versions;
  return { key, now: newest?.kind === 'row' ? newest : undefined, versions };
}

/** The schema id is part of a key's bytes, and therefore determines its partition. */
async function keySchemaId(
  access: KafkaAccess,
  topic: string,
  ranges: ReadonlyMap<number, { readonly start: bigint; readonly end: bigint }>,
): Promise<number | undefined> {
  let found: number | undefined;
  class Enough extends Error {}
  try {
    await readTopics(access, [{ topic, from: new Map([...ranges].map(([partition, { start }]) => [partition, start])) }], ({ key }) => {
      if (key === null) return;
      found = unframe(key).schemaId;
      throw new Enough();
    });
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
  return found;
}

function keyValue(definition: TableDefinition, column: string, text: string | undefined): TableRecord[string] {
  const field = definition.fields[column];
  const wrong = new TributaryError(`"${text ?? ''}" cannot be a value of the key column ${column} (${field?.type ?? 'unknown'}).`, {
    kind: 'config',
    code: 'bad_key',
  });
  if (field === undefined || text === undefined) throw wrong;
  const fit = coercerFor(field)(field.type === 'timestamp' && /^\d+$/.test(text) ? new Date(Number(text)).toISOString() : text);
  if (fit === MISFIT || fit instanceof Inexact || fit === null) throw wrong;
  return fit;
}

function sourceOf(context: TopicContext, connection: string): string {
  return context.settings().connections.find(({ name }) => name === connection)?.source.name ?? connection;
}

function decoder(context: TopicContext, connection: string, definition: TableDefinition): (message: ReadMessage) => Promise<Change> {
  const codec: TableCodec = compileTable(sourceOf(context, connection), definition);
  const own = canonicalJson(JSON.parse(JSON.stringify(codec.valueSchema)));
  const writers = new Map<number, Promise<unknown>>();
  const writerOf = (id: number): Promise<unknown> => {
    const known =
      writers.get(id) ??
      context.registry.schemaById(id).then((text) => {
        const schema: unknown = JSON.parse(text);
        return canonicalJson(schema) === own ? undefined : schema;
      });
    writers.set(id, known);
    return known;
  };
  return async ({ partition, offset, timestamp, key, value, headers }) => {
    const run = /run=(\S+)/.exec(headers['tributary'] ?? '')?.[1];
    const base = {
      partition,
      offset: offset.toString(),
      at: timestamp,
      key: key === null ? {} : codec.decodeKey(unframe(key).payload),
      ...(run === undefined ? {} : { run }),
    };
    if (value === null) return { ...base, kind: 'tombstone' };
    const { schemaId, payload } = unframe(value);
    const { record, deleted } = codec.decodeValue(payload, await writerOf(schemaId));
    return { ...base, kind: deleted ? 'marker' : 'row', record };
  };
}
