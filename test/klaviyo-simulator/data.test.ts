import { describe, expect, it } from 'vitest';
import { get, idsOf, NOW, rowsOf, simulator, walk } from './client.ts';

const digest = (rows: Iterable<{ json: string }>): string => [...rows].map((row) => row.json).join('\n');

describe('the data', () => {
  it('follow from the seed alone', async () => {
    const [one, same, other] = [await simulator(), await simulator(), await simulator({ seed: 2 })];
    for (const table of ['profiles', 'events', 'metrics'] as const) {
      expect(digest(one.truth[table]())).toBe(digest(same.truth[table]()));
      expect(digest(one.truth[table]())).not.toBe(digest(other.truth[table]()));
    }
    expect(one.change.updateProfiles({ count: 5 })).toEqual(same.change.updateProfiles({ count: 5 }));
    expect(one.change.addLateEvents({ count: 5, howLateMs: 1e6 })).toEqual(same.change.addLateEvents({ count: 5, howLateMs: 1e6 }));
    expect(digest(one.truth.events())).toBe(digest(same.truth.events()));
  });

  it('are the same again when the simulator is started later on the day', async () => {
    const [morning, evening] = [await simulator({ now: NOW }), await simulator({ now: NOW + 6 * 3_600_000 })];
    expect(digest(morning.truth.events())).toBe(digest(evening.truth.events()));
  });

  it('have ids of the vendor form, none twice', async () => {
    const sim = await simulator({ profiles: 3000, events: 5000, metrics: 300 });
    const forms = { profiles: /^01[0-9A-Z]{24}$/, events: /^[0-9A-Za-z]{11}$/, metrics: /^[0-9A-Za-z]{6}$/ };
    for (const table of ['profiles', 'events', 'metrics'] as const) {
      const ids = [...sim.truth[table]()].map((row) => row.id);
      expect(new Set(ids).size).toBe(sim.truth.counts()[table]);
      for (const id of ids) expect(id).toMatch(forms[table]);
      expect(ids.every((id) => sim.truth.has(table, id))).toBe(true);
    }
    expect(sim.truth.has('profiles', '01SIMPROFILE00000000000000')).toBe(false);
  });

  it('reach back as far as asked and end before now', async () => {
    const sim = await simulator({ historyDays: 30 });
    const times = [...sim.truth.events()].map((row) => row.resource().attributes.timestamp * 1000);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(NOW - 31.5 * 86_400_000);
    expect(Math.min(...times)).toBeLessThan(NOW - 28 * 86_400_000);
    expect(Math.max(...times)).toBeLessThan(NOW - 600_000);
  });

  it('are listed exactly as the truth tells them', async () => {
    const sim = await simulator();
    const listed = async (path: string, parameters = {}) => new Map(rowsOf(await walk(sim, path, parameters)).map((row) => [row.id, row]));
    const told = (rows: Iterable<{ id: string; resource(): any }>) => new Map([...rows].map((row) => [row.id, row.resource()]));
    sim.change.updateProfiles({ count: 20 });
    sim.change.deleteProfiles({ count: 10 });
    sim.change.mergeProfiles({ count: 5 });
    sim.change.addLateEvents({ count: 20, howLateMs: 86_400_000 });
    expect(await listed('/api/profiles', { 'page[size]': 100, 'additional-fields[profile]': 'subscriptions' })).toEqual(
      told(sim.truth.profiles()),
    );
    expect(await listed('/api/events', { 'page[size]': 1000 })).toEqual(told(sim.truth.events()));
    expect(await listed('/api/metrics')).toEqual(told(sim.truth.metrics()));
    for (const row of sim.truth.events()) {
      expect(sim.truth.metricOf(row.id).id).toBe(row.resource().relationships.metric.data.id);
      expect(sim.truth.profileOf(row.id)).toBe(row.resource().relationships.profile?.data.id ?? null);
    }
  });
});

