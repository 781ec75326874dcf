import { describe, expect, it } from 'vitest';
import { at, get, idsOf, NOW, post, problem, rowsOf, simulator, walk } from './client.ts';

const SINCE = { sort: 'updated', filter: `greater-than(updated,${at(NOW - 1000)})`, 'page[size]': 100 };
const events = (sim: { url: string }, more = {}) => walk(sim, '/api/events', { sort: 'datetime', 'page[size]': 1000, ...more });

describe('changed profiles', () => {
  it('carry the simulated now and differ from before', async () => {
    const sim = await simulator();
    const before = new Map([...sim.truth.profiles()].map((row) => [row.id, row.json]));
    expect((await get(sim, '/api/profiles', SINCE)).body.data).toEqual([]);
    const ids = sim.change.updateProfiles({ count: 7 });
    const rows = rowsOf(await walk(sim, '/api/profiles', SINCE));
    expect(rows.map((row) => row.id).sort()).toEqual(ids.sort());
    expect(new Set(rows.map((row) => row.attributes.updated))).toEqual(new Set(['2026-03-10T12:00:00+00:00']));
    const after = [...sim.truth.profiles()];
    expect(
      after
        .filter((row) => before.get(row.id) !== row.json)
        .map((row) => row.id)
        .sort(),
    ).toEqual(ids);
    for (const row of rows) expect(row.attributes.properties.revision).toBe(1);
  });

  it('can be new ones', async () => {
    const sim = await simulator();
    const ids = sim.change.insertProfiles({ count: 300 });
    expect(new Set(ids).size).toBe(300);
    expect(idsOf(await walk(sim, '/api/profiles', SINCE))).toEqual(ids);
    expect(sim.truth.counts().profiles).toBe(550);
    expect(idsOf(await walk(sim, '/api/profiles', { sort: 'id', 'page[size]': 100 }))).toHaveLength(550);
  });

  it('can be written by a client, who is found again by any identifier', async () => {
    const sim = await simulator();
    const create = (attributes: object) => post(sim, '/api/profile-import', { data: { type: 'profile', attributes } });
    const made = await create({ email: 'eve@shop.test', first_name: 'Eve', properties: { a: 1 } });
    expect(made.status).toBe(201);
    expect(made.body.data.attributes).toMatchObject({
      email: 'eve@shop.test',
      first_name: 'Eve',
      phone_number: null,
      location: null,
      properties: { a: 1 },
    });
    const changed = await create({ email: 'eve@shop.test', title: 'Owner' });
    expect([changed.status, changed.body.data.id]).toEqual([200, made.body.data.id]);
    expect(changed.body.data.attributes).toMatchObject({ first_name: 'Eve', title: 'Owner' });
    expect((await create({ title: 'Nobody' })).status).toBe(400);
    expect(idsOf(await walk(sim, '/api/profiles', SINCE))).toEqual([made.body.data.id]);
  });
});

