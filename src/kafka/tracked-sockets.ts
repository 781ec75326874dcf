import type { Socket } from 'node:net';
import net from 'node:net';
import tls from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import { onAbort } from '../core/clock.ts';

const plainSockets: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket = ssl
    ? tls.connect({ host, port, ...(net.isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
    : net.connect({ host, port }, onConnect);
  socket.setKeepAlive(true, 60_000);
  return socket;
};

/** The sockets of a client, which can all be closed at once; afterwards no new one is opened. */
export interface TrackedSockets {
  readonly factory: ISocketFactory;
  cut(): void;
}

/** Tracks a client's sockets, so that `cut` or the signal ends the client, whatever it is doing. */
export function trackSockets(factory: ISocketFactory = plainSockets, signal?: AbortSignal): TrackedSockets {
  const sockets = new Set<Socket>();
  let isCut = false;
  let forget: (() => void) | undefined;
  const cut = (): void => {
    isCut = true;
    forget?.();
    // With an error, because kafkajs ends pending requests on `error` and `end`, but not on `close`.
    for (const socket of sockets) socket.destroy(new Error(DROPPED));
  };
  if (signal !== undefined) forget = onAbort(signal, cut);
  return {
    factory: (args) => {
      if (isCut || signal?.aborted) throw new Error(DROPPED);
      const socket = factory(args);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
    cut,
  };
}

const DROPPED = 'this client has been dropped';
