import { Agent, get } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { simClock } from '../../simulators/kit/clock.ts';
import { json } from '../../simulators/kit/http-server.ts';
import { parseLossless } from '../../simulators/kit/lossless-json.ts';
import { fraction, randomStream, sample, uuid } from '../../simulators/kit/random.ts';
import { rateWindows } from '../../simulators/kit/rate-windows.ts';
import { startSimulator, type Simulator } from '../../simulators/kit/simulator.ts';
import { sortedRows } from '../../simulators/kit/sorted-rows.ts';

let open: Simulator<unknown> | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function tiny() {
  open = await startSimulator({
    clock: simClock(1_000),
    limits: { enabled: true },
    truth: null,
    operations: { double: ({ n }: { n: number }) => n * 2 },
    streams: { rows: () => Array.from({ length: 1200 }, (_, i) => `{"n":${i}}`) },
    server: (url) => ({
      routes: {
        'GET /things/:id': (request) => json(200, { id: request.params['id'], query: [...request.query], self: url() }),
        'POST /things': (request) => json(201, { body: request.body }),
      },
      notFound: () => json(404, { error: 'no such thing' }),
      throttled: (seconds) => json(429, {}, seconds === undefined ? {} : { 'retry-after': String(seconds) }),
      secretParameters: ['api_key'],
    }),
  });
  return open;
}

describe('the server of the simulators', () => {
  it('does nothing for a page elsewhere whose name was made to point here', async () => {
    const { url, controlUrl } = await tiny();
    for (const address of [url, controlUrl])
      for (const [host, status] of [
        ['evil.example', 421],
        ['localhost.evil.example:80', 421],
        ['LOCALHOST:1', 404],
        ['127.0.0.1', 404],
      ] as const) {
        const answered = await new Promise<number | undefined>((resolve, reject) => {
          get(`${address}/nothing`, { headers: { host } }, (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          }).on('error', reject);
        });
        expect([address, host, answered]).toEqual([address, host, status]);
      }
  });

  it('routes with parameters, with and without a trailing slash', async () => {
    const { url } = await tiny();
    for (const path of ['/things/a%2Fb?x=1', '/things/a%2Fb/?x=1']) {
      expect(await (await fetch(url + path)).json()).toEqual({ id: 'a/b', query: [['x', '1']], self: url });
    }
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect(await (await fetch(`${url}/things`, { method: 'POST', body: 'zażółć' })).json()).toEqual({ body: 'zażółć' });
  });

  it('keeps connections alive', async () => {
    const { url } = await tiny();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    for (let i = 0; i < 3; i++) {
      await new Promise<void>((resolve, reject) => {
        get(`${url}/things/1`, { agent }, (response) => {
          sockets.add(response.socket.localPort);
          response.resume().on('end', resolve);
        }).on('error', reject);
      });
    }
    agent.destroy();
    expect(sockets.size).toBe(1);
  });

  it('counts requests, logs them by the simulated clock, and masks credentials', async () => {
    const { url, requests, clock } = await tiny();
    await fetch(`${url}/things/1?api_key=abc123&x=%2B`, { headers: { authorization: 'Bearer abc123' } });
    clock.advance(500);
    await fetch(`${url}/nothing`);
    expect(requests.counts()).toEqual({ 'GET /things/:id': { 200: 1 }, '': { 404: 1 } });
    const [first, second] = requests.list();
    expect(first).toMatchObject({ method: 'GET', path: '/things/1', query: 'api_key=***&x=+', status: 200, time: 1000 });
    expect(second?.time).toBe(1500);
    expect(JSON.stringify(requests.list())).not.toContain('abc123');
  });
});

