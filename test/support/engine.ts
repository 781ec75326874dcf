import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryStart } from '../../src/config/dates.ts';
import type { ConnectionSettings, Settings } from '../../src/config/settings.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import type { KafkaSettings } from '../../src/kafka/types.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { createRegistry, type Registry } from '../../src/kafka/registry.ts';
import { tableTopic } from '../../src/kafka/meta/topic-names.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { createEngine, type Engine, type EngineOptions } from '../../src/engine/engine.ts';
import { createEventBus, type EngineEvent, type EventBus } from '../../src/engine/events.ts';
import { compileTable } from '../../src/record/codec.ts';
import type { Source } from '../../src/sdk/source.ts';
import type { TableRecord } from '../../src/core/table.ts';
import { unframe } from '../../src/record/framing.ts';
import { kafkaLogin, stackLogin } from './login.ts';

export interface TestConnection {
  readonly name?: string;
  readonly source: Source;
  readonly settings: Record<string, unknown>;
  readonly tables?: readonly string[];
  readonly history?: HistoryStart;
  readonly schedule?: string;
}

export interface TestEngineOptions {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  /** What that stack asks for; the shared stack's when absent. */
  readonly login?: { readonly username: string; readonly password: string };
  /** The brokers ask for no login, whatever the registry does. */
  readonly openBrokers?: boolean;
  readonly replicationFactor?: number;
  readonly clientId?: string;
  readonly prefix: string;
  readonly connections: readonly TestConnection[];
  /** Folder that outlives the engine, for tests that restart it. */
  /** Of the schedules; UTC where none is given. */
  readonly timezone?: string;
  readonly dataDir?: string;
  readonly clock?: Clock;
  readonly access?: Partial<KafkaAccess>;
  readonly compression?: KafkaSettings['compression'];
  /** Of the topics that are created. */
  readonly topicConfig?: KafkaSettings['topicConfig'];
  readonly createWriter?: EngineOptions['createWriter'];
  readonly sessionTimeout?: number;
  /** 0..1, for jitter; 0 makes every back-off as short as it can be. */
  readonly random?: () => number;
}

/** Everything the engine needs, on the shared stack, and what a test wants to see of it. */
export interface TestEngine {
  readonly engine: Engine;
  readonly settings: Settings;
  readonly access: KafkaAccess;
  readonly registry: Registry;
  readonly events: EngineEvent[];
  readonly bus: EventBus;
  /** What a table's topic holds, read back with read_committed: key (JSON) to record. */
  readTable(table: string, connection?: string): Promise<TopicTable>;
  /** The messages of a table's topic one by one, for tables too large to be kept. */
  visitTable(table: string, message: (message: TopicMessage) => void, connection?: string): Promise<void>;
  close(): Promise<void>;
}

/** A message of a table's topic; the tombstone has no record. */
export interface TopicMessage {
  readonly id: string;
  readonly kind: 'row' | 'marker' | 'tombstone';
  readonly record?: TableRecord;
  readonly body?: Buffer;
  readonly syncedAt?: number;
}

export interface TopicTable {
  /** Last value of every key, decoded; deleted keys are not there. */
  readonly rows: ReadonlyMap<string, TableRecord>;
  readonly messages: number;
  readonly tombstones: number;
  readonly markers: readonly TableRecord[];
  /** Keys and values that stand twice in a row: published again without a change. */
  readonly repeated: number;
}

