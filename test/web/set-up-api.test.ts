import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { ownKey } from '../../src/import/keys.ts';
import { begunImport, removed, saved, tried } from '../../src/web/api/shapes.ts';
import type { WebContext } from '../../src/web/context.ts';
import { patched } from '../../src/web/setup/patch.ts';
import { write } from '../../src/web/setup/settings-file.ts';
import { until } from '../support/command.ts';
import { fakeSite } from './fake-site.ts';

const text = [
  '# What a person wrote.',
  'connections:',
  '  klaviyo:',
  '    settings: { api_key: "${KEY}" } # from the vault',
  '    schedule: 15 * * * *',
  'landings:',
  '  wh:',
  '    kind: postgres',
  '    host: db.example.com # not the shop itself',
  '    database: d',
  '    user: sink',
  '    password_ref: env:WAREHOUSE_PASSWORD',
  '    connect_url: http://127.0.0.1:1',
  '',
].join('\n');

/** A settings file, and what a patch makes of it. */
function file(content = text) {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-patch-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const settingsFile = join(folder, 'tributary.yaml');
  writeFileSync(settingsFile, content);
  chmodSync(settingsFile, 0o640);
  const redactor = createRedactor();
  const context = { sources, settingsFile, redactor, variables: { KEY: 'pk_of_the_variable' } } as unknown as WebContext;
  return {
    folder,
    settingsFile,
    redactor,
    patch: (...args: [['connections' | 'landings', string], object]) => patched(context, args[0], args[1] as Record<string, unknown>),
  };
}

test('what is not named stays as it is written, comments and order included', () => {
  const { patch } = file();
  expect(patch(['connections', 'klaviyo'], { schedule: '30 * * * *', history: '90d' }).after).toBe(
    text.replace('15 * * * *', '30 * * * *').replace('schedule: 30 * * * *\n', 'schedule: 30 * * * *\n    history: 90d\n'),
  );
  expect(patch(['landings', 'wh'], { tasks: 2, port: null }).after).toBe(`${text}    tasks: 2\n`);
  expect(patch(['connections', 'klaviyo'], { schedule: null }).after).toBe(text.replace('    schedule: 15 * * * *\n', ''));
});

test('a new connection and a new landing stand beside those that are there, also in an empty file', () => {
  const made = file('').patch(['connections', 'pendo_eu'], {
    source: 'pendo',
    settings: { integration_key: '${KEY}', app_ids: [1, 2] },
    tables: ['guides'],
  });
  expect(made.settings.connections.map(({ name, source, tables }) => [name, source.name, tables.map((table) => table.name)])).toEqual([
    ['pendo_eu', 'pendo', ['guides']],
  ]);
  const { after } = file().patch(['landings', 'other'], { kind: 'postgres', host: 'h', database: 'd', user: 'u', password_ref: 'env:P' });
  expect(after.startsWith(text)).toBe(true);
});

test('a secret goes into a file only its owner may read, and nowhere else, however deep it stands', () => {
  const { folder, settingsFile, redactor, patch } = file();
  const secret = 'pk_typed_by_a_person';
  const made = patch(['connections', 'klaviyo'], {
    settings: { api_key: secret, sftp: { user: 'u', key_file: 'k', passphrase: 'a long phrase' } },
  });
  write(made);
  const written = readFileSync(settingsFile, 'utf8');
  expect(written).toContain('${file:secrets/klaviyo_api_key}');
  expect(written).toContain('${file:secrets/klaviyo_sftp_passphrase}');
  expect(written).not.toMatch(/pk_typed|a long phrase/);
  expect(statSync(settingsFile).mode & 0o777).toBe(0o640);
  for (const [name, holds] of [
    ['klaviyo_api_key', secret],
    ['klaviyo_sftp_passphrase', 'a long phrase'],
  ] as const)
    expect([readFileSync(join(folder, 'secrets', name), 'utf8'), statSync(join(folder, 'secrets', name)).mode & 0o777]).toEqual([
      holds,
      0o600,
    ]);
  expect(redactor.redact(`the key ${secret}`)).toBe('the key ***');
  const landed = patch(['landings', 'wh'], { connect_username: 'u', connect_password: 'let me in' });
  expect([landed.after.includes('let me in'), [...landed.secrets.values()]]).toEqual([false, ['let me in']]);
});

test.each([
  [{ settings: { api_key: null } }, /api_key/],
  [{ tables: ['nothing'] }, /nothing/],
  [{ history: 'for ever' }, /history/],
  [{ settings: { no_such_setting: 1 } }, /no_such_setting/],
  [{}, /Nothing is to be changed/],
  [{ source: 'nobody' }, /nobody/],
])('a patch %j is refused, and nothing of it written', (patch, says) => {
  const at = file();
  expect(() => at.patch(['connections', 'klaviyo'], patch)).toThrow(says);
  expect(readFileSync(at.settingsFile, 'utf8')).toBe(text);
});

test('a file that was changed meanwhile is left as it is', () => {
  const { settingsFile, patch } = file();
  const made = patch(['connections', 'klaviyo'], { history: '90d' });
  writeFileSync(settingsFile, `${text}# somebody else\n`);
  expect(() => write(made)).toThrow('changed meanwhile');
  expect(readFileSync(settingsFile, 'utf8')).toBe(`${text}# somebody else\n`);
});

