import { createRedactor } from '../../src/core/redact.ts';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import { withAdmin } from '../../src/kafka/client.ts';
import { readStates, resetRecord } from '../../src/kafka/meta/state.ts';
import { createWriter } from '../../src/kafka/writer.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createConnection } from '../../src/engine/connection.ts';
import { createOpeningTurns } from '../../src/engine/opening-turns.ts';
import { createCycle } from '../../src/engine/cycle.ts';
import { executeRun } from '../../src/engine/execute-run.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import { table } from '../../src/sdk/define.ts';
import { text } from '../../src/sdk/fields.ts';
import { eventually } from '../landing/kafka-helpers.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { shopSource, type ShopVendor } from '../support/shop-source.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';

const stack = inject('stack');
const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `n${from + i}`);

/** One vendor's items in one topic, and machines that each keep an index of their own. */
async function shared(topicConfig: Readonly<Record<string, string>> = {}) {
  const vendor: ShopVendor = { items: numbered(20), shops: new Map(), refusals: new Map() };
  const prefix = `index${randomBytes(4).toString('hex')}`;
  const settings: KafkaAccess['settings'] = {
    brokers: stack.brokers,
    clientId: 'tributary-test',
    prefix,
    replicationFactor: 1,
    minInSyncReplicas: 1,
    registry: { url: stack.registryUrl, ...stackLogin() },
    ...kafkaLogin(),
    compression: 'gzip',
    topicConfig,
  };
  const topic = `${prefix}.shop_vendor.item`;
  return {
    vendor,
    topic,
    access: { settings },
    async machine(source = shopSource(vendor), clock = systemClock): Promise<TestEngine & { sync(): Promise<void> }> {
      const dataDir = await mkdtemp(join(tmpdir(), 'tributary-machine-'));
      const test = await openTestEngine({
        ...stack,
        prefix,
        dataDir,
        access: { settings },
        clock,
        connections: [{ source, settings: {}, tables: ['item'] }],
      });
      onTestFinished(async () => {
        await test.close();
        await rm(dataDir, { recursive: true, force: true });
      });
      return {
        ...test,
        async sync() {
          const [summary] = await test.engine.sync([{ connection: 'shop_vendor' }], new AbortController().signal);
          expect(summary?.outcome, summary?.error?.message).toBe('succeeded');
        },
      };
    },
    async deleteTopic(): Promise<void> {
      await withAdmin({ settings }, 'Deleting', (admin) => admin.deleteTopics({ topics: [topic] }));
      await eventually(async () => expect(await withAdmin({ settings }, 'Looking', (admin) => admin.listTopics())).not.toContain(topic));
    },
    async resetState(): Promise<void> {
      const writer = createWriter({ access: { settings }, connection: 'shop_vendor' });
      await writer.reopen();
      await writer.write({ topic, messages: [], deadLetters: [], state: [resetRecord('shop_vendor', 'item')], headers: {} });
      await writer.close();
    },
  };
}

const idsIn = async (test: TestEngine): Promise<string[]> =>
  [...(await test.readTable('item')).rows.values()].map(({ id }) => String(id)).sort();

describe('an index is not believed', () => {
  it('when its topic has begun a new life meanwhile, however long that one is already', async () => {
    const { vendor, machine, deleteTopic, resetState } = await shared();
    const one = await machine();
    await one.sync();
    await deleteTopic();
    await resetState();
    vendor.items = numbered(60, 100);
    const two = await machine();
    await two.sync();
    vendor.items = [...numbered(60, 100), ...numbered(20)];
    await one.sync();
    expect(await idsIn(one)).toEqual([...vendor.items].sort());
  });

  it('when it was away for so long that compaction may have removed a tombstone it never read', async () => {
    const { vendor, machine } = await shared({
      'segment.ms': '1000',
      'min.cleanable.dirty.ratio': '0.01',
      'min.compaction.lag.ms': '0',
      'delete.retention.ms': '100',
    });
    const one = await machine();
    await one.sync();
    const two = await machine();
    vendor.items = numbered(19);
    await two.sync();
    // Old segments are only cleaned once newer ones have begun.
    let more = 100;
    await eventually(async () => {
      vendor.items = [...vendor.items, `n${(more += 1)}`];
      await two.sync();
      expect((await two.readTable('item')).tombstones).toBe(0);
    }, 300_000);
    vendor.items = [...vendor.items, 'n19'];
    await one.sync();
    expect(await idsIn(one)).toEqual([...vendor.items].sort());
  });
});

it('what a clock a year ahead has written does not outlive it', async () => {
  const { vendor, access, machine } = await shared();
  await (await machine(undefined, { ...systemClock, now: () => Date.now() + 365 * 86_400_000 })).sync();
  vendor.items = numbered(20, 1);
  const right = await machine();
  await right.sync();
  expect(await idsIn(right)).toEqual([...vendor.items].sort());
  const state = (await readStates(access, 'shop_vendor')).states.get('item')!;
  for (const instant of [state.readTo, state.lastSuccessAt, state.updatedAt]) expect(instant).toBeLessThanOrEqual(Date.now());
});

