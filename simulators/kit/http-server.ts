import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request with its whole body. */
export interface SimRequest {
  method: string;
  /** Not decoded; without a trailing slash. */
  path: string;
  query: URLSearchParams;
  /** The route's `:name` parts, decoded. */
  params: Record<string, string>;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** A string is sent as UTF-8. */
  body?: string | Buffer;
}

export type Handler = (request: SimRequest) => Answer | Promise<Answer>;
/** Keys are `METHOD /path/:parameter`. Paths match with and without a trailing slash. */
export type Routes = Record<string, Handler>;

export function json(status: number, value: unknown, headers?: Record<string, string>): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

interface CompiledRoute {
  name: string;
  method: string;
  parts: string[];
  handler: Handler;
}

export function router(
  routes: Routes,
): (method: string, path: string) => { name: string; handler: Handler; params: Record<string, string> } | undefined {
  const compiled: CompiledRoute[] = Object.entries(routes).map(([name, handler]) => {
    const space = name.indexOf(' ');
    return { name, method: name.slice(0, space), parts: name.slice(space + 1).split('/'), handler };
  });
  return (method, path) => {
    const given = path.split('/');
    for (const { name, method: wanted, parts, handler } of compiled) {
      if (wanted !== method || parts.length !== given.length) continue;
      const params: Record<string, string> = {};
      const fits = parts.every((part, i) => {
        if (!part.startsWith(':')) return part === given[i];
        params[part.slice(1)] = safeDecode(given[i] as string);
        return given[i] !== '';
      });
      if (fits) return { name, handler, params };
    }
    return undefined;
  };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Guards against DNS rebinding: a web page whose host name points to this machine sends its own name. */
const HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** Listens on the loopback address; port 0 takes a free port. `close` also ends open connections. */
export async function listen(listener: RequestListener, port: number): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    if (HOST.test(incoming.headers.host ?? '')) return listener(incoming, response);
    response.writeHead(421, { 'content-type': 'text/plain' }).end('The simulator answers only requests to localhost or 127.0.0.1.\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
