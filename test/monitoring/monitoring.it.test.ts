import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { connectClient } from '../../src/landing/connect-client.ts';
import { startSharedConnect } from '../setup/shared-stack.ts';
import { landingLogin, stackLogin } from '../support/login.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { freePort, settingsText, startCommand, until, writeFile, type Started } from '../support/command.ts';
import { dashboard, panelQueries } from './dashboard.ts';
import { startPrometheus, type Prometheus } from './prometheus.ts';

const stack = inject('stack');
const run = randomBytes(4).toString('hex');
const landing = `mon${run}`;

let folder: string;
let vendor: KlaviyoSimulator;
let connectUrl: string;
let database: Client;
let worker: Started;
let prometheus: Prometheus;

const command = (...args: string[]): Started => startCommand({ sources: [klaviyo], cwd: folder }, args);
/** Whether the expression has had a value at any second so far. */
const hasHad = async (expression: string): Promise<boolean> =>
  (await prometheus.range(expression)).some(({ values }) => values.some(([, value]) => value !== 'NaN'));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-monitoring-'));
  vendor = await startKlaviyoSimulator({ profiles: 150, events: 300, metrics: 20, limits: false });
  connectUrl = await startSharedConnect();
  const port = await freePort();
  const { host, port: databasePort, database: name } = stack.postgres;
  writeFile(
    folder,
    'tributary.yaml',
    settingsText({
      prefix: landing,
      kafka: stack,
      metricsPort: port,
      connections: `klaviyo: { settings: { api_key: ${DEFAULT_KEY}, base_url: "${vendor.url}" }, schedule: "* * * * *" }`,
      more: `landings:\n  ${landing}: { kind: postgres, host: ${host}, port: ${databasePort}, database: ${name}, schema: m_${run}, user: msink_${run}, reader: mreader_${run}, password_ref: "env:TRIBUTARY_WAREHOUSE_PASSWORD", sslmode: disable, converter: apicurio, ${landingLogin()}connect_url: "${connectUrl}" }`,
    }),
  );
  database = new Client(stack.postgres);
  await database.connect();
  await database.query((await command('landing', 'render', landing, 'setup.sql').ended).out);
  await database.query(`ALTER ROLE msink_${run} PASSWORD '${stack.postgres.password}'`);
  const applied = await command('landing', 'apply', landing).ended;
  if (applied.code !== 0) throw new Error(applied.err);

  // The vendor asks to wait now and then, and sends what nobody expects.
  vendor.faults.add({ kind: 'throttled', retryAfter: 1, on: 'GET /api/profiles*', after: 1, times: 2 });
  vendor.change.spoil({ table: 'profiles', as: 'wrong-types', count: 5 });
  vendor.change.spoil({ table: 'profiles', as: 'oversize', count: 1 });
  prometheus = await startPrometheus(`127.0.0.1:${port}`);
  worker = command('run');
});

afterAll(async () => {
  worker?.interrupt();
  await worker?.ended;
  await prometheus?.stop();
  await vendor?.close();
  await connectClient(connectUrl, { login: stackLogin() })
    .delete(`${landing}-klaviyo`)
    .catch(() => undefined);
  await database?.query(`DROP SCHEMA IF EXISTS m_${run} CASCADE`);
  await database?.end();
  rmSync(folder, { recursive: true, force: true });
});

describe('a real run, watched by the real Prometheus', () => {
  test('fills every panel of the dashboard, and a refused key shows as what it is', async () => {
    await until(
      'three tables are in sync',
      async () => (await prometheus.range('sum(max by (table) (tributary_sync_last_success_timestamp_seconds) > bool 0) == 3')).length > 0,
      240_000,
    );
    expect(await prometheus.labelValues('connection', 'tributary_table_state')).toEqual(['klaviyo']);
    vendor.change.updateProfiles({ count: 20 });
    vendor.change.addEvents({ count: 20 });
    await command('trigger', 'klaviyo').ended;
    await until(
      'the changes are published',
      () => hasHad('sum(tributary_records_published_total{op="upsert",table="event"}) >= 320'),
      180_000,
    );
    await until(
      'the sink is seen to have caught up',
      () => hasHad('sum(tributary_sink_lag_seconds) == 0 and sum(tributary_sink_tasks{state="running"}) == 1'),
      240_000,
    );

    // What never happened is not counted, so it happens: a row too large (above), a delete, deletes that are withheld.
    vendor.change.removeMetric({});
    await until(
      'two whole listings have missed it, and it is deleted',
      async () => {
        await command('trigger', 'klaviyo.metric').ended;
        return hasHad('sum(tributary_records_published_total{op="delete",table="metric"}) == 1');
      },
      240_000,
    );
    vendor.quirks.empty = ['metrics'];
    await command('trigger', 'klaviyo.metric').ended;
    await until('an empty listing deletes nothing', () => hasHad('max(tributary_deletes_withheld{table="metric"}) > 0'), 300_000);

    vendor.faults.add({ kind: 'status', status: 401 });
    await command('trigger', 'klaviyo').ended;
    await until(
      'the refused key is an alert about to fire',
      () => hasHad('ALERTS{alertname="TributaryTokenRefused",alertstate="pending",connection="klaviyo",code="klaviyo:401"}'),
      180_000,
    );

    const missing = new Set(panelQueries('10s').map(({ panel }) => panel));
    await until(
      'every panel has shown something',
      async () => {
        for (const { panel, expression } of panelQueries('10s'))
          if (missing.has(panel) && (await hasHad(expression))) missing.delete(panel);
        return missing.size === 0;
      },
      90_000,
    ).catch(() => undefined);
    expect([...missing]).toEqual([]);
  }, 900_000);

  test('every rule is evaluated without an error', async () => {
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThanOrEqual(14);
    expect(rules.filter(({ health }) => health !== 'ok').map(({ name, lastError }) => ({ name, lastError }))).toEqual([]);
    for (const { query } of rules) await prometheus.range(query);
  });

  test('the variables of the dashboard ask for metrics there are', async () => {
    const [, series = '', label = ''] =
      /^label_values\((\w+)(?:\{[^}]*\})?, (\w+)\)$/.exec(
        dashboard.templating.list.find(({ name }) => name === 'connection')?.query.query ?? '',
      ) ?? [];
    expect(await prometheus.labelValues(label, series)).toEqual(['klaviyo']);
    expect(await prometheus.labelValues('prefix', 'tributary_build_info')).toEqual([landing]);
  });

  test('a worker that ends is an alert about to fire', async () => {
    worker.interrupt();
    expect((await worker.ended).code).toBe(130);
    await until('nobody answers', () => hasHad('ALERTS{alertname="TributaryNoWorker",alertstate="pending"}'), 300_000);
  });
});
