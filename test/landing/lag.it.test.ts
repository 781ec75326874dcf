import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { sinkLag } from '../../src/landing/lag.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { landingStatus } from '../../src/landing/status.ts';
import type { ConnectClient } from '../../src/landing/connect-client.ts';
import { orders } from './definitions.ts';
import { testAccess } from './kafka-helpers.ts';
import { LANDINGS } from './landings.ts';
import { topicWriter } from './records.ts';
import type { TopicWriter } from './records.ts';

const stack = inject('stack');
const prefix = `lag${randomBytes(4).toString('hex')}`;
const topic = `${prefix}.shop.order`;
const kafka = testAccess(stack.brokers, prefix);
const HOUR = 3_600_000;
const after = (ms: number) => () => Date.now() + ms;

describe('a sink that has not read a topic to its end', () => {
  let writer: TopicWriter & { close(): Promise<void> };

  beforeAll(async () => {
    await ensureTopics(kafka, [{ name: topic, partitions: 1, kind: 'table' }]);
    writer = await topicWriter({ brokers: stack.brokers, registryUrl: stack.registryUrl, topic, definition: orders });
    await writer.upsert({ id: 'a', part: 1 });
  }, 60_000);

  afterAll(() => writer?.close());

  it('may miss deletes after an hour when it goes by markers, after seven days when it goes by tombstones', async () => {
    const missed = async (deletesBy: 'marker' | 'tombstone', ms: number): Promise<boolean> =>
      (await sinkLag(kafka, [{ topic, committed: [], deletesBy, deadLetterTopic: `${prefix}._dlq.none` }], after(ms)))[0]!.deletesMayBeMissed;
    expect([await missed('marker', 0.9 * HOUR), await missed('marker', 1.1 * HOUR)]).toEqual([false, true]);
    expect([await missed('tombstone', 6.9 * 24 * HOUR), await missed('tombstone', 7.1 * 24 * HOUR)]).toEqual([false, true]);
  }, 60_000);

  it.each(LANDINGS.map(landing => [landing.name, landing] as const))('%s goes by what its connector is shown', async (name, landing) => {
    // The worker's answers: it runs and has committed nothing.
    const connect = { status: async () => ({ connector: { state: 'RUNNING' }, tasks: [] }), offsets: async () => [] } as unknown as ConnectClient;
    const rendered = renderLanding({ ...landing, prefix, connections: [{ name: 'shop', tables: [orders] }] });
    const [status] = await landingStatus(rendered, connect, kafka, after(2 * HOUR));
    expect(status!.topics).toMatchObject([{ topic, caughtUp: false, deletesMayBeMissed: !['postgres', 'bigquery'].includes(name) }]);
  }, 60_000);
});
