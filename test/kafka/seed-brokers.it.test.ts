import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { withAdmin } from '../../src/kafka/client.ts';
import { withCluster } from '../../src/kafka/cluster.ts';
import { refusedPort } from '../support/refused-port.ts';
import { accessTo } from './support.ts';

/** Accepts connections as a broker does, and then does that. */
async function pretend(then: (socket: Socket) => void): Promise<{ readonly address: string; readonly accepted: () => number }> {
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    then(socket);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, accepted: () => accepted };
}

test('a frozen broker, one whose proxy closes connections and one that is gone keep nobody from the next, and are asked last then', async () => {
  const { settings } = accessTo();
  const frozen = await pretend(() => undefined);
  const closing = await pretend((socket) => socket.once('data', () => socket.end()));
  const gone = `127.0.0.1:${await refusedPort()}`;
  const access = {
    settings: { ...settings, brokers: [closing.address, gone, frozen.address, ...settings.brokers] },
    // Longer than a living broker needs, also on a busy machine.
    requestTimeout: 10_000,
  };
  const count = (): Promise<number> => withAdmin(access, 'Asking', async (admin) => (await admin.describeCluster()).brokers.length);
  expect(await count()).toBe(1);
  expect([frozen.accepted(), closing.accepted()]).toEqual([1, 1]);
  expect(await count()).toBe(1);
  expect(await withCluster(access, 'Asking', async (cluster) => cluster.isConnected())).toBe(true);
  expect([frozen.accepted(), closing.accepted()]).toEqual([1, 1]);
}, 120_000);

test('when none of them answers, the error says so in words', async () => {
  const { settings } = accessTo();
  const closing = [await pretend((socket) => socket.end()), await pretend((socket) => socket.end())];
  const access = { settings: { ...settings, brokers: closing.map(({ address }) => address) } };
  await expect(withAdmin(access, 'Asking', async () => undefined)).rejects.toMatchObject({
    kind: 'transient',
    code: 'kafka:unreachable',
    message: `Asking failed: Kafka at ${access.settings.brokers.join(', ')} cannot be reached (Closed connection).`,
  });
}, 120_000);
