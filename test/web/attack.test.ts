import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fakeSite, NOW, runRecord } from './fake-site.ts';

// What security.test.ts does not ask: the same walls from other sides.
const token = 'a-token-long-enough-for-this';
const base = 'connections: { klaviyo: { settings: { api_key: pk_secret_of_a_test } } }';
const withToken = `${base}\nweb: { token: ${token} }`;
const form = 'application/x-www-form-urlencoded';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function ask(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    // The path goes out as it is written.
    const sent = request(
      { hostname, port, path, method: options.method ?? 'GET', headers: { ...length(options.body), ...options.headers } },
      (answer) => {
        let body = '';
        answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

/** Node frames the body of some methods only. */
const length = (body: string | undefined): Record<string, string> =>
  body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };

/** Bytes as they are, and all that is answered. */
function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    // What does not want to hear the rest closes the line, after its answer.
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
  });
}

const cookiesOf = ({ headers }: Answer): string =>
  [headers['set-cookie'] ?? []]
    .flat()
    .map((line) => line.split(';')[0])
    .join('; ');

async function loaded(url: string, cookie = '') {
  const page = await ask(url, '/c/klaviyo', { headers: cookie === '' ? {} : { cookie } });
  const formToken = /name="form_token" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
  return { formToken, cookie: [cookie, cookiesOf(page)].filter(Boolean).join('; ') };
}

async function loggedIn(url: string): Promise<string> {
  return cookiesOf(await ask(url, '/login', { method: 'POST', headers: { origin: url, 'content-type': form }, body: `token=${token}` }));
}

describe('a command', () => {
  test('is not taken from a page that only its Referer gives away', async () => {
    const { url } = await fakeSite();
    const command = (referer: Record<string, string>) =>
      ask(url, '/api/v1/connections/klaviyo/commands', {
        method: 'POST',
        headers: { ...referer, 'content-type': 'application/json' },
        body: '{"command":"explode"}',
      });
    expect((await command({ referer: 'https://evil.example/page' })).status).toBe(403);
    expect((await command({ referer: 'no address' })).status).toBe(403);
    expect((await command({ referer: `${url}/c/klaviyo` })).status).toBe(400);
    expect((await command({})).status).toBe(400);
  });

  test.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'TRACE'])(
    'is not given by %s, whatever overrides it',
    async (method) => {
      const { url } = await fakeSite();
      const { cookie, formToken } = await loaded(url);
      const body = `form_token=${encodeURIComponent(formToken)}&_method=POST`;
      const headers = {
        cookie,
        origin: url,
        'content-type': form,
        'x-http-method-override': 'POST',
        'x-http-method': 'POST',
        'x-method-override': 'POST',
      };
      const { status, body: said } = await ask(url, `/c/klaviyo/pause?_method=POST&form_token=${encodeURIComponent(formToken)}`, {
        method,
        headers,
        body,
      });
      // 503 would mean that it reached Kafka, which is away here; 500 that we did not know what to do.
      expect(status === 404 || status === 405 || status === 400, `${status} ${said}`).toBe(true);
    },
  );

  test.each([
    '//c/klaviyo/pause',
    '/c//klaviyo/pause',
    '/api/../c/klaviyo/pause',
    '/api/%2e%2e/c/klaviyo/pause',
    '/api/..%2fc/klaviyo/pause',
    '/c/klaviyo/pause;/api/',
    '/c/klaviyo/pause/',
    '/assets/../c/klaviyo/pause',
    '/imports/new/../../c/klaviyo/pause',
    '/login/../c/klaviyo/pause',
    '/c/klaviyo/%70ause',
  ])('does not get past the token of a form by %s', async (path) => {
    const { url } = await fakeSite();
    const { cookie } = await loaded(url);
    for (const type of ['application/json', 'text/csv', form]) {
      const { status } = await ask(url, path, { method: 'POST', headers: { cookie, origin: url, 'content-type': type }, body: '{}' });
      expect([400, 403, 404, 405, 415], `${type}: ${status}`).toContain(status);
    }
  });

  test.each([
    '/c/%',
    '/c/%E0%A4%A',
    '/c/a%00b',
    '/l/..%2f..',
    '/c/klaviyo/t/a%2Fb%23c%3Fd%25e%20f',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/app.tsx',
    '/l/x/file?path=../../etc/passwd',
  ])('is not needed to learn that %s is nothing', async (path) => {
    const { url } = await fakeSite();
    const { status, body } = await ask(url, path);
    expect([status, body.includes('dependencies'), body.includes('root:')]).toEqual([404, false, false]);
  });

  test('an address of another server in the request line leads nowhere', async () => {
    const { url } = await fakeSite();
    const { host } = new URL(url);
    for (const head of [
      `GET http://evil.example/c/klaviyo HTTP/1.1\r\nHost: evil.example`,
      `GET /c/klaviyo HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: ${host}`,
      `GET /c/klaviyo HTTP/1.0`,
    ]) {
      const answer = await raw(url, `${head}\r\nConnection: close\r\n\r\n`);
      expect([head, / 4\d\d /.test(answer.split('\r\n')[0] ?? ''), answer.includes('klaviyo')]).toEqual([head, true, false]);
    }
  });
});

