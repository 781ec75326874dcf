import { describe, expect, it } from 'vitest';
import { at, cursorOf, get, HEADERS, idsOf, NOW, problem, rowsOf, simulator, walk } from './client.ts';

const BY_UPDATED = { sort: 'updated', 'page[size]': 20 };

describe('pages', () => {
  it('hold the standard size unless told, and the whole table in the end', async () => {
    const sim = await simulator();
    const profiles = await walk(sim, '/api/profiles', {});
    expect(profiles[0]?.body.data).toHaveLength(20);
    expect(idsOf(profiles).sort()).toEqual([...sim.truth.profiles()].map((row) => row.id).sort());
    const events = await walk(sim, '/api/events', {});
    expect(events.map((page) => page.body.data.length)).toEqual([200, 200, 200, 200, 100]);
    expect(idsOf(events).sort()).toEqual([...sim.truth.events()].map((row) => row.id).sort());
  });

  it('fill three for metrics, which have no page size', async () => {
    const sim = await simulator({ metrics: 460 });
    const pages = await walk(sim, '/api/metrics', {});
    expect(pages.map((page) => page.body.data.length)).toEqual([200, 200, 60]);
    expect(new Set(idsOf(pages)).size).toBe(460);
  });

  it.each([
    ['/api/profiles', 'updated', (row: any) => Date.parse(row.attributes.updated)],
    ['/api/profiles', 'created', (row: any) => Date.parse(row.attributes.created)],
    ['/api/profiles', 'id', (row: any) => row.id],
    ['/api/profiles', '-created', (row: any) => -Date.parse(row.attributes.created)],
    ['/api/profiles', 'email', (row: any) => JSON.stringify(row.attributes.email)],
    ['/api/events', 'datetime', (row: any) => row.attributes.timestamp],
    ['/api/events', '-timestamp', (row: any) => -row.attributes.timestamp],
  ])('of %s sorted by %s ascend and repeat nothing', async (path, sort, key) => {
    const sim = await simulator();
    const rows = rowsOf(await walk(sim, path, { sort, 'page[size]': 37 }));
    expect(new Set(rows.map((row) => row.id)).size).toBe(path.endsWith('events') ? 900 : 250);
    const keys = rows.map(key);
    expect(keys.every((value, i) => i === 0 || keys[i - 1] <= value)).toBe(true);
  });

  it('split the rows of one second without losing any', async () => {
    const sim = await simulator({ profiles: 2500 });
    const pages = await walk(sim, '/api/profiles', { sort: 'updated', 'page[size]': 100 });
    const seconds = pages.map((page) => new Set(page.body.data.map((row: any) => row.attributes.updated)));
    const spanning = seconds.some((set, i) => i > 0 && [...set].some((second) => seconds[i - 1]?.has(second)));
    expect(spanning).toBe(true);
    expect(new Set(idsOf(pages)).size).toBe(2500);
  });

  it('link on with an absolute address that needs no other parameter, and end without one', async () => {
    const sim = await simulator();
    const parameters = { sort: 'updated', 'page[size]': 100, filter: 'less-than(updated,2026-03-10T00:00:00Z)' };
    const first = await get(sim, '/api/profiles', parameters);
    const next = first.body.links.next as string;
    expect(next.startsWith(`${sim.url}/api/profiles?`)).toBe(true);
    expect(next.slice(next.indexOf('?') + 1)).toMatch(/^[A-Za-z0-9_.~%=&-]+$/);
    const followed = await (await fetch(next, { headers: HEADERS })).json();
    const resent = await get(sim, '/api/profiles', { ...parameters, 'page[cursor]': cursorOf(first) as string });
    expect((followed as any).data.map((row: any) => row.id)).toEqual(resent.body.data.map((row: any) => row.id));
    const pages = await walk(sim, '/api/profiles', parameters);
    expect(pages.at(-1)?.body.links.next ?? null).toBeNull();
    expect((await get(sim, '/api/profiles', { filter: 'less-than(updated,1999-01-01T00:00:00Z)' })).body).toMatchObject({
      data: [],
      links: { self: expect.any(String) },
    });
  });
});

