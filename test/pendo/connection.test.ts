import { describe, expect, it } from 'vitest';
import { pendo } from '../../producers/pendo/index.ts';
import { pendoSettings } from '../../producers/pendo/settings.ts';
import type { PendoTable } from '../../simulators/pendo/options.ts';
import { NARROW_KEY } from '../../simulators/pendo/simulator.ts';
import { subscription } from './harness.ts';

const never = new AbortController().signal;

describe('connecting', () => {
  it('proves the key with one cheap request', async () => {
    const { api, simulator } = await subscription();
    expect(await pendo.probe(api, never)).toEqual({ account: expect.stringMatching(/subscription/) });
    expect(simulator.requests.list().map(({ path }) => path)).toEqual(['/api/v1/metadata/schema/account']);
  });

  it('explains a refused key without showing it', async () => {
    const { simulator, api } = await subscription({}, { integration_key: 'a-very-secret-key' });
    const refused = await pendo.probe(api, never).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({
      kind: 'config',
      code: 'pendo:403',
      remedy: expect.stringMatching(/integration_key.*region.*Write Access/),
    });
    simulator.faults.add({ kind: 'status', status: 401, body: '{"message":"a-very-secret-key"}' });
    const error = await pendo.probe(api, never).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      kind: 'config',
      reach: 'connection',
      code: 'pendo:401',
      remedy: expect.stringContaining('integration_key'),
    });
    expect(JSON.stringify([error, String(error), refused, String(refused)])).not.toContain('a-very-secret-key');
  });

  it('stops only the tables a key may not read', async () => {
    const { table } = await subscription({}, { integration_key: NARROW_KEY });
    for (const name of ['events', 'visitors', 'features'] as PendoTable[])
      expect((await table(name).run({ since: 1_773_000_000_000 })).error, name).toMatchObject({ kind: 'config', reach: 'table' });
    expect((await table('metadata_visitors').run()).error).toBeUndefined();
  });

  it('waits half a minute when a refusal names no time, and as long as it says when it does', async () => {
    const { simulator, table, heard } = await subscription();
    simulator.faults.add({ kind: 'throttled', retryAfter: 1, times: 1 });
    const began = Date.now();
    expect((await table('features').run()).error).toBeUndefined();
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
    expect(heard.throttled.every(({ until }) => until < began + 5_000)).toBe(true);
    simulator.faults.add({ kind: 'throttled', times: 1 });
    const stop = new AbortController();
    const waiting = table('features').run({ signal: stop.signal });
    const deadline = Date.now() + 5_000;
    while (!heard.throttled.some(({ until }) => until > Date.now() + 20_000) && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(heard.throttled.some(({ until }) => until > Date.now() + 20_000)).toBe(true);
    stop.abort();
    expect((await waiting).error).toMatchObject({ kind: 'stopped' });
  });

  it("tells a wrong region from other refusals, and repeats the vendor's words", async () => {
    const { simulator, table } = await subscription();
    const refuse = async (status: number, body: string): Promise<unknown> => {
      const id = simulator.faults.add({ kind: 'status', status, body, contentType: 'text/plain' });
      const { error } = await table('features').run();
      simulator.faults.clear(id);
      return error;
    };
    expect(await refuse(400, 'missing jzb')).toMatchObject({
      kind: 'config',
      reach: 'connection',
      code: 'pendo:key_refused',
      remedy: expect.stringContaining('region'),
    });
    expect(await refuse(400, 'bad pipeline: bad source')).toMatchObject({
      kind: 'data',
      message: expect.stringContaining('bad pipeline: bad source'),
    });
    expect(await refuse(402, '')).toMatchObject({ kind: 'data' });
    expect(await refuse(408, '')).toMatchObject({ kind: 'data', code: 'pendo:too_heavy' });
  });

  it('asks for one aggregation at a time, and no more per second than the settings allow', async () => {
    const { simulator, table } = await subscription({ days: 2, visitors: 40 }, { requests_per_second: 2 });
    const began = Date.now();
    await Promise.all((['features', 'pages', 'guides'] as PendoTable[]).map((name) => table(name).run()));
    const asked = simulator.asked.length;
    expect(asked).toBe(6);
    expect(Date.now() - began).toBeGreaterThanOrEqual((asked / 2 - 1) * 1_000 - 50);
    expect(simulator.requests.peakInFlight).toBeLessThanOrEqual(2);
  });
});

describe('the settings', () => {
  it('choose the region, by the key when none is named', () => {
    const hostOf = (settings: object): string => {
      let host = '';
      pendo.connect(pendoSettings.parse(settings), { now: Date.now, http: (options) => ((host = options.baseUrl), undefined as never) });
      return host;
    };
    expect(hostOf({ integration_key: 'x' })).toBe('https://app.pendo.io');
    expect(hostOf({ integration_key: 'x.eu' })).toBe('https://app.eu.pendo.io');
    expect(hostOf({ integration_key: 'x.eu', region: 'jp' })).toBe('https://app.jpn.pendo.io');
    expect(hostOf({ integration_key: 'x', region: 'au' })).toBe('https://app.au.pendo.io');
    expect(hostOf({ integration_key: 'x', region: 'us1' })).toBe('https://us1.app.pendo.io');
  });

  it('have the defaults of the connector page, and refuse what makes no sense', () => {
    expect(pendoSettings.parse({ integration_key: 'x' })).toMatchObject({
      period: 'day',
      app_ids: [],
      include_anonymous_visitors: false,
      key_mode: 'extended',
      lookback_days: 10,
      record_limit: 50_000,
      requests_per_second: 1,
      visitor_history: { enabled: false },
    });
    for (const wrong of [{ period: 'week' }, { app_ids: ['x'] }, { record_limit: 0 }, { lookback: 3 }])
      expect(pendoSettings.safeParse({ integration_key: 'x', ...wrong }).success).toBe(false);
  });
});
