import { describe, expect, it } from 'vitest';
import { NARROW_KEY } from '../../simulators/pendo/simulator.ts';
import { zone } from '../../simulators/pendo/zone.ts';
import { aggregate, all, ask, DAY, HOUR, rowsOf, started } from './ask.ts';

const iso = (instant: number): string => new Date(instant).toISOString();

describe('the days of a zone', () => {
  it('have 23 and 25 hours when the clocks change, and begin where midnight is', () => {
    const york = zone('America/New_York');
    const march = york.dayStart(Date.UTC(2026, 2, 8, 15));
    expect([iso(march), (york.nextDay(march) - march) / HOUR]).toEqual(['2026-03-08T05:00:00.000Z', 23]);
    const november = york.dayStart(Date.UTC(2026, 10, 1, 15));
    expect([iso(november), (york.nextDay(november) - november) / HOUR]).toEqual(['2026-11-01T04:00:00.000Z', 25]);
    expect(iso(york.date(2026, 7, 1))).toBe('2026-07-01T04:00:00.000Z');
    expect(iso(zone('Asia/Kolkata').hourStart(Date.UTC(2026, 0, 1, 10, 45)))).toBe('2026-01-01T10:30:00.000Z');
    // Cairo's tenth of September 2010 has no midnight.
    const cairo = zone('Africa/Cairo');
    expect(iso(cairo.dayStart(Date.UTC(2010, 8, 10, 12)))).toBe('2010-09-09T22:00:00.000Z');
    expect(iso(zone('Pacific/Auckland').dayStart(Date.UTC(2026, 0, 5, 12)))).toBe('2026-01-05T11:00:00.000Z');
  });
});

describe('an aggregation', () => {
  it('runs its stages strictly in order', async () => {
    const simulator = await started();
    const visitors = { source: { visitors: { identified: true } } };
    const first = await rowsOf(simulator, visitors, { sort: ['visitorId'] }, { limit: 3 });
    const [, second] = first;
    const after = { filter: `visitorId > ${JSON.stringify(second.visitorId)}` };
    expect(await rowsOf(simulator, visitors, { sort: ['visitorId'] }, { limit: 3 }, after)).toEqual([first[2]]);
    expect(await rowsOf(simulator, visitors, { sort: ['visitorId'] }, after, { limit: 3 })).toHaveLength(3);
    expect(await rowsOf(simulator, visitors, { sort: ['-visitorId'] }, { limit: 1 })).not.toEqual([first[0]]);
    expect(await rowsOf(simulator, visitors, { sort: ['visitorId'] }, { skip: 2 }, { limit: 1 })).toEqual([first[2]]);
    expect(await rowsOf(simulator, visitors, { count: null })).toEqual([{ count: 144 }]);
    expect(await rowsOf(simulator, { source: { visitors: null } }, { identified: '!visitorId' }, { count: null })).toEqual([{ count: 16 }]);
    expect(await rowsOf(simulator, visitors, { sort: ['visitorId'] }, { select: { id: 'visitorId' } }, { limit: 1 })).toEqual([
      { id: first[0].visitorId },
    ]);
  });

  it('filters with comparisons, logic, quoted text and functions; what is missing fits nothing', async () => {
    const simulator = await started();
    const count = async (filter: string): Promise<number> =>
      (await rowsOf(simulator, { source: { accounts: all } }, { filter }, { count: null }))[0].count;
    const total = simulator.world.accounts.length;
    expect(await count('metadata.auto.lastupdated >= 1')).toBe(total - 2);
    expect(await count('isNull(metadata.auto.lastupdated)')).toBe(2);
    expect(await count('!(metadata.auto.lastupdated >= 1)')).toBe(2);
    expect(await count('accountId == "acme \\"east\\" \\\\ co"')).toBe(1);
    expect(await count('accountId == `acct-0` || accountId=="acct-2" && metadata.agent.plan == "gold"')).toBe(2);
    expect(await count('contains(accountId, "east") && 2 + 3 * 2 == 8')).toBe(1);
    expect(await count('accountId > ""')).toBe(total);
  });

  it('takes both forms of a request, and answers null or an empty list without rows', async () => {
    const simulator = await started();
    const pipeline = [{ source: { visitors: {} } }, { filter: 'visitorId == "nobody"' }];
    expect((await ask(simulator, 'POST', '/api/v1/aggregation', { request: pipeline })).body).toMatchObject({ results: null });
    simulator.switches.empty = 'list';
    expect((await aggregate(simulator, pipeline)).body).toMatchObject({ results: [], startTime: expect.any(Number) });
  });

  it("refuses what is wrong, in the vendor's words", async () => {
    const simulator = await started();
    const series = { period: 'dayRange', first: 'now()' };
    const wrong: [object[], RegExp][] = [
      [
        [{ source: { trackEvents: { trackId: 'x' }, timeSeries: { ...series, count: 1 } } }],
        /^bad pipeline: bad source: bad parameters for source type trackEvents: unexpected parameters$/,
      ],
      [[{ source: { nonsense: null } }], /bad source/],
      [[{ source: { events: null } }], /time series is missing/],
      [[{ limit: 3 }], /no source/],
      [[{ source: { events: null, timeSeries: series } }], /either count or last/],
      [[{ source: { events: null, timeSeries: { ...series, count: 1, last: 'now()' } } }], /either count or last/],
      [[{ source: { visitors: null } }, { filter: 'visitorId in ["a"]' }], /Cannot parse filter expression/],
      [[{ source: { visitors: null } }, { filter: 'visitorId > "a' }], /Cannot parse/],
      [[{ source: { visitors: null } }, { juggle: 1 }], /bad pipeline: unknown stage/],
    ];
    for (const [pipeline, text] of wrong)
      expect([await aggregate(simulator, pipeline)].map(({ status, text: said }) => [status, said])).toEqual([
        [400, expect.stringMatching(text)],
      ]);
    Object.assign(simulator.switches, { mostRows: 10 });
    expect(await aggregate(simulator, [{ source: { visitors: null } }])).toMatchObject({
      status: 400,
      text: 'Query exceeded memory limit',
    });
    Object.assign(simulator.switches, { mostScanned: 1 });
    expect(
      (
        await aggregate(simulator, [
          { source: { events: all, timeSeries: { period: 'dayRange', first: simulator.clock.now(), last: 'now()' } } },
        ])
      ).status,
    ).toBe(408);
  });

  it('answers the default app alone unless apps are named', async () => {
    const simulator = await started();
    const series = { timeSeries: { period: 'dayRange', first: simulator.world.start, last: 'now()' } };
    const appsOf = async (params: object | null): Promise<number[]> =>
      [...new Set((await rowsOf(simulator, { source: { events: params, ...series } })).map(({ appId }) => appId as number))].sort();
    expect(await appsOf(null)).toEqual([-323232]);
    expect(await appsOf(all)).toHaveLength(3);
    expect(await appsOf({ appId: 'expandAppIds(`*`)' })).toHaveLength(3);
    expect(await appsOf({ appId: ['5211887790002176'] })).toEqual([5211887790002176]);
    expect((await rowsOf(simulator, { source: { features: null } })).length).toBeLessThan(24);
    expect((await ask(simulator, 'GET', '/api/v1/feature')).body.length).toBeLessThan(24);
    expect((await ask(simulator, 'GET', '/api/v1/feature?expand=*')).body).toHaveLength(24);
  });
});

