import { describe, expect, it } from 'vitest';
import { get, HEADERS, idsOf, problem, rowsOf, simulator, walk } from './client.ts';

const BY_UPDATED = { sort: 'updated', 'page[size]': 50 };

describe('misbehaviour on demand', () => {
  it('returns rows at a greater-than bound', async () => {
    const sim = await simulator();
    const all = rowsOf(await walk(sim, '/api/profiles', BY_UPDATED));
    const bound = all[100].attributes.updated.replace('+00:00', 'Z');
    const after = async () => idsOf(await walk(sim, '/api/profiles', { ...BY_UPDATED, filter: `greater-than(updated,${bound})` }));
    expect(await after()).not.toContain(all[100].id);
    sim.quirks.rowsAtBound = true;
    expect(await after()).toContain(all[100].id);
    const events = (await get(sim, '/api/events', { sort: 'datetime' })).body.data;
    const filter = `greater-than(timestamp,${events[100].attributes.timestamp})`;
    expect(idsOf(await walk(sim, '/api/events', { sort: 'datetime', filter }))).toContain(events[100].id);
  });

  it('swaps two neighbours', async () => {
    const sim = await simulator();
    const [ordered] = await walk(sim, '/api/profiles', BY_UPDATED);
    sim.quirks.swapAdjacent = true;
    const swapped = await walk(sim, '/api/profiles', BY_UPDATED);
    const ids = idsOf([ordered as never]);
    [ids[24], ids[25]] = [ids[25] as string, ids[24] as string];
    expect(idsOf([swapped[0] as never])).toEqual(ids);
    expect(new Set(idsOf(swapped)).size).toBe(250);
  });

  it('repeats a page, once or for ever', async () => {
    const sim = await simulator();
    sim.quirks.repeatPages = 1;
    const pages = await walk(sim, '/api/profiles', BY_UPDATED);
    expect(idsOf([pages[0] as never])).toEqual(idsOf([pages[1] as never]));
    expect(new Set(idsOf(pages)).size).toBe(250);
    expect(pages).toHaveLength(6);
    sim.quirks.repeatPages = Infinity;
    expect((await walk(sim, '/api/profiles', { sort: 'id', 'page[size]': 100 })).length).toBeGreaterThan(100);
  });

  it('lists a row on two pages', async () => {
    const sim = await simulator();
    sim.quirks.duplicateAcrossPages = true;
    const ids = idsOf(await walk(sim, '/api/profiles', BY_UPDATED));
    expect([ids.length, new Set(ids).size]).toEqual([254, 250]);
    expect(ids[49]).toBe(ids[50]);
  });

  it('cuts a listing with an error in the middle', async () => {
    const sim = await simulator();
    sim.quirks.truncate = { table: 'profiles', afterRows: 100 };
    const pages = await walk(sim, '/api/profiles', BY_UPDATED);
    expect(pages.map((page) => page.status)).toEqual([200, 200, 500]);
    expect(problem(pages[2] as never)).toMatchObject({ status: 500 });
    expect((await walk(sim, '/api/events', {})).at(-1)?.status).toBe(200);
  });

  it('answers with an empty listing, and with 403, for the named tables only', async () => {
    const sim = await simulator();
    sim.quirks.empty = ['profiles', 'metrics'];
    expect((await get(sim, '/api/profiles')).body.data).toEqual([]);
    expect((await get(sim, '/api/metrics')).body.data).toEqual([]);
    expect((await get(sim, '/api/events')).body.data).toHaveLength(200);
    sim.quirks.forbidden = ['events'];
    expect(problem(await get(sim, '/api/events'))).toMatchObject({ status: 403, code: 'permission_denied' });
    expect((await get(sim, '/api/profiles')).status).toBe(200);
  });

  it('hides a share of the profiles from listings though each can be read', async () => {
    const sim = await simulator();
    sim.quirks.hiddenProfiles = 0.25;
    const listed = new Set(idsOf(await walk(sim, '/api/profiles', BY_UPDATED)));
    expect(listed.size).toBeGreaterThan(150);
    expect(listed.size).toBeLessThan(225);
    const hidden = [...sim.truth.profiles()].find((row) => !listed.has(row.id));
    expect((await get(sim, `/api/profiles/${hidden?.id}`)).status).toBe(200);
  });

  it('refuses event pages above 200 as before', async () => {
    const sim = await simulator();
    sim.quirks.oldPageSize = true;
    expect(problem(await get(sim, '/api/events', { 'page[size]': 1000 }))).toMatchObject({
      status: 400,
      source: { parameter: 'page[size]' },
    });
    expect((await get(sim, '/api/events', { 'page[size]': 200 })).body.data).toHaveLength(200);
  });

  it('never answers a descending walk over profiles by their update', async () => {
    const sim = await simulator();
    await expect(fetch(`${sim.url}/api/profiles?sort=-updated`, { headers: HEADERS, signal: AbortSignal.timeout(150) })).rejects.toThrow();
    sim.quirks.descendingHangs = false;
    const rows = rowsOf(await walk(sim, '/api/profiles', { sort: '-updated', 'page[size]': 100 }));
    expect(rows.every((row, i) => i === 0 || Date.parse(rows[i - 1].attributes.updated) >= Date.parse(row.attributes.updated))).toBe(true);
    expect(rows).toHaveLength(250);
  });

  it('leads to a foreign host, and lists rows without an id', async () => {
    const sim = await simulator();
    sim.quirks.nextOrigin = 'https://elsewhere.example';
    sim.quirks.nullIdRows = 2;
    const page = await get(sim, '/api/profiles');
    expect(page.body.links.next).toMatch(/^https:\/\/elsewhere\.example\/api\/profiles\?/);
    expect(page.body.data.slice(0, 2).map((row: any) => row.id)).toEqual([null, null]);
    expect(page.body.data).toHaveLength(22);
    expect(sim.truth.counts().profiles).toBe(250);
  });
});

