import { execFile, execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import { freePort, startCommand, until } from '../support/command.ts';

/*
 * A whole stack in a folder whose name holds what breaks naive settings files, looked at by another user of the
 * machine. The Java parts answer only when they found their folders, so that they are up at all proves the escaping.
 */
let home: string;
let dir: string;
let stack: Stack;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tributary-strangers-'));
  execFileSync('chmod', ['755', home]);
  dir = join(home, 'Zoë, x\\y #1', 'stack');
  stack = await startStack({ dir, connect: true, topicDefaults: 'fast' });
}, 600_000);

afterAll(async () => {
  await stack?.stop();
  rmSync(home, { recursive: true, force: true });
});

const addresses = (): { registry: string; connect: string; broker: string; controller: string } => {
  const { ports } = JSON.parse(readFileSync(join(dir, 'stack.json'), 'utf8')) as { ports: Record<string, number> };
  return {
    registry: new URL(stack.registryUrl).origin,
    connect: stack.connectUrl ?? '',
    broker: stack.brokers[0] ?? '',
    controller: `127.0.0.1:${ports['controller']}`,
  };
};

test('Kafka keeps its data in that very folder and in no other', () => {
  expect(readdirSync(join(dir, 'kafka', 'data'))).toContain('meta.properties');
  expect(readdirSync(home)).toEqual(['Zoë, x\\y #1']);
});

