import { describe, expect, it } from 'vitest';
import { get, HEADERS, NOW, post, problem, simulator } from './client.ts';

describe('who may ask', () => {
  it('refuses a missing, wrong or unscoped key', async () => {
    const sim = await simulator({ keys: { pk_all: ['profiles:read'], pk_none: [] } });
    const ask = (authorization?: string) =>
      get(sim, '/api/profiles', {}, { revision: '2026-07-15', ...(authorization === undefined ? {} : { authorization }) });
    expect([(await ask()).status, problem(await ask()).code]).toEqual([401, 'not_authenticated']);
    expect(problem(await ask('Klaviyo-API-Key pk_wrong'))).toMatchObject({ status: 401, code: 'authentication_failed' });
    expect((await ask('Bearer pk_all')).status).toBe(401);
    expect(problem(await ask('Klaviyo-API-Key pk_none'))).toMatchObject({
      status: 403,
      code: 'permission_denied',
      detail: expect.stringContaining('profiles:read'),
    });
    expect((await ask('Klaviyo-API-Key pk_all')).status).toBe(200);
    expect((await get(sim, '/api/events', {}, { ...HEADERS, authorization: 'Klaviyo-API-Key pk_all' })).status).toBe(403);
  });

  it('never writes the key down', async () => {
    const sim = await simulator();
    await get(sim, '/api/profiles');
    expect(JSON.stringify(sim.requests.list())).not.toContain('pk_simulator_000');
    expect(sim.requests.counts()).toEqual({ 'GET /api/profiles': { 200: 1 } });
  });

  it('answers in the vendor media type, with and without a trailing slash, and 404 elsewhere', async () => {
    const sim = await simulator();
    for (const path of ['/api/metrics', '/api/metrics/', '/api/accounts', '/api/profiles/']) {
      const reply = await get(sim, path);
      expect([path, reply.status, reply.headers.get('content-type')]).toEqual([path, 200, 'application/vnd.api+json']);
    }
    expect(problem(await get(sim, '/api/campaigns'))).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('revisions', () => {
  const under = (sim: { url: string }, revision: string | undefined, path: string, parameters = {}) =>
    get(sim, path, parameters, { authorization: HEADERS.authorization, ...(revision === undefined ? {} : { revision }) });

  it('must be named and known', async () => {
    const sim = await simulator();
    for (const revision of [undefined, '2026-07-16', 'latest']) {
      expect(problem(await under(sim, revision, '/api/profiles'))).toMatchObject({ status: 400, source: { parameter: 'revision' } });
    }
  });

  it.each([
    ['2023-06-15', '/api/events', { include: 'metrics,profiles' }, 200],
    ['2023-06-15', '/api/events', { include: 'metric' }, 400],
    ['2023-07-15', '/api/events', { include: 'metric,profile' }, 200],
    ['2023-12-15', '/api/events', { include: 'attributions' }, 400],
    ['2024-02-15', '/api/events', { include: 'attributions' }, 200],
    ['2025-10-15', '/api/events', { 'page[size]': 200 }, 400],
    ['2026-01-15', '/api/events', { 'page[size]': 1000 }, 200],
    ['2023-10-15', '/api/events', { filter: 'has(profile)' }, 400],
    ['2023-12-15', '/api/events', { filter: 'has(profile)' }, 200],
    ['2026-01-15', '/api/events', { filter: 'has(metric)' }, 400],
    ['2026-04-15', '/api/events', { filter: 'has(metric)' }, 200],
    ['2023-09-15', '/api/profiles', { 'additional-fields[profile]': 'subscriptions' }, 400],
    ['2023-10-15', '/api/profiles', { 'additional-fields[profile]': 'subscriptions,predictive_analytics' }, 200],
    ['2025-10-15', '/api/profiles', { include: 'lists,segments,push-tokens' }, 200],
    ['2026-07-15', '/api/profiles', { include: 'lists' }, 400],
    ['2026-07-15', '/api/profiles', { include: 'conversations' }, 200],
    ['2024-07-15', '/api/metrics', { include: 'flow-triggers' }, 400],
    ['2024-10-15', '/api/metrics', { include: 'flow-triggers' }, 200],
  ])('%s decides whether %s takes %o: %i', async (revision, path, parameters, status) => {
    expect((await under(await simulator(), revision, path, parameters)).status).toBe(status);
  });

  it('before 2024-02-15 put $attribution among the properties', async () => {
    const sim = await simulator();
    expect((await under(sim, '2023-12-15', '/api/events')).text).toContain('$attribution');
    expect((await under(sim, '2024-02-15', '/api/events')).text).not.toContain('$attribution');
  });
});

describe('validation', () => {
  it.each([
    ['/api/profiles', { 'fields[profile]': 'email,shoe_size' }, 'fields[profile]'],
    ['/api/profiles', { 'fields[location]': 'city' }, 'fields[location]'],
    ['/api/profiles', { sort: 'first_name' }, 'sort'],
    ['/api/profiles', { 'page[size]': 101 }, 'page[size]'],
    ['/api/profiles', { 'page[size]': 0 }, 'page[size]'],
    ['/api/profiles', { 'page[size]': '1e2' }, 'page[size]'],
    ['/api/profiles', { limit: 5 }, 'limit'],
    ['/api/profiles', { 'additional-fields[profile]': 'lists' }, 'additional-fields[profile]'],
    ['/api/profiles', { filter: 'greater-or-equal(updated,2026-03-01T00:00:00Z)' }, 'filter'],
    ['/api/profiles', { filter: 'equals(first_name,"Ada")' }, 'filter'],
    ['/api/profiles', { filter: 'greater-than(updated,"2026-03-01T00:00:00Z")' }, 'filter'],
    ['/api/profiles', { filter: 'greater-than(updated,2026-13-01T00:00:00Z)' }, 'filter'],
    ['/api/profiles', { filter: 'greater-than(updated,2026-03-01T00:00:00Z),greater-than(updated,2026-03-02T00:00:00Z)' }, 'filter'],
    ['/api/profiles', { filter: 'greater-than(updated,2026-03-01T00:00:00Z' }, 'filter'],
    ['/api/profiles', { filter: 'equals(email,"a@b.test)' }, 'filter'],
    ['/api/profiles', { filter: 'any(id,"x")' }, 'filter'],
    ['/api/profiles', { filter: '' }, 'filter'],
    ['/api/events', { 'page[size]': 1001 }, 'page[size]'],
    ['/api/events', { sort: 'uuid' }, 'sort'],
    ['/api/events', { filter: 'equals(metric_id,17)' }, 'filter'],
    ['/api/metrics', { 'page[size]': 50 }, 'page[size]'],
    ['/api/metrics', { sort: 'name' }, 'sort'],
    ['/api/metrics', { filter: 'any(integration.name,["API"])' }, 'filter'],
  ])('%s refuses %o and names %s', async (path, parameters, parameter) => {
    const reply = await get(await simulator(), path, parameters as Record<string, string>);
    expect(reply.status).toBe(400);
    expect(problem(reply)).toMatchObject({
      status: 400,
      code: 'invalid',
      title: 'Invalid input.',
      source: { parameter },
      id: expect.any(String),
      links: {},
      meta: {},
    });
  });

  it('refuses a parameter given twice', async () => {
    const sim = await simulator();
    const response = await fetch(`${sim.url}/api/profiles?sort=id&sort=updated`, { headers: HEADERS });
    expect(response.status).toBe(400);
  });
});

describe('filters', () => {
  it('take every way to write a time, and no plus that became a space', async () => {
    const sim = await simulator();
    const count = async (time: string) =>
      (await get(sim, '/api/profiles', { filter: `greater-than(updated,${time})`, 'page[size]': 100 })).body?.data?.length;
    const expected = await count('2026-01-02T03:04:05Z');
    expect(expected).toBeGreaterThan(0);
    for (const time of [
      '2026-01-02T03:04:05.000Z',
      '2026-01-02 03:04:05Z',
      '2026-01-02T04:04:05+01:00',
      '2026-01-02T03:04:05+0000',
      '2026-01-02T03:04:05',
    ]) {
      expect([time, await count(time)]).toEqual([time, expected]);
    }
    const plus = await fetch(`${sim.url}/api/profiles?filter=greater-than(updated,2026-01-02T03:04:05+00:00)`, { headers: HEADERS });
    expect(plus.status).toBe(400);
  });

  it('take single and double quotes, escapes and lists', async () => {
    const sim = await simulator();
    const [first, second] = (await get(sim, '/api/profiles', { sort: 'id' })).body.data;
    const ids = async (filter: string) => (await get(sim, '/api/profiles', { filter })).body.data.map((row: { id: string }) => row.id);
    expect(await ids(`equals(id,"${first.id}")`)).toEqual([first.id]);
    expect(await ids(`any(id,["${first.id}", '${second.id}'])`)).toEqual([first.id, second.id]);
    expect(await ids(`equals(email,'${first.attributes.email}')`)).toEqual([first.id]);
    await post(sim, '/api/profile-import', { data: { type: 'profile', attributes: { external_id: 'a"b\\c),d' } } });
    expect(await ids('equals(external_id,"a\\"b\\\\c),d")')).toHaveLength(1);
    expect(await ids("equals(external_id,'a\"b\\\\c),d')")).toHaveLength(1);
  });

  it('join conditions with a comma and hold the bounds strictly', async () => {
    const sim = await simulator();
    const all = (await get(sim, '/api/profiles', { sort: 'updated', 'page[size]': 100 })).body.data;
    const [low, high] = [all[20].attributes.updated, all[60].attributes.updated].map((text) => new Date(text).toISOString()) as [
      string,
      string,
    ];
    const inside = (
      await get(sim, '/api/profiles', {
        sort: 'updated',
        'page[size]': 100,
        filter: `greater-than(updated,${low}),less-than(updated,${high})`,
      })
    ).body.data;
    const expected = all.filter(
      (row: any) => Date.parse(row.attributes.updated) > Date.parse(low) && Date.parse(row.attributes.updated) < Date.parse(high),
    );
    expect(inside.map((row: any) => row.id)).toEqual(expected.map((row: any) => row.id));
  });

  it('know all four orders on event times, as a date and as seconds', async () => {
    const sim = await simulator();
    const all = (await get(sim, '/api/events', { sort: 'datetime', 'page[size]': 1000 })).body.data;
    const bound = all[400].attributes.timestamp as number;
    const date = new Date(bound * 1000).toISOString();
    for (const [operator, fits] of [
      ['greater-than', (t: number) => t > bound],
      ['greater-or-equal', (t: number) => t >= bound],
      ['less-than', (t: number) => t < bound],
      ['less-or-equal', (t: number) => t <= bound],
    ] as const) {
      const expected = all.filter((row: any) => fits(row.attributes.timestamp)).length;
      for (const filter of [`${operator}(datetime,${date})`, `${operator}(timestamp,${bound})`]) {
        expect([filter, (await get(sim, '/api/events', { filter, 'page[size]': 1000 })).body.data.length]).toEqual([filter, expected]);
      }
    }
  });

  it('select events by metric and by profile', async () => {
    const sim = await simulator();
    const all = (await get(sim, '/api/events', { sort: 'datetime', 'page[size]': 1000 })).body.data;
    const sample = all.find(
      (row: any) => row.relationships.profile && sim.truth.metricOf(row.id).resource().attributes.name !== 'Viewed Form',
    );
    const metric = sample.relationships.metric.data.id;
    const profile = sample.relationships.profile.data.id;
    const ofMetric = (await get(sim, '/api/events', { filter: `equals(metric_id,"${metric}")`, 'page[size]': 1000, sort: 'datetime' })).body
      .data;
    expect(ofMetric).toEqual(all.filter((row: any) => row.relationships.metric.data.id === metric));
    const ofProfile = (await get(sim, '/api/events', { filter: `equals(profile_id,"${profile}")`, sort: 'datetime' })).body.data;
    expect(ofProfile).toEqual(all.filter((row: any) => row.relationships.profile?.data.id === profile));
    const both = await get(sim, '/api/events', {
      filter: `equals(metric_id,"${metric}"),equals(profile_id,"${profile}"),less-than(datetime,2026-03-10T00:00:00Z)`,
    });
    expect(both.body.data.map((row: any) => row.id)).toContain(sample.id);
  });

  it('refuse a listed metric here and an unlisted one everywhere', async () => {
    const sim = await simulator();
    const viewed = (await get(sim, '/api/metrics')).body.data.find((row: any) => row.attributes.name === 'Viewed Form');
    for (const id of [viewed.id, 'SmNone']) {
      expect(problem(await get(sim, '/api/events', { filter: `equals(metric_id,"${id}")` }))).toMatchObject({
        status: 400,
        detail: `Metric IDs ['${id}'] do not exist.`,
        source: { parameter: 'filter' },
      });
    }
    expect((await get(sim, `/api/metrics/${viewed.id}`)).status).toBe(200);
    expect((await get(sim, '/api/metrics/SmNone')).status).toBe(404);
  });

  it('refuse event times in the future or within two seconds of now', async () => {
    const sim = await simulator();
    const ask = (ms: number) => get(sim, '/api/events', { filter: `less-than(datetime,${new Date(ms).toISOString()})` });
    expect((await ask(NOW - 2000)).status).toBe(200);
    const refused = await ask(NOW - 1000);
    expect(problem(refused)).toMatchObject({
      status: 400,
      code: 'invalid',
      detail: 'End date may not be in the future: 2026-03-10T11:59:59',
      source: { pointer: 'datetime' },
    });
    expect(problem(await get(sim, '/api/events', { filter: `greater-or-equal(timestamp,${NOW / 1000 + 60})` })).source).toEqual({
      pointer: 'timestamp',
    });
    sim.clock.advance(1000);
    expect((await ask(NOW - 1000)).status).toBe(200);
    sim.quirks.refuseTimes = true;
    expect((await ask(NOW - 86_400_000)).status).toBe(400);
  });
});

describe('what comes back', () => {
  it('is cut to the wanted fields, dotted ones too', async () => {
    const sim = await simulator();
    const profiles = (await get(sim, '/api/profiles', { 'fields[profile]': 'updated,location.city,location.zip' })).body.data;
    expect(Object.keys(profiles[0].attributes)).toEqual(['updated', 'location']);
    expect(Object.keys(profiles.find((row: any) => row.attributes.location).attributes.location)).toEqual(['city', 'zip']);
    expect(profiles[0]).toMatchObject({ type: 'profile', id: expect.any(String) });
    const events = (await get(sim, '/api/events', { 'fields[event]': 'datetime', include: 'metric', 'fields[metric]': 'name' })).body;
    expect(Object.keys(events.data[0].attributes)).toEqual(['datetime']);
    expect(Object.keys(events.included[0].attributes)).toEqual(['name']);
  });

  it('has subscriptions and predictions only on request', async () => {
    const sim = await simulator();
    expect(Object.keys((await get(sim, '/api/profiles')).body.data[0].attributes)).not.toContain('subscriptions');
    const more = (await get(sim, '/api/profiles', { 'additional-fields[profile]': 'subscriptions,predictive_analytics' })).body.data[0]
      .attributes;
    expect(more.subscriptions.email.marketing.consent).toMatch(/SUBSCRIBED/);
    expect(more).toHaveProperty('predictive_analytics');
  });

  it('includes what belongs to the page, each once, told apart by type', async () => {
    const sim = await simulator();
    const page = (await get(sim, '/api/events', { include: 'metric,profile,attributions', 'page[size]': 500 })).body;
    const keys = page.included.map((row: any) => `${row.type} ${row.id}`);
    expect(new Set(keys).size).toBe(keys.length);
    const named = new Set(page.data.map((row: any) => `metric ${row.relationships.metric.data.id}`));
    expect(new Set(keys.filter((key: string) => key.startsWith('metric')))).toEqual(named);
    expect(page.included.find((row: any) => row.type === 'profile').attributes).not.toHaveProperty('subscriptions');
    const attributed = page.data.find((row: any) => row.relationships.attributions.data.length > 0);
    expect(keys).toContain(`attribution ${attributed.relationships.attributions.data[0].id}`);
  });

  it('leads from an event to its profile and metric', async () => {
    const sim = await simulator();
    const event = (await get(sim, '/api/events')).body.data.find((row: any) => row.relationships.profile);
    const { profile, metric } = event.relationships;
    expect((await get(sim, `/api/events/${event.id}`)).body.data).toEqual(event);
    expect((await get(sim, `/api/events/${event.id}/profile`)).body.data.id).toBe(profile.data.id);
    expect((await get(sim, `/api/events/${event.id}/metric`)).body.data.id).toBe(metric.data.id);
    expect((await get(sim, `/api/events/${event.id}/relationships/profile`)).body).toEqual({ data: profile.data });
    expect((await get(sim, '/api/events/SiMnone')).status).toBe(404);
  });
});