describe('spoilt rows', () => {
  it('of profiles are read again because their update moves', async () => {
    const sim = await simulator();
    const kinds = ['wrong-types', 'lone-surrogates', 'unknown-fields', 'extreme-years'] as const;
    const ids = kinds.map((as) => sim.change.spoil({ table: 'profiles', as, count: 1 })[0] as string);
    const read = async (i: number) => get(sim, `/api/profiles/${ids[i]}`, { 'additional-fields[profile]': 'subscriptions' });
    const recent = idsOf(await walk(sim, '/api/profiles', { ...BY_UPDATED, filter: 'greater-than(updated,2026-03-10T11:00:00Z)' }));
    expect(recent.sort()).toEqual([...ids].sort());
    const wrong = (await read(0)).body.data.attributes;
    for (const name of ['email', 'first_name', 'image']) expect(wrong[name]).toEqual({ not: ['what', 'you', 'think'] });
    expect([wrong.updated, wrong.location, wrong.properties]).toEqual([[true], 'somewhere', 'none']);
    expect((await read(1)).body.data.attributes.first_name).toBe('Ada\ud83d');
    expect((await read(1)).text).toContain('\\ud83d');
    const many = (await read(2)).body.data.attributes;
    expect(Object.keys(many).length).toBe(10_015);
    expect(many.created).toEqual(expect.any(String));
    expect((await read(3)).body.data.attributes).toMatchObject({
      created: '0000-01-01T00:00:00+00:00',
      last_event_date: '9999-12-31T23:59:59+00:00',
    });
  });

  it('of events keep their id', async () => {
    const sim = await simulator();
    const ids = [...sim.truth.events()].slice(0, 6).map((row) => row.id) as [string, string, string, string, string, string];
    const spoil = (as: Parameters<typeof sim.change.spoil>[0]['as'], ...which: string[]) =>
      sim.change.spoil({ table: 'events', as, ids: which });
    spoil('oversize', ids[0]);
    spoil('wrong-types', ids[1]);
    spoil('lone-surrogates', ids[2]);
    spoil('unknown-fields', ids[3]);
    spoil('extreme-years', ids[4], ids[5]);
    const read = async (id: string) => (await get(sim, `/api/events/${id}`)).body.data;
    expect(JSON.stringify(await read(ids[0])).length).toBeGreaterThan(5_000_000);
    expect(await read(ids[1])).toMatchObject({
      id: ids[1],
      attributes: { timestamp: 'soon', datetime: [true], event_properties: 'none' },
      relationships: { metric: { data: { id: 7 } } },
    });
    expect((await read(ids[2])).attributes.event_properties).toEqual({ half: '\ud83d', 'key\udc00': '\ud800x', fine: '😀' });
    expect(Object.keys((await read(ids[3])).attributes)).toHaveLength(10_004);
    expect(new Set([(await read(ids[4])).attributes.datetime, (await read(ids[5])).attributes.datetime])).toEqual(
      new Set(['0000-01-01T00:00:00+00:00', '9999-12-31T23:59:59+00:00']),
    );
    expect([...sim.truth.events()].find((row) => row.id === ids[1])?.resource()).toEqual(await read(ids[1]));
  });
});

describe('faults of the line', () => {
  it.each([
    [{ kind: 'status', status: 500, body: '' } as const, 500],
    [{ kind: 'html', status: 502 } as const, 502],
    [{ kind: 'empty', status: 503 } as const, 503],
    [{ kind: 'status', status: 524, body: '' } as const, 524],
    [{ kind: 'html', status: 403 } as const, 403],
  ])('%o once, then the truth again', async (fault, status) => {
    const sim = await simulator();
    sim.faults.add({ ...fault, on: 'GET /api/profiles*', times: 1 });
    const response = await fetch(`${sim.url}/api/profiles`, { headers: HEADERS });
    expect(response.status).toBe(status);
    if (fault.kind === 'html') expect(await response.text()).toMatch(/^<!DOCTYPE html>/);
    expect((await get(sim, '/api/profiles')).status).toBe(200);
  });

  it('cut a page in its text or in its connection', async () => {
    const sim = await simulator();
    sim.faults.add({ kind: 'cut-text', times: 1 });
    const text = await (await fetch(`${sim.url}/api/profiles`, { headers: HEADERS })).text();
    expect(text).toMatch(/^\{"data":\[/);
    expect(() => JSON.parse(text)).toThrow();
    sim.faults.clear();
    sim.faults.add({ kind: 'cut-connection', times: 1 });
    await expect(fetch(`${sim.url}/api/profiles`, { headers: HEADERS }).then((response) => response.text())).rejects.toThrow();
  });
});
