import type { Message } from 'kafkajs';
import { Partitioners } from 'kafkajs';
import { expect, test } from 'vitest';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import { createClient, withAdmin } from '../../src/kafka/client.ts';
import { requireKeptNames } from '../../src/engine/moved-tables.ts';
import { topicNames } from '../../src/kafka/meta/topic-names.ts';
import { ENOUGH, readTopics } from '../../src/kafka/reader.ts';
import { readStates } from '../../src/kafka/meta/state.ts';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { accessTo, keysIn, readAll, refusalOf, tableTopic, until } from './support.ts';

async function producer(access: KafkaAccess, transactionalId: string) {
  const made = createClient(access).producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await made.connect();
  return made;
}

const row = (key: string, value: string | null = 'value'): Message => ({ key, value });

async function produce(access: KafkaAccess, topic: string, rounds: readonly (readonly Message[])[], abort = false): Promise<void> {
  const made = await producer(access, `${access.settings.prefix}.p`);
  for (const messages of rounds) {
    const tx = await made.transaction();
    await tx.send({ topic, messages: [...messages] });
    await (abort ? tx.abort() : tx.commit());
  }
  await made.disconnect();
}

test('an aborted transaction is not read, also when nothing follows it', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  await produce(access, topic, [[row('a')]]);
  await produce(access, topic, [[row('x')], [row('y')]], true);
  expect(await keysIn(access, topic)).toEqual(['a']);
});

test('of a partition whose reader has enough no more is read, and the others are read to their ends', async () => {
  const access = accessTo();
  const topic = await tableTopic(access, 2);
  const at = (partition: number): Message[] => ['a', 'b', 'c'].map((key) => ({ ...row(`${key}${partition}`), partition }));
  await produce(access, topic, [at(0), at(1)]);
  const keys: string[] = [];
  await readTopics(access, [{ topic }], ({ key }) => {
    keys.push(String(key));
    return String(key) === 'b1' ? ENOUGH : undefined;
  });
  expect(keys.sort()).toEqual(['a0', 'a1', 'b0', 'b1', 'c0']);
});

test("overlapping aborted transactions of two producers are not read, which kafkajs's own consumer gets wrong", async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  const [one, two] = [await producer(access, `${access.settings.prefix}.1`), await producer(access, `${access.settings.prefix}.2`)];
  const [tx1, tx2] = [await one.transaction(), await two.transaction()];
  await tx1.send({ topic, messages: [row('a1')] });
  await tx2.send({ topic, messages: [row('b1')] });
  await tx1.send({ topic, messages: [row('a2')] });
  await tx2.abort();
  // An abort is answered before its marker is written; a producer's next send is not. Kafka lists aborted transactions by their
  // markers, and kafkajs takes that for the order of their beginnings: it is right when the first to begin is the first to end.
  const good = await two.transaction();
  await good.send({ topic, messages: [row('good')] });
  await tx1.abort();
  await good.commit();
  await Promise.all([one.disconnect(), two.disconnect()]);

  expect(await keysIn(access, topic)).toEqual(['good']);

  const seen: string[] = [];
  const consumer = createClient(access).consumer({ groupId: `${access.settings.prefix}.theirs`, maxWaitTimeInMs: 200 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void seen.push(message.key?.toString() ?? '') });
  await until('kafkajs reads the topic', () => seen.includes('good'));
  await consumer.disconnect();
  expect(seen, 'once kafkajs filters this right, src/kafka/committed.ts may go').not.toEqual(['good']);
});

test('an open transaction of another producer is waited for, so that nothing behind it is missed', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  const [one, two] = [await producer(access, `${access.settings.prefix}.1`), await producer(access, `${access.settings.prefix}.2`)];
  const open = await one.transaction();
  await open.send({ topic, messages: [row('open')] });
  const tx = await two.transaction();
  await tx.send({ topic, messages: [row('behind')] });
  await tx.commit();
  expect(await refusalOf(readTopics(access, [{ topic }], () => undefined, { patience: 1_000 }))).toMatchObject({
    kind: 'transient',
    code: 'kafka:stalled',
  });
  const reading = keysIn(access, topic);
  await open.abort();
  expect(await reading).toEqual(['behind']);
  await Promise.all([one.disconnect(), two.disconnect()]);
});

test('who starts does not wait for a transaction that a killed process has left open', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  const [killed, other] = [await producer(access, `${access.settings.prefix}.1`), await producer(access, `${access.settings.prefix}.2`)];
  const before = await other.transaction();
  await before.send({ topic, messages: [row('before')] });
  await before.commit();
  const open = await killed.transaction();
  await open.send({ topic, messages: [row('open')] });
  await open.send({ topic: topicNames(access.settings.prefix).state, messages: [{ partition: 0, ...row('state') }] });
  const found: string[] = [];
  await readTopics(access, [{ topic }], ({ key }) => void found.push(String(key)), { patience: 5_000, skipOpen: true });
  expect(found).toEqual(['before']);
  const began = performance.now();
  await requireKeptNames(access, access.settings, []);
  // The broker ends the transaction after a minute, and a start is given up after less.
  expect(performance.now() - began).toBeLessThan(25_000);
  await open.abort();
  await Promise.all([killed.disconnect(), other.disconnect()]);
});

