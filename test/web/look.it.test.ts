import { randomBytes } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { ensureTopics } from '../../src/kafka/topics.ts';
import type { ConnectClient } from '../../src/landing/connect-client.ts';
import { renderLanding } from '../../src/landing/render.ts';
import type { WebContext } from '../../src/web/context.ts';
import { watchParts } from '../../src/web/model/parts.ts';
import { orders } from '../landing/definitions.ts';
import { testAccess } from '../landing/kafka-helpers.ts';
import { LANDINGS } from '../landing/landings.ts';
import { topicWriter } from '../landing/records.ts';

const stack = inject('stack');
const prefix = `look${randomBytes(4).toString('hex')}`;
const topic = `${prefix}.shop.order`;
const access = testAccess(stack.brokers, prefix);

// A history counts as landed by when it was looked and how old the oldest record was that had not landed. Were both not of one
// moment, a slow look would pass for one that saw everything.
test('what has not landed is as old as it is, however long the look at it takes', async () => {
  const [landing] = LANDINGS;
  if (landing === undefined) throw new Error('no landing');
  await ensureTopics(access, [{ name: topic, partitions: 1, kind: 'table' }]);
  const writer = await topicWriter({ brokers: stack.brokers, registryUrl: stack.registryUrl, topic, definition: orders });
  await writer.upsert({ id: 'a', part: 1 });
  await writer.close();
  const times: number[] = [];
  await readTopics(access, [{ topic }], ({ timestamp }) => void times.push(timestamp));

  // Each glance at the clock is a minute later than the one before.
  let glances = 0;
  const clock = { ...systemClock, now: () => Date.now() + (glances += 1) * 60_000 };
  const connect = { status: async () => undefined, offsets: async () => [] } as unknown as ConnectClient;
  const rendered = renderLanding({ ...landing, prefix, connections: [{ name: 'shop', tables: [orders] }] });
  const open = { landing: { name: landing.name, settings: { kind: 'postgres' }, connections: [] }, rendered, connect, sqlPlace: undefined };
  let told: (() => void) | undefined;
  const looked = new Promise<void>((resolve) => (told = resolve));
  const parts = watchParts(
    { access, clock, landings: () => [open] } as unknown as WebContext,
    { landingErrors: () => [] },
    () => told?.(),
    () => false,
  );
  await looked;
  const [seen] = parts.landings();
  await parts.stop();
  const lag = seen?.sinks[0]?.topics[0];
  expect(lag).toMatchObject({ topic, caughtUp: false });
  expect((seen?.seenAt ?? 0) - (lag?.lagSeconds ?? 0) * 1000).toBeCloseTo(Math.min(...times), 0);
});
