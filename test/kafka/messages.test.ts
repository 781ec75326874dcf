import { expect, it } from 'vitest';
import { deadLetterMessage, stateMessage } from '../../src/kafka/messages.ts';
import { connectionPartition } from '../../src/kafka/partitioning.ts';
import type { DeadLetter } from '../../src/kafka/types.ts';

const letter: DeadLetter = {
  connection: 'c',
  table: 'rows',
  reason: 'no key',
  detail: 'id is missing',
  raw: 'x'.repeat(1_000),
  rawBytes: 1_000,
  position: undefined,
  runId: 'run',
  at: 5,
};

it("a record of the state has its parts as the key, lies in its connection's partition, and is deleted by null", () => {
  const record = { connection: 'c', table: 'rows', slot: 'state' };
  expect(stateMessage({ ...record, value: { b: 1, a: 2 } }, { maxWorkers: 5 })).toEqual({
    partition: connectionPartition('c', { maxWorkers: 5 }),
    key: Buffer.from('{"connection":"c","slot":"state","table":"rows"}'),
    value: Buffer.from('{"a":2,"b":1}'),
  });
  expect(stateMessage({ ...record, value: null }, {}).value).toBeNull();
});

it('a dead letter keeps all but its raw text, which is halved until it fits', () => {
  const whole = deadLetterMessage(letter, 5_000);
  expect(String(whole.key)).toBe('{"connection":"c","table":"rows"}');
  expect(JSON.parse(String(whole.value))).toEqual({ ...letter, position: undefined });
  const size = whole.key.length + (whole.value?.length ?? 0);
  const rawOf = (limit: number): string => JSON.parse(String(deadLetterMessage(letter, limit).value)).raw;
  expect(rawOf(size)).toHaveLength(1_000);
  expect(rawOf(size - 1)).toHaveLength(500);
  expect(rawOf(size - 501)).toHaveLength(250);
  expect(rawOf(0), 'all of it when the rest alone is too large').toBe('');
});
