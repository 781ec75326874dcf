import { gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import type { SimClock } from './clock.ts';
import type { Fault, FaultMatcher } from './faults.ts';
import { listen, readBody, router, type Answer, type Handler, type Routes } from './http-server.ts';
import type { LoggedRequest, RequestRecorder } from './request-log.ts';

export interface VendorServerOptions {
  routes: Routes;
  /** Answers requests without a route. */
  notFound: Handler;
  /** The vendor's "too many requests", for the fault `throttled`. */
  throttled(retryAfter: number | undefined): Answer;
  clock: SimClock;
  faults: FaultMatcher;
  requests: RequestRecorder;
  /** Query parameters whose values are masked in the log. */
  secretParameters?: readonly string[];
  port?: number;
}

/** The vendor's API on a loopback socket. A request is matched against the faults, answered by its route, and delivered. */
export function startVendorServer(options: VendorServerOptions): Promise<{ url: string; close(): Promise<void> }> {
  const { faults, requests, clock } = options;
  const find = router(options.routes);
  const secret = new Set(options.secretParameters);

  return listen(async (incoming, response) => {
    const began = performance.now();
    const method = incoming.method ?? 'GET';
    const target = incoming.url ?? '/';
    const mark = target.indexOf('?');
    const rawPath = mark < 0 ? target : target.slice(0, mark);
    const path = rawPath.length > 1 && rawPath.endsWith('/') ? rawPath.slice(0, -1) : rawPath;
    const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
    const route = find(method, path);
    const shown = [...query].map(([name, value]) => `${name}=${secret.has(name) ? '***' : value}`).join('&');
    const entry: LoggedRequest = {
      method,
      path,
      query: shown,
      route: route?.name ?? '',
      status: 0,
      time: clock.now(),
      tookMs: 0,
      bytes: 0,
    };
    requests.begin();
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      entry.tookMs = performance.now() - began;
      requests.end(entry);
    };
    response.once('close', end);

    try {
      const body = method === 'GET' ? '' : await readBody(incoming);
      const fault = faults.match({ method, path, query: shown, body });
      if (fault) entry.fault = fault.kind;
      if (fault?.kind === 'hang') return;
      if (fault?.kind === 'reset') return void incoming.socket.resetAndDestroy();
      const request = { method, path, query, params: route?.params ?? {}, headers: incoming.headers, body };
      const answer = substitute(fault, options.throttled) ?? (await (route?.handler ?? options.notFound)(request));
      if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
      if (response.destroyed) return;
      entry.status = answer.status;
      const accepted = String(incoming.headers['accept-encoding'] ?? '').includes('gzip');
      const gzip = faults.compression === 'always' || (faults.compression === 'accepted' && accepted);
      entry.bytes = deliver(response, answer, fault, gzip);
      end();
    } catch (error) {
      if (response.headersSent || response.destroyed) return void response.destroy();
      entry.status = 500;
      response
        .writeHead(500, { 'content-type': 'text/plain' })
        .end(`The simulator itself failed: ${String(error instanceof Error ? error.stack : error)}`);
    }
  }, options.port ?? 0);
}

/** The document with one member replaced or removed. */
function withMember(document: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  if (name === '') return value;
  if (name === '*') return (document as unknown[]).map((one) => withMember(one, rest, value));
  const { [name]: member, ...others } = document as Record<string, unknown>;
  const changed = rest.length === 0 ? value : withMember(member, rest, value);
  return changed === undefined ? others : { ...others, [name]: changed };
}

const PAGE = '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><h1>Checking your browser</h1></body></html>';

function substitute(fault: Fault | undefined, throttled: VendorServerOptions['throttled']): Answer | undefined {
  switch (fault?.kind) {
    case 'status':
      return {
        status: fault.status,
        headers: { 'content-type': fault.contentType ?? 'application/json', ...fault.headers },
        body: fault.body ?? '',
      };
    case 'html':
      return { status: fault.status ?? 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: PAGE };
    case 'empty':
      return { status: fault.status ?? 200, headers: { 'content-type': 'application/json' }, body: '' };
    case 'garbage':
      return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from('fffe0007c3287b5d2280e2', 'hex') };
    case 'oversized':
      return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.alloc(fault.bytes, ' ') };
    case 'throttled':
      return throttled(fault.retryAfter);
    default:
      return undefined;
  }
}

function deliver(response: ServerResponse, answer: Answer, fault: Fault | undefined, gzip: boolean): number {
  let body = typeof answer.body === 'string' ? Buffer.from(answer.body, 'utf8') : (answer.body ?? Buffer.alloc(0));
  if (fault?.kind === 'member')
    body = Buffer.from(JSON.stringify(withMember(JSON.parse(body.toString('utf8')), fault.at.split('.'), fault.value)), 'utf8');
  if (fault?.kind === 'cut-text') body = body.subarray(0, Math.floor(body.length / 2));
  const headers: Record<string, string> = { ...answer.headers };
  if (gzip && body.length > 0) {
    body = gzipSync(body, { level: 1 });
    headers['content-encoding'] = 'gzip';
  }
  headers['content-length'] = String(body.length);
  response.writeHead(answer.status, headers);
  if (fault?.kind === 'cut-connection') {
    const half = body.subarray(0, Math.floor(body.length / 2));
    response.write(half, () => response.destroy());
    return half.length;
  }
  response.end(body);
  return body.length;
}
