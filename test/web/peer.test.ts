import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { platform } from 'node:os';
import { expect, test } from 'vitest';
import { isAnotherUsers } from '../../src/web/peer.ts';

/** As /proc/net/tcp has it: port 40000 (9C40) of user 1001 is connected to 9464 (24F8) of user 1000. */
const table = (state: string, uid: number): string =>
  [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:24F8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0',
    '   1: 0100007F:24F8 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 20 4 30 10 -1',
    `   2: 0100007F:9C40 0100007F:24F8 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 3 1 0 20 4 30 10 -1`,
    '',
  ].join('\n');
const ends = { remotePort: 40_000, localPort: 9_464 };

test.each([
  ['our own', table('01', 1_000), false],
  ["another user's", table('01', 1_001), true],
  ["the super-user's", table('01', 0), false],
  // The kernel calls the super-user the owner of what nobody holds any more: closing at once must let nobody in.
  ['closed already', table('05', 0), true],
  ['of nobody that is told', table('01', 1_000).split('\n').slice(0, 3).join('\n'), true],
])('a connection is told to be %s', (_, told, another) => {
  expect(isAnotherUsers(ends, [told], 1_000)).toBe(another);
  expect(isAnotherUsers(ends, ['', told], 1_000)).toBe(another);
});

test('where nobody tells whose connections are, they are ours', () => {
  expect(isAnotherUsers(ends, [], 1_000)).toBe(false);
});

test.skipIf(platform() !== 'linux')("a real connection of our own is ours, and would be the next user's as another", async () => {
  const server = createServer();
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const socket = await accepted;
  try {
    expect(isAnotherUsers(socket)).toBe(false);
    const uid = process.getuid?.() ?? 0;
    if (uid !== 0) expect(isAnotherUsers(socket, undefined, uid + 1)).toBe(true);
  } finally {
    client.destroy();
    socket.destroy();
    server.close();
  }
});