describe('a deleted profile', () => {
  it('vanishes without notice while its events stay, personal values gone', async () => {
    const sim = await simulator({ profiles: 20 });
    const event = rowsOf(await events(sim)).find((row) => row.relationships.profile);
    const id = event.relationships.profile.data.id as string;
    expect(sim.change.deleteProfiles({ ids: [id] })).toEqual([id]);
    expect(idsOf(await walk(sim, '/api/profiles', {}))).not.toContain(id);
    expect((await get(sim, '/api/profiles', SINCE)).body.data).toEqual([]);
    expect((await get(sim, `/api/profiles/${id}`)).status).toBe(404);
    expect(sim.truth.has('profiles', id)).toBe(false);
    const left = (await get(sim, `/api/events/${event.id}`)).body.data;
    expect(left.relationships.profile.data.id).toBe(id);
    expect(left.attributes.event_properties['Recipient Email Address']).toMatch(/^redacted\.[0-9a-f-]{36}@example\.com$/);
    expect(left.attributes.event_properties.note).toBe('redacted');
    expect((await get(sim, '/api/events', { include: 'profile', filter: `equals(profile_id,"${id}")` })).body).not.toHaveProperty(
      'included',
    );
    expect(sim.truth.counts()).toMatchObject({ profiles: 19, events: 900 });
  });

  it('can leave its events as they were, or without any profile', async () => {
    const sim = await simulator({ profiles: 20 });
    const named = rowsOf(await events(sim)).filter((row) => row.relationships.profile);
    const [keep, detach] = [...new Set(named.map((row) => row.relationships.profile.data.id as string))] as [string, string];
    sim.change.deleteProfiles({ ids: [keep], redact: false });
    const ofKept = named.find((row) => row.relationships.profile.data.id === keep);
    expect((await get(sim, `/api/events/${ofKept.id}`)).body.data).toEqual(ofKept);
    sim.change.deleteProfiles({ ids: [detach], detach: true });
    const ofDetached = named.find((row) => row.relationships.profile.data.id === detach);
    expect((await get(sim, `/api/events/${ofDetached.id}`)).body.data.relationships).not.toHaveProperty('profile');
    expect((await get(sim, `/api/events/${ofDetached.id}/relationships/profile`)).body).toEqual({ data: null });
    const active = new Set(idsOf(await events(sim, { filter: 'has(profile)' })));
    expect([active.has(ofKept.id), active.has(ofDetached.id)]).toEqual([false, false]);
    expect(active.size).toBeLessThan(900);
    expect(sim.truth.profileOf(ofDetached.id)).toBeNull();
  });

  it('can be asked for over the API by exactly one identifier, and takes its time', async () => {
    const sim = await simulator({ jobDelays: { deletion: 5000 } });
    const [victim] = sim.truth.profiles();
    const ask = (attributes: object) =>
      post(sim, '/api/data-privacy-deletion-jobs', {
        data: { type: 'data-privacy-deletion-job', attributes: { profile: { data: { type: 'profile', attributes } } } },
      });
    expect((await ask({ email: 'a@b.test', phone_number: '+48500' })).status).toBe(400);
    const reply = await ask({ email: victim?.resource().attributes.email });
    expect([reply.status, reply.text]).toEqual([202, '']);
    expect((await get(sim, `/api/profiles/${victim?.id}`)).status).toBe(200);
    sim.clock.advance(5000);
    expect((await get(sim, `/api/profiles/${victim?.id}`)).status).toBe(404);
  });
});

describe('a merge', () => {
  it('removes the source, hands its events to the destination and moves only that one', async () => {
    const sim = await simulator({ profiles: 20, jobDelays: { merge: 2000 } });
    const named = rowsOf(await events(sim)).filter((row) => row.relationships.profile);
    const [source, destination] = [...new Set(named.map((row) => row.relationships.profile.data.id as string))] as [string, string];
    const reply = await post(sim, '/api/profile-merge', {
      data: { type: 'profile-merge', id: destination, relationships: { profiles: { data: [{ type: 'profile', id: source }] } } },
    });
    expect([reply.status, reply.body.data.id]).toEqual([201, destination]);
    expect((await get(sim, `/api/profiles/${source}`)).status).toBe(200);
    sim.clock.advance(2000);
    expect((await get(sim, `/api/profiles/${source}`)).status).toBe(404);
    expect(idsOf(await walk(sim, '/api/profiles', {}))).not.toContain(source);
    expect(idsOf(await walk(sim, '/api/profiles', SINCE))).toEqual([destination]);
    expect(sim.truth.mergedInto(source)).toBe(destination);
    const ofSource = named.filter((row) => row.relationships.profile.data.id === source);
    for (const row of ofSource.slice(0, 5)) {
      expect((await get(sim, `/api/events/${row.id}/relationships/profile`)).body.data.id).toBe(destination);
      expect(sim.truth.profileOf(row.id)).toBe(destination);
    }
    const now = idsOf(await events(sim, { filter: `equals(profile_id,"${destination}")` }));
    expect(now.sort()).toEqual(
      named
        .filter((row) => [source, destination].includes(row.relationships.profile.data.id))
        .map((row) => row.id)
        .sort(),
    );
    expect(idsOf(await events(sim, { filter: `equals(profile_id,"${source}")` }))).toEqual([]);
  });

  it('follows through when the survivor is merged again', async () => {
    const sim = await simulator({ profiles: 20 });
    const [a, b, c] = [...sim.truth.profiles()].map((row) => row.id) as [string, string, string];
    sim.change.mergeProfiles({ pairs: [{ source: a, destination: b }] });
    sim.change.mergeProfiles({ pairs: [{ source: b, destination: c }] });
    expect(sim.truth.mergedInto(a)).toBe(c);
    const drawn = sim.change.mergeProfiles({ count: 3 });
    expect(new Set(drawn.flatMap((pair) => [pair.source, pair.destination])).size).toBeGreaterThanOrEqual(4);
    expect(sim.truth.counts().profiles).toBe(15);
  });

  it('is refused for one source too many, for itself and for the unknown', async () => {
    const sim = await simulator();
    const [a, b] = [...sim.truth.profiles()].map((row) => row.id) as [string, string];
    const ask = (id: string, sources: string[]) =>
      post(sim, '/api/profile-merge', {
        data: {
          type: 'profile-merge',
          id,
          relationships: { profiles: { data: sources.map((source) => ({ type: 'profile', id: source })) } },
        },
      });
    expect((await ask(a, [a])).status).toBe(400);
    expect((await ask(a, [b, b])).status).toBe(400);
    expect((await ask(a, ['01SIMPROFILEnone'])).status).toBe(404);
    expect(sim.truth.counts().profiles).toBe(250);
  });
});

