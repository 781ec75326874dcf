import { describe, expect, it, vi } from 'vitest';
import type { Row } from '../../src/core/types.ts';
import { segment } from '../../producers/segment/index.ts';
import { segmentSettings } from '../../producers/segment/settings.ts';
import type { SegmentTable } from '../../simulators/segment/options.ts';
import { workspace } from './harness.ts';

const never = new AbortController().signal;

describe('connecting', () => {
  it('says which workspace answered', async () => {
    const { api, simulator } = await workspace();
    expect(await segment.probe(api, never)).toEqual({ account: `Workspace us ${simulator.workspace.info.id}` });
  });

  it('explains a refused token without showing it, with 401 and with 403', async () => {
    const { simulator } = await workspace();
    for (const [unknownToken, code] of [
      [401, 'segment:401'],
      [403, 'segment:key_refused'],
    ] as const) {
      simulator.switches.unknownToken = unknownToken;
      const { api } = await workspace({}, { base_url: simulator.url, api_token: 'a-very-secret-token' });
      const error = await segment.probe(api, never).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: 'config', reach: 'connection', code, remedy: expect.stringMatching(/api_token.*region/) });
      expect(JSON.stringify([error, String(error), (error as Error).message])).not.toContain('a-very-secret-token');
    }
  });

  it('stops the whole connection when a table answers 401', async () => {
    const { simulator, table } = await workspace();
    simulator.faults.add({ kind: 'status', status: 401, body: '{"errors":[{"type":"unauthorized"}]}' });
    expect((await table('users').run()).error).toMatchObject({
      kind: 'config',
      reach: 'connection',
      remedy: expect.stringContaining('api_token'),
    });
  });

  it('stops the whole connection when the token itself is answered 403, and not when one table is', async () => {
    const { simulator } = await workspace({ switches: { unknownToken: 403 } });
    const { table } = await workspace({}, { base_url: simulator.url, api_token: 'a-very-secret-token' });
    for (const name of ['users', 'audit_events', 'sources'] as const) {
      expect((await table(name).run()).error, name).toMatchObject({
        kind: 'config',
        reach: 'connection',
        code: 'segment:key_refused',
        remedy: expect.stringMatching(/api_token.*region/),
      });
    }
    const other = await workspace();
    other.simulator.faults.add({
      kind: 'status',
      status: 403,
      on: 'GET /users',
      body: '{"errors":[{"type":"forbidden","message":"No."}]}',
    });
    expect((await other.table('users').run()).error).toMatchObject({
      kind: 'config',
      reach: 'table',
      message: expect.stringContaining('No'),
    });
  });

  it('asks with dots, for the most mature version of each endpoint', async () => {
    const { simulator, table } = await workspace({ switches: { unsupportedVersion: 406 } }, { page_size: 5 });
    for (const name of ['destinations', 'transformations', 'destination_subscriptions', 'destination_delivery_metrics_summary'] as const)
      expect((await table(name).run()).error, name).toBeUndefined();
    expect(
      simulator.requests
        .list({ route: 'GET /destinations' })
        .slice(0, 2)
        .map(({ query }) => query),
    ).toEqual(['pagination.count=5', 'pagination.count=5&pagination.cursor=NQ==']);
    expect((await table('transformations').run()).rows[0]).toHaveProperty('drop');
  });

  it("stops one table alone when the plan does not hold it, with the vendor's reason, and goes on once it does", async () => {
    const { simulator, table, definition } = await workspace({
      switches: { auditTrail: false, protocols: false, destinationSubscriptions: false },
    });
    for (const name of ['audit_events', 'transformations', 'destination_subscriptions'] as const) {
      const { error, pages } = await table(name).run();
      expect(error, name).toMatchObject({
        kind: 'config',
        reach: 'table',
        message: expect.stringMatching(/plan.*\((Audit Trail|Protocols|The Destination Subscriptions)/),
      });
      expect(pages.some((page) => page.scan?.end !== undefined)).toBe(false);
      expect(definition(name).planGated, name).toBeTruthy();
    }
    Object.assign(simulator.switches, { auditTrail: true, protocols: true, destinationSubscriptions: true });
    for (const name of ['audit_events', 'transformations', 'destination_subscriptions'] as const)
      expect((await table(name).run()).error, name).toBeUndefined();
    expect((await table('users').run()).error).toBeUndefined();
  });

  it('reads what a token of the plan may read', async () => {
    const team = await workspace({}, {}, 'team');
    expect((await team.table('audit_events').run()).error).toMatchObject({ kind: 'config' });
    expect((await team.table('sources').run()).rows).toHaveLength(6);
    const free = await workspace({}, {}, 'free');
    for (const name of ['sources', 'usage_mtu_workspace_daily', 'source_connected_warehouses'] as SegmentTable[])
      expect((await free.table(name).run()).error, name).toMatchObject({ kind: 'config', reach: 'table' });
  });

  it('waits as long as the refusal says, and never fails for it', async () => {
    const { simulator, table, heard } = await workspace();
    const began = Date.now();
    const errors = (ms: number) =>
      JSON.stringify({
        errors: [
          { type: 'RequestError', message: 'Too many requests', data: { remainingPoints: 0, msBeforeNext: ms, consumedPoints: 201 } },
        ],
      });
    simulator.faults.add({ kind: 'status', status: 429, body: errors(300), times: 1, headers: { 'retry-after': '600' } });
    const { rows, error } = await table('users').run();
    expect(error).toBeUndefined();
    expect(rows).toHaveLength(9);
    expect(Date.now() - began).toBeGreaterThanOrEqual(295);
    expect(Date.now() - began).toBeLessThan(60_000);
    expect(heard.throttled.every(({ until }) => until - began < 60_000)).toBe(true);
    expect(heard.throttled.length).toBeGreaterThan(0);
  });

  it('names the end of the window when a refusal says nothing else', async () => {
    const { simulator, table, heard } = await workspace();
    const date = (plus: number) => new Date(Date.UTC(2020, 0, 1) + plus).toUTCString();
    simulator.faults.add({
      kind: 'status',
      status: 429,
      times: 1,
      body: '{"errors":[]}',
      headers: { date: date(0), 'x-ratelimit-reset': date(1000) },
    });
    const began = Date.now();
    expect((await table('users').run()).error).toBeUndefined();
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
    expect(heard.throttled[0]?.until).toBeLessThan(began + 60_000);
  });

  it('does not repeat a refusal at once that names the present', async () => {
    const { simulator, table, heard } = await workspace();
    const passed = new Date(Date.UTC(2020, 0, 1)).toUTCString();
    const refusal = { errors: [{ type: 'RequestError', message: 'Too many requests', data: { remainingPoints: 0, msBeforeNext: 0 } }] };
    simulator.faults.add({
      kind: 'status',
      status: 429,
      times: 1,
      body: JSON.stringify(refusal),
      headers: { date: passed, 'x-ratelimit-reset': passed },
    });
    const began = Date.now();
    expect((await table('users').run()).error).toBeUndefined();
    expect(heard.throttled[0]?.until).toBeGreaterThanOrEqual(began + 1_000);
  });

  it('lets the stricter class of endpoints wait alone, and counts it in the limit for all', async () => {
    const { simulator, table, heard } = await workspace({ limits: { enabled: true, points: 1_000, alphaPoints: 2, windowMs: 60_000 } });
    const stop = new AbortController();
    const waiting = table('destination_subscriptions').run({ signal: stop.signal });
    await vi.waitFor(() => expect(heard.throttled.length).toBeGreaterThan(0), { timeout: 10_000 });
    expect((await table('users').run()).rows).toHaveLength(9);
    expect(simulator.requests.count({ status: 429 })).toBe(0);
    stop.abort();
    expect((await waiting).error).toMatchObject({ kind: 'stopped' });
    // Two, and two more should a new minute have begun meanwhile.
    expect(simulator.requests.count({ route: 'GET /destinations/:destinationId/subscriptions' })).toBeLessThanOrEqual(4);

    const narrow = await workspace({}, { requests_per_minute: 3 });
    const stopped = new AbortController();
    const children = narrow.table('destination_subscriptions').run({ signal: stopped.signal });
    const users = narrow.table('users').run({ signal: stopped.signal });
    await vi.waitFor(() => expect(narrow.heard.throttled.length).toBeGreaterThan(0), { timeout: 10_000 });
    expect(narrow.simulator.requests.list().length).toBe(3);
    stopped.abort();
    await Promise.all([children, users]);
  });

  it('holds back before the vendor has to refuse', async () => {
    const { simulator, table, heard } = await workspace({ limits: { enabled: true, points: 4, windowMs: 1_000 } }, { page_size: 2 });
    const { rows, error } = await table('users').run();
    expect(error).toBeUndefined();
    expect(rows).toHaveLength(9);
    expect(simulator.requests.count({ status: 429 })).toBe(0);
    expect(heard.waitedMs).toBeGreaterThan(0);
  });

  it('asks once for what the vendor calls wrong or missing, and says what it said', async () => {
    const { simulator, table } = await workspace();
    for (const status of [404, 409, 413, 422]) {
      simulator.requests.reset();
      simulator.faults.add({
        kind: 'status',
        status,
        times: 1,
        body: '{"errors":[{"type":"input-validation","message":"\\"period\\" is odd","field":"period"}]}',
      });
      const { error, pages } = await table('usage_mtu_workspace_daily').run();
      expect(error, String(status)).toMatchObject({
        kind: 'data',
        reach: 'table',
        code: `segment:${status}`,
        message: expect.stringContaining('"period" is odd'),
      });
      expect(pages).toEqual([]);
      expect(simulator.requests.list()).toHaveLength(1);
    }
  });

  it('retries what is no data', async () => {
    const { simulator, table, heard } = await workspace();
    simulator.faults.add({ kind: 'html', times: 1 });
    simulator.faults.add({ kind: 'cut-text', times: 1 });
    simulator.faults.add({ kind: 'status', status: 502, times: 1 });
    const { rows } = await table('users').run();
    expect(rows).toHaveLength(9);
    expect(heard.troubles.map(({ kind }) => kind)).toEqual(['transient', 'transient', 'transient']);
  });
});

