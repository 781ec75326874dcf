import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { freePort, startCommand, until, writeFile } from '../support/command.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';
import { echoed, echoServer, shownIn } from './echo.ts';

/*
 * A worker on real Kafka with five accounts whose vendors say every secret again: in rows that are put aside, in cursors that
 * are kept as position, in refusals. Then everything that leaves the process is searched.
 */

const stack = inject('stack');
const prefix = `seeds${randomBytes(4).toString('hex')}`;

test('nothing that leaves a worker shows a secret', { timeout: 600_000 }, async () => {
  const names = ['klaviyo', 'customer_io', 'pendo', 'segment', 'listrak', 'connect', 'passphrase', 'web-token-long'];
  const planted = names.map((name) => `${name}/+&<"'=%Kq9vTz${randomBytes(4).toString('hex')}`);
  const at = (name: string): string => planted.find((one) => one.startsWith(name)) ?? '';
  const secrets = [...planted, ...(stackLogin() === undefined ? [] : [stackLogin()?.password ?? ''])];
  const vendor = await echoServer(secrets, (path) => {
    if (!path.startsWith('/api/metrics')) return { status: 400 };
    // A row without an id, one that is no object, and a cursor that is the key.
    const row = { type: 'metric', attributes: { name: echoed(secrets) } };
    const links = {
      self: vendor.url,
      next: path.includes('cursor') ? null : `${vendor.url}/api/metrics?page[cursor]=${encodeURIComponent(at('klaviyo'))}`,
    };
    if (path.includes('cursor')) return { status: 400 };
    return {
      status: 200,
      body: JSON.stringify({ data: [row, echoed(secrets), { ...row, id: 'good', attributes: { name: 'good' } }], links }),
    };
  });
  const connect = await echoServer(secrets, () => ({ status: 400 }));
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'tributary-seeds-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const settings = {
    prefix,
    kafka: { brokers: stack.brokers, replication_factor: 1, ...kafkaLogin() },
    registry: { url: stack.registryUrl, ...stackLogin() },
    metrics: { port },
    web: { token: at('web-token') },
    landings: {
      wh: {
        kind: 'postgres',
        host: 'db',
        database: 'd',
        password_ref: 'env:PG',
        connect_url: connect.url,
        connect_username: 'u',
        connect_password: at('connect'),
        ...(stackLogin() === undefined ? {} : { registry_credentials_ref: 'env:REG' }),
      },
    },
    connections: {
      klaviyo: {
        tables: ['metric'],
        settings: { api_key: at('klaviyo'), base_url: vendor.url, sftp: { user: 'u', passphrase: at('passphrase') } },
      },
      customer_io: { tables: ['segments'], settings: { access_token: at('customer_io'), base_url: vendor.url } },
      pendo: { tables: ['features'], settings: { integration_key: at('pendo'), base_url: vendor.url } },
      segment: { tables: ['sources'], settings: { api_token: at('segment'), base_url: vendor.url } },
      listrak: { tables: ['lists'], settings: { username: 'u', password: at('listrak'), base_url: vendor.url } },
    },
  };
  // JSON is YAML.
  writeFile(folder, 'tributary.yaml', JSON.stringify(settings));
  const worker = startCommand({ sources, cwd: folder }, ['run', '--log-format', 'json', '--verbose']);
  const token = { authorization: `Bearer ${at('web-token')}` };
  const get = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' });
    return `${JSON.stringify([...answer.headers])}\n${await answer.text()}`;
  };
  const outputs: Record<string, string> = {};
  try {
    await until('every vendor was asked, and what it said is shown', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined);
      const { tables = [] } = ((await answer?.json()) ?? {}) as { tables?: readonly { connection: string }[] };
      const told = tables.filter((table) => JSON.stringify(table).includes('"message"')).map(({ connection }) => connection);
      return new Set(told).size === 5;
    });
    for (const path of ['/metrics', '/status', '/healthz', '/readyz', '/', '/login', '/api/v1/status'])
      outputs[`stranger ${path}`] = await get(path);
    const described = JSON.parse((await get('/api/v1/openapi.json', token)).split('\n').slice(1).join('\n')) as {
      paths: Record<string, { get?: unknown }>;
    };
    const fill = (path: string): string[] =>
      Object.keys(settings.connections).map((name) =>
        path
          .replace('{connection}', name)
          .replace('{table}', settings.connections[name as 'klaviyo'].tables[0] ?? '')
          .replace('{landing}', 'wh'),
      );
    const api = Object.entries(described.paths).flatMap(([path, { get: readable }]) => (readable === undefined ? [] : fill(path)));
    expect(api.length).toBeGreaterThan(5);
    const site = [
      '/',
      '/workers',
      '/audit',
      '/imports',
      '/settings',
      '/new/connection/klaviyo',
      '/new/landing/postgres',
      '/l/wh',
      '/l/wh/file?name=setup.sql',
    ];
    const ofTables = ['/c/{connection}', '/c/{connection}/t/{table}', '/c/{connection}/t/{table}/changes'].flatMap(fill);
    const pages = [...new Set([...api, ...site, ...ofTables])];
    for (const path of pages) outputs[`user ${path}`] = await get(path, token);
  } finally {
    worker.interrupt();
    const { out, err } = await worker.ended;
    outputs['terminal'] = `${out}\n${err}`;
  }
  for (const args of [
    ['status'],
    ['status', '--json'],
    ['discover'],
    ['runs'],
    ['runs', 'klaviyo.metric', '--json'],
    ['peek', 'klaviyo.metric'],
    ['peek', 'klaviyo.metric', '--json'],
    ['dead-letters', 'list', 'klaviyo.metric'],
    ['dead-letters', 'list', 'klaviyo.metric', '--json'],
    ['state', 'show', 'klaviyo.metric'],
    ['state', 'show', 'klaviyo.metric', '--json'],
    ['state', 'export'],
    ['deletes', 'list'],
    ['import', 'list'],
    ['landing', 'render', 'wh', '--json'],
    ['landing', 'check', 'wh'],
    ['landing', 'status', 'wh'],
    ['check'],
  ]) {
    const { out, err } = await startCommand({ sources, cwd: folder }, ['--verbose', ...args]).ended;
    // A command that nobody knows prints its usage, in which there is nothing to search.
    expect(`${args.join(' ')}: ${err}`).not.toMatch(/unknown (command|option)|too many arguments|Usage: /);
    outputs[args.join(' ')] = `${out}\n${err}`;
  }
  // What was searched is what the commands are for.
  expect(outputs['dead-letters list klaviyo.metric --json']).toContain('"reason"');
  expect(outputs['state show klaviyo.metric --json']).toContain('"position"');
  const access: KafkaAccess = {
    settings: {
      brokers: stack.brokers,
      clientId: 'seeds-test',
      prefix,
      replicationFactor: 1,
      minInSyncReplicas: 1,
      registry: { url: stack.registryUrl, ...stackLogin() },
      ...kafkaLogin(),
      compression: 'gzip',
    },
  };
  const counts: Record<string, number> = {};
  for (const name of ['_runs', '_state', '_dead_letters', '_status', '_control']) {
    let text = '';
    await readTopics(access, [{ topic: `${prefix}.${name}` }], async ({ key, value, headers }) => {
      counts[name] = (counts[name] ?? 0) + 1;
      text += `${key?.toString() ?? ''} ${value?.toString() ?? ''} ${JSON.stringify(headers)}\n`;
    });
    outputs[name] = text;
  }
  expect(Object.entries(outputs).flatMap(([where, text]) => shownIn(text, secrets).map((what) => `${where}: ${what}`))).toEqual([]);
  // There was something to hide in each of them.
  expect(counts).toMatchObject({ _runs: expect.any(Number), _state: expect.any(Number), _dead_letters: expect.any(Number) });
  expect(outputs['_dead_letters']).toContain('***');
  expect(outputs['terminal']).toContain('***');
});
