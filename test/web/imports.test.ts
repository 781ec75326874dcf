import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ownKey } from '../../src/import/keys.ts';
import type { ImportRecord } from '../../src/kafka/meta/imports.ts';
import { fakeSite, NOW, type Told } from './fake-site.ts';

/** The page over a folder of its own, and how a browser sends its form. */
async function site(more = '', told: Told = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-received-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  ownKey(folder);
  const sftp = 'sftp: { user: somebody }';
  const { url } = await fakeSite({
    told,
    yaml: `data_dir: ${folder}\n${more}connections:\n  klaviyo: { settings: { api_key: pk_secret_of_a_test, ${sftp} } }\n  pendo: { settings: { integration_key: k } }\n`,
  });
  const page = await fetch(`${url}/imports/new`);
  const token = /name="form_token" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  const cookie = page.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const send = (fields: Record<string, string>, content: string | undefined) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    if (content !== undefined) form.set('file', new File([content], 'people.csv', { type: 'text/csv' }));
    return fetch(`${url}/imports/new`, { method: 'POST', body: form, redirect: 'manual', headers: { cookie, origin: url } });
  };
  /** What a refused form leads to. */
  const led = async (answer: Response): Promise<string> => {
    if (answer.status !== 303) return answer.text();
    return (await fetch(url + (answer.headers.get('location') ?? ''), { headers: { cookie } })).text();
  };
  const received = (): string[] => {
    const at = join(folder, 'imports', 'received');
    return existsSync(at) ? readdirSync(at) : [];
  };
  return { url, cookie, token, send, led, received, folder };
}

const people = 'Email\na@import.test\nnobody\n';

test('a file is kept, checked and shown; nothing is sent before somebody says so', async () => {
  const { url, cookie, token, send, received } = await site();
  const answer = await send({ form_token: token, connection: 'klaviyo', kind: 'profiles' }, people);
  expect(answer.status).toBe(303);
  const to = url + (answer.headers.get('location') ?? '');
  let text = '';
  while (!text.includes('Will be sent')) text = await (await fetch(to, { headers: { cookie } })).text();
  expect(text).toContain('people.csv');
  expect(text).toContain('Send 1 row');
  expect(received()).toHaveLength(1);
});

test.each([
  [
    'without the token of our own form',
    { form_token: 'x', connection: 'klaviyo', kind: 'profiles' },
    403,
    'This form is not from this page',
  ],
  ['into a connection that takes no files', { connection: 'pendo', kind: 'profiles' }, 303, 'Pendo accepts no files'],
  ['into no connection', { connection: 'nobody', kind: 'profiles' }, 303, 'No connection is called nobody.'],
  ['of no kind', { connection: 'klaviyo', kind: '' }, 303, 'profiles or events'],
])('a file %s is refused and nothing of it kept', async (_, fields, status, says) => {
  const { token, send, led, received } = await site();
  const answer = await send({ form_token: token, ...fields }, people);
  expect(answer.status).toBe(status);
  expect(await led(answer)).toContain(says);
  expect(received()).toEqual([]);
});

test('a form without a file says so, and a read-only server takes none', async () => {
  const { token, send, led, received } = await site();
  const page = await led(await send({ form_token: token, connection: 'klaviyo', kind: 'events', map: 'email=E' }, undefined));
  expect(page).toContain('Choose a file.');
  // What was filled in is there, and in sight.
  expect(page).toMatch(/value="events"[^>]*checked/);
  expect(page).toMatch(/<details id="more" open/);
  expect(received()).toEqual([]);
  const quiet = await site('web: { read_only: true }\n');
  expect((await quiet.send({ form_token: quiet.token, connection: 'klaviyo', kind: 'profiles' }, people)).status).toBe(403);
  expect(quiet.received()).toEqual([]);
});

describe('an error file', () => {
  const imported: ImportRecord = {
    ...{
      v: 1,
      importId: '00000000-0000-4000-8000-000000000001',
      connection: 'klaviyo',
      kind: 'profiles',
      file: 'people "of" may.csv',
      by: 'ada',
    },
    ...{
      at: NOW,
      updatedAt: NOW,
      state: 'completed',
      rows: 2,
      refused: 1,
      sentRows: 1,
      bytes: 9,
      sentBytes: 9,
      processed: null,
      processedBy: '',
    },
    // As another machine, or somebody with an eye on other files, would write it.
    errorFile: '/elsewhere/job.json',
  };
  const elsewhere: ImportRecord = { ...imported, importId: '00000000-0000-4000-8000-000000000002', errorFile: '/elsewhere/errors.csv' };
  const refused = 'Line,Column,Reason,Remedy,Email\n3,Email,Not an address.,,nobody\n';

  test.each([
    ['the page', '/imports'],
    ['the API', '/api/v1/imports'],
  ])('is given out by %s, of its import only, never by a path that a record names', async (_, base) => {
    const { url, cookie, folder } = await site('', { imports: [imported, elsewhere] });
    mkdirSync(join(folder, 'imports', imported.importId), { recursive: true });
    for (const [name, text] of [
      ['errors.csv', refused],
      ['job.json', '{}'],
    ] as const)
      writeFileSync(join(folder, 'imports', imported.importId, name), text);
    const answer = await fetch(`${url}${base}/${imported.importId}/errors`, { headers: { cookie } });
    expect(await answer.text()).toBe(refused);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="people__of__may.csv.errors.csv"',
      'cache-control': 'no-store',
    });
    for (const id of [elsewhere.importId, '00000000-0000-4000-8000-000000000000'])
      expect((await fetch(`${url}${base}/${id}/errors`, { headers: { cookie } })).status).toBe(404);
    for (const id of ['..%2F..', 'key'])
      expect([400, 404]).toContain((await fetch(`${url}${base}/${id}/errors`, { headers: { cookie } })).status);
  });
});
