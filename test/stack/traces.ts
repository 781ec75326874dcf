import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import { expect } from 'vitest';
import type { Stack } from '../../src/stack/stack.ts';
import { createTopics } from '../support/topics.ts';

export type Addresses = Pick<Stack, 'brokers' | 'registryUrl' | 'login' | 'postgres'>;

/** What a user leaves behind in each part. */
export interface Traces {
  topic: string;
  schemaId: number;
}

const SCHEMA = JSON.stringify({ type: 'record', name: 'Person', fields: [{ name: 'id', type: 'string' }] });

export async function leaveTraces(stack: Addresses): Promise<Traces> {
  const topic = 'saas.klaviyo.profiles';
  await withKafka(stack, async (kafka) => {
    const admin = kafka.admin();
    await admin.connect();
    await createTopics(admin, { topic, numPartitions: 2, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] });
    await admin.disconnect();
    const producer = kafka.producer({ transactionalId: 'traces', idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ key: 'a', value: 'one', partition: 0 }] });
    await transaction.commit();
    await producer.disconnect();
  });
  // The id under test is not the first one: a registry that lost everything would hand that out again.
  await register(stack, 'other-value', SCHEMA.replace('Person', 'Other'));
  const schemaId = await register(stack, `${topic}-value`, SCHEMA);
  await query(stack, 'create table landed (id text primary key)');
  await query(stack, `insert into landed values ('a')`);
  return { topic, schemaId };
}

export async function expectTraces(stack: Addresses, { topic, schemaId }: Traces): Promise<void> {
  await withKafka(stack, async (kafka) => {
    const admin = kafka.admin();
    await admin.connect();
    const offsets = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    // One record and the marker of its transaction.
    expect(offsets.map(({ partition, high }) => `${partition}: ${high}`).sort()).toEqual(['0: 2', '1: 0']);
  });
  const latest = await fetch(`${stack.registryUrl}/subjects/${topic}-value/versions/latest`, { headers: loginHeader(stack) });
  expect(await latest.json()).toMatchObject({ id: schemaId, version: 1 });
  expect(await register(stack, `${topic}-value`, SCHEMA)).toBe(schemaId);
  expect(await query(stack, 'select id from landed')).toEqual([{ id: 'a' }]);
}

function loginHeader({ login }: Pick<Addresses, 'login'>): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}` };
}

async function register({ registryUrl, login }: Addresses, subject: string, schema: string): Promise<number> {
  const answer = await fetch(`${registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', ...loginHeader({ login }) },
    body: JSON.stringify({ schema }),
  });
  const { id } = (await answer.json()) as { id: number };
  expect(id).toBeGreaterThan(0);
  return id;
}

async function query({ postgres }: Addresses, sql: string): Promise<unknown[]> {
  const client = new Client(postgres);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withKafka(stack: Addresses, work: (kafka: Kafka) => Promise<void>): Promise<void> {
  await work(
    new Kafka({ brokers: stack.brokers, sasl: { mechanism: 'plain', ...stack.login }, clientId: 'traces', logLevel: logLevel.NOTHING }),
  );
}
