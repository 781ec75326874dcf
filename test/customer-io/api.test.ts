import { describe, expect, it } from 'vitest';
import { customerIo } from '../../producers/customer_io/index.ts';
import { customerIoSettings } from '../../producers/customer_io/settings.ts';
import { connected, workspace } from './harness.ts';

const never = new AbortController().signal;

describe('connecting', () => {
  it('says which account answered', async () => {
    const { api } = await workspace();
    expect(await customerIo.probe(api, never)).toEqual({ account: 'the account of Shop 0, Shop 1, Shop 2' });
    const empty = await workspace({}, {}, 'empty');
    expect(await customerIo.probe(empty.api, never)).toEqual({ account: 'an account without a named workspace' });
    const narrow = await workspace({ switches: { forbidden: ['workspaces'] } }, {}, 'narrow');
    expect(await customerIo.probe(narrow.api, never)).toEqual({ account: 'an account whose workspaces this key may not list' });
  });

  it('explains a refused key without showing it, and asks once', async () => {
    const { simulator } = await workspace();
    const { api, table } = connected(simulator, { access_token: 'a-very-secret-token' });
    for (const error of [await customerIo.probe(api, never).catch((thrown: unknown) => thrown), (await table('campaigns').run()).error]) {
      expect(error).toMatchObject({
        kind: 'config',
        reach: 'connection',
        code: 'customer_io:401',
        remedy: expect.stringMatching(/App API key.*Track.*access_token.*region.*allowlist/),
      });
      expect(JSON.stringify([error, String(error)])).not.toContain('a-very-secret-token');
    }
    expect(simulator.requests.count({ status: 401 })).toBe(2);
  });

  it('explains a key of the other region', async () => {
    const { simulator, table } = await workspace();
    simulator.switches.region = 'eu';
    expect((await table('customers').run()).error).toMatchObject({
      kind: 'config',
      reach: 'connection',
      remedy: expect.stringContaining('region'),
    });
  });

  it("stops the table a key may not read, alone and with the vendor's reason", async () => {
    const { simulator, table } = await workspace({}, {}, 'narrow');
    for (const name of simulator.truth.tables) {
      const { error, rows, pages } = await table(name).run();
      if (name !== 'customers') {
        expect(error, name).toBeUndefined();
        expect(rows.length, name).toBeGreaterThan(0);
        continue;
      }
      expect(error).toMatchObject({
        kind: 'config',
        reach: 'table',
        code: 'customer_io:403',
        message: expect.stringMatching(/scope.*may not read customers\)\.$/),
      });
      expect(pages).toEqual([]);
    }
  });

  it('tells a wrong address from a thing that is not there', async () => {
    const { simulator } = await workspace();
    const { table } = connected(simulator, { base_url: `${simulator.url}/v2` });
    expect((await table('campaigns').run()).error).toMatchObject({ kind: 'config', remedy: expect.stringContaining('base_url') });
    simulator.faults.add({ kind: 'status', status: 404, body: '{"errors":[{"detail":"not found (reference 01J)","status":"404"}]}' });
    expect((await connected(simulator).table('campaigns').run()).error).toMatchObject({ kind: 'data', code: 'customer_io:404' });
  });
});

