import { describe, expect, it } from 'vitest';
import { ask, started } from './ask.ts';

describe('who may ask', () => {
  it('answers the workspace to a known Bearer token only', async () => {
    const sim = await started();
    expect(await ask(sim, '/')).toMatchObject({ status: 200, body: { data: { workspace: { id: sim.workspace.info.id } } } });
    for (const authorization of ['', sim.tokens.business, 'Bearer nobody', 'Basic eA==']) {
      expect(await ask(sim, '/sources', { authorization })).toMatchObject({ status: 401, body: { errors: [{ type: 'unauthorized' }] } });
    }
    sim.switches.unknownToken = 403;
    expect((await ask(sim, '/', { authorization: 'Bearer nobody' })).status).toBe(403);
  });

  it('refuses what the plan does not hold', async () => {
    const sim = await started();
    const as = async (kind: keyof typeof sim.tokens, path: string) =>
      (await ask(sim, path, { authorization: `Bearer ${sim.tokens[kind]}` })).status;
    expect(await as('team', '/audit-events')).toBe(403);
    expect(await as('team', '/sources')).toBe(200);
    expect(await as('free', '/')).toBe(200);
    const destination = sim.workspace.destinations[0]?.['id'];
    for (const path of [
      '/sources',
      '/users',
      '/usage/mtu/daily?period=2026-03-01',
      '/audit-events',
      `/destinations/${destination}/subscriptions`,
    ])
      expect(await as('free', path)).toBe(403);
    expect(await as('business', '/audit-events')).toBe(200);
  });

  it('keeps write keys from a member', async () => {
    const sim = await started();
    const { body } = await ask(sim, '/sources', { authorization: `Bearer ${sim.tokens.member}` });
    expect(body.data.sources.map((s: any) => s.writeKeys)).toEqual(sim.workspace.sources.map(() => []));
    expect((await ask(sim, '/sources')).body.data.sources[0].writeKeys[0]).toHaveLength(32);
  });

  it('turns features off per workspace, with the reason', async () => {
    const sim = await started({ switches: { auditTrail: false, protocols: false, destinationSubscriptions: false } });
    const destination = sim.workspace.destinations[0]?.['id'];
    for (const path of ['/audit-events', '/transformations', `/destinations/${destination}/subscriptions`]) {
      expect(await ask(sim, path)).toMatchObject({ status: 403, body: { errors: [{ message: expect.stringMatching(/plan|enabled/) }] } });
    }
    sim.switches.protocols = true;
    expect((await ask(sim, '/transformations')).status).toBe(200);
  });

  it('keeps regions apart', async () => {
    const us = await started();
    const eu = await started({ region: 'eu' });
    expect((await ask(eu, '/', { authorization: `Bearer ${us.tokens.business}` })).status).toBe(401);
    expect((await ask(eu, '/')).body.data.workspace.id).not.toBe(us.workspace.info.id);
  });

  it('has no other paths and verbs', async () => {
    const sim = await started();
    expect(await ask(sim, '/nothing')).toMatchObject({ status: 404, body: { errors: [{ message: expect.any(String) }] } });
    expect((await ask(sim, '/sources', {}, 'POST')).status).toBe(405);
  });
});

describe('versions', () => {
  it('takes both spellings and what axios sends, and answers JSON in UTF-8', async () => {
    const sim = await started();
    for (const level of ['stable', 'beta', 'alpha', 'v1', 'v1beta', 'v1alpha']) {
      expect((await ask(sim, '/sources', { accept: `application/vnd.segment.${level}+json` })).status).toBe(200);
    }
    const plain = await ask(sim, '/sources', { accept: 'application/json, text/plain, */*' });
    expect(plain.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('leaves the newer fields of a transformation out of beta', async () => {
    const sim = await started();
    expect((await ask(sim, '/transformations')).body.data.transformations[0]).toHaveProperty('drop');
    expect(
      (await ask(sim, '/transformations', { accept: 'application/vnd.segment.beta+json' })).body.data.transformations[0],
    ).not.toHaveProperty('drop');
  });

  it('falls back or refuses where a level does not exist', async () => {
    const sim = await started();
    const path = `/destinations/${sim.workspace.destinations[0]?.['id']}/subscriptions`;
    const stable = { accept: 'application/vnd.segment.stable+json' };
    expect((await ask(sim, path, stable)).status).toBe(200);
    sim.switches.unsupportedVersion = 404;
    expect((await ask(sim, path, stable)).status).toBe(404);
    sim.switches.unsupportedVersion = 406;
    expect((await ask(sim, path, stable)).status).toBe(406);
    expect((await ask(sim, path)).status).toBe(200);
  });
});

describe('the rate limit', () => {
  it('counts down in the headers of every success and ends in a 429 that says how long', async () => {
    const sim = await started({ limits: { enabled: true, points: 3, windowMs: 60_000 } });
    const first = await ask(sim, '/');
    expect([first.headers.get('x-ratelimit-consumed'), first.headers.get('x-ratelimit-remaining')]).toEqual(['1', '2']);
    const reset = Date.parse(first.headers.get('x-ratelimit-reset') as string) - Date.parse(first.headers.get('date') as string);
    expect(reset).toBeGreaterThan(0);
    expect(reset).toBeLessThanOrEqual(61_000);
    await ask(sim, '/');
    await ask(sim, '/');
    const refused = await ask(sim, '/');
    expect(refused).toMatchObject({
      status: 429,
      body: { errors: [{ type: 'RequestError', data: { remainingPoints: 0, consumedPoints: 4 } }] },
    });
    const wait = refused.body.errors[0].data.msBeforeNext;
    expect(refused.headers.get('retry-after')).toBeNull();
    sim.rates.advance(wait);
    expect((await ask(sim, '/')).status).toBe(200);
  });

  it('can count endpoints in alpha by themselves', async () => {
    const sim = await started({ limits: { enabled: true, points: 3, alphaPoints: 1 } });
    const path = `/destinations/${sim.workspace.destinations[0]?.['id']}/subscriptions`;
    expect((await ask(sim, path)).headers.get('x-ratelimit-remaining')).toBe('0');
    expect(await ask(sim, path)).toMatchObject({ status: 429, body: { errors: [{ data: { consumedPoints: 2 } }] } });
    expect((await ask(sim, '/users')).headers.get('x-ratelimit-remaining')).toBe('2');
  });

  it('throttles on demand', async () => {
    const sim = await started();
    sim.faults.add({ kind: 'throttled', retryAfter: 2, times: 1 });
    const refused = await ask(sim, '/');
    expect([refused.status, refused.headers.get('retry-after'), refused.body.errors[0].data.msBeforeNext]).toEqual([429, '2', 2000]);
  });
});