describe('a flood', () => {
  test('is refused before it is held in memory, with a length and without', async () => {
    const { url } = await fakeSite({ yaml: withToken });
    const { host } = new URL(url);
    const head = `POST /login HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${url}\r\nContent-Type: ${form}\r\nConnection: close`;
    expect((await raw(url, `${head}\r\nContent-Length: 300000\r\n\r\ntoken=x`)).split('\r\n')[0]).toContain('413');
    const chunk = `${(64 * 1024).toString(16)}\r\n${'y'.repeat(64 * 1024)}\r\n`;
    const answer = await raw(url, `${head}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(6)}0\r\n\r\n`);
    expect(answer.split('\r\n')[0]).toContain('413');
    for (const path of ['/imports/new', '/api/v1/imports?connection=klaviyo&kind=profiles&file=x.csv']) {
      const { status } = await ask(url, path, { method: 'POST', headers: { origin: url, 'content-type': 'text/csv' }, body: 'Email' });
      expect([303, 401]).toContain(status);
    }
    expect((await ask(url, '/', { headers: { cookie: `a=${'z'.repeat(20_000)}` } })).status).toBe(431);
    expect((await ask(url, '/login')).status).toBe(200);
  });

  test('of pages from one browser ends at a hundred, and others are let in', async () => {
    const { url } = await fakeSite();
    const { cookie } = await loaded(url);
    const away = new AbortController();
    // Kept, because fetch closes the connection of an answer that nobody holds any more.
    const open: Response[] = [];
    const stream = async (headers: Record<string, string>) => {
      const answer = await fetch(`${url}/events`, { headers, signal: away.signal });
      open.push(answer);
      return answer.status;
    };
    const statuses = await Promise.all(Array.from({ length: 120 }, () => stream({ cookie })));
    expect(statuses.filter((status) => status === 200)).toHaveLength(100);
    expect(await stream({})).toBe(200);
    expect(open).toHaveLength(121);
    away.abort();
  });

  test('of texts from a vendor does not make the page long, and what is left out is told', async () => {
    const long = 'v'.repeat(1_000_000);
    const { url } = await fakeSite({
      told: {
        runs: {
          'klaviyo.event': Array.from({ length: 20 }, (_, n) =>
            runRecord('klaviyo.event', {
              runId: `r${n}`,
              endedAt: NOW - n * 60_000,
              outcome: 'failed',
              failure: { kind: 'data', message: `${n} ${long}`, remedy: long, code: `klaviyo:${long}` },
            }),
          ),
        },
        live: { 'klaviyo.profile': { kind: 'failed', reason: long }, 'klaviyo.event': { kind: 'error', message: long } },
        states: { 'klaviyo.metric': { withheld: { count: 3, reason: long, since: NOW, sample: [long] } } },
      },
    });
    for (const path of [
      '/',
      '/c/klaviyo?errors=all',
      '/c/klaviyo/t/event?errors=1',
      '/c/klaviyo/t/metric',
      '/c/klaviyo/t/metric/ask/allow-deletes',
    ]) {
      const { status, body } = await ask(url, path);
      expect([path, status, body.length < 500_000]).toEqual([path, 200, true]);
    }
    expect((await ask(url, '/c/klaviyo?errors=all')).body).toMatch(/v… \(9\d\d,\d{3} more characters\)/);
  });
});

