import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

export interface Sockets {
  /** Where connections were opened to since the last call, apart from the hosts that are ours. */
  strange(): string[];
  close(): void;
}

const CHANNEL = 'net.client.socket';

/** Sees every connection this process opens, whoever opens it and whether or not anybody answers there. */
export function watchSockets(ours: readonly string[]): Sockets {
  const ports = new Set(ours.map((url) => new URL(url).port));
  const strange: string[] = [];
  const onSocket = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    socket.on('connectionAttempt', (address: string, port: number) => {
      if (address !== '127.0.0.1' || !ports.has(String(port))) strange.push(`${address}:${port}`);
    });
    socket.on('lookup', (_error, _address, _family, host: string) => {
      if (host !== '127.0.0.1') strange.push(host);
    });
  };
  subscribe(CHANNEL, onSocket);
  return {
    strange: () => strange.splice(0),
    close: () => void unsubscribe(CHANNEL, onSocket),
  };
}