describe('injected faults', () => {
  it('answer instead of the vendor for the matching requests only, as often as asked', async () => {
    const { url, faults } = await tiny();
    faults.add({ kind: 'status', status: 503, body: 'down', on: 'GET /things/*', query: 'page=2', after: 1, times: 2 });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await fetch(`${url}/things/1?page=2`)).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect((await fetch(`${url}/things/1?page=1`)).status).toBe(200);
  });

  it('stay while set and end when cleared', async () => {
    const { url, faults } = await tiny();
    const id = faults.add({ kind: 'html' });
    const page = await fetch(`${url}/things/1`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect((await fetch(`${url}/things/1`)).headers.get('content-type')).toContain('html');
    faults.clear(id);
    expect((await fetch(`${url}/things/1`)).headers.get('content-type')).toContain('json');
  });

  it('cover empty, garbage, cut and oversized bodies and throttling', async () => {
    const { url, faults } = await tiny();
    const once = async (rule: Parameters<typeof faults.add>[0]) => {
      faults.add({ ...rule, times: 1 });
      const response = await fetch(`${url}/things/1`);
      return { response, text: await response.text() };
    };
    expect((await once({ kind: 'empty' })).text).toBe('');
    const garbage = await once({ kind: 'garbage' });
    expect(garbage.response.status).toBe(200);
    expect(() => JSON.parse(garbage.text)).toThrow();
    expect((await once({ kind: 'cut-text' })).text).toMatch(/^\{"id"[^}]*$/);
    expect((await once({ kind: 'oversized', bytes: 3_000_000 })).text.length).toBe(3_000_000);
    expect((await once({ kind: 'throttled', retryAfter: 7 })).response.headers.get('retry-after')).toBe('7');
    expect((await once({ kind: 'throttled' })).response.headers.get('retry-after')).toBeNull();
  });

  it('cut and reset connections, stall and never answer', async () => {
    const { url, faults, requests } = await tiny();
    faults.add({ kind: 'cut-connection', times: 1 });
    await expect(fetch(`${url}/things/1`).then((r) => r.text())).rejects.toThrow();
    faults.clear();
    faults.add({ kind: 'reset', times: 1 });
    await expect(fetch(`${url}/things/1`)).rejects.toThrow();
    faults.clear();
    faults.add({ kind: 'slow', delayMs: 60, times: 1 });
    const began = performance.now();
    expect((await fetch(`${url}/things/1`)).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThan(55);
    faults.add({ kind: 'hang' });
    await expect(fetch(`${url}/things/1`, { signal: AbortSignal.timeout(80) })).rejects.toThrow();
    await vi.waitFor(() => expect(requests.list().map((r) => r.fault)).toEqual(['cut-connection', 'reset', 'slow', 'hang']));
  });

  it('switch compression', async () => {
    const { url, faults } = await tiny();
    expect((await fetch(`${url}/things/1`)).headers.get('content-encoding')).toBeNull();
    faults.compression = 'accepted';
    const zipped = await fetch(`${url}/things/1`);
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.json()).toMatchObject({ id: '1' });
    expect((await fetch(`${url}/things/1`, { headers: { 'accept-encoding': 'identity' } })).headers.get('content-encoding')).toBeNull();
  });
});

describe('the control interface', () => {
  const post = async (base: string, operation: string, args?: unknown) =>
    (await fetch(`${base}/${operation}`, { method: 'POST', ...(args === undefined ? {} : { body: JSON.stringify(args) }) })).json();

  it('does over HTTP what the simulator does in process', async () => {
    const { controlUrl, url, clock, limits, faults } = await tiny();
    expect(await post(controlUrl, 'clock.advance', { ms: 250 })).toEqual({ result: 1250 });
    expect(clock.now()).toBe(1250);
    await post(controlUrl, 'limits.set', { enabled: false });
    expect(limits.enabled).toBe(false);
    await post(controlUrl, 'faults.add', { kind: 'status', status: 418, times: 1 });
    expect(faults.list()).toHaveLength(1);
    expect((await fetch(`${url}/things/1`)).status).toBe(418);
    expect(await post(controlUrl, 'requests.counts')).toEqual({ result: { 'GET /things/:id': { 418: 1 } } });
    expect(await post(controlUrl, 'double', { n: 4 })).toEqual({ result: 8 });
  });

  it('streams lines, lists itself, and says what it does not know', async () => {
    const { controlUrl } = await tiny();
    const lines = (await (await fetch(`${controlUrl}/rows`)).text()).trimEnd().split('\n');
    expect([lines.length, lines[1199]]).toEqual([1200, '{"n":1199}']);
    expect(((await (await fetch(controlUrl)).json()) as { operations: string[] }).operations).toContain('double');
    expect(await post(controlUrl, 'halve')).toEqual({ error: expect.stringContaining('"halve"') });
    expect(await post(controlUrl, 'clock.advance', { ms: -1 })).toEqual({ error: expect.stringContaining('forward') });
  });
});

