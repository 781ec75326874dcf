import { expect, test } from 'vitest';
import type { TributaryError } from '../../src/core/errors.ts';
import { checkTable, checkWritten, collision, foreignIds, goneTopic, movedTable, topicRefusal } from '../../src/kafka/topic-rules.ts';
import { stateOf } from './support.ts';

const thrown = (work: () => void): TributaryError => {
  try {
    work();
  } catch (error) {
    return error as TributaryError;
  }
  throw new Error('it was not refused');
};
const facts = { partitions: 3, tombstonesKept: 1, largestBatch: 1 };
const found = { partitions: 3, policy: 'compact', compression: 'producer', codecFault: undefined };
const spec = { name: 't.shop.orders', table: 'shop.orders', kind: 'table', partitions: 6, asked: true } as const;

test.each<[string, string, TributaryError | undefined, RegExp, RegExp]>([
  [
    'with another count than the settings ask for',
    'topic:partitions',
    topicRefusal(spec, found),
    /t\.shop\.orders has 3 partitions and the settings ask for 6/,
    /Set partitions to 3, or .*state reset shop\.orders --delete-topic/,
  ],
  [
    'of records without a key that is compacted',
    'topic:config',
    topicRefusal({ ...spec, kind: 'log' }, found),
    /cleanup\.policy=compact: its records have no key/,
    /--topic t\.shop\.orders --add-config cleanup\.policy=delete/,
  ],
  [
    'whose name is that of another one for Kafka',
    'topic:collision',
    collision('t.shop.orders', new Set(['other', 't.shop_orders']))?.[0],
    /t\.shop\.orders cannot be made: the cluster has t\.shop_orders/,
    /another name, or use another prefix/,
  ],
  [
    'of another registry',
    'topic:ids',
    foreignIds('t.shop.orders', 'shop.orders', 'its keys carry the schema id 16, but the registry has the id 3'),
    /t\.shop\.orders was written with another registry: its keys carry the schema id 16/,
    /Point registry\.url at.*state reset shop\.orders --delete-topic/,
  ],
  [
    'that the settings name otherwise now',
    'topic:moved',
    movedTable({ prefix: 't' }, 'shop', 'orders', stateOf(1, { topic: 't.orders.shop' })),
    /rows of shop\.orders are in the topic t\.orders\.shop, but the settings now name it t\.shop\.orders/,
    /Restore the earlier topics\.name/,
  ],
  [
    'that is gone',
    'topic:gone',
    goneTopic('t.shop.orders', 'shop.orders', stateOf(10)),
    /t\.shop\.orders is gone, but its state says that 10 rows/,
    /Restore the topic, or .*state reset shop\.orders/,
  ],
  [
    'to which nothing was written',
    'topic',
    thrown(() => checkWritten('t.shop.orders', 'shop.orders', false, stateOf(10))),
    /t\.shop\.orders is gone/,
    /state reset shop\.orders/,
  ],
  [
    'with more partitions than the rows were spread over',
    'topic',
    thrown(() => checkTable('t.shop.orders', 'shop.orders', facts, 1, stateOf(10))),
    /t\.shop\.orders has 3 partitions, but its rows were spread over 1/,
    /state reset shop\.orders/,
  ],
])('a topic %s is refused, with what to do', (_, code, error, message, remedy) => {
  expect(error).toMatchObject({
    kind: 'config',
    code,
    message: expect.stringMatching(message) as string,
    remedy: expect.stringMatching(remedy) as string,
  });
});

test('a topic that is as it was left is no reason to stop', () => {
  expect(topicRefusal({ ...spec, partitions: 3 }, found)).toBeUndefined();
  expect(topicRefusal({ ...spec, asked: false }, found)).toBeUndefined();
  expect(collision('t.shop.orders', new Set(['t.shop.orders', 't.shop.items']))).toBeUndefined();
  expect(movedTable({ prefix: 't' }, 'shop', 'orders', stateOf(1, { topic: 't.shop.orders' }))).toBeUndefined();
  expect(goneTopic('t.shop.orders', 'shop.orders', stateOf(0))).toBeUndefined();
  expect(() => checkWritten('t.shop.orders', 'shop.orders', true, stateOf(10))).not.toThrow();
  expect(() => checkTable('t.shop.orders', 'shop.orders', { ...facts, partitions: 1 }, 1, stateOf(10))).not.toThrow();
});
