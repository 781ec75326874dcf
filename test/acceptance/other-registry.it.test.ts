import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { settingsText, startCommand, writeFile, type Ended } from '../support/command.ts';
import { startRegistryServer, type RegistryServer } from '../support/registry-server.ts';

/*
 * The topics stay and the registry does not: it was lost and begins anew, is another one, or is sick. The ids are part of
 * what stands in the topics, so going on would put new rows beside the old ones.
 */

const { brokers } = inject('stack');
let vendor: KlaviyoSimulator;
beforeAll(async () => void (vendor = await startKlaviyoSimulator({ seed: 5, profiles: 5, events: 5, metrics: 6, limits: false })));
afterAll(() => vendor.close());

async function registry(first: number): Promise<RegistryServer> {
  const server = await startRegistryServer(first);
  onTestFinished(() => server.close());
  return server;
}

/** One account whose registry can be exchanged. */
function account(): (of: { readonly url: string }, ...args: string[]) => Promise<Ended> {
  const cwd = mkdtempSync(join(tmpdir(), 'other-registry-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const prefix = `reg${randomBytes(4).toString('hex')}`;
  return ({ url }, ...args) => {
    writeFile(
      cwd,
      'tributary.yaml',
      settingsText({
        prefix,
        kafka: { brokers, registryUrl: url },
        metricsPort: 0,
        connections: `klaviyo: { settings: { api_key: ${DEFAULT_KEY}, base_url: "${vendor.url}" }, tables: [metric] }`,
      }),
    );
    return startCommand({ sources: [klaviyo], cwd }, args).ended;
  };
}

/** Both say what is wrong and what leads out; nothing is published. */
async function expectTold(tributary: ReturnType<typeof account>, of: RegistryServer, words: RegExp): Promise<void> {
  const check = await tributary(of, 'check');
  expect(check.code, check.out).toBe(2);
  expect(check.out).toMatch(words);
  const status = await tributary(of, 'status');
  expect(`${status.out}${status.err}`).toMatch(words);
}

test.each([
  ['whose ids are lower', 1, () => undefined],
  [
    'whose ids collide with those of other subjects',
    100,
    (other: RegistryServer) => {
      for (const name of ['theirs', 'theirs_too']) other.register(`${name}-value`, { type: 'record', name, fields: [] });
    },
  ],
] as const)('a fresh registry %s is refused by every command, and the way out that is named works', async (_what, first, prepare) => {
  const tributary = account();
  const before = await registry(100);
  expect(await tributary(before, 'sync')).toMatchObject({ code: 0, out: expect.stringMatching(/metric +6 +6 .*succeeded/) as string });

  const after = await registry(first);
  prepare(after);
  await expectTold(tributary, after, /was written with another registry: .*state reset klaviyo\.metric --delete-topic/s);
  const refused = await tributary(after, 'sync');
  expect(refused.code).toBe(1);
  expect(refused.out).toMatch(/registry.*state reset klaviyo\.metric --delete-topic/s);
  expect(`${refused.out}${refused.err}`).not.toMatch(/bug in Tributary/);

  expect((await tributary(after, 'state', 'reset', 'klaviyo.metric', '--delete-topic')).code).toBe(0);
  expect(await tributary(after, 'sync')).toMatchObject({ code: 0, out: expect.stringMatching(/metric +6 +6 .*succeeded/) as string });
  expect(await tributary(after, 'sync')).toMatchObject({ code: 0, out: expect.stringMatching(/metric +6 +0 .*succeeded/) as string });
});

test('a fresh registry that gives the key the same id, and the value one of another table, is refused', async () => {
  const tributary = account();
  const before = await registry(100);
  expect((await tributary(before, 'sync')).code).toBe(0);
  const after = await registry(100);
  const { out } = await tributary(after, 'sync');
  // The same ids by the same order: nothing has to be refused.
  expect(out).toMatch(/metric +6 +0 .*succeeded/);

  const other = await registry(101);
  other.register('theirs-value', { type: 'record', name: 'theirs', fields: [] });
  other.next = 100;
  const key = await tributary(other, 'sync');
  expect(key.code).toBe(1);
  expect(key.out).toMatch(/holds rows of the schema 101, which is another table's now \(theirs\)/);
});

test('subjects that were deleted softly, and a registry that takes nothing new, hinder nobody who needs nothing new', async () => {
  const tributary = account();
  const server = await registry(100);
  expect((await tributary(server, 'sync')).code).toBe(0);
  const [key = ''] = await subjectsOf(server, '-key');
  server.deleteSoftly(key);
  // Nothing is wrong with the topic: to say that it has to be read again would cost a whole table.
  expect((await tributary(server, 'check')).out).not.toMatch(/another registry|state reset/);
  expect(await tributary(server, 'sync')).toMatchObject({ code: 0, out: expect.stringMatching(/metric +6 +0 .*succeeded/) as string });
  for (const readOnly of ['known', 'nothing'] as const) {
    server.readOnly = readOnly;
    expect(await tributary(server, 'sync')).toMatchObject({ code: 0, out: expect.stringMatching(/metric +6 +0 .*succeeded/) as string });
  }
  server.deleteSoftly(key);
  const refused = await tributary(server, 'sync');
  expect(refused.code).toBe(1);
  expect(refused.out).toMatch(/is read-only, or the subject is.*READWRITE/s);
});

const subjectsOf = async ({ url }: RegistryServer, ending: string): Promise<string[]> =>
  ((await (await fetch(`${url}/subjects`)).json()) as string[]).filter((name) => name.endsWith(ending));

test('a registry that is down, hangs or fails is told by check and status', { timeout: 300_000 }, async () => {
  const tributary = account();
  const server = await registry(1);
  expect((await tributary(server, 'sync')).code).toBe(0);
  server.sick = 500;
  await expectSick(tributary, server, /registry at .* answered 500.*Error in the backend data store/s);
  // What check says then is in kafka/registry.test.ts: each of its looks waits as long as a run does.
  server.sick = 'silent';
  const { out } = await tributary(server, 'status');
  expect(out).toMatch(/klaviyo.*metric.*registry at .* hangs: it has not answered within 5 s/s);
  await server.close();
  await expectSick(tributary, server, /registry at .* cannot be reached \(ECONNREFUSED\)/);
});

async function expectSick(tributary: ReturnType<typeof account>, of: RegistryServer, words: RegExp): Promise<void> {
  const [check, status] = await Promise.all([tributary(of, 'check'), tributary(of, 'status')]);
  expect(check.code).not.toBe(0);
  expect(`${check.out}${check.err}`).toMatch(words);
  // The tables are told of all the same.
  expect(status.out).toMatch(/klaviyo.*metric/s);
  expect(`${status.out}${status.err}`).toMatch(words);
}
