import { describe, expect, it } from 'vitest';
import { ask, askAll, DAY, started } from './ask.ts';

describe('pagination', () => {
  it('has cursors that are base64 offsets, in dots and brackets, plain and encoded', async () => {
    const sim = await started();
    const first = (await ask(sim, '/destinations?pagination.count=5')).body.data;
    expect(first.pagination).toEqual({ current: 'MA==', next: 'NQ==', totalEntries: 14 });
    for (const query of [
      'pagination.count=5&pagination.cursor=NQ%3D%3D',
      'pagination[count]=5&pagination[cursor]=NQ==',
      'pagination%5Bcount%5D=5&pagination%5Bcursor%5D=NQ%3D%3D&page=9',
    ]) {
      const second = (await ask(sim, `/destinations?${query}`)).body.data;
      expect(second.pagination).toEqual({ current: 'NQ==', next: 'MTA=', previous: 'MA==', totalEntries: 14 });
      expect(second.destinations).toEqual(sim.truth.rows('destinations').slice(5, 10));
    }
  });

  it('gives 200 rows unless told', async () => {
    const sim = await started({ catalogDestinations: 230 });
    const { data } = (await ask(sim, '/catalog/destinations')).body;
    expect(data.destinationsCatalog).toHaveLength(200);
    expect((await ask(sim, '/catalog/destinations?pagination.count=1000')).body.data.destinationsCatalog).toHaveLength(230);
  });

  it('refuses other sizes and cursors', async () => {
    const sim = await started();
    for (const count of ['0', '1001', 'x', '']) {
      expect(await ask(sim, `/users?pagination.count=${count}`)).toMatchObject({
        status: 422,
        body: { errors: [{ type: 'input-validation', field: 'pagination.count' }] },
      });
    }
    expect(await ask(sim, '/users?pagination.cursor=%21%21')).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'pagination.cursor' }] },
    });
  });

  it('writes the ends as absent or as null, and leaves totals out when told', async () => {
    const sim = await started({ switches: { totals: false } });
    expect((await ask(sim, '/users')).body.data.pagination).toEqual({ current: 'MA==' });
    sim.switches.ends = 'null';
    expect((await ask(sim, '/users')).body.data.pagination).toEqual({ current: 'MA==', next: null, previous: null });
  });

  it('may leave the object out for audit events and subscriptions', async () => {
    const sim = await started({ auditEvents: 10, switches: { optionalPagination: false } });
    const destination = sim.workspace.destinations[4]?.['id'];
    expect((await ask(sim, '/audit-events')).body.data).not.toHaveProperty('pagination');
    expect((await ask(sim, `/destinations/${destination}/subscriptions`)).body.data).not.toHaveProperty('pagination');
    expect((await ask(sim, '/users')).body.data).toHaveProperty('pagination');
  });
});

describe('the audit trail', () => {
  it('is newest first, without a total, filtered, and 90 days long', async () => {
    const sim = await started();
    const rows = await askAll(sim, '/audit-events', 'events', 100);
    const times = rows.map((r) => Date.parse(r.timestamp));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(rows).toEqual(sim.truth.rows('audit_events'));
    expect(Math.min(...times)).toBeGreaterThan(sim.clock.now() - 90 * DAY);
    expect(rows.length).toBeLessThan(sim.workspace.auditEvents.length);
    expect(rows.filter((r) => !('actorEmail' in r)).length).toBeGreaterThan(0);
    expect((await ask(sim, '/audit-events')).body.data.pagination).not.toHaveProperty('totalEntries');
    const [one] = rows;
    const same = await askAll(
      sim,
      `/audit-events?resourceId=${encodeURIComponent(one.resourceId)}&resourceType=${one.resourceType}`,
      'events',
    );
    expect(same).toEqual(rows.filter((r) => r.resourceId === one.resourceId && r.resourceType === one.resourceType));
  });

  it('bounds by time, exclusively or not', async () => {
    const sim = await started();
    const rows = sim.truth.rows('audit_events');
    const [start, end] = [rows[40]?.['timestamp'] as string, rows[20]?.['timestamp'] as string];
    const within = () => askAll(sim, `/audit-events?startTime=${start}&endTime=${end}`, 'events');
    expect((await within()).every((r) => r.timestamp > start && r.timestamp < end)).toBe(true);
    const exclusive = (await within()).length;
    sim.switches.auditBounds = 'inclusive';
    expect((await within()).length).toBeGreaterThan(exclusive);
    expect((await ask(sim, '/audit-events?startTime=yesterday')).status).toBe(422);
  });

  it('does not shift pages when events arrive between them', async () => {
    const sim = await started();
    const before = sim.truth.rows('audit_events');
    const rows = await askAll(sim, '/audit-events', 'events', 100, () => {
      sim.clock.advance(1000);
      sim.mutate['audit.add']({});
    });
    expect(rows).toEqual(before);
  });
});

