import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TributaryError } from '../core/errors.ts';
import { shownJson } from '../core/shown.ts';
import type { Metrics } from './metrics.ts';
import type { StatusSnapshot } from './status-view.ts';

export interface ObserveServerOptions {
  /** First part of the topic names, by which a reader of /status knows whose status it is. */
  readonly prefix: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: Metrics;
  readonly status: () => StatusSnapshot;
  /** Hides secrets in everything that is served. */
  readonly redact: (text: string) => string;
  /** Whether a broker answers, asked at every /readyz and given up after a few seconds. */
  readonly brokersReachable: () => Promise<boolean>;
}

export interface ObserveServer {
  readonly url: string;
  close(): Promise<void>;
}

const readyTimeoutMs = 3_000;

/**
 * Serves /metrics, /healthz (the process answers), /readyz (a broker answers and a connection is assigned)
 * and /status (the snapshot as JSON).
 * @throws TributaryError `config` when the port is taken.
 */
export async function startObserveServer(options: ObserveServerOptions): Promise<ObserveServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'text/plain', 'GET only\n');
    void route(path ?? '/', options, response).catch(() => answer(response, 500, 'text/plain', 'failed\n'));
  });
  await listen(server, options.host, options.port);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function route(path: string, options: ObserveServerOptions, response: ServerResponse): Promise<void> {
  switch (path) {
    case '/metrics':
      return answer(response, 200, options.metrics.contentType, options.redact(await options.metrics.text()));
    case '/healthz':
      return answer(response, 200, 'text/plain', 'ok\n');
    case '/readyz': {
      const missing = await notReady(options);
      return answer(response, missing.length === 0 ? 200 : 503, 'text/plain', missing.length === 0 ? 'ready\n' : `${missing.join('\n')}\n`);
    }
    case '/status':
      return answer(
        response,
        200,
        'application/json',
        shownJson(options.redact(JSON.stringify({ prefix: options.prefix, ...options.status() }))),
      );
    default:
      return answer(response, 404, 'text/plain', 'There are /metrics, /healthz, /readyz and /status.\n');
  }
}

async function notReady(options: ObserveServerOptions): Promise<string[]> {
  const missing: string[] = [];
  if (!(await withinTime(options.brokersReachable()))) missing.push('no Kafka broker answers');
  if (options.status().assigned.length === 0) missing.push('no connection is assigned to this process');
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
        new TributaryError(`The metrics server cannot listen on ${host}:${port}: ${error.code ?? error.message}.`, {
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

function answer(response: ServerResponse, code: number, type: string, body: string): void {
  if (response.headersSent) return;
  response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(body);
}
