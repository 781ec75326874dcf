import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { TributaryError } from '../../src/core/errors.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { ownKey } from '../../src/import/keys.ts';
import { begunImport } from '../../src/web/api/shapes.ts';
import { giveCommand, targetsOf } from '../../src/web/commands.ts';
import type { WebContext } from '../../src/web/context.ts';
import { mostBytes, receiveBody } from '../../src/web/imports/receive.ts';
import { patched } from '../../src/web/setup/patch.ts';
import { fakeSettings, fakeSite, NOW } from './fake-site.ts';

const json = { 'content-type': 'application/json' };
const commands = '/api/v1/connections/klaviyo/commands';
const pk = 'pk_secret_of_a_test';

async function refused(url: string, path: string, how: RequestInit = {}) {
  const answer = await fetch(url + path, { redirect: 'manual', ...how });
  const text = await answer.text();
  expect(text).not.toContain(pk);
  return { status: answer.status, ...(JSON.parse(text) as { error: { code: string; message: string; remedy?: string } }).error };
}
const thrown = (work: () => unknown): TributaryError => {
  try {
    work();
  } catch (error) {
    if (error instanceof TributaryError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};
const saying = (pattern: RegExp): string => expect.stringMatching(pattern) as string;

test('who is unknown is told how to say who he is: by the token, or by the proxy', async () => {
  const own = 'connections: { klaviyo: { settings: { api_key: pk_secret_of_a_test } } }';
  const { url } = await fakeSite({ yaml: `${own}\nweb: { token: a-token-long-enough-for-this }` });
  const answer = await refused(url, '/api/v1/status');
  expect(answer).toMatchObject({ status: 401, code: 'unauthorised', message: saying(/Authorization: Bearer/) });
  expect(JSON.stringify(answer)).not.toContain('a-token-long');
  const behind = await fakeSite({ yaml: `${own}\nweb: { trusted_proxy: { addresses: ["192.0.2.7"] } }` });
  expect(await refused(behind.url, '/events')).toMatchObject({ status: 401, code: 'unauthorised' });
});

test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'another user of this machine is told whose page it is, and how to be let in',
  async ({ skip }) => {
    const { url } = await fakeSite();
    const ask = `fetch(${JSON.stringify(`${url}/api/v1/status`)}).then(async (a) => console.log(JSON.stringify({ status: a.status, text: await a.text() })))`;
    const child = spawn(process.execPath, ['-e', ask], { uid: 65_534, gid: 65_534, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const began = await new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(false));
      child.once('close', () => resolve(true));
    });
    skip(!began, 'another user may not run Node here');
    const { status, text } = JSON.parse(out) as { status: number; text: string };
    expect([status, JSON.parse(text)]).toEqual([
      403,
      { error: { code: 'another_user', message: saying(/belongs to the user who runs Tributary/), remedy: saying(/web\.token/) } },
    ]);
  },
);

test('a command from the page of somebody else, in another form than JSON, or by a form of nobody, says why it is not taken', async () => {
  const { url } = await fakeSite();
  const post = (path: string, headers: Record<string, string>, body = '{"command":"pause"}') =>
    refused(url, path, { method: 'POST', headers, body });
  expect(await post(commands, { ...json, origin: 'https://evil.example' })).toMatchObject({
    status: 403,
    code: 'foreign',
    message: saying(/from this page only/),
  });
  expect(await post(commands, { 'content-type': 'application/xml' })).toMatchObject({
    status: 415,
    code: 'content_type',
    message: saying(/content-type: application\/json/),
  });
  expect(await post('/events', { 'content-type': 'application/x-www-form-urlencoded', origin: url }, 'form_token=x')).toMatchObject({
    status: 403,
    code: 'form',
    message: saying(/nothing was done/),
    remedy: saying(/load the page again/),
  });
});

