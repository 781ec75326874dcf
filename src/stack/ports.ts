import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';

/** True when nobody on loopback listens there. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * A free port below the range from which the system numbers outgoing connections: a port from
 * inside it can be occupied by any client at the moment a server wants it back.
 */
export async function freePort(except: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (!except.has(port) && (await isFree(port))) return port;
  }
}
