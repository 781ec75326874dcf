import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import type { Verification } from '../../src/engine/verify.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { settingsText, startCommand, writeFile, type Ended } from '../support/command.ts';

// One account that is synced once and then changes at the vendor; the steps build on each other.
const stack = inject('stack');
let folder: string;
let vendor: KlaviyoSimulator;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-verify-'));
  vendor = await startKlaviyoSimulator({ limits: false, profiles: 250, events: 5, metrics: 5 });
  writeFile(
    folder,
    'tributary.yaml',
    settingsText({
      prefix: `verify${randomBytes(3).toString('hex')}`,
      kafka: stack,
      metricsPort: 1,
      connections: `klaviyo:\n  settings: { api_key: ${DEFAULT_KEY}, base_url: "${vendor.url}" }\n  tables: [profile, metric]`,
    }),
  );
  const { code, err } = await tributary('sync');
  if (code !== 0) throw new Error(err);
});
afterAll(async () => {
  await vendor?.close();
  rmSync(folder, { recursive: true, force: true });
});

const tributary = (...args: string[]): Promise<Ended> => startCommand({ sources: [klaviyo], cwd: folder }, args).ended;

test('verify ends with 0 while vendor and topic are equal', async () => {
  const { code, out } = await tributary('verify', 'klaviyo.profile');
  expect(out).toBe('klaviyo.profile: 250 rows at the vendor, 250 in the topic\n  missing    0\n  surplus    0\n  different  0\n');
  expect(code).toBe(0);
});

test('verify names the rows the vendor no longer has, ends with 1, and publishes nothing', async () => {
  const surplus = vendor.change.deleteProfiles({ count: 2 });
  const { code, out } = await tributary('verify', 'klaviyo.profile', '--json');
  const found = JSON.parse(out) as Verification;
  expect({ ...found, surplus: found.surplus.count }).toEqual({
    connection: 'klaviyo',
    table: 'profile',
    vendorRows: 248,
    topicRows: 250,
    unusable: 0,
    missing: { count: 0, keys: [] },
    surplus: 2,
    different: { count: 0, keys: [] },
  });
  expect(found.surplus.keys.map(({ id }) => id).sort()).toEqual([...surplus].sort());
  expect(code).toBe(1);
});

test('state show and state export tell the position; after state reset everything is read again and nothing published', async () => {
  const shown = await tributary('state', 'show', 'klaviyo.metric');
  expect(shown.out).toMatch(/^TABLE +ROWS PUBLISHED +UPDATED +POSITION\nklaviyo\.metric +5 +\d{4}-\d\d-\d\dT/);
  const [state] = JSON.parse((await tributary('state', 'show', 'klaviyo.metric', '--json')).out) as {
    rowsPublished: number;
    lastSuccessAt: number;
  }[];
  expect(state).toMatchObject({ connection: 'klaviyo', table: 'metric', rowsPublished: 5 });
  const lines = (await tributary('state', 'export')).out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { table: string; slot: string });
  expect(
    lines
      .filter(({ slot }) => slot === 'state')
      .map(({ table }) => table)
      .sort(),
  ).toEqual(['metric', 'profile']);

  expect(await tributary('state', 'reset', 'klaviyo.metric')).toMatchObject({
    code: 0,
    out: '',
    err: expect.stringContaining('forgotten') as string,
  });
  expect(JSON.parse((await tributary('state', 'show', 'klaviyo.metric', '--json')).out)).toEqual([]);
  const [run] = JSON.parse((await tributary('sync', 'klaviyo.metric', '--json')).out) as {
    outcome: string;
    totals: { fetched: number; messages: number };
  }[];
  expect(run).toMatchObject({ outcome: 'succeeded', totals: { fetched: 5, messages: 0 } });
});