test('what a program sends wrong is named', async () => {
  const { url } = await fakeSite();
  const post = (body: object) => refused(url, commands, { method: 'POST', headers: json, body: JSON.stringify(body) });
  const bad = { status: 400, code: 'bad_request' };
  expect(await post({ command: 'explode' })).toMatchObject({ ...bad, message: saying(/^command: /) });
  expect(await post({ command: 'backfill', since: '32nd of May' })).toMatchObject({
    ...bad,
    message: '"32nd of May" is no date.',
    remedy: saying(/MM\/DD\/YYYY/),
  });
  expect(await refused(url, '/api/v1/connections/klaviyo/tables/profile/lookup?key=7')).toMatchObject({
    ...bad,
    message: saying(/JSON object of the key columns/),
  });
});

test('settings that change nothing, or are nested without an end, are refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-refused-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const context = {
    sources,
    settingsFile: join(folder, 'tributary.yaml'),
    redactor: createRedactor(),
    variables: {},
  } as unknown as WebContext;
  const patch = (value: object) => thrown(() => patched(context, ['connections', 'klaviyo'], value as Record<string, unknown>));
  expect(patch({})).toMatchObject({ kind: 'config', code: 'bad_request', message: 'Nothing is to be changed.' });
  let deep: object = {};
  for (let n = 0; n < 200; n += 1) deep = { deep };
  expect(patch(deep)).toMatchObject({ kind: 'config', code: 'bad_request', message: saying(/nested too deep/) });
});

test('a command that makes no sense there says which one does', async () => {
  const settings = fakeSettings(`connections: { segment: { settings: { api_token: ${pk} } } }`);
  const asking = { user: 'ada', address: '', now: NOW };
  const asked = { connection: 'segment', table: null };
  // It is refused before Kafka is asked for anything.
  await expect(giveCommand({} as never, settings, asked, { name: 'allow-deletes' } as never, asking)).rejects.toMatchObject({
    kind: 'config',
    code: 'table_needed',
    message: saying(/one table at a time/),
    remedy: saying(/Name one of segment's tables/),
  });
  const [first] = settings.connections[0]?.tables.filter(({ method }) => method === 'full_table') ?? [];
  const table = first?.name ?? '';
  expect(thrown(() => targetsOf(settings, { connection: 'segment', table }, { name: 'backfill' }))).toMatchObject({
    kind: 'config',
    code: 'no_history',
    message: saying(new RegExp(`^${table}: there is no history`)),
    remedy: saying(/Sync now/),
  });
});

test('a file that is still being checked is not sent, and one in another form is not taken', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-refused-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  ownKey(folder);
  const { url } = await fakeSite({
    yaml: `data_dir: ${folder}\nconnections: { klaviyo: { settings: { api_key: ${pk}, sftp: { user: u } } } }\n`,
  });
  const path = '/api/v1/imports?connection=klaviyo&kind=profiles&file=people.csv';
  expect(await refused(url, path, { method: 'POST', headers: json, body: '{}' })).toMatchObject({
    status: 400,
    code: 'bad_request',
    message: saying(/content-type: text\/csv/),
  });
  // Checking takes many turns of the one thread that also answers, so the question comes in between.
  const rows = Array.from({ length: 60_000 }, (_, n) => `a${n}@import.test\n`).join('');
  const { id } = begunImport.parse(
    await (await fetch(url + path, { method: 'POST', headers: { 'content-type': 'text/csv' }, body: `Email\n${rows}` })).json(),
  );
  expect(await refused(url, `/api/v1/imports/begun/${id}/send`, { method: 'POST' })).toMatchObject({
    status: 400,
    code: 'not_yet',
    message: saying(/still being checked/),
    remedy: saying(/Ask for this import again/),
  });
});

test('a file longer than a browser may send is refused without being kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-refused-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'file.csv');
  // Memory that nobody touches takes no room.
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(mostBytes + 1));
      controller.close();
    },
  });
  await expect(receiveBody(body as never, path)).rejects.toMatchObject({
    kind: 'config',
    code: 'import:too_long',
    message: saying(/longer than 1 GiB/),
    remedy: saying(/tributary import profiles/),
  });
  expect(existsSync(path)).toBe(false);
});
