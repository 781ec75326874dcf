import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { listrak } from '../../producers/listrak/index.ts';
import { PASSWORD, startListrakSimulator, USER, type ListrakSimulator } from '../../simulators/listrak/simulator.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { topicsOf, withCluster } from '../../src/kafka/cluster.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import { freePort, settingsText, startCommand, until, writeFile, type Ended } from '../support/command.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';

/* Columns that are left out, hashed or masked: their plain values are nowhere that anything of ours is kept or shown. */

const stack = inject('stack');
const prefix = `columns${randomBytes(3).toString('hex')}`;
const secret = randomBytes(12).toString('hex');
const hmac = (of: string): string => createHmac('sha256', secret).update(of).digest('hex');
let folder: string;
let shop: KlaviyoSimulator;
let mails: ListrakSimulator;
let said = '';
let port: number;
const ahead = 60_000;
const clock: Clock = { ...systemClock, now: () => Date.now() + ahead };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-columns-'));
  shop = await startKlaviyoSimulator({ limits: false, profiles: 120, events: 200, metrics: 5 });
  port = await freePort();
  mails = await startListrakSimulator({ lists: 2, days: 40, messages: 4, contacts: 60, events: 40, sends: 80 });
  shop.change.spoil({ table: 'profiles', as: 'oversize', count: 2 });
  shop.change.spoil({ table: 'profiles', as: 'wrong-types', count: 3 });
  // What changed within the last half minute is not read yet.
  shop.clock.advance(ahead);
  writeFile(
    folder,
    'tributary.yaml',
    settingsText({
      prefix,
      kafka: stack,
      metricsPort: port,
      more: `hash_secret: ${secret}`,
      connections: `klaviyo:
  settings: { api_key: ${DEFAULT_KEY}, base_url: "${shop.url}" }
  tables: [profile, event]
  columns:
    profile: { drop: [phone_number, image], hash: [email, properties.size] }
    event: { hash: [event_properties.$event_id, event_properties.Recipient Email Address], drop: [event_properties.Items.SKU] }
listrak:
  settings: { username: ${USER}, password: ${PASSWORD}, base_url: "${mails.url}" }
  tables: [lists, messages, message_sends]
  columns:
    message_sends: { hash: [email_address] }`,
    }),
  );
  await tributary('sync', '--verbose');
});
afterAll(async () => {
  await shop?.close();
  await mails?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function tributary(...args: string[]): Promise<Ended> {
  const ended = await startCommand({ sources: [klaviyo, listrak], cwd: folder, clock }, args).ended;
  said += ended.out + ended.err;
  return ended;
}

/** E-mail addresses and phone numbers of both vendors' people, and ids of events. */
function plainValues(): string[] {
  const people = [...shop.truth.profiles()].flatMap(({ resource }) => {
    const { email, phone_number: phone } = resource().attributes as { email: string | null; phone_number: string | null };
    return [email, phone].filter((one) => typeof one === 'string');
  });
  const sent = [...mails.truth.rows('message_sends')].map((row) => String(row['EmailAddress']));
  return [...new Set([...people, ...sent])];
}

/** All there is on Kafka below the prefix, as the bytes of keys, values and headers. */
async function everything(): Promise<{ topics: string[]; bytes: Buffer }> {
  const access: KafkaAccess = {
    settings: {
      brokers: stack.brokers,
      clientId: 'columns-test',
      prefix,
      replicationFactor: 1,
      minInSyncReplicas: 1,
      registry: { url: stack.registryUrl, ...stackLogin() },
      compression: 'gzip',
      ...kafkaLogin(),
    },
  };
  const topics = await withCluster(access, 'Listing topics', async (cluster) =>
    [...(await topicsOf(cluster)).keys()].filter((topic) => topic.startsWith(`${prefix}.`)),
  );
  const parts: Buffer[] = [];
  await readTopics(
    access,
    topics.map((topic) => ({ topic })),
    ({ key, value, headers }) => void parts.push(key ?? Buffer.alloc(0), value ?? Buffer.alloc(0), Buffer.from(JSON.stringify(headers))),
  );
  return { topics, bytes: Buffer.concat(parts) };
}

test('no plain value is in a topic, in a local file, in the log or in what any command says', async () => {
  const plain = plainValues();
  expect(plain.length).toBeGreaterThan(200);
  for (const args of [
    ['status', '--json'],
    ['state', 'export'],
    ['dead-letters', 'list', '--json'],
    ['discover', '--json'],
  ])
    await tributary(...args);
  expect(said).toContain('too_large');
  const { topics, bytes } = await everything();
  expect(topics).toContain(`${prefix}._dead_letters`);
  // All but the spoilt ones.
  expect(plain.filter((one) => one.endsWith('@shop.test') && bytes.includes(hmac(one))).length).toBeGreaterThan(100);
  const files = readdirSync(join(folder, '.tributary'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  expect(files.length).toBeGreaterThan(3);
  const local = Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name))));
  expect(local.includes(hmac([...mails.truth.rows('message_sends')].map((row) => String(row['EmailAddress']))[0] as string))).toBe(true);
  const found = plain.filter((value) => bytes.includes(value) || local.includes(value) || said.includes(value));
  expect(found).toEqual([]);
  expect(bytes.includes('"ev-')).toBe(false);
  expect(bytes.includes('"SKU"')).toBe(false);
});

