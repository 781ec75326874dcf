import { expect, onTestFinished, test } from 'vitest';
import { customerIo } from '../../producers/customer_io/index.ts';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { listrak } from '../../producers/listrak/index.ts';
import { pendo } from '../../producers/pendo/index.ts';
import { segment } from '../../producers/segment/index.ts';
import { startCustomerIoSimulator } from '../../simulators/customer-io/simulator.ts';
import { DEFAULT_KEY as KLAVIYO_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { PASSWORD, USER, startListrakSimulator } from '../../simulators/listrak/simulator.ts';
import { DEFAULT_KEY as PENDO_KEY, startPendoSimulator } from '../../simulators/pendo/simulator.ts';
import { startSegmentSimulator } from '../../simulators/segment/segment-simulator.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createRedactor } from '../../src/core/redact.ts';
import type { Source } from '../../src/sdk/source.ts';
import type { WebContext } from '../../src/web/context.ts';
import { tryConnection } from '../../src/web/setup/rights.ts';

const context = { clock: systemClock, random: Math.random, redactor: createRedactor() } as unknown as WebContext;
const tried = (source: Source, settings: object) => tryConnection(context, { source, settings: source.settings.parse(settings) });

const vendors = {
  klaviyo: async () => {
    const vendor = await startKlaviyoSimulator({ profiles: 10, events: 30, metrics: 4, limits: false });
    return { source: klaviyo as Source, vendor, settings: { api_key: KLAVIYO_KEY, base_url: vendor.url } };
  },
  segment: async () => {
    const vendor = await startSegmentSimulator({ limits: { enabled: false } });
    return { source: segment as Source, vendor, settings: { api_token: vendor.tokens.business, base_url: vendor.url } };
  },
  customer_io: async () => {
    const vendor = await startCustomerIoSimulator({ people: 20, limits: { enabled: false } });
    return { source: customerIo as Source, vendor, settings: { access_token: vendor.keys.full, base_url: vendor.baseUrl } };
  },
  pendo: async () => {
    const vendor = await startPendoSimulator({ days: 3, limits: { enabled: false } });
    return { source: pendo as Source, vendor, settings: { integration_key: PENDO_KEY, base_url: vendor.url, requests_per_second: 1_000 } };
  },
  listrak: async () => {
    const vendor = await startListrakSimulator({ messages: 3, contacts: 20, events: 40, sends: 10 });
    return { source: listrak as Source, vendor, settings: { username: USER, password: PASSWORD, base_url: vendor.url } };
  },
};

test.each(Object.keys(vendors) as (keyof typeof vendors)[])('%s: no table is refused to a key that may read all', async (name) => {
  const { source, settings, vendor } = await vendors[name]();
  onTestFinished(() => vendor.close());
  const { rights } = await tried(source, settings);
  const wanted = source.tables(source.settings.parse(settings)).filter(({ off }) => off === undefined);
  expect(rights.map(({ table }) => table)).toEqual(wanted.map((table) => table.name));
  expect(rights.filter(({ outcome }) => outcome === 'refused')).toEqual([]);
  expect(rights.filter(({ outcome }) => outcome === 'read').length).toBeGreaterThan(rights.length / 2);
});

test('a right the key lacks is named for its table, and the account lists what may be chosen', async () => {
  const { source, settings, vendor } = await vendors.klaviyo();
  onTestFinished(() => vendor.close());
  const body = JSON.stringify({ errors: [{ status: 403, code: 'permission_denied', detail: 'Missing scope events:read.' }] });
  vendor.faults.add({ kind: 'status', status: 403, on: 'GET /api/events*', body, contentType: 'application/json' });
  const { rights, choices } = await tried(source, settings);
  expect(rights.map(({ table, outcome }) => `${table} ${outcome}`)).toEqual(['metric read', 'profile read', 'event refused']);
  expect(rights[2]?.text).toContain('lacks a scope (Missing scope events:read)');
  const metrics = [...vendor.truth.metrics()].map(({ id }) => id);
  const offered = choices.find(({ setting }) => setting === 'events')?.choices.map(({ value }) => value);
  expect([...(offered ?? [])].sort()).toEqual(metrics.sort());
});

test('the apps of a Pendo subscription are listed by what names them', async () => {
  const { source, settings, vendor } = await vendors.pendo();
  onTestFinished(() => vendor.close());
  const [apps] = (await tried(source, settings)).choices;
  const named = (['pages', 'features', 'track_types'] as const)
    .flatMap((table) => vendor.truth.rows(table))
    .flatMap(({ appId, appIds }) => [appId, ...(appIds as number[])].map(String));
  expect(apps?.setting).toBe('app_ids');
  expect(apps?.choices.map(({ value }) => value).sort()).toEqual([...new Set(named)].sort());
  expect(apps?.choices.length).toBeGreaterThan(1);
  // As the form hands them on.
  expect(source.settings.parse({ ...settings, app_ids: apps?.choices.map(({ value }) => Number(value)) })).toBeDefined();
});

test('a refused key is no matter of tables', async () => {
  const { source, settings, vendor } = await vendors.klaviyo();
  onTestFinished(() => vendor.close());
  await expect(tried(source, { ...settings, api_key: 'pk_of_nobody' })).rejects.toMatchObject({ kind: 'config' });
});
