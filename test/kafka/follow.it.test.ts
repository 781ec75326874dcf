import net from 'node:net';
import type { ISocketFactory, Message } from 'kafkajs';
import { Partitioners } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createClient, withAdmin, type KafkaAccess } from '../../src/kafka/client.ts';
import { followTopics } from '../../src/kafka/follow.ts';
import { shareClients } from '../../src/kafka/shared-clients.ts';
import { createTopics } from '../support/topics.ts';
import { accessTo, until } from './support.ts';

async function send(access: KafkaAccess, topic: string, ...keys: readonly (readonly [key: string, partition: number])[]): Promise<void> {
  // Idempotent: while a new topic's leaders are being chosen, kafkajs sends again what one partition has already taken.
  const producer = createClient(access).producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true });
  await producer.connect();
  const messages: Message[] = keys.map(([key, partition]) => ({ key, partition, value: 'value' }));
  await producer.send({ topic, messages });
  await producer.disconnect();
}

const create = (access: KafkaAccess, topic: string): Promise<void> =>
  withAdmin(access, 'Creating', (admin) => createTopics(admin, { topic, numPartitions: 2, replicationFactor: 1 }));

async function recreate(access: KafkaAccess, topic: string): Promise<void> {
  await withAdmin(access, 'Deleting', async (admin) => {
    await admin.deleteTopics({ topics: [topic] });
    await until('the topic is gone', async () => !(await admin.listTopics()).includes(topic));
  });
  await create(access, topic);
}

/** Follows one topic and keeps what a reader of it believes. */
function believer(access: KafkaAccess, topic: string, newest?: number) {
  const keys: string[] = [];
  let restarts = 0;
  const follower = followTopics(
    access,
    [{ topic, ...(newest === undefined ? {} : { newest }) }],
    ({ key }) => void keys.push(String(key)),
    () => {
      restarts += 1;
      keys.length = 0;
    },
  );
  return {
    async poll() {
      await follower.poll();
      return { keys: [...keys].sort(), restarts };
    },
  };
}

/** An access whose calls share their clients, which are closed after the test. */
function sharing(access: KafkaAccess): KafkaAccess {
  const shared = shareClients(access);
  onTestFinished(() => shared.close());
  return { ...access, shared };
}

describe.each([
  ['with clients of its own', () => accessTo()],
  ['with shared clients', () => sharing(accessTo())],
])('a follower %s', (_, accessOf) => {
  test('a topic that was deleted and made again is told to its followers, also while it is empty, and read whole from then on', async () => {
    const access = accessOf();
    const topic = `${access.settings.prefix}.followed`;
    await create(access, topic);
    await send(access, topic, ['a', 0], ['b', 0], ['c', 1], ['d', 1]);
    const [all, tail] = [believer(access, topic), believer(access, topic, 1)];
    expect(await all.poll()).toEqual({ keys: ['a', 'b', 'c', 'd'], restarts: 0 });
    expect(await tail.poll()).toEqual({ keys: ['b', 'd'], restarts: 0 });

    await recreate(access, topic);
    expect(await all.poll()).toEqual({ keys: [], restarts: 1 });
    await send(access, topic, ['e', 0]);
    expect(await all.poll()).toEqual({ keys: ['e'], restarts: 1 });
    expect(await tail.poll()).toEqual({ keys: ['e'], restarts: 1 });
  });

  test('when one partition shows that a topic was made again, the others are read from their starts as well', async () => {
    const access = accessOf();
    const topic = `${access.settings.prefix}.followed`;
    await create(access, topic);
    await send(access, topic, ['a', 0], ['b', 1], ['c', 1]);
    const all = believer(access, topic);
    await all.poll();

    await recreate(access, topic);
    await send(access, topic, ['x', 0], ['y', 0], ['z', 1]);
    expect(await all.poll()).toEqual({ keys: ['x', 'y', 'z'], restarts: 1 });
    expect(await all.poll()).toEqual({ keys: ['x', 'y', 'z'], restarts: 1 });
  });
});

test('with shared clients, nothing is opened for a look that finds nothing new, whether topics are there or not', async () => {
  let opened = 0;
  const socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
    opened += 1;
    return net.connect({ host, port }, onConnect);
  };
  const access = sharing(accessTo(undefined, { socketFactory }));
  const topic = `${access.settings.prefix}.followed`;
  await create(access, topic);
  await send(access, topic, ['a', 0]);
  const keys: string[] = [];
  const follower = followTopics(access, [{ topic }, { topic: `${topic}.later` }], ({ key }) => void keys.push(String(key)));
  await follower.poll();
  const before = opened;
  for (let look = 0; look < 3; look += 1) await follower.poll();
  expect({ keys, opened }).toEqual({ keys: ['a'], opened: before });

  await create(accessTo(), `${topic}.later`);
  await send(accessTo(), `${topic}.later`, ['b', 1]);
  await send(accessTo(), topic, ['c', 1]);
  await follower.poll();
  expect(keys.sort()).toEqual(['a', 'b', 'c']);
});