describe('buckets', () => {
  it("begin at the zone's midnight, round down, and lose or double nothing when the clocks change", async () => {
    for (const now of [Date.UTC(2026, 2, 12, 12), Date.UTC(2026, 10, 5, 12)]) {
      const simulator = await started({ now, days: 8, visitors: 60 });
      const { raws, zone: days } = simulator.world;
      for (const period of ['dayRange', 'hourRange'] as const) {
        const field = period === 'dayRange' ? 'day' : 'hour';
        let sum = 0;
        const whole = await rowsOf(simulator, {
          source: { pageEvents: all, timeSeries: { period, first: simulator.world.start, last: 'now()' } },
        });
        for (const row of whole) sum += row.numEvents;
        expect(sum).toBe(raws.filter(({ kind }) => kind === 'page').length);
        for (const row of whole)
          expect(row[field]).toBe(period === 'dayRange' ? days.dayStart(row.firstTime) : days.hourStart(row.firstTime));
        expect(whole.every((row) => (row.hour === undefined) === (period === 'dayRange'))).toBe(true);
      }
      const noon = simulator.world.start + 3 * DAY;
      const one = await rowsOf(simulator, { source: { events: all, timeSeries: { period: 'dayRange', first: noon, count: 1 } } });
      expect(new Set(one.map(({ day }) => day))).toEqual(new Set([days.dayStart(noon)]));
      expect(
        await rowsOf(simulator, { source: { events: all, timeSeries: { period: 'dayRange', first: `${days.dayStart(noon)}`, count: 1 } } }),
      ).toEqual(one);
      const before = await rowsOf(simulator, { source: { events: all, timeSeries: { period: 'dayRange', first: 'now()', count: -1 } } });
      expect(new Set(before.map(({ day }) => day))).toEqual(new Set([days.dayStart(days.dayStart(now) - HOUR)]));
    }
  });

  it('hold rows that the documented keys and coarse keys cannot tell apart', async () => {
    const simulator = await started();
    const rows = await rowsOf(simulator, {
      source: { events: all, timeSeries: { period: 'dayRange', first: simulator.world.start, last: 'now()' } },
    });
    const keys = (...fields: string[]): number => new Set(rows.map((row) => JSON.stringify(fields.map((field) => row[field])))).size;
    expect(keys('accountId', 'server', 'remoteIp')).toBeLessThan(rows.length / 10);
    const dimensions = ['accountId', 'server', 'remoteIp', 'visitorId', 'userAgent', 'appId', 'day', 'tabId'];
    expect(keys(...dimensions)).toBeLessThan(rows.length);
    expect(keys(...dimensions, 'country', 'region')).toBe(rows.length);
    expect(
      rows.some((row) => row.accountId === '') &&
        rows.some((row) => row.server === '') &&
        rows.some((row) => row.visitorId.startsWith('_PENDO_T_')),
    ).toBe(true);
    const interactions = await rowsOf(simulator, {
      source: { guideEvents: all, timeSeries: { period: 'hourRange', first: simulator.world.start, last: 'now()' } },
    });
    expect(new Set(interactions.map(({ visitorId, browserTime }) => `${visitorId} ${browserTime}`)).size).toBeLessThan(interactions.length);
  });

  it('fill late and out of order', async () => {
    const simulator = await started({ lagHours: 6 });
    const count = async (): Promise<number> =>
      (
        await rowsOf(simulator, {
          source: { events: all, timeSeries: { period: 'hourRange', first: simulator.world.start, last: 'now()' } },
        })
      ).reduce((sum, row) => sum + row.numEvents, 0);
    const now = await count();
    const late = simulator.change['events.release']();
    expect(late).toBeGreaterThan(0);
    expect(await count()).toBeGreaterThan(now);
    simulator.change['session.add']({ visitor: 3, at: simulator.clock.now() - 5 * DAY, visibleAt: simulator.clock.now() + HOUR });
    const before = await count();
    simulator.clock.advance(2 * HOUR);
    expect(await count()).toBeGreaterThanOrEqual(before);
    const [from, to] = simulator.world.features.map((row) => row['id'] as string) as [string, string];
    expect(simulator.change['tag.edit']({ from, to })).toBeGreaterThan(0);
    const features = await rowsOf(simulator, {
      source: { featureEvents: all, timeSeries: { period: 'dayRange', first: simulator.world.start, last: 'now()' } },
    });
    expect(features.some((row) => row.featureId === from)).toBe(false);
  });
});

