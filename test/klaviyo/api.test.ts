import { describe, expect, it } from 'vitest';
import { connectKlaviyo } from '../../producers/klaviyo/api.ts';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import type { HttpClient } from '../../src/sdk/http/client.ts';
import { klaviyoSettings } from '../../producers/klaviyo/settings.ts';
import { DEFAULT_KEY } from '../../simulators/klaviyo/simulator.ts';
import { account } from './harness.ts';

const signal = (): AbortSignal => new AbortController().signal;
const WRONG = 'pk_wrong_key_123456';

describe('the Klaviyo API', () => {
  it('says whose account a key opens, and helps itself without the right to know', async () => {
    const { api } = await account();
    expect(await klaviyo.probe(api, signal())).toEqual({ account: 'SimAcc' });
    const narrow = await account({ keys: { [DEFAULT_KEY]: ['profiles:read', 'events:read', 'metrics:read'] } });
    expect((await klaviyo.probe(narrow.api, signal())).account).toContain('may not read');
  });

  it('names the setting to correct when the key is refused, and never the key', async () => {
    const { api } = await account({}, { api_key: WRONG });
    const error = (await klaviyo.probe(api, signal()).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ kind: 'config', reach: 'connection', code: 'klaviyo:401', remedy: expect.stringContaining('api_key') });
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(WRONG);
  });

  it('says that a server which names no account is not Klaviyo', async () => {
    const { api, simulator } = await account();
    simulator.faults.add({ kind: 'status', status: 200, body: '{"data":[]}', contentType: 'application/json', on: 'GET /api/accounts' });
    await expect(klaviyo.probe(api, signal())).rejects.toMatchObject({
      kind: 'config',
      code: 'klaviyo:no_account',
      message: expect.stringMatching(/base_url is not Klaviyo/),
      remedy: expect.stringMatching(/base_url/),
    });
  });

  it('does not take a next page without a cursor for the end', async () => {
    const { table, simulator } = await account();
    const body = JSON.stringify({
      data: [],
      links: { self: `${simulator.url}/api/metrics`, next: `${simulator.url}/api/metrics?page%5Bsize%5D=10` },
    });
    simulator.faults.add({ kind: 'status', status: 200, body, contentType: 'application/json', on: 'GET /api/metrics' });
    const { error, pages } = await table('metric').run();
    expect(error).toMatchObject({
      kind: 'data',
      code: 'klaviyo:no_cursor',
      message: expect.stringMatching(/next page without a cursor/),
      remedy: expect.stringMatching(/read again later/),
    });
    expect(pages).toEqual([]);
  });

  it('takes a 400 about the key for a refused key', async () => {
    const { api, simulator } = await account();
    simulator.faults.add({
      kind: 'status',
      status: 400,
      body: '{"errors":[{"code":"invalid","detail":"Missing or invalid API key."}]}',
      contentType: 'application/json',
    });
    await expect(klaviyo.probe(api, signal())).rejects.toMatchObject({ code: 'klaviyo:401', reach: 'connection' });
  });

  it('names the scopes when one is missing, and stops that table alone', async () => {
    const { table } = await account({ keys: { [DEFAULT_KEY]: ['metrics:read'] } });
    const { error } = await table('profile').run();
    expect(error).toMatchObject({ kind: 'config', reach: 'table', code: 'klaviyo:403', remedy: expect.stringContaining('profiles:read') });
    expect((await table('metric').run()).error).toBeUndefined();
  });

  it('waits as long as the text of a 429 says when no header does', async () => {
    const { simulator, table, heard } = await account();
    simulator.faults.add({
      kind: 'status',
      status: 429,
      times: 1,
      contentType: 'application/json',
      body: '{"errors":[{"code":"throttled","detail":"Request was throttled. Expected available in 0 second(s)."}]}',
    });
    const began = Date.now();
    const { error } = await table('metric').run();
    expect(error).toBeUndefined();
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
    expect(heard.throttled.length).toBeGreaterThan(0);
  });

  it.each([
    ['a challenge page with 403', { kind: 'html', status: 403 }],
    ['a web page with 502', { kind: 'html', status: 502 }],
    ['an empty 503', { kind: 'empty', status: 503 }],
    ['524', { kind: 'status', status: 524 }],
    ['a cut text', { kind: 'cut-text' }],
    ['a cut connection', { kind: 'cut-connection' }],
    ['a reset', { kind: 'reset' }],
    ['garbage', { kind: 'garbage' }],
  ] as const)('reads everything in spite of %s', async (_name, fault) => {
    const { simulator, table, heard } = await account();
    simulator.faults.add({ ...fault, after: 1, times: 2 });
    const { rows, error, pages } = await table('metric').run();
    expect(error).toBeUndefined();
    expect(rows).toHaveLength(460);
    expect(pages.at(-1)?.scan?.end).toBeDefined();
    expect(heard.troubles).toHaveLength(2);
    expect(heard.recovered).toBe(1);
  });

  it('never follows a link off its host', async () => {
    const { simulator, table } = await account();
    simulator.quirks.nextOrigin = 'https://elsewhere.example';
    const { rows, error } = await table('metric').run();
    expect(error).toBeUndefined();
    expect(rows).toHaveLength(460);
  });

  it('reads predictive analytics only when asked, within their own limit', async () => {
    const { table } = await account();
    expect((await table('profile').run()).rows.some((row) => Object.hasOwn(row.attributes as object, 'predictive_analytics'))).toBe(false);
    const predictive = await account({}, { predictive_analytics: true });
    expect(
      (await predictive.table('profile').run()).rows.every((row) => Object.hasOwn(row.attributes as object, 'predictive_analytics')),
    ).toBe(true);
  });

  it.each([
    [{}],
    [{ api_key: '' }],
    [{ api_key: 'k', base_url: 'ftp://x' }],
    [{ api_key: 'k', revision: 'latest' }],
    [{ api_key: 'k', sweep_every: 'all' }],
    [{ api_key: 'k', apikey: 'x' }],
  ])('refuses the settings %j', (settings) => {
    expect(klaviyoSettings.safeParse(settings).success).toBe(false);
  });
});

