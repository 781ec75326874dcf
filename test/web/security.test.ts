import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createAccess } from '../../src/web/security.ts';
import { fakeSettings, fakeSite, NOW, runRecord } from './fake-site.ts';

const token = 'a-token-long-enough-for-this';
const base = 'connections: { klaviyo: { settings: { api_key: pk_secret_of_a_test } } }';
const withToken = `${base}\nweb: { token: ${token} }`;
const readOnly = `${base}\nweb: { read_only: true }`;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request as anybody may write one: `fetch` forbids Host, Origin and the like. */
function ask(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { method: options.method ?? 'GET', headers: options.headers ?? {} }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    sent.on('error', reject);
    sent.end(options.body);
  });
}

const cookiesOf = ({ headers }: Answer): string =>
  [headers['set-cookie'] ?? []]
    .flat()
    .map((line) => line.split(';')[0])
    .join('; ');
const form = 'application/x-www-form-urlencoded';

/** Name of the session's cookie at a server. */
const session = (url: string): string => `tributary_session_${new URL(url).port}`;

/** What a browser has that has loaded a page: its cookies, and the value its forms carry. */
async function loaded(url: string, headers: Record<string, string> = {}) {
  const page = await ask(url, '/c/klaviyo', { headers });
  const formToken = /name="form_token" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
  return { page, formToken, cookie: [headers['cookie'], cookiesOf(page)].filter(Boolean).join('; ') };
}