describe('the other calls', () => {
  it('want a key, and the right one', async () => {
    const simulator = await started();
    expect((await ask(simulator, 'GET', '/api/v1/page', undefined, null)).status).toBe(401);
    expect((await ask(simulator, 'GET', '/api/v1/page', undefined, 'other')).status).toBe(403);
    expect((await ask(simulator, 'GET', '/api/v1/page', undefined, NARROW_KEY)).status).toBe(200);
    expect((await aggregate(simulator, [{ source: { visitors: null } }], NARROW_KEY)).status).toBe(403);
    const lost = await ask(simulator, 'GET', '/api/v2/page');
    expect([lost.status, lost.headers.get('content-type')]).toEqual([404, 'text/html']);
  });

  it('are refused beyond the rate, by status and reason', async () => {
    const simulator = await started({ limits: { enabled: true, perSecond: 2 } });
    const replies = await Promise.all(Array.from({ length: 9 }, () => ask(simulator, 'GET', '/api/v1/metadata/schema/account')));
    expect(replies.find(({ status }) => status === 429)).toMatchObject({ statusText: 'Too Many Requests' });
  });

  it("tell a visitor's history by windows of 24 hours, 180 days back", async () => {
    const simulator = await started();
    const id = 'dir/one';
    const history = async (from: number): Promise<any[]> =>
      (await ask(simulator, 'GET', `/api/v1/visitor/${encodeURIComponent(id)}/history?starttime=${from}`)).body;
    const from = Math.floor(simulator.world.start / DAY) * DAY;
    const rows: any[] = [];
    for (let at = from; at < simulator.clock.now(); at += DAY) rows.push(...(await history(at)));
    const whole = simulator.truth.rows('visitor_history').filter((row) => row['visitorId'] === id);
    expect(whole.length).toBeGreaterThan(5);
    expect(new Set(rows.map((row) => JSON.stringify([row.ts, row.type, row.pageId])))).toEqual(
      new Set(whole.map((row) => JSON.stringify([row['ts'], row['type'], row['pageId']]))),
    );
    expect(await history(simulator.clock.now() - 181 * DAY)).toEqual([]);
    expect((await ask(simulator, 'GET', '/api/v1/visitor/nobody/history?starttime=1')).status).toBe(404);
  });

  it('change what they list', async () => {
    const simulator = await started();
    const id = simulator.change['row.add']({ list: 'visitors' });
    simulator.change['metadata.set']({ list: 'visitors', id, group: 'custom', values: { seats: '25.0' } });
    expect(await rowsOf(simulator, { source: { visitors: null } }, { filter: `visitorId == "${id}"` })).toMatchObject([
      { metadata: { auto: { lastupdated: simulator.clock.now() }, custom: { seats: '25.0' } } },
    ]);
    simulator.change['row.delete']({ list: 'visitors', id });
    expect(await rowsOf(simulator, { source: { visitors: null } }, { filter: `visitorId == "${id}"` })).toEqual([]);
    simulator.change['field.set']({ of: 'account', name: 'fresh', descriptor: { Type: 'string' } });
    expect((await ask(simulator, 'GET', '/api/v1/metadata/schema/account')).body.custom.fresh).toEqual({ Type: 'string' });
    expect(simulator.asked.at(-1)).toMatchObject({ source: 'visitors', period: '' });
  });
});