test("everything below the folder is its owner's alone", () => {
  const open = readdirSync(join(dir, '..'), { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => (lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077);
  expect(open).toEqual([]);
  expect(lstatSync(join(dir, '..')).mode & 0o077).toBe(0);
});

describe('without the password', () => {
  test.each(['/apis/ccompat/v7/subjects', '/apis/registry/v2/system/info', '/apis/registry/v3/system/info', '/health', '/metrics', '/'])(
    'the registry answers nothing at %s',
    async (path) => {
      expect((await fetch(`${addresses().registry}${path}`)).status).toBe(401);
    },
  );

  test.each<[string, RequestInit]>([
    ['/', {}],
    ['/connectors', {}],
    ['/connector-plugins', {}],
    ['/admin/loggers', {}],
    [
      '/connector-plugins/JdbcSinkConnector/config/validate',
      { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"connector.class":"JdbcSinkConnector"}' },
    ],
    ['/connectors/any/config', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' }],
    ['/connectors', { headers: { authorization: `Basic ${Buffer.from('tributary:guess').toString('base64')}` } }],
  ])('Connect does nothing at %s', async (path, init) => {
    expect((await fetch(`${addresses().connect}${path}`, init)).status).toBe(401);
  });

  test.each(['broker', 'controller'] as const)('the %s talks to nobody', async (which) => {
    const said = async (sasl: object) => {
      const admin = new Kafka({
        brokers: [addresses()[which]],
        clientId: 'stranger',
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
        connectionTimeout: 2_000,
        requestTimeout: 5_000,
        ...sasl,
      }).admin();
      try {
        await admin.connect();
        return await admin.listTopics();
      } finally {
        await admin.disconnect();
      }
    };
    await expect(said({})).rejects.toThrow();
    await expect(said({ sasl: { mechanism: 'plain', username: stack.login.username, password: 'guess' } })).rejects.toThrow();
  });

  test('PostgreSQL lets nobody in', async () => {
    const client = new Client({ ...stack.postgres, password: 'guess' });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  });
});

test('no configuration makes Connect read files or variables of ours, even with the password', async () => {
  const answer = await fetch(`${addresses().connect}/connector-plugins/io.debezium.connector.jdbc.JdbcSinkConnector/config/validate`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`${stack.login.username}:${stack.login.password}`).toString('base64')}`,
    },
    body: JSON.stringify({
      'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
      name: 'x',
      topics: 'x',
      'connection.url': `\${file:${join(dir, 'connect', 'users.properties')}:${stack.login.username}}`,
      'connection.username': '${env:PATH}',
      'connection.password': '${file:/etc/passwd:root}',
    }),
  });
  const text = await answer.text();
  expect(answer.status).toBe(200);
  for (const secret of [stack.login.password, process.env['PATH'] ?? '/usr/bin', ':0:0:']) expect(text).not.toContain(secret);
  const plugins = await fetch(`${addresses().connect}/connector-plugins`, {
    headers: { authorization: `Basic ${Buffer.from(`${stack.login.username}:${stack.login.password}`).toString('base64')}` },
  });
  expect(await plugins.text()).not.toContain('FileStream');
});

describe.skipIf(process.getuid?.() !== 0)('another user of the machine', () => {
  const name = `trib${process.pid}`;
  beforeAll(() => void execFileSync('useradd', ['--no-create-home', '--shell', '/bin/sh', name]));
  afterAll(() => void execFileSync('userdel', [name]));

  const asStranger = (script: string): Promise<string> =>
    new Promise((resolve) => {
      execFile('setpriv', [`--reuid=${name}`, `--regid=${name}`, '--clear-groups', 'sh', '-c', `cd /; ${script}`], (_, stdout, stderr) =>
        resolve(`${stdout}${stderr}`),
      );
    });

  test("sees no file, no password on a command line and no process's variables", async () => {
    const pids = Object.values(stack.pids);
    const seen = await asStranger(
      [
        `ls -R '${join(dir, '..')}'`,
        `cat '${dir}/stack.json' '${dir}/connect/users.properties' '${dir}/kafka/server.properties' '${dir}/registry/registry.properties'`,
        ...pids.map((pid) => `cat /proc/${pid}/cmdline /proc/${pid}/environ`),
      ].join('; '),
    );
    expect(seen).not.toContain(stack.login.password);
    expect(seen.match(/Permission denied/g)?.length).toBeGreaterThanOrEqual(5 + pids.length);
  });

  /** A program of the stranger's, whose answer is JSON. */
  const stranger = async (program: string): Promise<unknown> => {
    const said = await asStranger(`${process.execPath} --input-type=module -e '${program.replaceAll("'", "'\\''")}'`);
    return JSON.parse(said.trim().split('\n').at(-1) ?? '') as unknown;
  };

  test('gets nothing out of any port of it, whatever host it names', async () => {
    const { registry, connect, broker, controller } = addresses();
    const found = await stranger(`
      import { request } from 'node:http';
      import { connect } from 'node:net';
      const status = (url, headers) => new Promise((resolve) => {
        const asked = request(url, { headers }, (answer) => { answer.resume(); resolve(answer.statusCode); });
        asked.on('error', (error) => resolve(error.code)); asked.end();
      });
      // Metadata, version 1, of all topics, with no login before it.
      const asked = Buffer.from('000000100003000100000007000161ffffffff', 'hex');
      const bytes = (address) => new Promise((resolve) => {
        const [host, port] = address.split(':');
        let got = 0;
        const socket = connect(Number(port), host, () => { asked.writeInt32BE(asked.length - 4); socket.write(asked); });
        socket.on('data', (some) => { got += some.length; });
        socket.on('error', () => undefined);
        socket.setTimeout(8000, () => socket.destroy());
        socket.on('close', () => resolve(got));
      });
      console.log(JSON.stringify({
        registry: [await status(${JSON.stringify(registry)} + '/apis/ccompat/v7/subjects', {}), await status(${JSON.stringify(registry)} + '/apis/ccompat/v7/subjects', { host: 'evil.example' })],
        connect: [await status(${JSON.stringify(connect)} + '/connectors', {}), await status(${JSON.stringify(connect)} + '/connectors', { host: 'evil.example' })],
        kafka: [await bytes(${JSON.stringify(broker)}), await bytes(${JSON.stringify(controller)})],
      }));
    `);
    expect(found).toEqual({ registry: [401, 401], connect: [401, 401], kafka: [0, 0] });
  });

  test('sees no page and gives no command of a worker that has none but its user; only what monitoring needs is told', async () => {
    const folder = join(dir, '..', 'worker');
    const port = await freePort();
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'tributary.yaml'),
      JSON.stringify({
        prefix: 'strangers',
        kafka: { brokers: stack.brokers, replication_factor: 1, sasl: { mechanism: 'plain', ...stack.login } },
        registry: { url: stack.registryUrl, ...stack.login },
        metrics: { port },
        connections: { klaviyo: { tables: ['metric'], settings: { api_key: 'pk_x', base_url: 'http://127.0.0.1:9' } } },
      }),
    );
    const worker = startCommand({ sources, cwd: folder }, ['run']);
    try {
      const at = `http://127.0.0.1:${port}`;
      await until('the worker answers', async () => (await fetch(`${at}/healthz`).catch(() => undefined))?.ok === true);
      const paths = ['/', '/settings', '/c/klaviyo', '/api/v1/status', '/api/v1/openapi.json', '/events'];
      const program = `
        const at = ${JSON.stringify(at)};
        const found = {};
        for (const path of ${JSON.stringify(paths)}) found[path] = (await fetch(at + path)).status;
        const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"command":"pause"}' };
        found.command = (await fetch(at + '/api/v1/connections/klaviyo/commands', json)).status;
        found.metrics = (await fetch(at + '/metrics')).status;
        console.log(JSON.stringify(found));
      `;
      expect(await stranger(program)).toEqual({ ...Object.fromEntries(paths.map((path) => [path, 403])), command: 403, metrics: 200 });
      // To ourselves it is open.
      expect((await fetch(`${at}/`)).status).toBe(200);
    } finally {
      worker.interrupt();
      await worker.ended;
    }
  });

  test('ends none of its processes', async () => {
    const said = await asStranger(
      Object.values(stack.pids)
        .map((pid) => `kill -9 ${pid}`)
        .join('; '),
    );
    expect(said.match(/not permitted/gi)).toHaveLength(Object.keys(stack.pids).length);
  });
});
