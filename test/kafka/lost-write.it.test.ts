import { Partitioners } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createClient } from '../../src/kafka/client.ts';
import { readStates } from '../../src/kafka/meta/state.ts';
import { createWriter } from '../../src/kafka/writer.ts';
import { accessTo, batchOf, keysIn, refusalOf, tableTopic } from './support.ts';
import type { KafkaProxy } from './tcp-proxy.ts';
import { startProxy } from './tcp-proxy.ts';

let proxy: KafkaProxy;
beforeAll(async () => void (proxy = await startProxy(inject('stack').brokers[0] ?? '')));
afterAll(() => proxy.close());

const throughProxy = (prefix: string) => accessTo(prefix, { socketFactory: proxy.socketFactory, requestTimeout: 4_000 });

describe('when the answer to a produce request is lost', () => {
  test("kafkajs's idempotent producer, sent to concurrently, acknowledges a row it never writes", async () => {
    const direct = accessTo();
    const topic = await tableTopic(direct);
    const producer = createClient(throughProxy(direct.settings.prefix)).producer({
      idempotent: true,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { retries: 20 },
    });
    await producer.connect();
    await producer.send({ topic, messages: [{ key: 'first', value: '1' }] });
    const lost = proxy.lose('produce', 'answer');
    const a = producer.send({ topic, messages: [{ key: 'A', value: '1' }] });
    const b = producer.send({ topic, messages: [{ key: 'B', value: '1' }] });
    await lost;
    await expect(Promise.all([a, b])).resolves.toHaveLength(2);
    await producer.disconnect();
    const [, ...keys] = await keysIn(direct, topic);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size, 'one row stands twice, the other is gone').toBe(1);
  });

  test('our writer, written to concurrently, loses and doubles nothing', async () => {
    const direct = accessTo();
    const topic = await tableTopic(direct);
    const writer = createWriter({ access: throughProxy(direct.settings.prefix), connection: 'c' });
    await writer.reopen();
    const lost = proxy.lose('produce', 'answer');
    const writes = [writer.write(batchOf(topic, ['A'], 1)), writer.write(batchOf(topic, ['B'], 2)), writer.write(batchOf(topic, ['C'], 3))];
    await lost;
    await Promise.all(writes);
    await writer.close();
    expect(await keysIn(direct, topic)).toEqual(['A', 'B', 'C']);
    expect((await readStates(direct, 'c')).states.get('rows')?.position).toEqual({ v: 1, at: 3 });
  });

  test('a write given up at its deadline stays invisible and can be written again once', async () => {
    const direct = accessTo();
    const topic = await tableTopic(direct);
    const writer = createWriter({ access: throughProxy(direct.settings.prefix), connection: 'c', deadlines: { send: 3_000 } });
    await writer.reopen();
    const lost = proxy.lose('produce', 'answer');
    const error = await refusalOf(writer.write(batchOf(topic, ['A'], 1)));
    await lost;
    expect(error).toMatchObject({ kind: 'transient', code: 'kafka:deadline' });
    expect(await refusalOf(writer.write(batchOf(topic, ['B'], 2)))).toMatchObject({ kind: 'transient', code: 'kafka:writer-dead' });
    await writer.reopen();
    expect((await readStates(direct, 'c')).states.size).toBe(0);
    await writer.write(batchOf(topic, ['A', 'B'], 2));
    await writer.close();
    expect(await keysIn(direct, topic)).toEqual(['A', 'B']);
  });
});

describe('when the outcome of a commit is unknown', () => {
  test.each([{ what: 'answer', committed: true } as const, { what: 'request', committed: false } as const])(
    'the state tells, after reopening, whether it was committed ($what lost)',
    async ({ what, committed }) => {
      const direct = accessTo();
      const topic = await tableTopic(direct);
      const outcomes: string[] = [];
      const writer = createWriter({
        access: throughProxy(direct.settings.prefix),
        connection: 'c',
        onTransaction: ({ outcome }) => outcomes.push(outcome),
      });
      await writer.reopen();
      await writer.write(batchOf(topic, ['A'], 1));
      const lost = proxy.lose('endTxn', what);
      const write = refusalOf(writer.write(batchOf(topic, ['B'], 2)));
      await lost;
      expect(await write).toMatchObject({ kind: 'transient', code: 'kafka:outcome-unknown' });
      await writer.reopen();
      const at = (await readStates(direct, 'c')).states.get('rows')?.position;
      expect(at).toEqual({ v: 1, at: committed ? 2 : 1 });
      if (!committed) await writer.write(batchOf(topic, ['B'], 2));
      await writer.close();
      expect(await keysIn(direct, topic)).toEqual(['A', 'B']);
      expect(outcomes).toEqual(committed ? ['committed', 'unknown'] : ['committed', 'unknown', 'committed']);
    },
  );
});

test('a cluster that freezes does not hang the writer, which goes on when it is back', async () => {
  const direct = accessTo();
  const topic = await tableTopic(direct);
  const writer = createWriter({
    access: throughProxy(direct.settings.prefix),
    connection: 'c',
    deadlines: { open: 5_000, send: 5_000, commit: 5_000 },
  });
  await writer.reopen();
  await writer.write(batchOf(topic, ['A'], 1));
  proxy.freeze(true);
  const started = Date.now();
  expect(await refusalOf(writer.write(batchOf(topic, ['B'], 2)))).toMatchObject({ kind: 'transient' });
  expect(await refusalOf(writer.reopen())).toMatchObject({ kind: 'transient' });
  expect(Date.now() - started).toBeLessThan(120_000);
  proxy.freeze(false);
  await writer.reopen();
  expect((await readStates(direct, 'c')).states.get('rows')?.position).toEqual({ v: 1, at: 1 });
  await writer.write(batchOf(topic, ['B'], 2));
  await writer.close();
  expect(await keysIn(direct, topic)).toEqual(['A', 'B']);
});