/** Every page, file and answer that can be reached by a link or a form of the page, the JSON API included; by path. */
async function crawl(site: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const api = (await (await fetch(`${site}/api/v1/openapi.json`)).json()) as { paths: Record<string, { get?: unknown }> };
  const filled = Object.entries(api.paths)
    .filter(([, { get }]) => get !== undefined)
    .flatMap(([path]) =>
      [
        ['klaviyo', 'profile'],
        ['klaviyo', 'event'],
        ['listrak', 'message_sends'],
      ].map(([connection = '', table = '']) => path.replace('{connection}', connection).replace('{table}', table)),
    );
  const open = new Set(['/', '/metrics', '/status', '/healthz', '/readyz', ...filled]);
  for (const path of open) {
    // It does not end.
    if (path === '/events' || found.size > 400) continue;
    const answer = await fetch(site + path, { signal: AbortSignal.timeout(60_000) });
    const text = await answer.text();
    found.set(path, text);
    if (!(answer.headers.get('content-type') ?? '').startsWith('text/html')) continue;
    for (const [, to = ''] of text.matchAll(/ (?:href|src|action)="(\/[^"#]*)/g)) open.add(to.replaceAll('&amp;', '&'));
  }
  return found;
}

test('no plain value is on any page of a worker, in its JSON or in its metrics', async () => {
  const worker = startCommand({ sources: [klaviyo, listrak], cwd: folder, clock }, ['run']);
  const site = `http://127.0.0.1:${port}`;
  await until('the worker is ready', () =>
    fetch(`${site}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  const pages = await crawl(site);
  // Rows looked up by their keys, by a user who knows them. Some are spoilt, and so not in the topic.
  const known = [...shop.truth.profiles()].map(({ resource }) => (resource() as { id: string }).id).slice(0, 10);
  for (const id of known) {
    const path = `/c/klaviyo/t/profile/lookup?key.id=${id}`;
    pages.set(path, await (await fetch(site + path)).text());
  }
  worker.interrupt();
  const { err } = await worker.ended;
  pages.set('the log', err);

  const paths = [...pages.keys()];
  for (const path of [
    '/metrics',
    '/c/klaviyo/t/profile',
    '/c/klaviyo/t/profile/changes',
    '/c/listrak/t/message_sends/changes',
    '/audit',
    '/settings',
  ])
    expect(paths).toContain(path);
  expect(pages.get('/metrics')).toMatch(/^tributary_[a-z_]+\{.*table="profile"/m);
  const hashes = plainValues().map(hmac);
  expect(hashes.some((hash) => pages.get('/c/klaviyo/t/profile/changes')?.includes(hash))).toBe(true);
  const lookedUp = [...pages].flatMap(([path, text]) => (path.includes('/lookup?') ? [text] : [])).join('');
  expect(hashes.some((hash) => lookedUp.includes(hash))).toBe(true);
  const plain = plainValues();
  expect([...pages].flatMap(([path, text]) => plain.filter((value) => text.includes(value)).map((value) => `${path}: ${value}`))).toEqual(
    [],
  );
});

test('the topics are complete, tables join by the hash, and nothing is published again', async () => {
  const again = JSON.parse((await tributary('status', '--json')).out) as {
    tables: { table: string; lastRun: { totals: { published: number } } }[];
  };
  expect(again.tables.map(({ table }) => table)).toContain('message_sends');
  const second = await tributary('sync', 'listrak.message_sends');
  expect(second.out).toMatch(/message_sends +\d+ +0 /);
  const { code, out } = await tributary('verify', 'listrak.message_sends');
  expect(out).toMatch(/missing +0\n +surplus +0\n +different +0/);
  expect(code).toBe(0);
});
