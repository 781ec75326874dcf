import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { TributaryError } from '../../src/core/errors.ts';
import { createRegistry, type Registry } from '../../src/kafka/registry.ts';
import type { KafkaSettings } from '../../src/kafka/types.ts';
import { refusalOf } from './support.ts';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

const pem = (name: string): string => readFileSync(new URL(`../support/tls/${name}`, import.meta.url), 'utf8');
const server = { cert: pem('server.pem'), key: pem('server.key.pem') };

async function listen(made: Server & { closeAllConnections?(): void }): Promise<number> {
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    made.close();
    made.closeAllConnections?.();
  });
  return (made.address() as AddressInfo).port;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const site = async (handler: Handler): Promise<string> => `http://127.0.0.1:${await listen(createServer(handler))}`;
const registryAt = (
  url: string,
  more: Partial<KafkaSettings['registry']> = {},
  options: Parameters<typeof createRegistry>[1] = {},
): Registry => createRegistry({ registry: { url, ...more } }, { timeout: 60_000, ...options });

const RECORD = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'id', type: 'string' }] });
const refusal = async (work: Promise<unknown>): Promise<TributaryError> => (await refusalOf(work)) as TributaryError;
const calls: readonly (readonly [string, (registry: Registry) => Promise<unknown>])[] = [
  ['registerTable', (registry) => registry.registerTable('t', RECORD, RECORD)],
  ['schemaById', (registry) => registry.schemaById(7)],
  ['countSubjects', (registry) => registry.countSubjects()],
];

const answering =
  (status: number, body: string, headers: Record<string, string> = { 'content-type': 'application/json' }): Handler =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

describe.each(calls)('%s', (_, call) => {
  test.each([
    ['401', answering(401, '{"error_code":401,"message":"no"}'), 'config', 'registry:401', /refused the login \(401\)/],
    ['403', answering(403, ''), 'config', 'registry:403', /refused the login \(403\)/],
    [
      'a website',
      answering(404, '<html>nothing here</html>', { 'content-type': 'text/html' }),
      'config',
      'registry:none',
      /not a Confluent-compatible schema registry \(404\)/,
    ],
    [
      'a page with 200',
      answering(200, '<html>hello</html>', { 'content-type': 'text/html' }),
      'config',
      'registry:none',
      /not a Confluent-compatible schema registry \(200\)/,
    ],
    ['an empty answer', answering(200, ''), 'config', 'registry:none', /not a Confluent-compatible schema registry \(200\)/],
    [
      'elsewhere',
      answering(302, '', { location: 'https://u:p@login.example/x' }),
      'config',
      'registry:302',
      /redirects \(302, to https:\/\/login\.example\/x\)/,
    ],
    [
      '500',
      answering(500, '{"error_code":50001,"message":"store is down"}'),
      'transient',
      'registry:500',
      /answered 500\. It says: store is down/,
    ],
    ['503 without words', answering(503, ''), 'transient', 'registry:503', /answered 503\./],
    ['silence', () => undefined, 'transient', 'registry:timeout', /hangs: it has not answered within 0\.4 s/],
    ['a drip', (_: IncomingMessage, response: ServerResponse) => drip(response), 'transient', 'registry:timeout', /hangs/],
    [
      'a reset',
      (request: IncomingMessage) => void request.socket.resetAndDestroy(),
      'transient',
      'registry:unreachable',
      /cannot be reached \(ECONNRESET\)/,
    ],
  ] as const)('%s is told in words, with what to do', async (_name, handler, kind, code, words) => {
    // Short where the end itself is the test; elsewhere a busy machine may take its time.
    const timeout = code === 'registry:timeout' ? 400 : 60_000;
    const error = await refusal(call(registryAt(await site(handler), {}, { timeout })));
    expect(error).toMatchObject({ kind, code });
    expect(error.message).toMatch(words);
    expect(error.message).not.toMatch(/\[object|undefined|Confluent_Schema_Registry/);
    expect(error.remedy).toMatch(/registry/);
  });

  test('a port where nobody listens', async () => {
    const error = await refusal(call(registryAt('http://127.0.0.1:9')));
    expect(error).toMatchObject({ kind: 'transient', code: 'registry:unreachable', tries: undefined });
    expect(error.message).toMatch(/cannot be reached \(ECONNREFUSED\)/);
  });

  test("a signal ends it at once, the registry's own and that of one caller", async () => {
    const url = await site(() => undefined);
    const all = new AbortController();
    const ended = refusal(call(registryAt(url, {}, { timeout: 60_000, signal: all.signal })));
    all.abort();
    expect(await ended).toMatchObject({ kind: 'stopped' });
    const slow = registryAt(url, {}, { timeout: 60_000 });
    expect(await refusal(slow.registerTable('t', RECORD, RECORD, AbortSignal.timeout(20)))).toMatchObject({ kind: 'stopped' });
    expect(await refusal(slow.schemaById(1, AbortSignal.abort()))).toMatchObject({ kind: 'stopped' });
  });
});

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write('['), 50);
  response.on('close', () => clearInterval(timer));
}