describe("the vendor's limits", () => {
  it('are kept before the vendor has to refuse, and used', async () => {
    const { simulator } = await workspace({ limits: { enabled: true }, people: 2_500 });
    const { table } = connected(simulator, {}, 'full', false);
    const { rows, error } = await table('customers').run();
    expect(error).toBeUndefined();
    expect(rows).toHaveLength(2_500);
    expect(simulator.requests.count({ status: 429 })).toBeLessThan(5);
    expect(simulator.traffic.peakPerSecond).toBeGreaterThanOrEqual(9);
  });

  it('may be told by the vendor: the wait is as long as it says', async () => {
    const { simulator, table, heard } = await workspace();
    simulator.faults.add({ kind: 'throttled', retryAfter: 3, times: 1 });
    const began = Date.now();
    const { rows } = await table('topics').run();
    expect(Date.now() - began).toBeGreaterThanOrEqual(2_990);
    expect(rows).toHaveLength(3);
    expect(heard.throttled[0]?.until).toBeGreaterThanOrEqual(began + 2_990);
  });

  it('are obeyed for five minutes at a time at most', async () => {
    const { simulator, table, heard } = await workspace();
    simulator.faults.add({ kind: 'throttled', retryAfter: 86_400, times: 1 });
    const stop = new AbortController();
    const running = table('topics').run({ signal: stop.signal });
    while (heard.throttled.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    expect((await running).error).toMatchObject({ kind: 'stopped' });
    expect((heard.throttled[0]?.until ?? 0) - Date.now()).toBeLessThanOrEqual(300_000);
    expect((heard.throttled[0]?.until ?? 0) - Date.now()).toBeGreaterThan(290_000);
  });

  it('of a whole day come without a time: the waits grow', async () => {
    const { simulator, table, heard } = await workspace();
    simulator.faults.add({ kind: 'throttled', times: 2 });
    const began = Date.now();
    expect((await table('topics').run()).rows).toHaveLength(3);
    expect(Date.now() - began).toBeGreaterThanOrEqual(2_900);
    const refused = heard.throttled.map(({ until }) => until);
    expect(refused.length).toBeGreaterThanOrEqual(2);
  });
});

describe('trouble', () => {
  it('that time heals is waited out', async () => {
    const { simulator, table, heard } = await workspace();
    for (const rule of [
      { kind: 'status', status: 503 },
      { kind: 'status', status: 408 },
      { kind: 'status', status: 522 },
      { kind: 'html', status: 502 },
      { kind: 'reset' },
      { kind: 'cut-text' },
    ] as const) {
      simulator.faults.add({ ...rule, times: 1 });
    }
    expect((await table('campaigns').run()).rows).toHaveLength(12);
    expect(heard.troubles.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'transient'));
  });

  it('with the request itself fails the table, names no end and says what the vendor said', async () => {
    const { simulator, table } = await workspace();
    for (const status of [400, 422]) {
      simulator.faults.add({
        kind: 'status',
        status,
        times: 1,
        body: `{"errors":[{"detail":"bad request","status":"${status}","source":{"pointer":"/filter"}}]}`,
      });
      const { error, pages } = await table('customers').run();
      expect(error).toMatchObject({ kind: 'data', code: `customer_io:${status}`, message: expect.stringContaining('bad request') });
      expect(pages).toEqual([]);
    }
  });

  it('with a saved token begins the listing again', async () => {
    const { simulator, table } = await workspace({ newsletters: 205 });
    const newsletters = table('newsletters');
    await newsletters.run({ stopAfter: 1 });
    simulator.faults.add({ kind: 'status', status: 400, times: 1, body: '{"errors":[{"detail":"bad request","status":"400"}]}' });
    const { rows, counted, error } = await newsletters.run();
    expect(error).toBeUndefined();
    expect(counted).toMatchObject({ cursors_lost: 1 });
    expect(rows).toHaveLength(205);
  });

  it('that hides the list is not taken for an empty one', async () => {
    const { simulator, table } = await workspace();
    for (const name of ['campaigns', 'customers', 'messages'] as const) {
      simulator.faults.add({ kind: 'status', status: 200, body: '{"meta":{}}', times: 1 });
      expect((await table(name).run({ since: simulator.clock.now() - 1e9 })).error, name).toMatchObject({ kind: 'data', code: 'no_list' });
    }
    // Nor for a half year without deliveries, where the beginning of all history is looked for.
    simulator.faults.add({
      kind: 'status',
      status: 200,
      body: '{"meta":{}}',
      on: 'GET /v1/messages',
      query: 'limit=1&',
      times: 1,
      after: 20,
    });
    const { error, pages } = await table('messages').run();
    expect(error).toMatchObject({ kind: 'data', code: 'no_list' });
    expect(pages).toEqual([]);
  });
});

describe('the settings', () => {
  it('choose the region and refuse what the vendor would', () => {
    expect(customerIoSettings.parse({ access_token: ' key\n' })).toEqual({
      access_token: 'key',
      region: 'us',
      requests_per_second: 10,
      lookback_days: 30,
      full_reread: [],
      esp_domains: [],
      redact_webhook_query: true,
    });
    for (const wrong of [
      { access_token: '  ' },
      { access_token: 'x', lookback_days: 181 },
      { access_token: 'x', requests_per_second: 11 },
      { access_token: 'x', regoin: 'eu' },
    ]) {
      expect(customerIoSettings.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
    }
    const hosts: string[] = [];
    for (const region of ['us', 'eu'] as const) {
      customerIo.connect(customerIoSettings.parse({ access_token: 'x', region }), {
        now: Date.now,
        http: (options) => (hosts.push(options.baseUrl), undefined as never),
      });
    }
    expect(hosts).toEqual(['https://api.customer.io/v1', 'https://api-eu.customer.io/v1']);
  });
});