test('many topics are read at once, missing and empty ones included, from the offsets given', async () => {
  const access = accessTo();
  const topics = await Promise.all(['t1', 't2', 't3'].map((name) => tableTopic(access, 2, name)));
  await produce(access, topics[0] ?? '', [Array.from({ length: 30 }, (_, i) => row(`k${i}`))]);
  await produce(access, topics[1] ?? '', [[row('x')]]);
  const found: string[] = [];
  const from = new Map([[0, 5n]]);
  const ranges = await readTopics(
    access,
    [...topics.map((topic, i) => ({ topic, ...(i === 0 ? { from } : {}) })), { topic: `${access.settings.prefix}.c.none` }],
    ({ topic, partition, offset }) => void found.push(`${topic} ${partition} ${offset}`),
  );
  const all = await readAll(access, ...topics.map((topic) => ({ topic })));
  expect([...ranges.keys()].sort()).toEqual([...topics].sort());
  expect(ranges.get(topics[2] ?? '')).toEqual(
    new Map([
      [0, { from: 0n, end: 0n, restarted: false }],
      [1, { from: 0n, end: 0n, restarted: false }],
    ]),
  );
  expect(new Set(found)).toEqual(
    new Set(
      all
        .filter(({ topic, partition, offset }) => topic !== topics[0] || partition !== 0 || offset >= 5n)
        .map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`),
    ),
  );
  expect(found).toHaveLength(new Set(found).size);
});

test('an offset that is no longer there, or never was, makes reading begin at the start', async () => {
  const access = accessTo();
  const topic = `${access.settings.prefix}.log`;
  await ensureTopics(access, [{ name: topic, partitions: 1, kind: 'log' }]);
  await produce(access, topic, [[row('a')], [row('b')], [row('c')]]);
  await withAdmin(access, 'Deleting', async (admin) => {
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
  });
  const keys: (string | undefined)[] = [];
  const ranges = await readTopics(access, [{ topic, from: new Map([[0, 0n]]) }], ({ key }) => void keys.push(key?.toString()));
  expect(ranges.get(topic)?.get(0)).toEqual({ from: 2n, end: 6n, restarted: true });
  expect(keys).toEqual(['b', 'c']);
  const beyond = await readTopics(access, [{ topic, from: new Map([[0, 1_000n]]) }], () => undefined);
  expect(beyond.get(topic)?.get(0)).toEqual({ from: 2n, end: 6n, restarted: true });
});

test('a compacted topic with gaps, tombstones gone and markers left is read to its end', async () => {
  const access = accessTo(undefined, {
    settings: {
      topicConfig: {
        'segment.ms': '100',
        'min.cleanable.dirty.ratio': '0.01',
        'min.compaction.lag.ms': '0',
        'max.compaction.lag.ms': '100',
        'delete.retention.ms': '0',
      },
    },
  });
  const topic = await tableTopic(access);
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
  await produce(access, topic, [
    keys.map((key) => row(key)),
    keys.map((key) => row(key)),
    keys.slice(0, 20).map((key) => row(key, null)),
    [row('x')],
  ]);
  await produce(access, topic, [[row('gone')]], true);
  let count = 0;
  await until('the broker compacts', async () => {
    // The active segment is not compacted; a write after segment.ms begins a new one.
    await produce(access, topic, [[row('x')]]);
    count = (await readAll(access, { topic })).length;
    return count < 60;
  });
  const live = new Map((await readAll(access, { topic })).map(({ key, value }) => [key?.toString(), value]));
  expect(new Set([...live].filter(([, value]) => value !== null).map(([key]) => key))).toEqual(new Set([...keys.slice(20), 'x']));
});

test('what the reader of the messages throws ends the reading with that error', async () => {
  const access = accessTo();
  const topic = await tableTopic(access);
  await produce(access, topic, [[row('a'), row('b')]]);
  const mine = Object.assign(new Error('mine'), { retriable: true });
  expect(
    await refusalOf(
      readTopics(access, [{ topic }], () => {
        throw mine;
      }),
    ),
  ).toBe(mine);
  const stop = new AbortController();
  expect(await refusalOf(readTopics(access, [{ topic }], () => stop.abort(), { signal: stop.signal }))).toMatchObject({ kind: 'stopped' });
});

test('a state of a newer version is refused with a message that says what to do', async () => {
  const access = accessTo();
  await tableTopic(access);
  const made = await producer(access, `${access.settings.prefix}.p`);
  const tx = await made.transaction();
  await tx.send({
    topic: `${access.settings.prefix}._state`,
    messages: Array.from({ length: 12 }, (_, partition) => ({
      partition,
      key: '{"connection":"c","slot":"state","table":"rows"}',
      value: '{"v":2}',
    })),
  });
  await tx.commit();
  await made.disconnect();
  const error = await refusalOf(readStates(access, 'c'));
  expect(error).toMatchObject({ kind: 'config', code: 'kafka:state-version' });
  expect(error.message).toContain('has version 2; this release reads version 1');
});
