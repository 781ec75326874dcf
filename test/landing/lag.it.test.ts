import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { sinkLag, topicRanges } from '../../src/landing/lag.ts';
import type { TopicLag } from '../../src/landing/lag.ts';
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
const after = (ms: number): number => Date.now() + ms;

describe('a sink that has not read a topic to its end', () => {
  let writer: TopicWriter & { close(): Promise<void> };
  const deletes = `${prefix}.shop.deletes`;
  let deleter: TopicWriter & { close(): Promise<void> };

  beforeAll(async () => {
    await ensureTopics(
      kafka,
      [topic, deletes].map((name) => ({ name, partitions: 1, kind: 'table' as const })),
    );
    writer = await topicWriter({ brokers: stack.brokers, registryUrl: stack.registryUrl, topic, definition: orders });
    await writer.upsert({ id: 'a', part: 1 });
    await writer.upsert({ id: 'b', part: 1 });
    deleter = await topicWriter({ brokers: stack.brokers, registryUrl: stack.registryUrl, topic: deletes, definition: orders });
    // Offsets: 0 row, 1 end, 2 marker, 3 tombstone, 4 end, 5 tombstone, 6 end, 7 marker, 8 tombstone, 9 end.
    await deleter.upsert({ id: 'a', part: 1 });
    await deleter.remove({ id: 'a', part: 1 });
    await deleter.raw(Buffer.from('its marker was compacted away'), null);
    await deleter.remove({ id: 'b', part: 1 });
  });

  afterAll(async () => {
    await writer?.close();
    await deleter?.close();
  });

  type DeletesBy = 'marker' | 'tombstone';
  const lagOf = async (of: string, deletesBy: DeletesBy, offset: number | undefined, ms: number): Promise<TopicLag> =>
    (
      await sinkLag(
        kafka,
        [
          {
            topic: of,
            committed: offset === undefined ? [] : [{ topic: of, partition: 0, offset }],
            deletesBy,
            deadLetterTopic: `${prefix}._dlq.none`,
          },
        ],
        await topicRanges(kafka, [of]),
        after(ms),
      )
    )[0]!;

  it('may miss deletes after an hour when it goes by markers, after seven days when it goes by tombstones', async () => {
    const missed = async (deletesBy: DeletesBy, ms: number): Promise<boolean> => (await lagOf(topic, deletesBy, 1, ms)).deletesMayBeMissed;
    expect([await missed('marker', 0.9 * HOUR), await missed('marker', 1.1 * HOUR)]).toEqual([false, true]);
    expect([await missed('tombstone', 6.9 * 24 * HOUR), await missed('tombstone', 7.1 * 24 * HOUR)]).toEqual([false, true]);
  });

  it('misses nothing before it has landed anything, however old the topic is', async () => {
    for (const deletesBy of ['marker', 'tombstone'] as const) {
      expect(await lagOf(topic, deletesBy, undefined, 30 * 24 * HOUR)).toMatchObject({
        caughtUp: false,
        rowsAtMost: 4,
        deletesMayBeMissed: false,
      });
    }
  });

  it('that appends has no lag behind a tombstone whose marker it has read, which it may never commit', async () => {
    expect(await lagOf(deletes, 'marker', 8, 2 * HOUR)).toMatchObject({
      caughtUp: true,
      rowsAtMost: 0,
      lagSeconds: 0,
      deletesMayBeMissed: false,
    });
    expect(await lagOf(deletes, 'tombstone', 8, 2 * HOUR)).toMatchObject({ caughtUp: false, rowsAtMost: 2 });
  });

  it('that appends may have missed the delete when a tombstone stands alone behind a hole', async () => {
    const missed = async (offset: number): Promise<boolean> => (await lagOf(deletes, 'marker', offset, 2 * HOUR)).deletesMayBeMissed;
    // Next is, after the end of a transaction: a marker; the lone tombstone; nothing.
    expect([await missed(1), await missed(4), await missed(9)]).toEqual([true, true, false]);
  });

  it.each(LANDINGS.map((landing) => [landing.name, landing] as const))(
    '%s goes by what its connector is shown',
    async (name, landing) => {
      // The worker's answers: it runs and has committed the first row.
      const connect = {
        status: async () => ({ connector: { state: 'RUNNING' }, tasks: [] }),
        offsets: async () => [{ topic, partition: 0, offset: 1 }],
      } as unknown as ConnectClient;
      const rendered = renderLanding({ ...landing, prefix, connections: [{ name: 'shop', tables: [orders] }] });
      const [status] = await landingStatus({ rendered, connect }, kafka, after(2 * HOUR));
      expect(status!.topics).toMatchObject([{ topic, caughtUp: false, deletesMayBeMissed: !['postgres', 'bigquery'].includes(name) }]);
    },
    60_000,
  );

  it('is measured beside others, each from where it stands', async () => {
    const at = (of: string, offset: number | undefined, by: DeletesBy = 'tombstone') => ({
      ...{ topic: of, deletesBy: by, deadLetterTopic: `${prefix}._dlq.none` },
      committed: offset === undefined ? [] : [{ topic: of, partition: 0, offset }],
    });
    const requests = [at(topic, 2), at(deletes, 8, 'marker'), at(topic, 1), at(deletes, 8), at(topic, undefined), at(`${prefix}.none`, 1)];
    const now = after(HOUR);
    const together = await sinkLag(kafka, requests, await topicRanges(kafka, [topic, deletes]), now);
    const alone = [];
    for (const one of requests) alone.push(...(await sinkLag(kafka, [one], await topicRanges(kafka, [one.topic]), now)));
    expect(together).toEqual(alone);
    expect(together.map(({ rowsAtMost }) => rowsAtMost)).toEqual([2, 0, 3, 2, 4, 0]);
    expect(together.map(({ missing }) => missing)).toEqual([false, false, false, false, false, true]);
  });

  it('is as far behind as the oldest record of a large backlog, however far its end is', async () => {
    await writer.upsert(...Array.from({ length: 150 }, (_, at) => ({ id: `r${at}`, part: 1 })));
    const [whole, rest] = [await lagOf(topic, 'tombstone', 1, HOUR), await lagOf(topic, 'tombstone', 4, HOUR)];
    expect([whole.rowsAtMost, rest.rowsAtMost]).toEqual([154, 151]);
    expect(whole.lagSeconds).toBeGreaterThan(rest.lagSeconds);
    expect(rest.lagSeconds).toBeGreaterThanOrEqual(3_600);
    expect(await lagOf(topic, 'tombstone', 154, HOUR)).toMatchObject({ caughtUp: true, rowsAtMost: 0 });
  });
});