describe('events', () => {
  it('show late, as documented', async () => {
    const sim = await simulator({ visibility: 'documented', events: 0, profiles: 5 });
    const ids = sim.change.addEvents({ count: 4000 });
    const shown = (): number => sim.truth.counts().events / ids.length;
    expect(shown()).toBeLessThan(0.05);
    expect((await get(sim, `/api/events/${ids.find((id) => sim.truth.visibleAt(id) > NOW)}`)).status).toBe(404);
    const after: number[] = [];
    for (const step of [60_000, 120 * 60_000, 4 * 86_400_000, 17 * 86_400_000]) {
      sim.clock.advance(step);
      after.push(shown());
    }
    expect(after[0]).toBeGreaterThan(0.88);
    expect(after[0]).toBeLessThan(0.93);
    expect(after[1]).toBeGreaterThan(0.985);
    expect(after[1]).toBeLessThan(1);
    expect(after[3]).toBe(1);
  });

  it('arrive late by event time, and in the future', async () => {
    const sim = await simulator();
    const day = 86_400_000;
    const late = sim.change.addLateEvents({ count: 30, howLateMs: 3 * day });
    const found = rowsOf(
      await events(sim, { filter: `greater-than(datetime,${at(NOW - 3 * day - 1000)}),less-than(datetime,${at(NOW - 2000)})` }),
    );
    const times = new Map(found.map((row) => [row.id, row.attributes.timestamp * 1000]));
    expect(late.filter((id) => times.has(id)).length).toBeGreaterThan(28);
    for (const id of late) if (times.has(id)) expect(times.get(id)).toBeGreaterThanOrEqual(NOW - 3 * day - 1000);
    const future = sim.change.addFutureEvents({ count: 5 });
    const ahead = rowsOf(await events(sim, { filter: `greater-or-equal(datetime,${at(NOW - 30_000)})` })).filter((row) =>
      future.includes(row.id),
    );
    expect(ahead).toHaveLength(5);
    for (const row of ahead) expect(row.attributes.timestamp * 1000).toBeGreaterThan(NOW);
    expect(() => sim.change.addFutureEvents({ count: 1, aheadMs: 400 * day })).toThrow(/one year/);
  });

  it('touch their profile when asked to', async () => {
    const sim = await simulator();
    const [profile] = sim.truth.profiles();
    sim.change.addEvents({ count: 1, profile: profile?.id as string });
    expect((await get(sim, '/api/profiles', SINCE)).body.data).toEqual([]);
    sim.clock.advance(5000);
    const [id] = sim.change.addEvents({ count: 1, profile: profile?.id as string, touch: true });
    const [row] = (await get(sim, '/api/profiles', SINCE)).body.data;
    expect([row.id, row.attributes.last_event_date]).toEqual([profile?.id, '2026-03-10T12:00:05+00:00']);
    expect(sim.truth.profileOf(id as string)).toBe(profile?.id);
  });

  it('posted twice with one unique id, or in one second without, count once', async () => {
    const sim = await simulator({ events: 0 });
    const send = (more: object, name = 'Brewed Tea') =>
      post(sim, '/api/events', {
        data: {
          type: 'event',
          attributes: {
            properties: { cups: 2 },
            metric: { data: { type: 'metric', attributes: { name } } },
            profile: { data: { type: 'profile', attributes: { email: 'eve@shop.test' } } },
            ...more,
          },
        },
      });
    for (const unique_id of ['u1', 'u1', 'u2'])
      expect((await send({ unique_id, value: 9.5, time: '2026-03-01T10:00:00.900Z' })).status).toBe(202);
    await send({});
    await send({});
    await send({ unique_id: 'u1' }, 'Spilled Tea');
    const rows = rowsOf(await events(sim));
    expect(rows.map((row) => row.attributes.event_properties.$event_id).sort()).toEqual(['1773144000', 'u1', 'u1', 'u2']);
    expect(rows[0].attributes).toMatchObject({ datetime: '2026-03-01T10:00:00+00:00', event_properties: { $value: 9.5, cups: 2 } });
    expect((await send({ time: '1989-01-01T00:00:00Z' })).status).toBe(400);
    expect((await send({ time: '2027-03-11T00:00:00Z' })).status).toBe(400);
  });
});