describe('the parts', () => {
  it('limits by fixed windows and opens the next one on time', () => {
    let now = 60_000;
    const rates = rateWindows(() => now);
    const windows = [
      { limit: 2, ms: 1000 },
      { limit: 3, ms: 60_000 },
    ];
    expect(rates.take('a', windows)).toEqual({ allowed: true, remaining: [1, 2], resetMs: [1000, 60_000] });
    rates.take('a', windows);
    expect(rates.take('a', windows)).toMatchObject({ allowed: false, retryMs: 1000 });
    expect(rates.take('b', windows)).toMatchObject({ allowed: true });
    now += 1000;
    expect(rates.take('a', windows)).toMatchObject({ allowed: true });
    expect(rates.take('a', windows)).toMatchObject({ allowed: false, retryMs: 59_000 });
    rates.advance(59_000);
    expect(rates.take('a', windows)).toMatchObject({ allowed: true });
  });

  it('draws the same numbers from the same seed, spread evenly', () => {
    const draw = (seed: number) => Array.from({ length: 5 }, (_, i) => uuid(seed, i, 1));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    const mean = Array.from({ length: 10_000 }, (_, i) => fraction(3, i, 0)).reduce((a, b) => a + b) / 10_000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
    expect(new Set(sample([1, 2, 3, 4, 5], 3, randomStream(9))).size).toBe(3);
    expect(sample([1, 2], 5, randomStream(9))).toHaveLength(2);
  });

  it('keeps rows sorted by key and number through batches of changes', () => {
    const keys = Array.from({ length: 500 }, (_, i) => (i * 7919) % 13);
    const rows = sortedRows(400, (row) => keys[row] as number);
    const listed = () => Array.from({ length: rows.length }, (_, i) => rows.at(i));
    const expected = (members: number[]) => members.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
    const first400 = Array.from({ length: 400 }, (_, i) => i);
    expect(listed()).toEqual(expected(first400));
    rows.move([3, 7, 400, 499], () => [3, 400].forEach((row) => (keys[row] = 99)));
    expect(listed()).toEqual(expected([...first400, 400, 499]));
    rows.remove([0, 499]);
    expect(listed()).toEqual(expected([...first400, 400].filter((row) => row !== 0)));
    expect(rows.at(rows.after(5, 100))).toBe(expected([...first400, 400]).find((row) => keys[row]! > 5 || (keys[row] === 5 && row > 100)));
  });

  it('parses JSON without losing digits', () => {
    const text = '{"a":[9007199254740993,-1,1.5e3,"x\\"\\u0000",{}],"__proto__":null,"b":true}';
    expect(parseLossless(text)).toEqual({ a: [9007199254740993n, -1, 1500, 'x"\0', {}], ['__proto__']: null, b: true });
    for (const bad of [
      '',
      '{',
      '[1,]',
      '{"a"}',
      'nul',
      '1 2',
      '[9007199254740993,]',
      '{"a":9007199254740993',
      '[9007199254740993] 1',
      '{9007199254740993:1}',
    ]) {
      expect(() => parseLossless(bad)).toThrow(SyntaxError);
    }
    expect(parseLossless('{"a":[1,"é"]}')).toEqual({ a: [1, 'é'] });
  });
});