describe('the variety of profiles', () => {
  it('covers every form the vendor is known to send', async () => {
    const sim = await simulator({ profiles: 4500, events: 0 });
    const rows = [...sim.truth.profiles()].map((row) => ({ row, attributes: row.resource().attributes }));
    const some = (what: string, test: (attributes: any, json: string) => boolean): void =>
      expect([what, rows.some(({ row, attributes }) => test(attributes, row.json))]).toEqual([what, true]);
    some('latitude as text', (a) => typeof a.location?.latitude === 'string');
    some('latitude as number', (a) => typeof a.location?.latitude === 'number');
    some('longitude as text', (a) => typeof a.location?.longitude === 'string');
    some('no location', (a) => a.location === null);
    some('no properties', (a) => a.properties === null);
    some('integer beyond 2^53', (a) => a.properties?.account_number === 9007199254740993n);
    some('integer beyond 64 bits', (a) => typeof a.properties?.wide === 'bigint' && a.properties.wide > 2n ** 64n);
    some(
      'names with spaces, dots and dollars',
      (a) => a.properties && 'first visit' in a.properties && 'a.b' in a.properties && '$source' in a.properties,
    );
    some('names that differ in case', (a) => a.properties && 'Size' in a.properties && 'SIZE' in a.properties && 'size' in a.properties);
    some('long string', (a) => a.properties?.story?.length >= 100_000);
    some('beyond the basic plane', (a) => /\p{Emoji_Presentation}/u.test(a.first_name));
    some('NUL in an object', (a) => a.properties?.note?.includes('\0') === true);
    some('NUL in a plain attribute', (a) => a.title?.includes('\0') === true);
    some('fraction of a second', (_, json) => /"updated":"[^"]+\.250000\+00:00"/.test(json));
    some('space instead of T', (a) => / /.test(a.last_event_date ?? ''));
    for (const name of ['email', 'phone_number', 'external_id', 'organization', 'title', 'image', 'last_event_date', 'last_name']) {
      some(`null ${name}`, (a) => a[name] === null);
      some(`given ${name}`, (a) => typeof a[name] === 'string');
    }
    some('suppression', (a) => a.subscriptions.email.marketing.suppression.length > 0);
    const ordinary = rows.filter(({ row }) => row.json.length < 3000).length / rows.length;
    expect(ordinary).toBeGreaterThan(0.95);
  });
});

describe('the variety of events', () => {
  it('covers every form the vendor is known to send', async () => {
    const sim = await simulator({ profiles: 50, events: 5200 });
    const rows = [...sim.truth.events()].map((row) => row.resource());
    const properties = rows.map((row) => row.attributes.event_properties);
    const some = (what: string, found: boolean): void => expect([what, found]).toEqual([what, true]);
    some('null properties', properties.includes(null));
    some(
      'wide integer',
      properties.some((p) => p?.OrderId === 9007199254740993n),
    );
    some(
      'amount as number',
      properties.some((p) => typeof p?.$value === 'number'),
    );
    some(
      'amount as text',
      properties.some((p) => typeof p?.$value === 'string'),
    );
    some(
      'flow',
      properties.some((p) => p?.$flow),
    );
    some(
      'campaign',
      properties.some((p) => p?.['Campaign Name'] && p.$message && !p.$flow),
    );
    some(
      'long string',
      properties.some((p) => p?.story?.length >= 100_000),
    );
    some(
      'NUL',
      properties.some((p) => p?.note?.includes('\0')),
    );
    some(
      'beyond the basic plane',
      properties.some((p) => p?.mood),
    );
    some(
      'awkward names',
      properties.some((p) => p && 'a.b' in p),
    );
    some(
      'no profile',
      rows.some((row) => row.relationships.profile === undefined),
    );
    some(
      'attribution',
      rows.some((row) => row.relationships.attributions.data.length === 1),
    );
    for (const row of rows) expect(Date.parse(row.attributes.datetime) / 1000).toBe(row.attributes.timestamp);
    const seconds = new Map<number, number>();
    for (const row of rows) seconds.set(row.attributes.timestamp, (seconds.get(row.attributes.timestamp) ?? 0) + 1);
    expect(Math.max(...seconds.values())).toBeGreaterThan(200);
  });
});

describe('size', () => {
  it('does not slow the start or the pages', async () => {
    const began = performance.now();
    const sim = await simulator({ profiles: 50_000, events: 200_000, metrics: 460 });
    expect(performance.now() - began).toBeLessThan(60_000);
    const pages = await walk(sim, '/api/events', {
      sort: 'datetime',
      'page[size]': 1000,
      filter: 'less-than(datetime,2025-04-01T00:00:00Z)',
    });
    expect(new Set(idsOf(pages)).size).toBeGreaterThan(8000);
    const times = sim.requests
      .list()
      .map((request) => request.tookMs)
      .sort((a, b) => a - b);
    expect(times[Math.floor(times.length / 2)]).toBeLessThan(250);
    expect((await get(sim, '/api/profiles', { sort: 'updated', 'page[size]': 100 })).body.data).toHaveLength(100);
  });
});
