import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createHttpFactory, statusOf } from '../../src/sdk/http/client.ts';
import { refusedPort } from '../support/refused-port.ts';
import { client, listener } from './harness.ts';
import { answerJson, serve } from './server.ts';

const signal = (): AbortSignal => new AbortController().signal;
const thrown = async (work: Promise<unknown>): Promise<TributaryError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TributaryError);
  return error as TributaryError;
};

describe('the HTTP client', () => {
  it('encodes names and values of the query fully', async () => {
    const server = await serve((_, response) => answerJson(response, { ok: true }));
    const { http } = client(`${server.url}/base/`);
    await http.get('/rows', {
      endpoint: 'rows',
      signal: signal(),
      query: { 'page[size]': 5, filter: 'a(b,"c+d é\ud800")', none: undefined, many: ['1', '2'] },
    });
    expect(server.asked).toEqual(['/base/rows?page%5Bsize%5D=5&filter=a%28b%2C%22c%2Bd%20%C3%A9%EF%BF%BD%22%29&many=1&many=2']);
  });

  it('sends nothing to another host', async () => {
    const server = await serve((_, response) => answerJson(response, {}));
    const { http } = client(server.url);
    for (const path of ['//example.com/x', 'http://example.com/x', '@example.com/x', 'x']) {
      expect((await thrown(http.get(path, { endpoint: 'x', signal: signal() }))).kind).toBe('internal');
    }
    expect(server.asked).toEqual([]);
    expect((await thrown(client('ftp://example.com').http.get('/x', { endpoint: 'x', signal: signal() }))).kind).toBe('config');
  });

  it('follows no redirect', async () => {
    const other = await serve((_, response) => answerJson(response, {}));
    const server = await serve((_, response) => {
      response.writeHead(302, { location: other.url });
      response.end();
    });
    const error = await thrown(client(server.url).http.get('/x', { endpoint: 'x', signal: signal() }));
    expect(error).toMatchObject({ kind: 'config', code: 'vendor:302' });
    expect(other.asked).toEqual([]);
  });

  it.each(['json', 'text'] as const)(
    'takes %s that breaks the rules themselves for an error of the vendor, which deletes nothing',
    async (kind) => {
      const server = await serve((_, response) => answerJson(response, { ok: true }));
      const decode = (): never => {
        throw new RangeError('out of range');
      };
      const error = await thrown(client(server.url).http.get('/x', { endpoint: 'x', signal: signal(), decode, expect: kind, maxTries: 2 }));
      expect(error).toMatchObject({
        kind: 'data',
        code: 'vendor:unreadable',
        message: expect.stringMatching(/^Vendor's answer to .*\/x.* cannot be read\.$/) as string,
        remedy: expect.stringMatching(/Nothing was deleted.*next run asks again/) as string,
        detail: 'out of range',
      });
      expect(server.asked).toHaveLength(1);
    },
  );

  it('reads compressed answers without losing a digit', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' });
      response.end(gzipSync('{"n":9007199254740993}'));
    });
    expect((await client(server.url).http.get('/x', { endpoint: 'x', signal: signal() })).body).toEqual({ n: 9007199254740993n });
  });

  it('posts JSON and text', async () => {
    const bodies: string[] = [];
    const server = await serve((request, response) => {
      let text = '';
      request
        .on('data', (chunk) => {
          text += String(chunk);
        })
        .on('end', () => {
          bodies.push(`${request.method} ${request.headers['content-type']} ${text}`);
          answerJson(response, '<ok/>');
        });
    });
    const { http } = client(server.url);
    await http.post('/x', { a: 1 }, { endpoint: 'x', signal: signal(), expect: 'text' });
    const soap = await http.post('/x', '<soap/>', {
      endpoint: 'x',
      signal: signal(),
      expect: 'text',
      headers: { 'content-type': 'text/xml' },
    });
    expect(bodies).toEqual(['POST application/json {"a":1}', 'POST text/xml <soap/>']);
    expect(soap.text).toBe('<ok/>');
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['503', (response) => answerJson(response, '', 503)],
    ['408', (response) => answerJson(response, '', 408)],
    [
      'a web page with 200',
      (response) => {
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<html>hello</html>');
      },
    ],
    [
      'a web page with 403',
      (response) => {
        response.writeHead(403, { 'content-type': 'text/html' });
        response.end('<html>challenge</html>');
      },
    ],
    ['JSON that stops in the middle', (response) => answerJson(response, '{"rows":[1,')],
    ['an empty answer', (response) => answerJson(response, '')],
    [
      'a reset',
      (response) => {
        response.socket?.resetAndDestroy();
      },
    ],
    [
      'a body cut short',
      (response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"rows":[');
        setTimeout(() => response.destroy(), 10);
      },
    ],
    [
      'a chunked body cut short',
      (response) => {
        response.writeHead(200);
        response.write('{"rows":[]}');
        setTimeout(() => response.destroy(), 10);
      },
    ],
    [
      'a gzip body cut short',
      (response) => {
        const body = gzipSync('{"rows":[]}');
        response.writeHead(200, { 'content-encoding': 'gzip' });
        response.end(body.subarray(0, body.length - 12));
      },
    ],
  ])('tries again after %s and says so', async (_name, spoil) => {
    const server = await serve((_, response, count) => {
      if (count <= 2) spoil(response);
      else answerJson(response, { rows: [] });
    });
    const { http, heard } = client(server.url);
    expect((await http.get('/x', { endpoint: 'rows', signal: signal() })).body).toEqual({ rows: [] });
    expect(heard.troubles.map((error) => error.kind)).toEqual(['transient', 'transient']);
    expect(heard.troubles.every((error) => (error.retryAt ?? 0) > 0)).toBe(true);
    expect(heard.recovered).toBe(1);
    expect(heard.requests).toHaveLength(3);
    expect(heard.requests.at(-1)).toEqual({ endpoint: 'rows', status: 200 });
  });

  it('gives up on an answer that trickles in for too long', async () => {
    const server = await serve((_, response, count) => {
      if (count > 1) return answerJson(response, {});
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    const { http, heard } = client(server.url);
    await http.get('/x', { endpoint: 'x', signal: signal(), timeoutMs: 150 });
    expect(heard.troubles.map((error) => error.code)).toEqual(['vendor:timeout']);
  });

  it('refuses an answer above the cap, compressed or not, and names the cap', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(`"${'x'.repeat(50_000)}"`));
    });
    const error = await thrown(client(server.url, { maxBytes: 10_000 }).http.get('/x', { endpoint: 'x', signal: signal() }));
    expect(error).toMatchObject({ kind: 'data', code: 'vendor:too_large' });
    expect(error.message).toContain('10000 bytes');
  });

  it.each([
    [401, 'config', 'connection'],
    [403, 'config', 'table'],
    [404, 'data', 'table'],
    [400, 'data', 'table'],
    [422, 'data', 'table'],
  ])("sorts %i as %s of the %s, in the vendor's words", async (status, kind, reach) => {
    const server = await serve((_, response) => answerJson(response, { errors: [{ detail: 'Nobody likes this.' }] }, status));
    const error = await thrown(client(server.url).http.get('/x', { endpoint: 'x', signal: signal() }));
    expect(error).toMatchObject({ kind, reach, code: `vendor:${status}` });
    expect(error.message).toContain('Nobody likes this');
    expect(statusOf(error)).toBe(status);
    expect(server.asked).toHaveLength(1);
  });

  it('calls an answer that nothing has changed no redirect', async () => {
    const server = await serve((_, response) => response.writeHead(304).end());
    const error = await thrown(client(server.url).http.get('/x', { endpoint: 'x', signal: signal() }));
    expect(error).toMatchObject({ kind: 'config', code: 'vendor:304', remedy: expect.stringContaining('cache') });
    expect(error.message).not.toContain('redirect');
  });

  it.each(['json', 'text'] as const)('does not take a part of an answer for the whole, expecting %s', async (expected) => {
    let answers = 0;
    const server = await serve((_, response) => answerJson(response, { rows: [1, 2].slice(0, (answers += 1)) }, answers === 1 ? 206 : 200));
    const { text } = await client(server.url).http.get('/x', { endpoint: 'x', signal: signal(), expect: expected });
    expect(JSON.parse(text)).toEqual({ rows: [1, 2] });
    expect(server.asked).toHaveLength(2);
  });

  it('does not take a web page with 404 for the answer of the API', async () => {
    const server = await serve((_, response) => {
      response.writeHead(404, { 'content-type': 'text/html' });
      response.end('<html><body>Not Found</body></html>');
    });
    const error = await thrown(client(server.url).http.get('/x', { endpoint: 'x', signal: signal() }));
    expect(error).toMatchObject({ kind: 'data', code: 'vendor:not_api' });
    expect(statusOf(error)).toBeUndefined();
  });

  it('waits as long as a 429 says, for every request of that bucket', async () => {
    const server = await serve((_, response, count) =>
      count === 1 ? answerJson(response, {}, 429, { 'retry-after': '1' }) : answerJson(response, {}),
    );
    const { http, heard } = client(server.url, { budget: { buckets: { x: { windows: [] } }, concurrency: 1 } });
    const began = Date.now();
    await Promise.all([http.get('/a', { endpoint: 'x', signal: signal() }), http.get('/b', { endpoint: 'x', signal: signal() })]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
    expect(server.asked).toHaveLength(3);
    expect(heard.throttled.length).toBeGreaterThan(0);
    expect(heard.waitedMs).toBeGreaterThanOrEqual(990);
    expect(heard.troubles).toEqual([]);
  });

  it("lets the vendor's own rules go first", async () => {
    const server = await serve((_, response, count) =>
      count === 1 ? answerJson(response, { busy: true }) : answerJson(response, { busy: false }),
    );
    const { http, heard } = client(server.url, {
      classify: (answer) => ((answer.body as { busy: boolean }).busy ? { kind: 'transient', message: 'The vendor is busy.' } : undefined),
    });
    expect((await http.get('/x', { endpoint: 'x', signal: signal() })).body).toEqual({ busy: false });
    expect(heard.troubles.map((error) => error.message)).toEqual(['The vendor is busy.']);
  });

  it('stops at once when asked, whatever it is doing', async () => {
    const hanging = await serve(() => undefined);
    const failing = await serve((_, response) => answerJson(response, {}, 500));
    const throttling = await serve((_, response) => answerJson(response, {}, 429, { 'retry-after': '60' }));
    for (const server of [hanging, failing, throttling]) {
      const { observer } = listener();
      const http = createHttpFactory({ observer, clock: systemClock, random: () => 1 })({
        title: 'V',
        vendor: 'v',
        baseUrl: server.url,
        budget: { buckets: {}, concurrency: 1 },
        secrets: [],
      });
      const stop = new AbortController();
      const work = thrown(http.get('/x', { endpoint: 'x', signal: stop.signal }));
      await expect.poll(() => server.asked.length).toBe(1);
      setTimeout(() => stop.abort(), 50);
      const began = Date.now();
      expect((await work).kind).toBe('stopped');
      expect(Date.now() - began).toBeLessThan(20_000);
    }
  });

  it('throws a transient failure when the caller wants no more tries', async () => {
    const server = await serve((_, response) => answerJson(response, {}, 502));
    const error = await thrown(client(server.url).http.get('/x', { endpoint: 'x', signal: signal(), maxTries: 2 }));
    expect(error).toMatchObject({ kind: 'transient', code: 'vendor:502' });
    expect(server.asked).toHaveLength(2);
  });

  it('shows no secret in any error, however the vendor repeats it', async () => {
    const secret = 'pk_live_s3cret/+key';
    const server = await serve((request, response) =>
      answerJson(
        response,
        {
          detail: `bad key ${secret} ${encodeURIComponent(secret)} ${Buffer.from(secret).toString('base64')} ${request.headers.authorization}`,
        },
        400,
      ),
    );
    const { http } = client(server.url, { secrets: [secret], headers: { authorization: `Key ${secret}` } });
    const error = await thrown(http.get('/x', { endpoint: 'x', signal: signal() }));
    const everything = [error.message, error.detail, error.stack, JSON.stringify(error), String(error.cause)].join(' ');
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) expect(everything).not.toContain(form);
    expect(error.message).toContain('***');
    const network = client(`http://127.0.0.1:${await refusedPort()}`, { secrets: [secret], headers: { authorization: `Key ${secret}` } });
    const refused = await thrown(network.http.get('/x', { endpoint: 'x', signal: signal(), maxTries: 1 }));
    expect(refused).toMatchObject({ kind: 'transient', code: 'vendor:network' });
    expect(JSON.stringify([refused, refused.message, refused.detail, refused.cause])).not.toContain(secret);
  });

  it('speaks to its observer within the context of who asked', async () => {
    let failed = false;
    const server = await serve((request, response, count) => {
      if (count === 1) return answerJson(response, {}, 429, { 'retry-after': '1' });
      const fails = request.url === '/a' && !failed;
      failed ||= fails;
      answerJson(response, {}, fails ? 500 : 200);
    });
    const who = new AsyncLocalStorage<string>();
    const heard: string[] = [];
    const note = (what: string) => (): void => {
      heard.push(`${what} ${who.getStore()}`);
    };
    const factory = createHttpFactory({
      clock: systemClock,
      random: () => 0,
      observer: {
        onRequest: note('request'),
        onThrottled: note('throttled'),
        onWaited: note('waited'),
        onRetry: note('trouble'),
        onRecovered: note('recovered'),
      },
    });
    const http = factory({
      title: 'V',
      vendor: 'v',
      baseUrl: server.url,
      budget: { buckets: { x: { windows: [] } }, concurrency: 1 },
      secrets: [],
    });
    await Promise.all(['a', 'b'].map((name) => who.run(name, () => http.get(`/${name}`, { endpoint: 'x', signal: signal() }))));
    expect(new Set(heard)).toEqual(
      new Set(['request a', 'request b', 'throttled a', 'throttled b', 'waited a', 'waited b', 'trouble a', 'recovered a']),
    );
  });
});
