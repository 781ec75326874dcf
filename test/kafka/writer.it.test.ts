import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readDeadLetters } from '../../src/kafka/meta/dead-letters.ts';
import { outboxRecord, readStates, outboxDoneRecord, tableStateRecord } from '../../src/kafka/meta/state.ts';
import type { Batch, DeadLetter, Writer } from '../../src/kafka/types.ts';
import { createWriter } from '../../src/kafka/writer.ts';
import { accessTo, batchOf, keysIn, readAll, refusalOf, stateOf, tableTopic } from './support.ts';
import type { KafkaProxy } from './tcp-proxy.ts';
import { startProxy } from './tcp-proxy.ts';

let proxy: KafkaProxy;
beforeAll(async () => void (proxy = await startProxy(inject('stack').brokers[0] ?? '')));
afterAll(() => proxy.close());

async function opened(access: ReturnType<typeof accessTo>, outcomes: string[] = []): Promise<Writer> {
  const writer = createWriter({ access, connection: 'c', onTransaction: ({ outcome }) => outcomes.push(outcome) });
  await writer.reopen();
  return writer;
}

const letter = (raw: string): DeadLetter => ({
  connection: 'c',
  table: 'rows',
  reason: 'no key',
  detail: 'id is missing',
  raw,
  rawBytes: raw.length,
  position: { v: 1 },
  runId: 'run',
  at: 5,
});

test('rows, dead letters and the position of a batch become visible together', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  const writer = await opened(access);
  await writer.write({ ...batchOf(topic, ['a', 'b'], 7), deadLetters: [letter('{"x":1}')] });
  await writer.close();
  const rows = await readAll(access, { topic });
  expect(rows.map(({ key, headers }) => [key?.toString(), headers])).toEqual([
    ['a', { run_id: 'run' }],
    ['b', { run_id: 'run' }],
  ]);
  expect((await readStates(access, 'c')).states.get('rows')).toEqual(stateOf(7));
  expect(await readDeadLetters(access, { last: 5 })).toEqual([letter('{"x":1}')]);
});

test('reading from the covered offsets shows what was written later and nothing else', async () => {
  const access = accessTo();
  const topic = await tableTopic(access, 3);
  const writer = await opened(access);
  const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
  const covered = await writer.write(batchOf(topic, keys, 1));
  expect([...covered.keys()].sort()).toEqual([0, 1, 2]);
  expect(await readAll(access, { topic, from: covered })).toEqual([]);
  await writer.write(batchOf(topic, ['later'], 2));
  await writer.close();
  expect((await readAll(access, { topic, from: covered })).map(({ key }) => key?.toString())).toEqual(['later']);
});

test("5,000 rows of 2 KiB go out in chunks of one partition's limit, as one transaction, in order", async () => {
  const direct = accessTo();
  const topic = await tableTopic(direct);
  const outcomes: string[] = [];
  const writer = await opened(accessTo(direct.settings.prefix, { socketFactory: proxy.socketFactory }), outcomes);
  const before = proxy.count('produce');
  const keys = Array.from({ length: 5_000 }, (_, i) => `k${i}`);
  await writer.write(batchOf(topic, keys, 1, randomBytes(2_048)));
  // 5,000 rows of a little over 2 KiB: 512 KiB hold 250 of them at most, so at least 20 requests.
  expect(proxy.count('produce') - before).toBeGreaterThanOrEqual(20);
  await writer.close();
  expect(outcomes).toEqual(['committed']);
  expect(await keysIn(direct, topic)).toEqual(keys);
});

test('a row of nearly 1 MB is written; a larger one is refused, to be cut anew, and leaves nothing behind', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  const writer = await opened(access);
  await writer.write(batchOf(topic, ['large'], 1, randomBytes(1_040_000)));
  expect(await refusalOf(writer.write({ ...batchOf(topic, ['too large'], 2, randomBytes(1_100_000)) }))).toMatchObject({
    kind: 'transient',
    tries: 5,
    code: 'kafka:MESSAGE_TOO_LARGE',
    message: expect.stringContaining(`Writing to ${topic} failed`),
  });
  await writer.reopen();
  expect((await readStates(access, 'c')).states.get('rows')?.position).toEqual({ v: 1, at: 1 });
  await writer.write(batchOf(topic, ['next'], 2));
  await writer.close();
  expect(await keysIn(access, topic)).toEqual(['large', 'next']);
});

