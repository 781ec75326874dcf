import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { sources } from '../../producers/index.ts';
import { makeKeyPair } from '../../src/import/openssh-key.ts';
import { startCommand, writeFile } from '../support/command.ts';
import { echoBroker, echoServer, shownIn } from './echo.ts';

/* Kafka, registry, Connect and five vendors that say again whatever they were told, in every way a text may be written. */

it('no command shows a secret that Kafka, registry, Connect or a vendor says again', { timeout: 600_000 }, async () => {
  const secrets = ['kafka', 'registry', 'connect', 'klaviyo', 'customer_io', 'pendo', 'segment', 'listrak', 'passphrase', 'web-token'].map(
    (name) => `${name}/+&<"'=%Kq9vTz`,
  );
  const at = (name: string): string => JSON.stringify(secrets.find((one) => one.startsWith(name)));
  const broker = await echoBroker(secrets);
  const registry = await echoServer(secrets, () => ({ status: 401 }));
  const connect = await echoServer(secrets, () => ({ status: 400 }));
  const vendor = await echoServer(secrets, () => ({ status: 400 }));
  const url = JSON.stringify(vendor.url);
  const folder = mkdtempSync(join(tmpdir(), 'tributary-echo-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFile(
    folder,
    'tributary.yaml',
    `
prefix: echo
kafka: { brokers: ${JSON.stringify(broker.address)}, replication_factor: 1, sasl: { mechanism: plain, username: u, password: ${at('kafka')} } }
registry: { url: ${JSON.stringify(registry.url)}, username: u, password: ${at('registry')} }
web: { token: ${at('web-token')} }
landings:
  wh:
    kind: postgres
    host: db
    database: d
    password_ref: env:PG
    connect_url: ${JSON.stringify(connect.url)}
    connect_username: u
    connect_password: ${at('connect')}
connections:
  klaviyo: { settings: { api_key: ${at('klaviyo')}, base_url: ${url}, sftp: { user: u, passphrase: ${at('passphrase')} } } }
  customer_io: { settings: { access_token: ${at('customer_io')}, base_url: ${url} } }
  pendo: { settings: { integration_key: ${at('pendo')}, base_url: ${url} } }
  segment: { settings: { api_token: ${at('segment')}, base_url: ${url} } }
  listrak: { settings: { username: u, password: ${at('listrak')}, base_url: ${url} } }
`,
  );
  for (const args of [
    ['check'],
    ['check', '--json'],
    ['check', '--verbose', '--log-format', 'json'],
    ['status'],
    ['landing', 'check', 'wh'],
    ['landing', 'apply', 'wh'],
    ['sync', '--once'],
  ]) {
    const { code, out, err } = await startCommand({ sources, cwd: folder }, args).ended;
    // It failed in words, so that there was something to hide in.
    expect([args.join(' '), code !== 0, /unknown (option|command)/.test(err), shownIn(`${out}\n${err}`, secrets)]).toEqual([
      args.join(' '),
      true,
      false,
      [],
    ]);
  }
  expect(broker.logins()).toBeGreaterThan(0);
  // Connect is asked only once Kafka lets us in; `seeded-secrets` has that.
  for (const part of [registry, vendor]) expect(part.asked.length).toBeGreaterThan(0);
});

const tlsFile = (name: string): string => readFileSync(new URL(`../support/tls/${name}`, import.meta.url), 'utf8');

it(
  'no command shows a key of TLS, a token or a key file that somebody says again, nor what Kafka says after the login',
  { timeout: 600_000 },
  async () => {
    const planted = ['kafka', 'token', 'klaviyo', 'connect', 'web-token'].map((name) => `${name}/+&<"'=%Kq9vTz`);
    const at = (name: string): string => planted.find((one) => one.startsWith(name)) ?? '';
    const clientKey = tlsFile('client.key.pem');
    const folder = mkdtempSync(join(tmpdir(), 'tributary-echo-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const keyFile = join(folder, 'id_ed25519');
    const pair = makeKeyPair('x');
    writeFile(folder, 'id_ed25519', pair.private);
    chmodSync(keyFile, 0o600);
    // A line of a key is as bad as the key.
    const lines = (pem: string): string[] => pem.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'));
    const secrets = [...planted, clientKey, ...lines(clientKey), pair.private, ...lines(pair.private)];
    const broker = await echoBroker([at('kafka'), ...lines(clientKey)], {
      letsIn: true,
      tls: { key: tlsFile('server.key.pem'), cert: tlsFile('server.pem') },
    });
    const registry = await echoServer(secrets, () => ({ status: 401 }));
    const vendor = await echoServer(secrets, () => ({ status: 400 }));
    const connect = await echoServer(secrets, () => ({ status: 400 }));
    writeFile(
      folder,
      'tributary.yaml',
      JSON.stringify({
        prefix: 'echo',
        kafka: {
          brokers: [broker.address],
          replication_factor: 1,
          tls: { ca: tlsFile('ca.pem'), cert: tlsFile('client.pem'), key: clientKey, reject_unauthorized: false },
          sasl: { mechanism: 'plain', username: 'u', password: at('kafka') },
        },
        registry: { url: registry.url, token: at('token') },
        web: { token: at('web-token') },
        landings: {
          wh: {
            kind: 'postgres',
            host: 'db',
            database: 'd',
            password_ref: 'env:PG',
            // TLS is refused for an address without it.
            connect_url: connect.url.replace('http:', 'https:'),
            connect_username: 'u',
            connect_password: at('connect'),
            connect_tls: { cert: tlsFile('client.pem'), key: clientKey },
          },
        },
        connections: {
          klaviyo: {
            settings: { api_key: at('klaviyo'), base_url: vendor.url, sftp: { user: 'u', key_file: keyFile, host: '127.0.0.1', port: 9 } },
          },
        },
      }),
    );
    writeFile(folder, 'people.csv', 'email,phone\na@example.com,\n');
    for (const args of [
      ['check', '--verbose'],
      ['landing', 'check', 'wh'],
      ['import', 'profiles', 'people.csv', '--connection', 'klaviyo'],
    ]) {
      const { code, out, err } = await startCommand({ sources, cwd: folder }, args).ended;
      // The key file is read by imports alone, and nobody else can say what is in it.
      const known = args[0] === 'import' ? secrets : secrets.filter((one) => !pair.private.includes(one));
      expect([args.join(' '), /unknown (option|command)/.test(err), shownIn(`${out}\n${err}`, known)]).toEqual([args.join(' '), false, []]);
      if (args[0] !== 'import') expect([args.join(' '), code]).not.toEqual([args.join(' '), 0]);
    }
    expect(broker.askedAfterwards()).toBeGreaterThan(0);
    expect(registry.asked.length + vendor.asked.length).toBeGreaterThan(0);
  },
);