describe('a page that others can reach', () => {
  test.each(['0.0.0.0', '::', '192.0.2.7', 'sync.example.com'])('does not start on %s without a token or a proxy', (host) => {
    const { metrics, web } = fakeSettings(base);
    expect(() => createAccess({ metrics: { ...metrics, host }, web }, () => NOW)).toThrow(/open to everybody/);
    expect(() => createAccess({ metrics: { ...metrics, host }, web: { ...web, token } }, () => NOW)).not.toThrow();
  });

  test('lets nobody in without the token, and says nothing', async () => {
    const { url } = await fakeSite({ yaml: withToken });
    for (const path of ['/', '/c/klaviyo', '/workers', '/audit']) expect(await ask(url, path)).toMatchObject({ status: 303, body: '' });
    for (const path of ['/api/v1/status', '/events']) expect(await ask(url, path)).toMatchObject({ status: 401 });
    for (const path of ['/api/v1/status', '/'])
      expect((await ask(url, path, { headers: { cookie: `${session(url)}=9999999999999.x.y` } })).body).not.toContain('klaviyo');
    expect(await ask(url, '/api/v1/status', { headers: { authorization: 'Bearer wrong-token-wrong-token' } })).toMatchObject({
      status: 401,
    });
    expect(
      await ask(url, '/c/klaviyo/pause', { method: 'POST', headers: { origin: url, 'content-type': form }, body: 'form_token=x' }),
    ).toMatchObject({ status: 303, headers: { location: expect.stringMatching(/^\/login/) as string } });
  });

  test('takes the token by form or header and keeps a session that is not the token', async () => {
    const { url } = await fakeSite({ yaml: withToken });
    const wrong = await ask(url, '/login', { method: 'POST', headers: { origin: url, 'content-type': form }, body: 'token=wrong' });
    expect(wrong.status).toBe(401);
    const right = await ask(url, '/login', {
      method: 'POST',
      headers: { origin: url, 'content-type': form },
      body: `token=${token}&to=//evil.example/`,
    });
    expect(right).toMatchObject({ status: 303, headers: { location: '/' } });
    const [line = ''] = [right.headers['set-cookie'] ?? []].flat();
    expect(line).toMatch(/HttpOnly/i);
    expect(line).toMatch(/SameSite=Strict/i);
    expect(line).not.toContain(token);
    expect((await loaded(url, { cookie: cookiesOf(right) })).page).toMatchObject({ status: 200 });
    expect(await ask(url, '/api/v1/status', { headers: { authorization: `Bearer ${token}` } })).toMatchObject({ status: 200 });
    // A session that somebody has lengthened is none.
    const [until = '', ...rest] = (/tributary_session_\d+=([^;]+)/.exec(line)?.[1] ?? '').split('.');
    expect((await ask(url, '/', { headers: { cookie: `${session(url)}=${Number(until) + 1}.${rest.join('.')}` } })).status).toBe(303);
  });

  test("two servers on one host, which share a browser's cookies, keep their log-ins apart", async () => {
    const sites = [
      await fakeSite({ yaml: withToken }),
      await fakeSite({ yaml: withToken.replace(token, `${token}-of-the-other`) }),
    ] as const;
    const jar: string[] = [];
    for (const [at, { url }] of sites.entries())
      jar.push(
        cookiesOf(
          await ask(url, '/login', {
            method: 'POST',
            headers: { origin: url, 'content-type': form, cookie: jar.join('; ') },
            body: `token=${token}${at === 0 ? '' : '-of-the-other'}`,
          }),
        ),
      );
    const names = jar.flatMap((cookies) => cookies.split('; ').map((cookie) => cookie.split('=')[0]));
    expect(new Set(names).size).toBe(names.length);
    const cookie = jar.join('; ');
    for (const { url } of sites) expect((await ask(url, '/', { headers: { cookie } })).status).toBe(200);
    // Behind a proxy it is the port of the address in the browser, here none.
    const { url } = sites[0];
    const behind = await ask(url, '/login', {
      method: 'POST',
      headers: { origin: 'http://localhost', host: 'localhost', 'content-type': form },
      body: `token=${token}`,
    });
    expect(cookiesOf(behind)).toMatch(/^tributary_session=/);
  });

  test('gives whoever guesses tokens ten tries, by form and by header', async () => {
    const { url } = await fakeSite({ yaml: withToken });
    for (let n = 0; n < 5; n += 1) await ask(url, '/api/v1/status', { headers: { authorization: `Bearer guess-${n}` } });
    for (let n = 0; n < 5; n += 1)
      expect(
        (await ask(url, '/login', { method: 'POST', headers: { origin: url, 'content-type': form }, body: `token=guess-${n}` })).status,
      ).toBe(401);
    const barred = await ask(url, '/login', { method: 'POST', headers: { origin: url, 'content-type': form }, body: `token=${token}` });
    expect(barred.status).toBe(429);
    expect(Number(barred.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask(url, '/api/v1/status', { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
  });

  test('believes the user header of the named proxy only', async () => {
    const yaml = (address: string) => `${base}\nweb: { trusted_proxy: { addresses: ["${address}"] } }`;
    const ours = await fakeSite({ yaml: yaml('127.0.0.1') });
    expect((await ask(ours.url, '/', { headers: { 'x-forwarded-user': 'ada' } })).body).toContain('ada');
    expect((await ask(ours.url, '/')).status).toBe(401);
    const other = await fakeSite({ yaml: yaml('192.0.2.1') });
    expect((await ask(other.url, '/', { headers: { 'x-forwarded-user': 'ada' } })).status).toBe(401);
  });
});

describe('a page of somebody else', () => {
  const headers = { 'content-type': form };

  test('cannot read by a name that was made to point here', async () => {
    const { url } = await fakeSite();
    for (const host of ['evil.example', 'evil.example:80', '192.0.2.1', 'localhost.evil.example']) {
      const { status, body } = await ask(url, '/', { headers: { host } });
      expect([host, status === 421 || status === 400, body.includes('klaviyo')]).toEqual([host, true, false]);
    }
    expect((await ask(url, '/', { headers: { host: 'localhost:1' } })).status).toBe(200);
  });

  test.each([
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['no Origin it will own up to', { origin: 'null' }],
    ['Fetch metadata of another site', { 'sec-fetch-site': 'cross-site' }],
    ['Fetch metadata of a sibling', { 'sec-fetch-site': 'same-site' }],
    ['none of that', {}],
  ])('cannot give a command with %s', async (_, own: Record<string, string>) => {
    const { url } = await fakeSite();
    const { cookie, formToken } = await loaded(url);
    expect(formToken).not.toBe('');
    const sent = await ask(url, '/c/klaviyo/pause', {
      method: 'POST',
      headers: { ...headers, ...own, cookie },
      body: `form_token=${encodeURIComponent(formToken)}`,
    });
    expect(sent.status).toBe(403);
    if ('origin' in own) {
      const api = await ask(url, '/api/v1/connections/klaviyo/commands', {
        method: 'POST',
        headers: { ...own, 'content-type': 'application/json' },
        body: '{"command":"pause"}',
      });
      expect(api.status).toBe(403);
    }
  });

  test('cannot guess what our forms carry, nor use what it was given itself', async () => {
    const { url } = await fakeSite();
    const { cookie } = await loaded(url);
    const other = await loaded(url);
    for (const body of ['', 'form_token=', `form_token=${encodeURIComponent(other.formToken)}`]) {
      expect((await ask(url, '/c/klaviyo/pause', { method: 'POST', headers: { ...headers, origin: url, cookie }, body })).status).toBe(403);
    }
  });

  test('cannot send what a browser sends unasked to the API', async () => {
    const { url } = await fakeSite();
    for (const type of ['text/plain', form, 'multipart/form-data; boundary=x']) {
      const { status } = await ask(url, '/api/v1/connections/klaviyo/commands', {
        method: 'POST',
        headers: { origin: url, 'content-type': type },
        body: '{"command":"pause"}',
      });
      expect([403, 415]).toContain(status);
    }
  });

  test('cannot frame ours, and ours loads and runs nothing of others', async () => {
    const { url } = await fakeSite();
    const { headers: sent, body } = await ask(url, '/');
    const policy = String(sent['content-security-policy']);
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'self'",
    ])
      expect(policy).toContain(rule);
    expect(policy).not.toContain('unsafe');
    expect(sent['x-content-type-options']).toBe('nosniff');
    expect(body).not.toMatch(/<script(?![^>]*src="\/assets\/)|\son[a-z]+=|\sstyle=|(src|href)="(https?:)?\/\//i);
  });

  test('our own forms are taken (and reach Kafka, which is away here)', async () => {
    const { url } = await fakeSite();
    const { cookie, formToken } = await loaded(url);
    const sent = await ask(url, '/c/klaviyo/pause', {
      method: 'POST',
      headers: { ...headers, origin: url, cookie },
      body: `form_token=${encodeURIComponent(formToken)}`,
    });
    expect(sent.status).toBe(503);
  });
});

describe('a read-only server', () => {
  test.each(['pause', 'resume', 'sync', 'resync', 'backfill', 'allow-deletes'])(
    'refuses to %s a connection and a table',
    async (command) => {
      const { url } = await fakeSite({ yaml: readOnly });
      for (const path of [
        `/c/klaviyo/${command}`,
        `/c/klaviyo/t/event/${command}`,
        '/l/warehouse/apply',
        '/l/warehouse/remove',
        '/new/connection/klaviyo',
        '/c/klaviyo/remove',
      ]) {
        expect(
          (await ask(url, path, { method: 'POST', headers: { origin: url, 'content-type': form }, body: 'form_token=x' })).status,
        ).toBe(403);
      }
      for (const path of ['/api/v1/connections/klaviyo/commands', '/api/v1/connections/klaviyo/tables/event/commands']) {
        expect(
          await ask(url, path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ command }) }),
        ).toMatchObject({ status: 403, body: expect.stringContaining('read_only') as string });
      }
    },
  );

  test('shows no button', async () => {
    const { url } = await fakeSite({ yaml: readOnly });
    for (const path of ['/', '/c/klaviyo', '/c/klaviyo/t/event'])
      expect((await ask(url, path)).body).not.toMatch(/method="post"|New connection/);
  });
});

describe('what a vendor wrote', () => {
  const script = '<script>alert(1)</script><img src=x onerror=alert(1)>"\'><svg/onload=alert(1)>';
  const failure = { kind: 'config', message: `The vendor said: ${script}`, remedy: script, code: `klaviyo:${script}` } as const;

  test('is shown, and never run', async () => {
    const { url } = await fakeSite({
      told: {
        runs: { 'klaviyo.event': [runRecord('klaviyo.event', { outcome: 'failed', failure })] },
        states: { 'klaviyo.event': { withheld: { count: 3, reason: script, since: NOW, sample: [script] } } },
        live: { 'klaviyo.profile': { kind: 'failed', reason: script }, 'klaviyo.metric': { kind: 'disabled', reason: script } },
        commands: [
          {
            v: 1,
            kind: 'command',
            id: '1',
            at: NOW,
            user: script,
            address: script,
            command: script,
            connection: null,
            table: null,
            detail: script,
          },
        ],
        imports: [
          {
            v: 1,
            importId: '1',
            connection: 'klaviyo',
            kind: 'profiles',
            file: script,
            by: script,
            at: NOW,
            updatedAt: NOW,
            state: 'failed',
            rows: 1,
            refused: 0,
            sentRows: 0,
            bytes: 1,
            sentBytes: 0,
            processed: null,
            processedBy: script,
            errorFile: script,
            failure: { message: script },
          },
        ],
      },
    });
    for (const path of [
      '/',
      '/c/klaviyo?errors=all',
      '/c/klaviyo?tab=historical',
      `/?q=${encodeURIComponent(script)}`,
      '/c/klaviyo/t/event?errors=1',
      '/c/klaviyo/t/event/ask/allow-deletes',
      '/audit',
      '/imports',
      `/c/${encodeURIComponent(script)}`,
      `/login?to=${encodeURIComponent(script)}`,
    ]) {
      const { body } = await ask(url, path);
      expect([path, /<script>|<img|<svg\/|onerror=alert\(1\)>(?!&)/i.exec(body)?.[0]]).toEqual([path, undefined]);
    }
    expect((await ask(url, '/c/klaviyo?errors=all')).body).toContain('&lt;script&gt;alert(1)');
  });

  test('shows no secret, also where it is escaped', async () => {
    const secret = 'p<w>&"quoted"\'';
    const { url } = await fakeSite({
      yaml: `connections: { klaviyo: { settings: { api_key: ${JSON.stringify(secret)} } } }`,
      told: {
        runs: {
          'klaviyo.event': [
            runRecord('klaviyo.event', { outcome: 'failed', failure: { kind: 'config', message: `wrong key ${secret} given` } }),
          ],
        },
      },
    });
    for (const path of ['/c/klaviyo?errors=all', '/c/klaviyo/t/event', '/api/v1/overview']) {
      const { body } = await ask(url, path);
      expect(body).toContain('wrong key ***');
      expect(body).not.toMatch(/p(<|&lt;)w/);
    }
  });
});
