import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { withAdmin } from '../../src/kafka/client.ts';
import type { KafkaSettings } from '../../src/kafka/types.ts';
import { formatBroker, smallBroker, startBroker, type BrokerProcess } from '../support/broker-process.ts';
import { freePort, until } from '../support/command.ts';
import { openTestEngine, type TestEngine } from '../support/engine.ts';
import { stackLogin } from '../support/login.ts';
import { shopSource, type ShopVendor } from '../support/shop-source.ts';

/* A broker that takes tokens only, and wants another login of every connection after 15 s: what it calls expired it closes. */

const reauthMs = 15_000;
const dir = mkdtempSync(join(tmpdir(), 'tributary-oauth-'));
const vendor: ShopVendor = { items: ['a', 'b'], shops: new Map(), refusals: new Map() };
let broker: BrokerProcess | undefined;
let kafka: KafkaSettings;
let shop: TestEngine | undefined;
let refused = false;
let tokens = 0;

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token without a signature, as Kafka's own validator for development takes it (KIP-255). */
function token(): string {
  tokens += 1;
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'none' })}.${part({ sub: 'tributary', iat: now, exp: now + reauthMs / 1000 })}.`;
}

const endpoint = createServer((_, response) => {
  response.writeHead(refused ? 401 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(refused ? { error: 'invalid_client' } : { access_token: token(), expires_in: reauthMs / 1000 }));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  const [port, inner, controller] = [await freePort(), await freePort(), await freePort()];
  const address = `127.0.0.1:${port}`;
  await formatBroker(dir, {
    ...smallBroker,
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `SASL_PLAINTEXT://${address},PLAINTEXT://127.0.0.1:${inner},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `SASL_PLAINTEXT://${address},PLAINTEXT://127.0.0.1:${inner}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'SASL_PLAINTEXT:SASL_PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'OAUTHBEARER',
    'listener.name.sasl_plaintext.oauthbearer.sasl.jaas.config':
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
    'connections.max.reauth.ms': reauthMs,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
  });
  broker = await startBroker(dir);
  const { registryUrl } = inject('stack');
  kafka = {
    brokers: [address],
    clientId: 'tributary-test',
    prefix: `oauth${randomBytes(3).toString('hex')}`,
    replicationFactor: 1,
    minInSyncReplicas: 1,
    registry: { url: registryUrl, ...stackLogin() },
    compression: 'gzip',
    sasl: {
      mechanism: 'oauthbearer',
      token_url: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/token`,
      client_id: 'tributary',
      client_secret: 'secret-of-the-client',
      client_auth: 'basic',
    },
  };
  await until('the broker answers', () =>
    withAdmin({ settings: kafka }, 'Asking', (admin) => admin.listTopics()).then(
      () => true,
      () => false,
    ),
  );
});
afterAll(async () => {
  await shop?.close();
  broker?.signal('SIGKILL');
  await broker?.ended;
  endpoint.close();
  rmSync(dir, { recursive: true, force: true });
});

const outcomes = async (): Promise<string[]> =>
  (await (shop as TestEngine).engine.sync([{ connection: 'shop_vendor' }], new AbortController().signal)).map(
    ({ ref, outcome, error }) => `${ref.table} ${outcome}${error === undefined ? '' : ` ${error.message}`}`,
  );

test('a writer stays logged in for longer than its token and its session last, working or idle', async () => {
  shop = await openTestEngine({
    brokers: kafka.brokers,
    registryUrl: kafka.registry.url,
    prefix: kafka.prefix,
    connections: [{ source: shopSource(vendor), settings: {}, tables: ['item'] }],
    access: { settings: kafka },
  });
  expect(await outcomes()).toEqual(['item succeeded']);
  for (let n = 0; n < 10; n += 1) {
    vendor.items.push(`working ${n}`);
    expect(await outcomes()).toEqual(['item succeeded']);
    await sleep(2_000);
  }
  // Idle for longer than a session: the broker closes what speaks afterwards without another login.
  await sleep(reauthMs + 3_000);
  vendor.items.push('after the silence');
  expect(await outcomes()).toEqual(['item succeeded']);
  expect([...(await shop.readTable('item')).rows.values()].map(({ id }) => id).sort()).toEqual([...vendor.items].sort());
  expect(tokens).toBeGreaterThanOrEqual(3);
});

test('an endpoint that refuses the client is told as that, once, and not as a wrong password', async () => {
  refused = true;
  const settings: KafkaSettings = { ...kafka };
  await expect(withAdmin({ settings }, 'Asking Kafka', (admin) => admin.listTopics())).rejects.toMatchObject({
    kind: 'config',
    code: 'kafka:token',
    message: expect.stringMatching(/answered 401 \(invalid_client\)/),
  });
});
