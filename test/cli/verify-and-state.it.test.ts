import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import type { Verification } from '../../src/engine/verify.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { settingsText, startCommand, until, writeFile, type Ended } from '../support/command.ts';

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

test('runs tells the last runs, what failed and what to do', async () => {
  const all = JSON.parse((await tributary('runs', '--json')).out) as { table: string; outcome: string }[];
  expect(all.length).toBeGreaterThanOrEqual(2);
  expect((await tributary('runs', 'klaviyo.metric', '--last', '1')).out).toMatch(
    /^BEGAN \(UTC\) +TABLE +MODE.*\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +klaviyo\.metric .* succeeded\n$/,
  );
  expect(await tributary('runs', '--failed')).toMatchObject({ code: 0, out: '', err: expect.stringContaining('No run failed.') });
  vendor.quirks.forbidden = ['metrics'];
  expect((await tributary('sync', 'klaviyo.metric')).code).toBe(1);
  vendor.quirks.forbidden = [];
  const { out } = await tributary('runs', '--failed', '--since', '1h');
  expect(out).toMatch(/klaviyo\.metric .* failed\n\nklaviyo\.metric: .*lacks a scope.* Give the key/);
  expect(await tributary('runs', 'klaviyo.metrics')).toMatchObject({ code: 2, err: expect.stringContaining('did you mean metric?') });
});

test('peek shows the newest changes, the versions of a row, deletes, and what comes', async () => {
  const newest = await tributary('peek', 'klaviyo.profile', '--last', '3', '--columns', 'id,email');
  expect(newest.out).toMatch(/^AT +CHANGE +ID +EMAIL\n(\d{4}-\S+Z +(upsert|delete) .*\n){3}$/);
  const [row] = (await tributary('peek', 'klaviyo.profile', '--last', '1', '--json')).out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { key: { id: string } });
  const one = await tributary('peek', 'klaviyo.profile', '--key', `id=${row!.key.id}`, '--json');
  expect(one.out.split('\n').filter((line) => line.includes(row!.key.id)).length).toBeGreaterThan(0);
  expect(await tributary('peek', 'klaviyo.profile', '--key', 'id=nobody')).toMatchObject({
    code: 0,
    out: '',
    err: expect.stringContaining('has never held'),
  });
  for (const [args, says] of [
    [['--since', '2036-01-01'], 'Nothing of klaviyo.metric was published since then'],
    [['--deleted'], 'None of the newest changes of klaviyo.metric is a delete'],
  ] as const)
    expect(await tributary('peek', 'klaviyo.metric', ...args)).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringContaining(says) as string,
    });
  const wide = await tributary('peek', 'klaviyo.profile', '--since', '1d');
  expect(wide.err).toMatch(/more columns have values: --columns selects columns/);
  expect(wide.out.split('\n').length).toBeGreaterThan(250);
  for (const [args, message] of [
    [['--key', 'email=x'], /email is not a key column of profile.*\n.*--key id=/],
    [['--key', 'nothing'], /Write it as column=value/],
    [['--columns', 'e_mail'], /profile has no column "e_mail"/],
    [['--since', 'yesterday'], /Give a time such as/],
    [['--last', '0'], /Give a whole number above 0/],
    [['--key', 'id=1', '--follow'], /cannot be combined with --since, --last or --follow/],
    [['--key', 'id=1', '--last', '3'], /cannot be combined with --since, --last or --follow/],
    [['--since', '1h', '--last', '3'], /--since shows all changes since a time, --last a number of the newest/],
  ] as const) {
    const wrong = await tributary('peek', 'klaviyo.profile', ...args);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toMatch(message);
  }
  const following = startCommand({ sources: [klaviyo], cwd: folder }, ['peek', 'klaviyo.metric', '--follow', '--json', '--last', '1']);
  await until('the newest row', () => following.out().includes('"change"'));
  const before = following.out().trim().split('\n').length;
  vendor.change.addMetric({ name: 'Came while it was followed' });
  await tributary('sync', 'klaviyo.metric');
  await until('what came', () => following.out().trim().split('\n').length > before);
  expect(following.out()).toContain('Came while it was followed');
  following.interrupt();
  const { code, err } = await following.ended;
  expect(code).toBe(0);
  expect(err.trim().split('\n').at(-1)).toBe('Stopping. Press Ctrl-C again to stop at once.');
});

test('verify that is interrupted within a request says so, and names no request', async () => {
  vendor.faults.add({ kind: 'hang', on: 'GET /api/profiles' });
  const verifying = startCommand({ sources: [klaviyo], cwd: folder }, ['verify', 'klaviyo.profile']);
  await until('a request hangs', () => vendor.faults.list().some(({ hits }) => hits > 0));
  verifying.interrupt();
  const { code, err } = await verifying.ended;
  vendor.faults.clear();
  expect(code).toBe(130);
  expect(err).toMatch(/Stopping\. Press Ctrl-C again to stop at once\.\nThe verification was interrupted\.\n$/);
});

test('resume tells whether anything was paused', async () => {
  expect((await tributary('pause', 'klaviyo.metric')).err).toContain('klaviyo.metric: paused');
  expect((await tributary('resume', 'klaviyo.metric')).err).toContain('klaviyo.metric: resumed');
  expect((await tributary('resume', 'klaviyo.metric')).err).toContain('klaviyo.metric: was not paused');
});
