import type { Socket } from 'node:net';
import net from 'node:net';
import tls from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

const plainSockets: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket = ssl
    ? tls.connect({ host, port, ...(net.isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
    : net.connect({ host, port }, onConnect);
  socket.setKeepAlive(true, 60_000);
  return socket;
};

/** Sockets that can all be ended at once, after which no new one is opened: the end of a client, whatever it is doing. */
export function trackSockets(factory: ISocketFactory = plainSockets): { readonly factory: ISocketFactory; cut(): void } {
  const sockets = new Set<Socket>();
  let cut = false;
  return {
    factory: (args) => {
      if (cut) throw new Error('this client has been dropped');
      const socket = factory(args);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
    cut: () => {
      cut = true;
      // With an error: kafkajs answers pending requests on `error` and `end`, but not on `close`.
      for (const socket of sockets) socket.destroy(new Error('this client has been dropped'));
    },
  };
}