describe('usage', () => {
  const month = (sim: Awaited<ReturnType<typeof started>>, what: string, key: string, period: string) =>
    askAll(sim, `/usage/${what}?period=${period}`, key, 50);

  it('needs a month and knows none of the future', async () => {
    const sim = await started();
    expect(await ask(sim, '/usage/mtu/daily')).toMatchObject({ status: 422, body: { errors: [{ field: 'period' }] } });
    expect((await ask(sim, '/usage/mtu/daily?period=soon')).status).toBe(422);
    expect((await ask(sim, '/usage/mtu/daily?period=2026-04-01')).body.data.dailyWorkspaceMTUUsage).toEqual([]);
    expect((await ask(sim, '/usage/mtu/daily?period=2022-01-01')).body.data.dailyWorkspaceMTUUsage).toEqual([]);
    expect((await ask(sim, '/usage/mtu/daily?period=2026-03-07')).body).toEqual(
      (await ask(sim, '/usage/mtu/daily?period=2026-03-01')).body,
    );
    sim.switches.periodDay = 'refuse';
    expect((await ask(sim, '/usage/mtu/daily?period=2026-03-07')).status).toBe(422);
  });

  it('counts up through the month and begins anew with the next', async () => {
    const sim = await started();
    const calls = async (period: string) =>
      (await month(sim, 'api-calls/daily', 'dailyWorkspaceAPICallsUsage', period)).map((r) => BigInt(r.apiCalls));
    const [february, march] = [await calls('2026-02-01'), await calls('2026-03-01')];
    expect([february.length, march.length]).toEqual([28, 18]);
    for (const series of [february, march]) expect(series.every((n, i) => i === 0 || n > (series[i - 1] as bigint))).toBe(true);
    expect(march[0]).toBeLessThan(february.at(-1) as bigint);
    expect(march[0]).toBeGreaterThan(2n ** 53n);
  });

  it('sums sources to the workspace for calls, and to more than the workspace for users', async () => {
    const sim = await started();
    const sources = await month(sim, 'api-calls/sources/daily', 'dailyPerSourceAPICallsUsage', '2026-02-01');
    const total = await month(sim, 'api-calls/daily', 'dailyWorkspaceAPICallsUsage', '2026-02-01');
    const at = '2026-02-11T00:00:00Z';
    expect(sources.filter((r) => r.timestamp === at).reduce((sum, r) => sum + BigInt(r.apiCalls), 0n)).toBe(
      BigInt(total.find((r) => r.timestamp === at).apiCalls),
    );
    const users = await month(sim, 'mtu/sources/daily', 'dailyPerSourceMTUUsage', '2026-02-01');
    const together = (await month(sim, 'mtu/daily', 'dailyWorkspaceMTUUsage', '2026-02-01')).find((r) => r.timestamp === at);
    expect(users.filter((r) => r.timestamp === at).reduce((sum, r) => sum + Number(r.identified), 0)).toBeGreaterThan(
      Number(together.identified),
    );
    expect(together).toMatchObject({
      periodStart: Date.UTC(2026, 1, 1) / 1000,
      periodEnd: Date.UTC(2026, 2, 1) / 1000 - 1,
      anonymous: expect.stringMatching(/^\d+$/),
    });
  });

  it('lets the open day grow at one timestamp', async () => {
    const sim = await started();
    const last = async () => (await month(sim, 'api-calls/daily', 'dailyWorkspaceAPICallsUsage', '2026-03-01')).at(-1);
    const before = await last();
    sim.clock.advance(DAY / 3);
    const after = await last();
    expect(after.timestamp).toBe(before.timestamp);
    expect(BigInt(after.apiCalls)).toBeGreaterThan(BigInt(before.apiCalls));
  });

  it('can show a boundary row in both periods, and takes restatements', async () => {
    const sim = await started({ switches: { boundaryRows: true } });
    const february = await month(sim, 'api-calls/sources/daily', 'dailyPerSourceAPICallsUsage', '2026-02-01');
    expect(february.at(-1).timestamp).toBe('2026-03-01T00:00:00Z');
    const sourceId = sim.workspace.sources[0]?.['id'] as string;
    sim.mutate['usage.restate']({ sourceId, day: '2026-02-10', apiCalls: '777' });
    const restated = await month(sim, 'api-calls/sources/daily', 'dailyPerSourceAPICallsUsage', '2026-02-01');
    const grown = restated.map((r, i) => BigInt(r.apiCalls) - BigInt(february[i].apiCalls));
    expect(new Set(restated.flatMap((r, i) => (grown[i] === 777n ? [r.sourceId] : [])))).toEqual(new Set([sourceId]));
    expect(grown.filter((n) => n === 777n)).toHaveLength(28 - 9 + 1);
  });
});