export async function openTestEngine(options: TestEngineOptions): Promise<TestEngine> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'tributary-data-')));
  const connections = options.connections.map(connectionOf);
  const settings = {
    file: 'tributary.yaml',
    dataDir,
    prefix: options.prefix,
    timezone: options.timezone ?? 'UTC',
    sources: {},
    connections,
    kafka: undefined,
    registry: undefined,
    landings: {},
    metrics: { port: 0, host: '127.0.0.1' },
    web: { enabled: false, allowed_hosts: [], read_only: false },
  } as Settings;
  const access: KafkaAccess = {
    settings: {
      brokers: options.brokers,
      clientId: options.clientId ?? 'tributary-test',
      prefix: options.prefix,
      replicationFactor: options.replicationFactor ?? 1,
      minInSyncReplicas: (options.replicationFactor ?? 1) >= 3 ? 2 : 1,
      registry: { url: options.registryUrl, ...(options.login ?? stackLogin()) },
      compression: options.compression ?? 'gzip',
      ...(options.topicConfig === undefined ? {} : { topicConfig: options.topicConfig }),
      ...(options.openBrokers ? {} : options.login === undefined ? kafkaLogin() : { sasl: { mechanism: 'plain', ...options.login } }),
    },
    ...options.access,
  };
  const registry = createRegistry(access.settings);
  const events: EngineEvent[] = [];
  const bus = createEventBus((error) => {
    throw error;
  });
  bus.on((event) => void events.push(event));
  const engine = createEngine({
    settings,
    access,
    registry,
    bus,
    redactor: createRedactor(),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    ...(options.createWriter === undefined ? {} : { createWriter: options.createWriter }),
    ...(options.sessionTimeout === undefined ? {} : { sessionTimeout: options.sessionTimeout }),
  });
  const visitTable: TestEngine['visitTable'] = (table, message, connection = connections[0]?.name ?? '') => {
    const found = connections.find((one) => one.name === connection);
    const definition = found?.tables.find((one) => one.name === table);
    if (!found || !definition) throw new Error(`no table ${connection}.${table}`);
    return visit(access, registry, found.source, definition, tableTopic(options, connection, table), message);
  };
  return {
    engine,
    settings,
    access,
    registry,
    events,
    bus,
    visitTable,
    readTable: (table, connection) => readTable((message) => visitTable(table, message, connection)),
    async close() {
      await engine.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function connectionOf(given: TestConnection): ConnectionSettings {
  const parsed = given.source.settings.parse(given.settings);
  const tables = given.source.tables(parsed).filter((table) => given.tables?.includes(table.name) ?? true);
  return {
    name: given.name ?? given.source.name,
    source: given.source,
    settings: parsed,
    tables,
    history: given.history ?? { range: 'all' },
    schedules: new Map(tables.map((table) => [table.name, given.schedule ?? '0 0 1 1 *'])),
  };
}

async function visit(
  access: KafkaAccess,
  registry: Registry,
  source: Source,
  definition: ConnectionSettings['tables'][number],
  topic: string,
  message: (message: TopicMessage) => void,
): Promise<void> {
  const codec = compileTable(source.name, definition);
  const writers = new Map<number, unknown>();
  await readTopics(access, [{ topic }], async ({ key, value }) => {
    const id = keyText(codec.decodeKey(unframe(key as Buffer).payload));
    if (value === null) {
      message({ id, kind: 'tombstone' });
      return;
    }
    const { schemaId, payload } = unframe(value);
    if (!writers.has(schemaId)) {
      const writer: unknown = JSON.parse(await registry.schemaById(schemaId));
      writers.set(schemaId, JSON.stringify(writer) === JSON.stringify(codec.valueSchema) ? undefined : writer);
    }
    const { record, body, deleted, syncedAt } = codec.decodeValue(payload, writers.get(schemaId));
    message({ id, kind: deleted ? 'marker' : 'row', record, body, syncedAt });
  });
}

async function readTable(visitAll: (message: (message: TopicMessage) => void) => Promise<void>): Promise<TopicTable> {
  const rows = new Map<string, TableRecord>();
  const bodies = new Map<string, string>();
  const markers: TableRecord[] = [];
  let messages = 0;
  let tombstones = 0;
  let repeated = 0;
  await visitAll(({ id, kind, record = {}, body }) => {
    messages += 1;
    if (kind === 'tombstone') {
      tombstones += 1;
      rows.delete(id);
      bodies.delete(id);
    } else if (kind === 'marker') {
      markers.push(record);
    } else {
      const text = body?.toString('latin1') ?? '';
      if (bodies.get(id) === text) repeated += 1;
      bodies.set(id, text);
      rows.set(id, record);
    }
  });
  return { rows, messages, tombstones, markers, repeated };
}

/** A key as a map key. */
export function keyText(key: TableRecord): string {
  return JSON.stringify(key, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}
