import { expect, test } from 'vitest';
import { largestBatch, roomIn } from '../../src/kafka/message-limits.ts';

const limits = (max: string | undefined, segment: string | undefined): ReadonlyMap<string, string> =>
  new Map(
    Object.entries({ 'max.message.bytes': max, 'segment.bytes': segment }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );

test.each([
  ['the smaller of two limits', limits('5000', '9000'), 5_000],
  ['the smaller of two limits, the other way round', limits('9000', '5000'), 5_000],
  ['the only limit that is told', limits(undefined, '5000'), 5_000],
  ["Kafka's own limit where none is told", limits(undefined, undefined), 1_048_588],
  ["Kafka's own limit where the topic is not known", undefined, 1_048_588],
  ['the limit that is one', limits('unlimited', '5000'), 5_000],
  ['the limit that leaves room', limits('0', '5000'), 5_000],
  ['the limit that is above nothing', limits('-1', '5000'), 5_000],
])('the largest batch is %s', (_, config, bytes) => {
  expect(largestBatch(config)).toBe(bytes);
});

test('what fits a batch leaves room for headers and for data that grows when it is compressed', () => {
  expect(roomIn(1_001_000)).toBe(1_000_000 - 1_024);
  expect(roomIn(1_025), 'a whole number of bytes').toBe(0);
  expect(roomIn(1_027)).toBe(1);
  expect(roomIn(100), 'none at all').toBe(0);
});
