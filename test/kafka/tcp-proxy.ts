import type { Server, Socket } from 'node:net';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ISocketFactory } from 'kafkajs';

const API = { produce: 0, joinGroup: 11, endTxn: 26 } as const;
/** Where an answer of JoinGroup, version 5, has its error: after size, correlation id and throttle time. */
const JOIN_ERROR_AT = 12;

/** A TCP proxy in front of one broker that can lose single Kafka requests or answers, or everything. */
export interface KafkaProxy {
  readonly port: number;
  /** For kafkajs: connects through the proxy, whatever address the broker advertises. */
  readonly socketFactory: ISocketFactory;
  /** Loses the next request of this kind, or its answer after the broker has acted on it. Resolves when lost. */
  lose(api: keyof typeof API, what: 'request' | 'answer'): Promise<void>;
  /** Answers the next JoinGroup with this error code. */
  refuseJoin(code: number): void;
  /** Gives up the losses that have not come about. */
  forget(): void;
  /** While true nothing passes in either direction; connections stay open, as with a frozen host. */
  freeze(frozen: boolean): void;
  /** Requests of this kind that reached the broker so far. */
  count(api: keyof typeof API): number;
  close(): Promise<void>;
}

export async function startProxy(broker: string): Promise<KafkaProxy> {
  const [host, port] = broker.split(':') as [string, string];
  const losses: { api: number; what: 'request' | 'answer'; done: () => void }[] = [];
  const counts = new Map<number, number>();
  const sockets = new Set<Socket>();
  let joinError: number | undefined;
  let frozen = false;

  const onConnection = (client: Socket): void => {
    const upstream = net.connect({ host, port: Number(port) });
    const lostAnswers = new Map<number, () => void>();
    const refused = new Map<number, number>();
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on(
      'data',
      frames((frame) => {
        if (frozen) return;
        const api = frame.readInt16BE(4);
        const loss = losses.findIndex((one) => one.api === api);
        const found = loss === -1 ? undefined : losses.splice(loss, 1)[0];
        if (found?.what === 'request') return found.done();
        if (found !== undefined) lostAnswers.set(frame.readInt32BE(8), found.done);
        if (api === API.joinGroup && joinError !== undefined) {
          refused.set(frame.readInt32BE(8), joinError);
          joinError = undefined;
        }
        counts.set(api, (counts.get(api) ?? 0) + 1);
        upstream.write(frame);
      }),
    );
    upstream.on(
      'data',
      frames((frame) => {
        if (frozen) return;
        const id = frame.readInt32BE(4);
        const lost = lostAnswers.get(id);
        lostAnswers.delete(id);
        const code = refused.get(id);
        if (code !== undefined) frame.writeInt16BE(code, JOIN_ERROR_AT);
        refused.delete(id);
        if (lost === undefined) client.write(frame);
        else lost();
      }),
    );
  };

  const server: Server = net.createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = (server.address() as AddressInfo).port;
  return {
    port: own,
    socketFactory: through(own),
    lose: (api, what) => new Promise((done) => losses.push({ api: API[api], what, done })),
    refuseJoin: (code) => void (joinError = code),
    forget: () => void losses.splice(0),
    freeze: (now) => void (frozen = now),
    count: (api) => counts.get(API[api]) ?? 0,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sockets to a proxy on that port, also from another process than the proxy's. */
export const through =
  (port: number): ISocketFactory =>
  ({ onConnect }) =>
    net.connect({ host: '127.0.0.1', port }, onConnect);

/** Cuts a stream into Kafka's frames (length field included). */
function frames(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const size = 4 + rest.readInt32BE(0);
      const frame = rest.subarray(0, size);
      rest = rest.subarray(size);
      onFrame(frame);
    }
  };
}
