import { expect, test } from 'vitest';
import { readTable } from '../../src/consumer/read-table.ts';

const ref = { source: 'shop', table: 'orders' } as never;
const cluster = { brokers: ['127.0.0.1:1'], registry: 'http://127.0.0.1:1' };

test.each<[string, Record<string, string>]>([
  ['a name for a partition', { first: '7' }],
  ['an offset that is no number', { 0: 'seven' }],
  ['a negative offset', { 0: '-1' }],
])('%s is refused before the cluster is asked', (_, from) => {
  let error: unknown;
  try {
    readTable(ref, { ...cluster, from });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({
    kind: 'config',
    code: 'consumer:bad_offsets',
    message: `${JSON.stringify(from)} is not a result of offsets().`,
    remedy: expect.stringMatching(/offsets\(\) unchanged/) as string,
  });
});

test('saved offsets are handed out again until something was read', () => {
  expect(readTable(ref, { ...cluster, from: { 0: '7', 11: '9007199254740993' } }).offsets()).toEqual({ 0: '7', 11: '9007199254740993' });
});
