import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const held: Socket[] = [];

/**
 * A port of 127.0.0.1 that refuses connections until the process ends. It is the near end of an open connection, so no
 * other server can be given it meanwhile; a fixed number may be in use, where the system hands out low ones too.
 */
export async function refusedPort(): Promise<number> {
  const server = createServer((far) => void held.push(far.unref()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => near.once('connect', resolve).once('error', reject));
  held.push(near.unref());
  const port = near.localPort;
  server.close();
  if (port === undefined) throw new Error('a connection without a local port');
  return port;
}