test('a link stays a link: the file it leads to is written, with its rights', () => {
  const { folder, settingsFile, patch } = file();
  const real = join(folder, 'of-the-team.yaml');
  renameSync(settingsFile, real);
  symlinkSync(real, settingsFile);
  chmodSync(real, 0o666);
  write(patch(['connections', 'klaviyo'], { history: '90d' }));
  expect(lstatSync(settingsFile).isSymbolicLink()).toBe(true);
  expect([readFileSync(real, 'utf8').includes('history: 90d'), statSync(real).mode & 0o777]).toEqual([true, 0o666]);
});

test('a file that cannot be written is named, with what to do, and nothing is left beside it', () => {
  const { folder, settingsFile, patch } = file();
  const made = patch(['connections', 'klaviyo'], { history: '90d' });
  mkdirSync(`${settingsFile}.new`);
  expect(() => write(made)).toThrow(/tributary\.yaml could not be written \(EISDIR\)/);
  expect(readFileSync(settingsFile, 'utf8')).toBe(text);
  expect(readdirSync(folder).toSorted()).toEqual(['tributary.yaml', 'tributary.yaml.new']);
});

test('a file that is no YAML is told with its line', () => {
  const { patch } = file(`${text}tail: [\n`);
  expect(() => patch(['connections', 'klaviyo'], { history: '90d' })).toThrow(/tributary\.yaml line \d+: /);
});

describe('the API', () => {
  const json = { 'content-type': 'application/json' };
  async function served() {
    const vendor = await startKlaviyoSimulator({ profiles: 3, events: 5, metrics: 2, limits: false });
    onTestFinished(() => vendor.close());
    const yaml = `connections:\n  klaviyo: # ours\n    settings: { api_key: ${DEFAULT_KEY}, base_url: "${vendor.url}", sftp: { user: u } }\n`;
    const { folder, settingsFile } = file(yaml);
    ownKey(join(folder, 'data'));
    const { url } = await fakeSite({ yaml: `data_dir: ${join(folder, 'data')}\n${yaml}`, settingsFile });
    const send = async (method: string, path: string, body?: object) => {
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        ...(body === undefined ? {} : { headers: json, body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    return { url, yaml, settingsFile, send };
  }

  test('tells what a change would be, in its shape, and changes nothing', async () => {
    const { send, yaml, settingsFile } = await served();
    const secret = 'pk_typed_by_a_person';
    const edit = await send('PATCH', '/connections/klaviyo?dry_run=true', { schedule: '30 * * * *', settings: { api_key: secret } });
    expect([edit.status, saved.parse(edit.body).saved]).toEqual([200, false]);
    expect(saved.parse(edit.body).diff).toContainEqual({ kind: 'add', text: '    schedule: 30 * * * *' });
    expect(JSON.stringify(edit.body)).not.toContain(secret);
    const other = await send('PATCH', '/landings/wh?dry_run=true', {
      kind: 'postgres',
      host: 'h',
      database: 'd',
      user: 'u',
      password_ref: 'env:P',
      connect_url: 'http://127.0.0.1:1',
    });
    expect([other.status, saved.parse(other.body).saved]).toEqual([200, false]);
    const gone = await send('DELETE', '/connections/klaviyo?dry_run=true');
    expect([gone.status, removed.parse(gone.body).removed]).toEqual([200, false]);
    expect(await send('PATCH', '/landings/wh?dry_run=true', { kind: 'abacus' })).toMatchObject({
      status: 400,
      body: { error: { code: 'settings' } },
    });
    expect(await send('DELETE', '/landings/nobody?dry_run=true')).toMatchObject({ status: 404 });
    expect(readFileSync(settingsFile, 'utf8')).toBe(yaml);
  });

  test('changes nothing that it cannot note', async () => {
    const { send, yaml, settingsFile } = await served();
    expect((await send('PATCH', '/connections/klaviyo', { schedule: '30 * * * *' })).status).toBe(503);
    expect((await send('DELETE', '/connections/klaviyo')).status).toBe(503);
    expect(readFileSync(settingsFile, 'utf8')).toBe(yaml);
  });

  test('tries settings with real calls', async () => {
    const { send } = await served();
    const found = tried.parse((await send('POST', '/connections/klaviyo/test', {})).body);
    expect(found.tables.map(({ table, outcome }) => [table, outcome])).toEqual([
      ['metric', 'read'],
      ['profile', 'read'],
      ['event', 'read'],
    ]);
    expect((await send('POST', '/connections/klaviyo/test', { settings: { api_key: 'pk_of_nobody' } })).status).toBe(400);
  });

  test('takes a file, tells what is wrong with it, and sends nothing that it cannot note', async () => {
    const { url, send } = await served();
    const query = new URLSearchParams({ connection: 'klaviyo', kind: 'profiles', file: 'people.csv' });
    const post = (type: string) =>
      fetch(`${url}/api/v1/imports?${query.toString()}`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: 'Email\na@import.test\nnobody\n',
      });
    expect((await post('text/plain')).status).toBe(403);
    expect((await post('application/xml')).status).toBe(415);
    const { id } = begunImport.parse(await (await post('text/csv')).json());
    const seen = await until('it is checked', async () => {
      const one = begunImport.parse((await send('GET', `/imports/begun/${id}`)).body);
      return one.state === 'checked' && one;
    });
    expect(seen).toMatchObject({ file: 'people.csv', rows: 2, refused: 1, preview: [{ Email: 'a@import.test' }] });
    expect((await send('POST', `/imports/begun/${id}/send`)).status).toBe(503);
    expect((await send('GET', `/imports/begun/${id}`)).body['state']).toBe('checked');
    expect((await send('POST', `/imports/${id}/resume`)).status).toBe(400);
  });
});