describe('a cursor', () => {
  it('belongs to its parameters, its path and its revision', async () => {
    const sim = await simulator();
    const cursor = cursorOf(await get(sim, '/api/profiles', BY_UPDATED)) as string;
    const refused = [
      await get(sim, '/api/profiles', { sort: 'created', 'page[size]': 20, 'page[cursor]': cursor }),
      await get(sim, '/api/profiles', { sort: 'updated', 'page[size]': 21, 'page[cursor]': cursor }),
      await get(sim, '/api/profiles', { ...BY_UPDATED, 'page[cursor]': cursor }, { ...HEADERS, revision: '2026-04-15' }),
      await get(sim, '/api/events', { 'page[size]': 20, 'page[cursor]': cursor }),
      await get(sim, '/api/profiles', { ...BY_UPDATED, 'page[cursor]': `${cursor.slice(0, -6)}AAAA${cursor.slice(-2)}` }),
      await get(sim, '/api/profiles', { ...BY_UPDATED, 'page[cursor]': 'nonsense' }),
      await get(sim, '/api/profiles', { ...BY_UPDATED, 'page[cursor]': '' }),
    ];
    for (const reply of refused)
      expect(problem(reply)).toMatchObject({ status: 400, detail: 'Invalid cursor provided.', source: { parameter: 'page[cursor]' } });
    expect((await get(sim, '/api/profiles', { 'page[size]': 20, sort: 'updated', 'page[cursor]': cursor })).status).toBe(200);
  });

  it('outlives a restart with the same seed, but not its expiry', async () => {
    const [one, two] = [await simulator(), await simulator()];
    const cursor = cursorOf(await get(one, '/api/profiles', BY_UPDATED)) as string;
    expect((await get(two, '/api/profiles', { ...BY_UPDATED, 'page[cursor]': cursor })).status).toBe(200);
    two.expireCursors();
    expect((await get(two, '/api/profiles', { ...BY_UPDATED, 'page[cursor]': cursor })).status).toBe(400);
    expect((await walk(two, '/api/profiles', BY_UPDATED)).at(-1)?.status).toBe(200);
  });
});

describe('a walk while rows change', () => {
  it('meets a moved row again at the end and loses none', async () => {
    const sim = await simulator();
    const first = (await get(sim, '/api/profiles', BY_UPDATED)).body.data[3].id as string;
    const pages = await walk(sim, '/api/profiles', BY_UPDATED, (page) => {
      sim.clock.advance(1000);
      if (page === 2) sim.change.updateProfiles({ ids: [first] });
    });
    const ids = idsOf(pages);
    expect(ids.filter((id) => id === first)).toHaveLength(2);
    expect(ids.at(-1)).toBe(first);
    expect(new Set(ids).size).toBe(250);
  });

  it('does not see a row that moved beyond its upper bound', async () => {
    const sim = await simulator();
    const filter = `less-than(updated,${at(NOW - 30_000)})`;
    const all = idsOf(await walk(sim, '/api/profiles', { ...BY_UPDATED, filter }));
    const last = all.at(-1) as string;
    const pages = await walk(sim, '/api/profiles', { ...BY_UPDATED, filter }, (page) => {
      if (page === 1) sim.change.updateProfiles({ ids: [last] });
    });
    expect(idsOf(pages)).toEqual(all.slice(0, -1));
  });

  it('skips what was deleted meanwhile, and goes on although its own last row is gone', async () => {
    const sim = await simulator();
    const pages = await walk(sim, '/api/profiles', { sort: 'id' }, (page) => {
      if (page !== 1) return;
      const ids = [...sim.truth.profiles()].map((row) => row.id);
      sim.change.deleteProfiles({ ids: [ids[19] as string, ids[25] as string] });
    });
    expect(new Set(idsOf(pages)).size).toBe(249);
  });
});
