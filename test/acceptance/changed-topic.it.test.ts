import { randomBytes } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import type { EngineEvent } from '../../src/engine/events.ts';
import { withAdmin } from '../../src/kafka/client.ts';
import { tableTopic } from '../../src/kafka/meta/topic-names.ts';
import { until } from '../support/command.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { shopSource, type ShopVendor } from '../support/shop-source.ts';
import { alterTopic } from '../support/topics.ts';

type Ended = Extract<EngineEvent, { type: 'run-ended' }>;

/** A worker that reads both tables every second until the test has ended. */
async function runningEngine(vendor: ShopVendor, prefix: string): Promise<TestEngine> {
  const test = await openTestEngine({
    ...inject('stack'),
    prefix,
    connections: [{ source: shopSource(vendor), settings: {}, tables: ['item', 'shop'], schedule: '* * * * * *' }],
  });
  onTestFinished(test.close);
  const stop = new AbortController();
  const running = test.engine.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  return test;
}

test('a topic that is deleted under a running worker is missed by the next run, though nothing new was there to be written', async () => {
  const vendor: ShopVendor = { items: ['a', 'b'], shops: new Map([['north', ['x']]]), refusals: new Map() };
  const prefix = `gone${randomBytes(4).toString('hex')}`;
  const { access, events } = await runningEngine(vendor, prefix);
  const ended = (table: string, from: number): readonly Ended[] =>
    events.flatMap((event) => (event.type === 'run-ended' && event.table === table && event.startedAt > from ? [event] : []));
  await until('both are read', () => ended('item', 0).length > 1 && ended('shop', 0).length > 1);
  const topic = tableTopic({ prefix }, 'shop_vendor', 'item');
  await withAdmin(access, 'test', (admin) => admin.deleteTopics({ topics: [topic] }));
  // Brokers answer from what they know for a moment longer, and one look serves all tables for two seconds.
  await until('it is missed', () => ended('item', 0).some(({ outcome }) => outcome === 'failed'));
  const missed = ended('item', 0).find(({ outcome }) => outcome === 'failed');
  expect(missed?.failure).toMatchObject({
    kind: 'config',
    message: `The topic ${topic} is gone, but its state says that 2 rows were published to it.`,
    remedy: expect.stringContaining('tributary state reset shop_vendor.item') as string,
  });
  await until('the others go on', () => ended('shop', missed?.at ?? 0).some(({ outcome }) => outcome === 'succeeded'));
  await until('it is told again', () => ended('item', missed?.at ?? 0).length > 0);
  expect(ended('item', missed?.at ?? 0).filter(({ outcome }) => outcome === 'succeeded')).toEqual([]);
});

test('a topic whose policy an admin sets to delete under a running worker stops its table alone, until it is set right', async () => {
  const vendor: ShopVendor = { items: ['a', 'b'], shops: new Map([['north', ['x']]]), refusals: new Map() };
  const prefix = `policy${randomBytes(4).toString('hex')}`;
  const { access, events, readTable } = await runningEngine(vendor, prefix);
  const topic = tableTopic({ prefix }, 'shop_vendor', 'item');
  const setPolicy = (value: string): Promise<unknown> =>
    withAdmin(access, 'test', (admin) => alterTopic(admin, topic, { 'cleanup.policy': value }));
  /** The first run of the table that ends so and began after now. */
  const next = (table: string, outcome: Ended['outcome']): Promise<Ended> => {
    const from = Date.now();
    return until(`${table} ${outcome}`, () =>
      events.find(
        (event): event is Ended =>
          event.type === 'run-ended' && event.table === table && event.outcome === outcome && event.startedAt > from,
      ),
    );
  };
  await next('item', 'succeeded');

  await setPolicy('delete');
  const { failure } = await next('item', 'failed');
  expect(failure).toMatchObject({
    kind: 'config',
    code: 'topic:config',
    message: expect.stringContaining(`The topic ${topic} has cleanup.policy=delete`) as string,
    remedy: expect.stringContaining(`kafka-configs --alter --topic ${topic} --add-config cleanup.policy=compact`) as string,
  });
  // The others of the connection go on, and this one is not called succeeded any more.
  const since = events.length;
  await next('shop', 'succeeded');
  await next('item', 'failed');
  expect(
    events.slice(since).filter((event) => event.type === 'run-ended' && event.table === 'item' && event.outcome === 'succeeded'),
  ).toEqual([]);

  vendor.items.push('c');
  await setPolicy('compact');
  await next('item', 'succeeded');
  expect((await readTable('item')).rows.size).toBe(3);
});