it('a column that comes to a table costs no message but those of the rows that have something in it', async () => {
  const { vendor, machine } = await shared();
  await (await machine()).sync();
  const notes = new Map<string, string>();
  const wider = await machine({
    ...shopSource(vendor),
    tables: () => [
      table({
        name: 'item',
        docs: 'Items',
        documentedKey: ['id'],
        key: ['id'],
        method: 'full_table',
        deletes: 'scan',
        fields: { id: text('Item'), note: text('Note') },
        read: fullScan<ShopVendor>(async () => ({
          rows: vendor.items.map((id) => ({ id, note: notes.get(id) ?? null })),
          total: vendor.items.length,
          next: END,
        })),
      }),
    ],
  });
  await wider.sync();
  expect((await wider.readTable('item')).messages).toBe(20);
  notes.set('n7', 'seven');
  vendor.items = numbered(19);
  await wider.sync();
  const { rows, messages, tombstones } = await wider.readTable('item');
  expect([rows.size, messages, tombstones]).toEqual([19, 23, 1]);
  expect([...rows.values()].filter(({ note }) => note !== null)).toMatchObject([{ id: 'n7', note: 'seven' }]);
});

const never = new AbortController().signal;

/** The one table of a connection that has just created its topic and read it for the first time. */
async function begun({
  settings: {
    connections: [settings],
    dataDir,
  },
  access,
  registry,
  bus,
}: TestEngine) {
  const connection = createConnection(
    settings!,
    {
      access,
      redactor: createRedactor(),
      registry,
      turns: createOpeningTurns(),
      indexDir: join(dataDir, 'index'),
      emit: bus.emit,
      clock: systemClock,
      random: () => 0,
    },
    never,
  );
  onTestFinished(() => connection.close());
  await connection.session(never);
  const item = connection.tables.get('item')!;
  const run = () =>
    executeRun(
      connection,
      item,
      { mode: 'periodic', since: undefined, rescan: false, handles: {}, cycle: createCycle(connection.readRows) },
      never,
    );
  expect(await run()).toMatchObject({ outcome: 'succeeded', totals: { published: 20 } });
  return { connection, item, run };
}

it('a writer lost by the process that created the topic is brought back like any other', async () => {
  const { vendor, machine } = await shared();
  const { connection, run } = await begun(await machine());
  const session = await connection.session(never);
  session.lose();
  await connection.recover(session, never);
  vendor.items = numbered(21);
  expect(await run()).toMatchObject({ outcome: 'succeeded', totals: { published: 1 } });
});

it('partitions added while the table was being synced are noticed before a key can move', async () => {
  const { topic, access, machine } = await shared();
  const { connection, run } = await begun(await machine());
  await withAdmin(access, 'Adding', (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }));
  await eventually(async () =>
    expect(
      (await withAdmin(access, 'Looking', (admin) => admin.fetchTopicMetadata({ topics: [topic] }))).topics[0]?.partitions,
    ).toHaveLength(3),
  );
  const session = await connection.session(never);
  session.lose();
  await connection.recover(session, never);
  // The topic's trouble stops its table alone; the connection goes on.
  const refused = await run();
  expect(refused).toMatchObject({ outcome: 'failed', totals: { published: 0, deleted: 0 } });
  expect(refused.error).toMatchObject({ kind: 'config', message: expect.stringContaining('3 partitions') as string });
});

it('an index that is damaged while a run needs it is built anew within the run', async () => {
  const { vendor, machine } = await shared();
  const test = await machine();
  const { events, readTable } = test;
  const { item, run } = await begun(test);
  vendor.items = numbered(19, 1);
  await item.index.close();
  const mended = await run();
  expect(mended, mended.error?.detail ?? mended.error?.message).toMatchObject({
    outcome: 'succeeded',
    totals: { published: 0, deleted: 1 },
  });
  expect(events.filter(({ type }) => type === 'index-rebuilt')).toMatchObject([
    { rows: 20, reason: expect.stringContaining('damaged') as string },
  ]);
  expect((await readTable('item')).messages).toBe(22);
});

it('a topic that has vanished is refused at every start, not only at the one that finds it missing', async () => {
  const { vendor, machine, deleteTopic, resetState } = await shared();
  const one = await machine();
  await one.sync();
  await deleteTopic();
  for (const _ of [1, 2]) {
    const [refused] = await one.engine.sync([{ connection: 'shop_vendor' }], never);
    expect(refused).toMatchObject({ outcome: 'failed', totals: { published: 0 } });
    expect(refused?.error).toMatchObject({
      kind: 'config',
      message: expect.stringMatching(/item .*20 rows were published/) as string,
      remedy: expect.stringContaining('state reset') as string,
    });
  }
  await resetState();
  await one.sync();
  expect(await idsIn(one)).toEqual([...vendor.items].sort());
});
