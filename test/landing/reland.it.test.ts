import { expect, test } from 'vitest';
import { plainProducer, withAdmin } from '../../src/kafka/client.ts';
import type { ConnectClient, SinkOffset } from '../../src/landing/connect-client.ts';
import { relander } from '../../src/landing/reland.ts';
import type { LandingStatus } from '../../src/landing/status.ts';
import { accessTo } from '../kafka/support.ts';
import { createTopics } from '../support/topics.ts';

/** A dead letter as Connect writes it, of the row at this offset. */
const deadLetter = (offset: number, message: string) => ({
  partition: 0,
  value: 'a row',
  headers: {
    '__connect.errors.topic': 'rows',
    '__connect.errors.partition': '0',
    '__connect.errors.offset': String(offset),
    '__connect.errors.exception.class.name': 'java.lang.RuntimeException',
    '__connect.errors.exception.message': message,
    '__connect.errors.exception.stacktrace': `java.lang.RuntimeException: ${message}`,
  },
});

test('rows that became dead letters while the registry was away are read again from the oldest, and it is told once', async () => {
  const access = accessTo();
  const topic = `${access.settings.prefix}._dlq.wh-shop`;
  await withAdmin(access, 'test', (admin) => createTopics(admin, { topic, numPartitions: 1, replicationFactor: 1 }));
  const { producer } = plainProducer(access);
  await producer.connect();
  const away = 'java.net.ConnectException: Connection refused';
  await producer.send({
    topic,
    messages: [deadLetter(3, 'no such column'), deadLetter(7, away), deadLetter(5, away), deadLetter(9, 'no such column')],
  });
  await producer.disconnect();

  const set: (readonly SinkOffset[])[] = [];
  let stopped = false;
  const connect = {
    offsets: async () => [{ topic: 'rows', partition: 0, offset: 50 }],
    stop: async () => void (stopped = true),
    status: async () => ({ connector: { state: stopped ? 'STOPPED' : 'RUNNING' }, tasks: [] }),
    setOffsets: async (_: string, to: readonly SinkOffset[]) => void set.push(to),
    resume: async () => void (stopped = false),
  } as unknown as ConnectClient;
  const sink = { connector: 'wh-shop', connection: 'shop', state: 'RUNNING', deadLetters: 4 } as LandingStatus;
  let now = 1_000_000;
  const healing = relander({ landing: 'wh', access, now: () => now, signal: new AbortController().signal });

  // More of them may follow as long as the registry is away.
  expect(await healing.attend(connect, sink, topic)).toBeUndefined();
  now += 46_000;
  expect(await healing.attend(connect, sink, topic)).toMatchObject({
    at: now,
    landing: 'wh',
    connector: 'wh-shop',
    connection: 'shop',
    code: 'landing:read_again',
    summary: expect.stringMatching(/wh-shop reads again from where the schema registry did not answer: 2 rows had gone/) as string,
    message: 'The converter could not reach the schema registry.',
    deadLettersUntil: 4,
  });
  expect(set).toEqual([[{ topic: 'rows', partition: 0, offset: 5 }]]);
  expect(stopped).toBe(false);
  now += 46_000;
  expect(await healing.attend(connect, sink, topic)).toBeUndefined();
  expect(set).toHaveLength(1);
});
