import { expect, inject, onTestFinished, test } from 'vitest';
import { withAdmin, type KafkaAccess } from '../../src/kafka/client.ts';
import { askCluster } from '../../src/kafka/cluster.ts';
import { shareClients } from '../../src/kafka/shared-clients.ts';
import { startFaultyLine, type FaultyLine } from '../support/faulty-line.ts';
import { accessTo, tableTopic } from './support.ts';
import { through } from './tcp-proxy.ts';

/** Access by a line of ours, whose clients are shared. `requestTimeout`: ms, short only where the line goes silent. */
async function shared(requestTimeout?: number): Promise<{ access: KafkaAccess; line: FaultyLine }> {
  const line = await startFaultyLine(inject('stack').brokers[0] ?? '');
  const access = accessTo(undefined, { socketFactory: through(line.port), ...(requestTimeout === undefined ? {} : { requestTimeout }) });
  const clients = shareClients(access);
  onTestFinished(async () => {
    await clients.close();
    await line.close();
  });
  return { access: { ...access, shared: clients }, line };
}
const brokersOf = (access: KafkaAccess): Promise<number> =>
  withAdmin(access, 'Asking', async (admin) => (await admin.describeCluster()).brokers.length);

test('hundreds of questions at once are asked over a few sockets, which are gone when sharing ends', async () => {
  const { access, line } = await shared();
  const topic = await tableTopic(access);
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, at) =>
      at % 2 === 0
        ? brokersOf(access)
        : askCluster(access, 'Asking', async (cluster) => {
            await cluster.addTargetTopic(topic);
            return cluster.findTopicPartitionMetadata(topic).length;
          }),
    ),
  );
  expect(new Set(answers)).toEqual(new Set([1]));
  // One of kafkajs's seeds and one of the broker itself, for the admin client and for the cluster.
  expect(line.open()).toBeLessThanOrEqual(4);
  await access.shared?.close();
  await expect.poll(line.open).toBe(0);
  // Asked again, it opens again.
  expect(await brokersOf(access)).toBe(1);
});

test('after a refused log-in the next request logs in anew, perhaps with a password that was put right', async () => {
  const { sasl, ...settings } = accessTo().settings;
  if (sasl === undefined || !('password' in sasl)) throw new Error('the shared stack asks for a password');
  const given = { ...sasl, password: 'wrong' };
  const access: KafkaAccess = { settings: { ...settings, sasl: given } };
  const clients = shareClients(access);
  onTestFinished(() => clients.close());
  await expect(brokersOf({ ...access, shared: clients })).rejects.toMatchObject({ kind: 'config', code: 'kafka:sasl' });
  given.password = sasl.password;
  expect(await brokersOf({ ...access, shared: clients })).toBe(1);
});

test('one who stops waiting ends alone, and a line that goes silent is replaced', async () => {
  const { access, line } = await shared(1_000);
  await brokersOf(access);
  line.suffer({ silent: true });
  const leaving = new AbortController();
  const stopped = brokersOf({ ...access, signal: leaving.signal });
  const stays = brokersOf(access);
  leaving.abort();
  await expect(stopped).rejects.toMatchObject({ kind: 'stopped' });
  // What the silent connections were asked is never answered; the next client is another one.
  setTimeout(() => line.suffer({}), 1_500);
  expect(await stays).toBe(1);
});

test('connections that are reset under the shared client are made anew, and nobody is told', async () => {
  const { access, line } = await shared();
  await brokersOf(access);
  line.suffer({ resets: 1 });
  const asked = brokersOf(access);
  setTimeout(() => line.suffer({}), 300);
  expect(await asked).toBe(1);
});
