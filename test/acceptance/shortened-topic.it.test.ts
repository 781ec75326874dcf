import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import { plainProducer, withAdmin } from '../../src/kafka/client.ts';
import { tableTopic } from '../../src/kafka/meta/topic-names.ts';
import { readTopics, type ReadMessage } from '../../src/kafka/reader.ts';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { until } from '../support/command.ts';
import { openTestEngine, type TestConnection } from '../support/engine.ts';
import { shopSource } from '../support/shop-source.ts';
import { timeLimit } from '../../src/core/signals.ts';

/** Syncs a table, makes its topic one that holds only its first messages, and syncs it again. */
async function shortened(
  connection: TestConnection,
  table: string,
): Promise<{ run: RunSummary | undefined; rows: number; before: number }> {
  const prefix = `short${randomBytes(4).toString('hex')}`;
  const dataDir = await mkdtemp(join(tmpdir(), 'shortened-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const engine = () => openTestEngine({ ...inject('stack'), prefix, dataDir, connections: [{ ...connection, tables: [table] }] });
  const { name } = connection.source;
  const topic = tableTopic({ prefix }, name, table);
  const sync = async (test: Awaited<ReturnType<typeof engine>>): Promise<RunSummary | undefined> =>
    (await test.engine.sync([{ connection: name }], timeLimit(120_000)))[0];

  const one = await engine();
  expect(await sync(one)).toMatchObject({ outcome: 'succeeded' });
  const messages: ReadMessage[] = [];
  await readTopics(one.access, [{ topic }], (message) => void messages.push(message));
  await one.close();
  await withAdmin(one.access, 'test', (admin) => admin.deleteTopics({ topics: [topic] }));
  await until('it is gone', () => withAdmin(one.access, 'test', async (admin) => !(await admin.listTopics()).includes(topic)));
  await ensureTopics(one.access, [{ name: topic, partitions: one.settings.connections[0]?.tables[0]?.partitions ?? 1, kind: 'table' }]);
  const { producer } = plainProducer(one.access);
  await producer.connect();
  await producer.send({
    topic,
    messages: messages.slice(0, 5).map(({ partition, key, value }) => ({ partition, key, value })),
  });
  await producer.disconnect();

  const two = await engine();
  onTestFinished(two.close);
  const run = await sync(two);
  return { run, rows: (await two.readTable(table, name)).rows.size, before: messages.length };
}

test('a table that does not read again what it has read says that its topic has lost rows', async () => {
  const vendor = await startKlaviyoSimulator({ seed: 3, profiles: 5, events: 30, metrics: 3, limits: false });
  onTestFinished(() => vendor.close());
  const { run } = await shortened({ source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: vendor.url } }, 'event');
  expect(run).toMatchObject({
    outcome: 'failed',
    error: {
      kind: 'config',
      message: expect.stringContaining('ends before what was already committed to it') as string,
      remedy: expect.stringContaining('tributary state reset klaviyo.event') as string,
    },
  });
});

test('one that is listed whole each time gets them back by itself', async () => {
  const vendor = { items: Array.from({ length: 12 }, (_, at) => `n${at}`), shops: new Map(), refusals: new Map() };
  const { run, rows, before } = await shortened({ source: shopSource(vendor), settings: {} }, 'item');
  expect(before).toBe(12);
  expect(run).toMatchObject({ outcome: 'succeeded', totals: { published: 7 } });
  expect(rows).toBe(12);
});
