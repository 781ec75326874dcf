import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { createClient, withAdmin } from '../../src/kafka/client.ts';
import { createRegistry } from '../../src/kafka/registry.ts';
import { checkTable, checkWritten } from '../../src/kafka/topic-rules.ts';
import { ownTopics } from '../../src/kafka/meta/own-topics.ts';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { createWriter } from '../../src/kafka/writer.ts';
import { loginHeader } from '../support/login.ts';
import { refuse } from '../support/refusing-brokers.ts';
import { createTopics } from '../support/topics.ts';
import { accessTo, readAll, refusalOf, stateOf, tableTopic } from './support.ts';

const record = (name: string, fields: readonly object[]): string => JSON.stringify({ type: 'record', name, fields });
const KEY = record('RowKey', [{ name: 'id', type: 'string' }]);
const VALUE = record('Row', [{ name: 'x', type: ['null', 'string'], default: null }]);
const WIDER = record('Row', [
  { name: 'x', type: ['null', 'string'], default: null },
  { name: 'y', type: ['null', 'long'], default: null },
]);
const OTHER = record('Row', [
  { name: 'x', type: ['null', 'long'], default: null },
  { name: 'z', type: 'string' },
]);

const closing: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(closing.map((close) => close())));

test('topics are created once with our settings and found again', async () => {
  const access = accessTo();
  const { prefix } = access.settings;
  const specs = [...ownTopics({ prefix }), { name: `${prefix}.c.rows`, partitions: 3, kind: 'table' as const }];
  expect((await ensureTopics(access, specs)).get(`${prefix}.c.rows`)).toEqual({
    partitions: 3,
    tombstonesKept: 7 * 86_400_000,
    largestBatch: 1_048_588,
  });
  expect((await ensureTopics(access, specs)).get(`${prefix}.c.rows`)).toEqual({
    partitions: 3,
    tombstonesKept: 7 * 86_400_000,
    largestBatch: 1_048_588,
  });
  const settings = await withAdmin(access, 'Looking', async (admin) =>
    (
      await admin.describeConfigs({
        includeSynonyms: false,
        resources: [`${prefix}.c.rows`, `${prefix}._runs`].map((name) => ({
          type: 2,
          name,
          configNames: ['cleanup.policy', 'delete.retention.ms', 'retention.ms'],
        })),
      })
    ).resources.map(({ configEntries }) =>
      Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ),
  );
  expect(settings[0]).toMatchObject({ 'cleanup.policy': 'compact', 'delete.retention.ms': String(7 * 86_400_000) });
  expect(settings[1]).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': String(90 * 86_400_000) });
});

test('a clock that is two days ahead is no reason for the brokers to refuse what is written, nor the time they keep', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  const producer = createClient(access).producer();
  await producer.connect();
  const before = Date.now();
  // Kafka 4 refuses it by message.timestamp.after.max.ms where a topic keeps the time of the writer.
  await producer.send({ topic, messages: [{ key: 'k', value: 'v', timestamp: String(before + 2 * 86_400_000) }] });
  await producer.disconnect();
  const [found] = await readAll(access, { topic });
  expect(found?.timestamp).toBeGreaterThan(before - 60_000);
  expect(found?.timestamp).toBeLessThan(before + 3_600_000);
});

test("a table's topic that is not compacted is refused, with the command that mends it", async () => {
  const access = accessTo();
  const name = `${access.settings.prefix}.c.rows`;
  await withAdmin(access, 'Creating', (admin) => createTopics(admin, { topic: name, numPartitions: 1, replicationFactor: 1 }));
  const error = (await ensureTopics(access, [{ name, partitions: 1, kind: 'table' }])).get(name)?.refusal;
  expect(error).toMatchObject({ kind: 'config' });
  expect(error?.message).toContain(`${name} has cleanup.policy=delete`);
  expect(error).toMatchObject({ remedy: expect.stringContaining('--add-config cleanup.policy=compact') });
});

test('other partitions, another key schema or a vanished topic are refused', async () => {
  const topic = 'p.c.rows';
  const facts = { partitions: 3, tombstonesKept: 1, largestBatch: 1_048_588 };
  const state = stateOf(10, { partitions: 3, keySchemaId: 5 });
  checkTable(topic, 'c.rows', facts, 5, state);
  checkTable(topic, 'c.rows', { ...facts, partitions: 1 }, 9, undefined);
  expect(() => checkTable(topic, 'c.rows', { ...facts, partitions: 6 }, 5, state)).toThrow(
    'p.c.rows has 6 partitions, but its rows were spread over 3',
  );
  expect(() => checkTable(topic, 'c.rows', facts, 6, state)).toThrow('the id 6, but the rows in the topic were written with id 5');
  expect(() => checkWritten(topic, 'c.rows', false, state)).toThrow('is gone, but its state says that 10 rows');
});

test('a replication factor the cluster cannot give is a settings error', async () => {
  const access = accessTo(undefined, { settings: { replicationFactor: 3 } });
  expect(await refusalOf(ensureTopics(access, ownTopics(access.settings)))).toMatchObject({
    kind: 'config',
    code: 'kafka:INVALID_REPLICATION_FACTOR',
  });
});