describe('metrics', () => {
  it('repeat a name for two senders, differ in the form of category, and may have no integration', async () => {
    const sim = await simulator();
    const rows = (await get(sim, '/api/metrics')).body.data;
    const orders = rows.filter((row: any) => row.attributes.name === 'Placed Order');
    expect(orders.map((row: any) => row.attributes.integration.name).sort()).toEqual(['API', 'Shopify']);
    const forms = new Set(rows.map((row: any) => typeof row.attributes.integration?.category));
    expect(forms).toEqual(new Set(['object', 'string', 'undefined']));
    expect(rows.filter((row: any) => row.attributes.integration === null)).toHaveLength(1);
    const shopify = (await get(sim, '/api/metrics', { filter: 'equals(integration.name,"Shopify")' })).body.data;
    expect(shopify.map((row: any) => row.id)).toEqual(
      rows.filter((row: any) => row.attributes.integration?.name === 'Shopify').map((row: any) => row.id),
    );
  });

  it('are renamed, added and removed', async () => {
    const sim = await simulator();
    const event = rowsOf(await events(sim))[0];
    const id = event.relationships.metric.data.id as string;
    expect(sim.change.renameMetric({ id, name: 'Text Message' })).toEqual([id]);
    expect((await get(sim, `/api/metrics/${id}`)).body.data.attributes).toMatchObject({
      name: 'Text Message',
      updated: '2026-03-10T12:00:00+00:00',
    });
    const included = (await get(sim, '/api/events', { include: 'metric', 'page[size]': 1000 })).body.included;
    expect(included.find((row: any) => row.id === id).attributes.name).toBe('Text Message');
    const [added] = sim.change.addMetric({ name: 'Brewed' });
    expect((await get(sim, `/api/metrics/${added}`)).body.data.attributes.name).toBe('Brewed');
    sim.change.removeMetric({ id });
    expect(problem(await get(sim, `/api/metrics/${id}`)).status).toBe(404);
    expect([sim.truth.counts().metrics, sim.truth.has('metrics', id), sim.truth.has('metrics', added as string)]).toEqual([
      30,
      false,
      true,
    ]);
  });
});