test('a registry that is away for a moment is asked again within the call', async () => {
  let asked = 0;
  const url = await site((request, response) => {
    asked += 1;
    if (asked === 1) request.socket.resetAndDestroy();
    else if (asked === 2) response.writeHead(502).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"schema":"\\"string\\""}');
  });
  expect(await registryAt(url).schemaById(7)).toBe('"string"');
});

test('a subject gets our level whoever made it, and the schema goes out as the text we gave', async () => {
  for (const before of [undefined, 'NONE', 'FULL_TRANSITIVE']) {
    const asked: string[] = [];
    let level = before;
    const url = await site((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += String(chunk)));
      request.on('end', () => {
        asked.push(`${request.method} ${request.url}`);
        const answer = (status: number, data: object): void =>
          void response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' }).end(JSON.stringify(data));
        if (request.method === 'PUT') level = (JSON.parse(body) as { compatibility: string }).compatibility;
        if (request.method === 'POST') expect(JSON.parse(body)).toMatchObject({ schema: RECORD });
        if (request.method === 'POST') answer(200, { id: request.url?.includes('-key') ? 5 : 6 });
        else if (level === undefined) answer(404, { error_code: 40408, message: 'no level' });
        else answer(200, { compatibilityLevel: level });
      });
    });
    const registry = registryAt(`${url}/apis/ccompat/v7/`, { token: 'tok3n' });
    // Two tables ask at once; whoever made the subject, each schema is registered once.
    const both = await Promise.all([registry.registerTable('a.b', RECORD, RECORD), registry.registerTable('a.b', RECORD, RECORD)]);
    expect(both).toEqual([
      { keySchemaId: 5, valueSchemaId: 6 },
      { keySchemaId: 5, valueSchemaId: 6 },
    ]);
    expect(level).toBe('FULL_TRANSITIVE');
    expect(asked.filter((one) => one.startsWith('POST'))).toEqual([
      'POST /apis/ccompat/v7/subjects/a.b-key/versions',
      'POST /apis/ccompat/v7/subjects/a.b-value/versions',
    ]);
  }
});

test('a bearer token is sent, and a refused one names its setting and shows nothing of it', async () => {
  const seen: (string | undefined)[] = [];
  const url = await site((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401).end();
  });
  const error = await refusal(registryAt(url, { token: 'tok3n' }).countSubjects());
  expect(seen).toEqual(['Bearer tok3n']);
  expect(error.remedy).toBe('Check registry.token.');
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('tok3n');
});

describe('behind a private authority', () => {
  const secure = (options: object): Promise<number> => listen(createTlsServer({ ...server, ...options }, answering(200, '["a","b"]')));

  test('it is refused with the setting to give, and answers once that is given', async () => {
    const url = `https://127.0.0.1:${await secure({})}`;
    const error = await refusal(registryAt(url).countSubjects());
    expect(error).toMatchObject({ kind: 'config', code: 'registry:tls', remedy: expect.stringContaining('registry.tls.ca') });
    expect(error.message).toContain('its certificate is not signed by an authority that is trusted here');
    expect(await registryAt(url, { tls: { ca: pem('ca.pem') } }).countSubjects()).toBe(2);
    expect((await refusal(registryAt(url, { tls: { ca: pem('client.pem') } }).countSubjects())).remedy).toContain('ca must have signed');
  });

  test('a client certificate is shown where one is asked for', async () => {
    const url = `https://127.0.0.1:${await secure({ ca: pem('ca.pem'), requestCert: true, rejectUnauthorized: true })}`;
    const without = await refusal(registryAt(url, { tls: { ca: pem('ca.pem') } }).countSubjects());
    expect(without).toMatchObject({ code: expect.stringMatching(/registry:(tls|unreachable)/) });
    expect(await registryAt(url, { tls: { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key.pem') } }).countSubjects()).toBe(
      2,
    );
  });

  test('https towards a plain port says so, and so does http towards a TLS port', async () => {
    const plain = await site(answering(200, '[]'));
    const error = await refusal(registryAt(plain.replace('http:', 'https:')).countSubjects());
    expect(error).toMatchObject({ kind: 'config', code: 'registry:tls', remedy: expect.stringContaining('http://') });
    const other = await refusal(registryAt(`http://127.0.0.1:${await secure({})}`).countSubjects());
    expect(other.remedy).toContain('https://');
  });
});