test('the raw text of a dead letter is cut to what a message may hold', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  const writer = await opened(access);
  await writer.write({ ...batchOf(topic, []), deadLetters: [letter('"'.repeat(3_000_000))] });
  await writer.close();
  const [kept] = await readDeadLetters(access, { last: 1, connection: 'c', table: 'rows' });
  expect(kept?.rawBytes).toBe(3_000_000);
  expect(kept?.raw.length).toBeGreaterThan(100_000);
  expect(await readDeadLetters(access, { last: 1, table: 'other' })).toEqual([]);
});

test('a tombstone is written as a null value, and an empty batch as nothing', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  const outcomes: string[] = [];
  const writer = await opened(access, outcomes);
  expect((await writer.write(batchOf(topic, []))).size).toBe(0);
  expect(outcomes).toEqual([]);
  await writer.write(batchOf(topic, ['a'], 1, null));
  await writer.close();
  expect((await readAll(access, { topic })).map(({ value }) => value)).toEqual([null]);
});

test('state alone can be written: a heartbeat, handed work and its taking', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  const writer = await opened(access);
  const works = [
    { id: '1', work: { from: 'a' } },
    { id: '2', work: { from: 'b' } },
  ];
  const empty: Batch = batchOf(topic, []);
  await writer.write({
    ...empty,
    state: [tableStateRecord('c', 'rows', stateOf(3)), ...works.map((work) => outboxRecord('c', 'rows', work))],
  });
  expect((await readStates(access, 'c')).outbox.get('rows')).toEqual(works);
  await writer.write({ ...empty, state: [outboxDoneRecord('c', 'rows', '1')] });
  await writer.close();
  const state = await readStates(access, 'c');
  expect(state.outbox.get('rows')).toEqual([works[1]]);
  expect(state.states.get('rows')?.position).toEqual({ v: 1, at: 3 });
});

test('a second writer of the connection fences the first, whose rows never appear', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  const first = await opened(access);
  await first.write(batchOf(topic, ['a'], 1));
  const second = await opened(access);
  const error = await refusalOf(first.write(batchOf(topic, ['stale'], 99)));
  expect(error).toMatchObject({ kind: 'fenced', code: 'kafka:INVALID_PRODUCER_EPOCH' });
  expect(error.message).toContain('another instance has taken over');
  expect(await refusalOf(first.write(batchOf(topic, ['stale'], 99)))).toMatchObject({ kind: 'fenced' });
  await second.write(batchOf(topic, ['b'], 2));
  await first.close();
  await second.close();
  expect(await keysIn(access, topic)).toEqual(['a', 'b']);
  expect((await readStates(access, 'c')).states.get('rows')?.position).toEqual({ v: 1, at: 2 });
});

test('a writer whose transaction the broker ended for lateness is not called fenced', async () => {
  const direct = accessTo();
  const topic = await tableTopic(direct);
  // The broker looks for late transactions every 10 s; until then the produce answer stays away.
  const access = accessTo(direct.settings.prefix, { socketFactory: proxy.socketFactory, requestTimeout: 16_000 });
  const slow = createWriter({ access, connection: 'c', deadlines: { transaction: 1_000, send: 40_000 } });
  await slow.reopen();
  const started = Date.now();
  const lost = proxy.lose('produce', 'answer');
  const error = await refusalOf(slow.write(batchOf(topic, ['late'], 1)));
  await lost;
  expect(Date.now() - started).toBeGreaterThan(10_000);
  expect(error).toMatchObject({ kind: 'transient', code: 'kafka:transaction-timeout' });
  await slow.reopen();
  await slow.write(batchOf(topic, ['late'], 1));
  await slow.close();
  expect(await keysIn(direct, topic)).toEqual(['late']);
});

test('a writer used before it was opened says so', async () => {
  const writer = createWriter({ access: accessTo(), connection: 'c' });
  expect(await refusalOf(writer.write(batchOf('x', ['a'])))).toMatchObject({ kind: 'internal' });
});
