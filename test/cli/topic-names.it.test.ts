import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { topicsOf, withCluster } from '../../src/kafka/cluster.ts';
import { freePort, settingsText, startCommand, until, writeFile, type Ended } from '../support/command.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';

// One table under a chosen name, then under another one; the steps build on each other.
const stack = inject('stack');
const prefix = `names${randomBytes(3).toString('hex')}`;
let folder: string;
let vendor: KlaviyoSimulator;
let account: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-names-'));
  vendor = await startKlaviyoSimulator({ limits: false, profiles: 5, events: 5, metrics: 7 });
  account = `  settings: { api_key: ${DEFAULT_KEY}, base_url: "${vendor.url}" }\n  tables: [metric]`;
});
afterAll(async () => {
  await vendor?.close();
  rmSync(folder, { recursive: true, force: true });
});

const tributary = (...args: string[]): Promise<Ended> => startCommand({ sources: [klaviyo], cwd: folder }, args).ended;

function settings(template: string, metricsPort = 1, others = ''): void {
  writeFile(
    folder,
    'tributary.yaml',
    settingsText({
      prefix,
      kafka: stack,
      metricsPort,
      more: `topics: { name: "${template}" }`,
      connections: `klaviyo:\n${account}${others}`,
    }),
  );
}

async function topics(): Promise<string[]> {
  const settings = {
    brokers: stack.brokers,
    clientId: 'names-test',
    prefix,
    replicationFactor: 1,
    minInSyncReplicas: 1,
    registry: { url: stack.registryUrl, ...stackLogin() },
    compression: 'gzip' as const,
    ...kafkaLogin(),
  };
  const all = await withCluster({ settings }, 'Listing topics', async (cluster) => [...(await topicsOf(cluster)).keys()]);
  return all.filter((topic) => topic.includes(prefix) && !topic.startsWith(`${prefix}._`)).sort();
}

test('rows go to the topic of the chosen name, and every command finds them there', async () => {
  settings('crm.{prefix}.{table}-{connection}');
  expect(await tributary('sync')).toMatchObject({ code: 0, out: expect.stringMatching(/klaviyo\.metric +7 +7 /) as string });
  expect(await topics()).toEqual([`crm.${prefix}.metric-klaviyo`]);
  expect((await tributary('peek', 'klaviyo.metric', '--json')).out.trim().split('\n')).toHaveLength(7);
  expect((await tributary('verify', 'klaviyo.metric')).out).toMatch(/7 rows at the vendor, 7 in the topic/);
  expect((await tributary('check')).code).toBe(0);
  expect((await tributary('sync')).out).toMatch(/klaviyo\.metric +7 +0 /);
});

test('another name for a table that was read is refused by check and sync, and makes nothing', async () => {
  settings('{prefix}.{connection}.{table}');
  const check = await tributary('check');
  expect(check.code).toBe(2);
  expect(check.out + check.err).toContain(
    `are in the topic crm.${prefix}.metric-klaviyo, but the settings now name it ${prefix}.klaviyo.metric`,
  );
  const sync = await tributary('sync');
  expect(sync.code).toBe(2);
  expect(sync.err).toMatch(/second copy.*Restore the earlier topics\.name/s);
  expect(await topics()).toEqual([`crm.${prefix}.metric-klaviyo`]);
});

test('after a reset the table begins anew under the new name, and is told where its old rows stay', async () => {
  const reset = await tributary('state', 'reset', 'klaviyo.metric');
  expect(reset).toMatchObject({ code: 0, err: expect.stringContaining(`The topic crm.${prefix}.metric-klaviyo stays`) as string });
  expect((await tributary('sync')).out).toMatch(/klaviyo\.metric +7 +7 /);
  expect(await topics()).toEqual([`crm.${prefix}.metric-klaviyo`, `${prefix}.klaviyo.metric`]);
});

test('a running worker reads a new connection into topics of its own name; another name for a table that was read makes nothing', async () => {
  const port = await freePort();
  const tables = async (): Promise<string[]> => {
    const answer = await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined);
    const { tables: all } = answer?.ok
      ? ((await answer.json()) as { tables: { connection: string; state: { kind: string } }[] })
      : { tables: [] };
    return all.map(({ connection, state }) => `${connection} ${state.kind}`).sort();
  };
  const crm = `\ncrm:\n  source: klaviyo\n  topics: { name: "{prefix}.own.{table}" }\n${account}`;
  const before = await topics();
  settings('{prefix}.{connection}.{table}', port);
  const worker = startCommand({ sources: [klaviyo], cwd: folder }, ['run']);
  try {
    await until('the worker reads', async () => (await tables()).join() === 'klaviyo scheduled');
    settings('{prefix}.{connection}.{table}', port, crm);
    await until('the new connection was read', async () => (await tables()).join() === 'crm scheduled,klaviyo scheduled');
    expect(await topics()).toEqual([...before, `${prefix}.own.metric`].sort());
    const page = await fetch(`http://127.0.0.1:${port}/api/v1/connections/crm/tables/metric/changes`);
    expect(((await page.json()) as { changes: unknown[] }).changes).toHaveLength(7);
    // Its schedule counts for alerts and messages.
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/table_interval_seconds\{[^}]*connection="crm"[^}]*\} 3600/);
    settings('{prefix}.{connection}.{table}', port, crm.replace('own', 'later'));
    await until('the other name is refused', async () => (await tables()).includes('crm failed') || (await tables()).includes('crm error'));
    expect(await topics()).toEqual([...before, `${prefix}.own.metric`].sort());
    settings('{prefix}.{connection}.{table}', port, crm);
    await until('it is read again', async () => (await tables()).join() === 'crm scheduled,klaviyo scheduled');
    settings('{prefix}.{connection}.{table}', port);
    await until('a removed connection has no tables', async () => (await tables()).join() === 'klaviyo scheduled');
  } finally {
    worker.interrupt();
  }
  const { code, err } = await worker.ended;
  expect(code).toBe(130);
  expect(err).toContain(`are in the topic ${prefix}.own.metric, but the settings now name it ${prefix}.later.metric`);
});