describe('a token', () => {
  test('is not taken from an address, and not counted by whom a client says to be', async () => {
    const { url } = await fakeSite({ yaml: withToken });
    for (const path of [
      `/api/v1/status?token=${token}`,
      `/api/v1/status?access_token=${token}`,
      `/?token=${token}`,
      `/login?token=${token}`,
    ])
      expect((await ask(url, path)).body).not.toContain('klaviyo');
    for (let n = 0; n < 10; n += 1)
      await ask(url, '/login', {
        method: 'POST',
        headers: {
          origin: url,
          'content-type': form,
          'x-forwarded-for': `192.0.2.${n}`,
          forwarded: `for=192.0.2.${n}`,
          'x-real-ip': `192.0.2.${n}`,
        },
        body: `token=guess-${n}`,
      });
    const barred = await ask(url, '/login', {
      method: 'POST',
      headers: { origin: url, 'content-type': form, 'x-forwarded-for': '198.51.100.1' },
      body: `token=${token}`,
    });
    expect(barred.status).toBe(429);
  });

  test('of a session that was logged out opens nothing any more', async () => {
    const { url } = await fakeSite({ yaml: withToken });
    const session = await loggedIn(url);
    const { cookie, formToken } = await loaded(url, session);
    const kept = await loggedIn(url);
    expect((await ask(url, '/c/klaviyo', { headers: { cookie } })).status).toBe(200);
    const out = await ask(url, '/logout', {
      method: 'POST',
      headers: { cookie, origin: url, 'content-type': form },
      body: `form_token=${encodeURIComponent(formToken)}`,
    });
    expect(out).toMatchObject({ status: 303, headers: { location: '/login' } });
    // As somebody who has kept the cookie.
    for (const path of ['/c/klaviyo', '/api/v1/status', '/events'])
      expect([303, 401]).toContain((await ask(url, path, { headers: { cookie } })).status);
    expect((await ask(url, '/c/klaviyo', { headers: { cookie: kept } })).status).toBe(200);
  });
});

describe('a read-only server', () => {
  test('refuses every route of the API that is no question', async () => {
    const { url } = await fakeSite({ yaml: `${base}\nweb: { read_only: true }` });
    const { paths } = JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8')) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const commands = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'get')
        .map((method) => [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'klaviyo')] as const),
    );
    expect(commands.length).toBeGreaterThan(10);
    for (const [method, path] of commands)
      expect([
        method,
        path,
        (await ask(url, path, { method, headers: { 'content-type': 'application/json' }, body: '{}' })).status,
      ]).toEqual([method, path, 403]);
  });
});

test('text that turns the direction of what follows is shown by its number, on every page and in plain answers', async () => {
  const turned = 'gpj.\u202etxt\u0007\u2066';
  const { url } = await fakeSite({ told: { live: { 'klaviyo.event': { kind: 'failed', reason: turned } } } });
  for (const path of [
    '/c/klaviyo?errors=all',
    `/c/${encodeURIComponent(turned)}`,
    `/l/${encodeURIComponent(turned)}`,
    `/?q=${encodeURIComponent(turned)}`,
  ]) {
    const { body } = await ask(url, path);
    expect([path, /[\u202e\u2066\u0007]/.exec(body)?.index]).toEqual([path, undefined]);
  }
  expect((await ask(url, `/c/${encodeURIComponent(turned)}`)).body).toContain('\\u202e');
});

test('what was typed in several lines comes back as it was typed', async () => {
  const { url } = await fakeSite();
  const { cookie, formToken } = await loaded(url);
  const { headers } = await ask(url, '/new/connection/klaviyo', {
    method: 'POST',
    headers: { cookie, origin: url, 'content-type': form },
    body: new URLSearchParams({ form_token: formToken, name: 'other', 'set.api_key': 'pk_x', 'set.events': 'A\r\nB' }).toString(),
  });
  const { body } = await ask(url, String(headers['location']), { headers: { cookie } });
  expect(/<textarea name="set.events">([^<]*)</.exec(body)?.[1]).toBe('A\nB');
});