describe('the settings', () => {
  it('choose the region, and refuse what the vendor would', () => {
    expect(segmentSettings.parse({ api_token: 'x' })).toMatchObject({
      region: 'us',
      secrets: 'mask',
      embed_metadata: 'full',
      page_size: 200,
      requests_per_minute: 150,
      delivery_metrics: { granularity: 'HOUR', window_hours: 24 },
    });
    expect(segmentSettings.safeParse({ api_token: 'x', delivery_metrics: { granularity: 'MINUTE' } }).success).toBe(false);
    expect(segmentSettings.safeParse({ api_token: 'x', page_size: 1001 }).success).toBe(false);
    expect(segmentSettings.safeParse({ api_token: 'x', regino: 'eu' }).success).toBe(false);
    const hosts: string[] = [];
    for (const region of ['us', 'eu'] as const) {
      segment.connect(segmentSettings.parse({ api_token: 'x', region }), {
        now: Date.now,
        http: (options) => (hosts.push(options.baseUrl), undefined as never),
      });
    }
    expect(hosts).toEqual(['https://api.segmentapis.com', 'https://eu1.api.segmentapis.com']);
  });

  it('hide secrets, leave them out, or publish them', async () => {
    const holders = [
      'sources',
      'destinations',
      'warehouses',
      'transformations',
      'source_connected_destinations',
      'source_connected_warehouses',
      'destination_subscriptions',
    ] as const;
    const published = async (secrets: string): Promise<{ text: string; secrets: string[] }> => {
      const { simulator, table, record } = await workspace({}, { secrets });
      let text = '';
      for (const name of holders) for (const row of (await table(name).run()).rows) text += JSON.stringify(record(name, row));
      return { text, secrets: simulator.truth.secrets() };
    };
    const masked = await published('mask');
    expect(masked.secrets.length).toBeGreaterThan(10);
    for (const secret of masked.secrets) expect(masked.text).not.toContain(secret);
    expect(masked.text).toContain('website_url');
    expect(masked.text).toContain('••••');
    const omitted = await published('omit');
    for (const secret of omitted.secrets) expect(omitted.text).not.toContain(secret);
    expect(omitted.text).not.toContain('website_url');
    expect(omitted.text).toContain('"name":"Lake 0"');
    const included = await published('include');
    expect(included.secrets.filter((secret) => !included.text.includes(secret) && !/-(\d+)$/.test(secret))).toEqual([]);
  });

  it('mask write keys to their last four characters', async () => {
    const { table, record } = await workspace();
    const [row] = (await table('sources').run()).rows as [Row];
    const [key] = row.writeKeys as string[];
    expect(JSON.parse(record('sources', row)['write_keys'] as string)).toContain(`••••${(key as string).slice(-4)}`);
  });

  it('embed the catalog entry whole or by reference', async () => {
    for (const embed_metadata of ['full', 'ref']) {
      const { table, record } = await workspace({}, { embed_metadata });
      const [row] = (await table('destinations').run()).rows as [Row];
      const made = record('destinations', row);
      const entry = row.metadata as Row;
      expect(made).toMatchObject({ metadata_id: entry.id, metadata_slug: entry.slug, metadata_name: entry.name, _extra: null });
      expect(Object.keys(JSON.parse(made['metadata'] as string) as Row).length > 3).toBe(embed_metadata === 'full');
    }
  });
});