describe('what looking for deleted profiles costs', () => {
  const told = (settings: object, tables = ['metric', 'profile', 'event']): readonly string[] =>
    klaviyo.costs?.(klaviyoSettings.parse({ api_key: 'k', ...settings }), tables) ?? [];

  // Get Profiles: 100 profiles a page, 750 requests a minute; 150 with predictive analytics.
  it.each([
    [{}, /every 7d, one request per 100: for a million of them 10,000 requests, about 1,429 a day, which is 14 minutes/],
    [{ sweep_every: '1d' }, /every 1d, .* 10,000 requests, about 10,000 a day, which is 14 minutes/],
    [{ sweep_every: '12h', predictive_analytics: true }, /every 12h, .* about 20,000 a day, which is 67 minutes/],
    [{ sweep_every: '0h' }, /with every run, .* 10,000 requests which is 14 minutes/],
  ])('is told in requests: %j', (settings, expected) => {
    expect(told(settings)).toEqual([expect.stringMatching(expected)]);
  });

  it('is nothing where profiles are not read', () => {
    expect(told({}, ['metric', 'event'])).toEqual([]);
  });
});

describe('the revision', () => {
  const now = (): number => Date.UTC(2026, 10, 28);
  const connect = (revision: string): unknown =>
    connectKlaviyo(klaviyoSettings.parse({ api_key: DEFAULT_KEY, revision }), () => ({}) as HttpClient, now);

  it('is refused in words once the vendor keeps it no more, two years after its date', () => {
    for (const revision of ['2023-07-15', '2024-10-15', '2024-11-28', '2024-10-15.pre'])
      expect(() => connect(revision), revision).toThrow(/has retired its API revision/);
    for (const revision of ['2024-11-29', '2025-10-15', '2026-07-15', '2027-01-15'])
      expect(() => connect(revision), revision).not.toThrow();
  });

  it('is the one an answer was made by, where the answer tells', async () => {
    const { simulator, table } = await account({ profiles: 1, events: 5 });
    simulator.faults.add({
      kind: 'status',
      status: 200,
      body: '{"data":[],"links":{"self":"","next":null}}',
      headers: { revision: '2026-10-15' },
      on: 'GET /api/metrics',
    });
    const { error, pages } = await table('metric').run();
    expect(error).toMatchObject({ kind: 'config', reach: 'connection', code: 'klaviyo:revision' });
    expect(pages).toEqual([]);
  });

  it.each(['', 'a1b2c3d', 'undefined', '2026-07-15, 2026-07-15', '\u00e9', '0'])(
    'is not another one because a header says %j',
    async (revision) => {
      const { simulator, table } = await account({ profiles: 1, events: 5 }, { revision: '2026-07-15' });
      simulator.faults.add({
        kind: 'status',
        status: 200,
        body: '{"data":[],"links":{"self":"","next":null}}',
        headers: { revision },
        on: 'GET /api/metrics',
      });
      expect((await table('metric').run()).error).toBeUndefined();
    },
  );
});
