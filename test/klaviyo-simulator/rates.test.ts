import { describe, expect, it } from 'vitest';
import { get, HEADERS, problem, simulator, type Parameters } from './client.ts';

/** How many of so many requests sent at once pass. */
async function passed(
  sim: { url: string },
  path: string,
  parameters: Parameters,
  requests: number,
  revision = '2026-07-15',
): Promise<number> {
  const replies = await Promise.all(Array.from({ length: requests }, () => get(sim, path, parameters, { ...HEADERS, revision })));
  return replies.filter((reply) => reply.status === 200).length;
}

/** Rate windows that move only when told, so that no slow machine splits a burst over two of them. */
function limited(options = {}) {
  return simulator({ limits: true, rateNow: () => 0, ...options });
}

describe('the rate windows', () => {
  it.each([
    ['/api/profiles', {}, 75, '2026-07-15'],
    ['/api/profiles', { 'additional-fields[profile]': 'subscriptions' }, 75, '2026-07-15'],
    ['/api/profiles', { 'additional-fields[profile]': 'subscriptions,predictive_analytics' }, 10, '2026-07-15'],
    ['/api/metrics', {}, 10, '2026-07-15'],
    ['/api/accounts', {}, 1, '2026-07-15'],
    ['/api/profiles', {}, 3, '2022-10-17'],
    ['/api/profiles', {}, 10, '2023-02-22'],
  ])('of %s with %o let %i requests of one second pass at revision %s', async (path, parameters, burst, revision) => {
    const sim = await limited({ profiles: 5, events: 5, metrics: 5 });
    expect(
      await passed(
        sim,
        path,
        { ...(path === '/api/profiles' && revision > '2023' ? { 'page[size]': 1 } : {}), ...parameters },
        burst + 4,
        revision,
      ),
    ).toBe(burst);
  });

  it('let the steady number of a minute pass, whatever the bursts', async () => {
    const sim = await limited();
    let total = 0;
    for (let second = 0; second < 17; second++) {
      total += await passed(sim, '/api/metrics', {}, 10);
      sim.rates.advance(1000);
    }
    expect(total).toBe(150);
    sim.rates.advance(60_000);
    expect(await passed(sim, '/api/metrics', {}, 1)).toBe(1);
  });

  it('are counted per endpoint, and predictive analytics apart', async () => {
    const sim = await limited();
    expect(await passed(sim, '/api/accounts', {}, 2)).toBe(1);
    expect(await passed(sim, '/api/metrics', {}, 1)).toBe(1);
    expect(await passed(sim, '/api/profiles', { 'additional-fields[profile]': 'predictive_analytics' }, 12)).toBe(10);
    expect(await passed(sim, '/api/profiles', {}, 1)).toBe(1);
  });

  it('are shared by the keys of the account', async () => {
    const sim = await limited({ keys: { pk_a: ['accounts:read'], pk_b: ['accounts:read'] } });
    expect((await get(sim, '/api/accounts', {}, { ...HEADERS, authorization: 'Klaviyo-API-Key pk_a' })).status).toBe(200);
    expect((await get(sim, '/api/accounts', {}, { ...HEADERS, authorization: 'Klaviyo-API-Key pk_b' })).status).toBe(429);
  });

  it('can be switched off and on', async () => {
    const sim = await limited();
    sim.limits.enabled = false;
    const reply = await get(sim, '/api/accounts');
    expect(reply.headers.get('ratelimit-limit')).toBeNull();
    expect(await passed(sim, '/api/accounts', {}, 5)).toBe(5);
    sim.limits.enabled = true;
    expect(await passed(sim, '/api/accounts', {}, 5)).toBe(1);
  });
});

describe('what the answers say about the rate', () => {
  it('describes the steady window on answers that pass, refused input included', async () => {
    const sim = await limited();
    const first = await get(sim, '/api/profiles');
    expect([first.headers.get('ratelimit-limit'), first.headers.get('ratelimit-remaining')]).toEqual(['750', '749']);
    expect(Number(first.headers.get('ratelimit-reset'))).toBeGreaterThan(0);
    expect(Number(first.headers.get('ratelimit-reset'))).toBeLessThanOrEqual(60);
    const bad = await get(sim, '/api/profiles', { sort: 'shoe_size' });
    expect([bad.status, bad.headers.get('ratelimit-remaining')]).toEqual([400, '748']);
    sim.limits.multiPartHeader = true;
    expect((await get(sim, '/api/profiles')).headers.get('ratelimit-limit')).toBe('750, 75;w=1, 750;w=60');
    const old = await get(sim, '/api/profiles', {}, { ...HEADERS, revision: '2025-10-15' });
    expect(old.headers.get('ratelimit-limit')).toBe('700, 75;w=1, 700;w=60');
  });

  it('is a wait in whole seconds on 429, and nothing else', async () => {
    const sim = await limited();
    await get(sim, '/api/accounts');
    const refused = await get(sim, '/api/accounts');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect([...refused.headers.keys()].filter((name) => name.startsWith('ratelimit'))).toEqual([]);
    expect(problem(refused)).toMatchObject({
      status: 429,
      code: 'throttled',
      title: 'Request was throttled.',
      detail: expect.stringMatching(/^Request was throttled\. Expected available in \d+ second\(s\)\.$/),
      source: { pointer: '/data' },
      links: { type: expect.stringContaining('rate_limits') },
      meta: {},
    });
  });

  it('can lack the header, the text still naming the wait', async () => {
    const sim = await limited();
    sim.limits.omitRetryAfter = true;
    await get(sim, '/api/accounts');
    const refused = await get(sim, '/api/accounts');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, null]);
    expect(problem(refused).detail).toMatch(/in [1-9]\d* second/);
  });

  it('is the same when throttling is injected', async () => {
    const sim = await simulator();
    sim.faults.add({ kind: 'throttled', retryAfter: 3, on: 'GET /api/events', times: 1 });
    const refused = await get(sim, '/api/events');
    expect([refused.status, refused.headers.get('retry-after'), problem(refused).code]).toEqual([429, '3', 'throttled']);
    expect((await get(sim, '/api/events')).status).toBe(200);
  });
});