test('a cluster that has just started, whose brokers are all fenced, gets its topics once they are in service', async () => {
  const clientId = 'starting';
  const access = accessTo(undefined, { settings: { clientId } });
  const refused = refuse(clientId, 'CreateTopics', 38, 3);
  const topics = await ensureTopics(access, ownTopics(access.settings));
  expect(refused()).toBe(3);
  expect(topics.size).toBe(ownTopics(access.settings).length);
});

test('a cluster that is not there is named, with what to check', async () => {
  const access = accessTo(undefined, { settings: { brokers: ['127.0.0.1:9'] } });
  const error = await refusalOf(createWriter({ access, connection: 'c' }).reopen());
  expect(error).toMatchObject({ kind: 'transient', code: 'kafka:unreachable', remedy: expect.stringContaining('kafka.brokers') });
  expect(error.message).toContain('127.0.0.1:9 cannot be reached');
});

test('TLS towards a port without TLS is named as a likely cause', async () => {
  const access = accessTo(undefined, { settings: { ssl: true } });
  expect(await refusalOf(withAdmin(access, 'Looking', (admin) => admin.listTopics()))).toMatchObject({
    remedy: expect.stringContaining('kafka.tls'),
  });
});

test("schemas are registered once, evolve when compatible, and are refused with the registry's reason when not", async () => {
  const access = accessTo();
  const topic = `${access.settings.prefix}.c.rows`;
  const registry = createRegistry(access.settings);
  const first = await registry.registerTable(topic, KEY, VALUE);
  expect(await registry.registerTable(topic, KEY, VALUE)).toEqual(first);
  const second = await registry.registerTable(topic, KEY, WIDER);
  expect(second.keySchemaId).toBe(first.keySchemaId);
  expect(second.valueSchemaId).not.toBe(first.valueSchemaId);
  expect(JSON.parse(await registry.schemaById(second.valueSchemaId))).toMatchObject(JSON.parse(WIDER) as object);
  const error = await refusalOf(registry.registerTable(topic, KEY, OTHER));
  expect(error).toMatchObject({ kind: 'config', code: 'registry:409' });
  expect(error.message).toContain(`${topic}-value`);
  const level = await fetch(`${access.settings.registry.url}/config/${topic}-value`, { headers: loginHeader() });
  expect(await level.json()).toEqual({ compatibilityLevel: 'FULL_TRANSITIVE' });
  expect(await refusalOf(registry.schemaById(99_999_999))).toMatchObject({ kind: 'config', code: 'registry:404' });
});

test('a subject somebody registered without a compatibility level is taken over, not refused for ever', async () => {
  const access = accessTo();
  const topic = `${access.settings.prefix}.c.rows`;
  const put = await fetch(`${access.settings.registry.url}/subjects/${topic}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', ...loginHeader() },
    body: JSON.stringify({ schema: VALUE }),
  });
  expect(put.ok).toBe(true);
  await createRegistry(access.settings).registerTable(topic, KEY, WIDER);
  expect(await refusalOf(createRegistry(access.settings).registerTable(topic, KEY, OTHER))).toMatchObject({
    kind: 'config',
    code: 'registry:409',
  });
});

test('a registry that goes away after the start is not missed; one that is away at the start is waited for', async () => {
  const answers = new Map([
    ['GET', '{"compatibilityLevel":"FULL_TRANSITIVE"}'],
    ['POST', '{"id":7}'],
  ]);
  const server = createServer((request, response) =>
    response.setHeader('content-type', 'application/json').end(answers.get(request.method ?? '') ?? '{}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const settings = { registry: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } };
  const registry = createRegistry(settings);
  await registry.registerTable('t', KEY, VALUE);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(await registry.registerTable('t', KEY, VALUE)).toEqual({ keySchemaId: 7, valueSchemaId: 7 });
  expect(await refusalOf(createRegistry(settings).registerTable('t', KEY, VALUE))).toMatchObject({
    kind: 'transient',
    code: 'registry:unreachable',
  });
});

test('a refused registry login is a settings error that shows no password', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"error_code":401,"message":"no"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => server.close());
  const { port } = server.address() as AddressInfo;
  const login = `Basic ${Buffer.from('me:hunter2').toString('base64')}`;
  const registry = createRegistry({ registry: { url: `http://127.0.0.1:${port}`, username: 'me', password: 'hunter2' } });
  for (const call of [() => registry.registerTable('t', KEY, VALUE), () => registry.schemaById(1)]) {
    const error = await refusalOf(call());
    expect(error).toMatchObject({ kind: 'config', code: 'registry:401', remedy: expect.stringContaining('registry.password') });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/hunter2|Basic /);
    expect(seen.at(-1)).toBe(login);
  }
});

test("kafkajs's own log goes to the callback and nowhere else", async () => {
  const lines: string[] = [];
  const access = accessTo(undefined, { settings: { brokers: ['127.0.0.1:9'] }, onClientLog: ({ message }) => lines.push(message) });
  const admin = createClient(access, { retries: 1 }).admin();
  await refusalOf(admin.connect());
  await admin.disconnect();
  expect(lines.some((line) => line.includes('ECONNREFUSED'))).toBe(true);
});
