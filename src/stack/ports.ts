import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';

/** True when no process listens on this loopback port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Returns a free port below the range of ephemeral ports: a port inside that range may be in use by any client when a server
 * needs it again.
 */
export async function freePort(except: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (!except.has(port) && (await isFree(port))) return port;
  }
}
