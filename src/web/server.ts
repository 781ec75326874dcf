import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TributaryError } from '../core/errors.ts';
import { hostCheck } from '../core/host-header.ts';
import { shownJson } from '../core/shown.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { StatusSnapshot } from '../observability/status-view.ts';

export interface ObserveOptions {
  /** First part of the topic names; tells a reader of /status which installation it is. */
  readonly prefix: string;
  readonly metrics: Metrics;
  readonly status: () => StatusSnapshot;
  /** Redacts everything that is served. */
  readonly redact: (text: string) => string;
  /** Whether a broker answers; asked for every /readyz, with a time limit of a few seconds. */
  readonly brokersReachable: () => Promise<boolean>;
}

export interface ServerOptions {
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** Host names to accept in addition to those of `hostCheck`. */
  readonly allowedHosts: readonly string[];
  /** What a worker exposes; absent in a server without a worker. */
  readonly observe?: ObserveOptions;
  /** The data-sync page; its routes come after those of `observe`. */
  readonly page?: { readonly fetch: Hono['fetch'] };
}

export interface WebServer {
  readonly url: string;
  close(): Promise<void>;
}

const readyTimeoutMs = 3_000;
/** A file of 1 GiB over a slow line; Node would cut it after five minutes. */
const longestRequestMs = 2 * 3_600_000;
/** Neither side says anything. No answer takes as long, and pages that are open hear something every 15 s. */
const longestSilenceMs = 300_000;
const observed = ['/metrics', '/healthz', '/readyz', '/status'] as const;
const plain = { 'content-type': 'text/plain', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/**
 * The one HTTP server: /metrics, /healthz (the process answers), /readyz (a broker answers and a connection is assigned;
 * with ?spare=ready also without one, for workers on standby), /status (the snapshot as JSON), and the data-sync page.
 * @throws TributaryError `config` when the port is in use.
 */
export async function startServer({ host, port, allowedHosts, observe, page }: ServerOptions): Promise<WebServer> {
  const app = new Hono();
  const hostAllowed = hostCheck(host, allowedHosts);
  // First, and for every path: a request for a name that is not ours comes from a foreign page.
  app.use(async (c, next) =>
    hostAllowed(c.req.header('host'))
      ? next()
      : c.body('This server is not known under that name. Add it to web.allowed_hosts in the settings.\n', 421, plain),
  );
  if (observe) addObserved(app, observe);
  if (page) app.all('*', (c) => page.fetch(c.req.raw, c.env));
  app.notFound((c) =>
    c.body(`There are ${observe ? `${observed.slice(0, -1).join(', ')} and ${observed.at(-1)}` : 'no pages here'}.\n`, 404, plain),
  );
  app.onError((_error, c) => c.body('failed\n', 500, plain));
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.requestTimeout = longestRequestMs;
  server.timeout = longestSilenceMs;
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function addObserved(app: Hono, options: ObserveOptions): void {
  app.use(async (c, next) => {
    const own = observed.some((path) => path === c.req.path);
    if (own && c.req.method !== 'GET' && c.req.method !== 'HEAD') return c.body('GET only\n', 405, plain);
    return next();
  });
  app.get('/metrics', async (c) =>
    c.body(options.redact(await options.metrics.text()), 200, { ...plain, 'content-type': options.metrics.contentType }),
  );
  app.get('/healthz', (c) => c.body('ok\n', 200, plain));
  app.get('/readyz', async (c) => {
    const missing = await notReady(options, c.req.query('spare') === 'ready');
    return c.body(missing.length === 0 ? 'ready\n' : `${missing.join('\n')}\n`, missing.length === 0 ? 200 : 503, plain);
  });
  app.get('/status', (c) =>
    c.body(shownJson(options.redact(JSON.stringify({ prefix: options.prefix, ...options.status() }))), 200, {
      ...plain,
      'content-type': 'application/json',
    }),
  );
}

async function notReady(options: ObserveOptions, spareIsReady: boolean): Promise<string[]> {
  const missing: string[] = [];
  if (!(await withinTime(options.brokersReachable()))) missing.push('no Kafka broker answers');
  if (!spareIsReady && options.status().assigned.length === 0) missing.push('no connection is assigned to this process');
  return missing;
}

async function withinTime(asked: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, readyTimeoutMs, false);
  });
  try {
    return await Promise.race([asked.catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new TributaryError(`The server of page and metrics cannot listen on ${host}:${port}: ${error.code ?? error.message}.`, {
          kind: 'config',
          remedy:
            error.code === 'EADDRINUSE'
              ? 'Another process uses that port, perhaps another worker. Choose another metrics.port.'
              : 'Correct metrics.host and metrics.port.',
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}
