import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { fakeSite, NOW, type Told } from './fake-site.ts';

const token = 'a-token-long-enough-for-this';
const base = 'connections: { klaviyo: { settings: { api_key: pk_secret_of_a_test } } }';
const withheld: Told = { states: { 'klaviyo.event': { withheld: { count: 3, reason: 'Too many.', since: NOW } } } };

/** A browser without script at a site: its cookies, and the forms it sends. */
async function browserAt(url: string, cookie = '') {
  const jar = new Map(cookie === '' ? [] : [[cookie.split('=')[0], cookie]]);
  const go = async (path: string, options: RequestInit = {}): Promise<Response> => {
    const answer = await fetch(new URL(path, url), {
      ...options,
      redirect: 'manual',
      headers: { ...(options.headers as Record<string, string>), cookie: [...jar.values()].join('; ') },
    });
    for (const line of answer.headers.getSetCookie()) jar.set(line.split('=')[0], line.split(';')[0] ?? '');
    return answer;
  };
  const formToken = /name="form_token" value="([^"]+)"/.exec(await (await go('/c/klaviyo')).text())?.[1] ?? '';
  return {
    go,
    read: async (path: string): Promise<string> => (await go(path)).text(),
    send: (path: string, fields: Record<string, string>, from = '/') =>
      go(path, {
        method: 'POST',
        body: new URLSearchParams({ form_token: formToken, ...fields }),
        headers: { origin: new URL(url).origin, referer: new URL(from, url).href },
      }),
    forget: (name: RegExp): void => [...jar.keys()].filter((one) => name.test(one ?? '')).forEach((one) => jar.delete(one)),
  };
}

const to = (answer: Response): string => (answer.status === 303 ? (answer.headers.get('location') ?? '') : `no redirect: ${answer.status}`);

/** The paths a page leads to, of this site. */
const linksOf = (page: string): string[] =>
  [...page.matchAll(/href="(\/[^"#]*)/g)]
    .map(([, path]) => (path ?? '').replaceAll('&amp;', '&'))
    .filter((path) => !path.startsWith('/assets'));

describe('a form is answered by the address of a page, so that Back and Reload never send it again', () => {
  test('also where it is refused: what was filled in is there, but no secret', async () => {
    const { url } = await fakeSite();
    const { send, read } = await browserAt(url);
    const account = { name: 'Wrong Name', 'set.api_key': 'pk_typed_by_a_test', 'set.base_url': 'http://127.0.0.1:1' };
    const again = to(await send('/new/connection/klaviyo', account));
    expect(again).toMatch(/^\/new\/connection\/klaviyo\?again=/);
    const page = await read(again);
    expect(page).toContain('value="Wrong Name"');
    expect(page).toMatch(/role="alert"/);
    expect(page).not.toContain('pk_typed_by_a_test');
    // Where the fault may be is not folded away.
    expect(page).toMatch(/<details id="more" open/);
    // The form of somebody who has not sent any.
    expect(await read('/new/connection/klaviyo')).not.toMatch(/role="alert"|Wrong Name/);

    const landing = to(
      await send('/new/landing/postgres', { name: 'here', 'set.host': 'db', 'set.database': 'd', 'set.password_ref': 'x' }),
    );
    expect(landing).toMatch(/^\/new\/landing\/postgres\?again=/);
    const filled = await read(landing);
    expect(filled).toContain('value="here"');
    expect(filled).toContain('Choose at least one connection.');
    // Nothing was ticked, and nothing is now.
    expect(filled).not.toMatch(/name="connection"[^>]*checked/);

    const day = to(await send('/c/klaviyo/t/event/backfill', { history: 'from', from: '31/31/2025' }));
    expect(day).toBe('/c/klaviyo/t/event/ask/backfill?history=from&from=31%2F31%2F2025');
    const asked = await read(day);
    expect(asked).toContain('Give the first day as');
    expect(asked).toContain('value="31/31/2025"');
    expect(asked).toMatch(/value="from" checked/);
  });

  test('through all steps of a set-up, forth and back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-forms-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const simulator = await startKlaviyoSimulator({ profiles: 1, events: 1, metrics: 3, limits: false });
    onTestFinished(() => simulator.close());
    const settingsFile = join(folder, 'tributary.yaml');
    writeFileSync(settingsFile, `${base}\n`);
    const { url } = await fakeSite({ settingsFile });
    const { send, read } = await browserAt(url);
    const account = { name: 'second', 'set.api_key': DEFAULT_KEY, 'set.base_url': simulator.url };
    const tables = to(await send('/new/connection/klaviyo', account));
    expect(tables).toMatch(/^\/set-up\/[^/]+\/tables$/);
    expect(await read(tables)).toContain('Connected to');
    // A second step that is refused, then one that is not.
    expect(to(await send(tables, { history: '90d' }))).toBe(tables);
    expect(await read(tables)).toContain('Choose at least one table.');
    const review = to(await send(tables, { history: '90d', table: 'metric' }));
    expect(review).toMatch(/^\/set-up\/[^/]+$/);
    for (let n = 0; n < 2; n += 1) expect(await read(review)).toContain('What changes in the settings file');
    // Back: as it was filled in, without the fault of before.
    const back = await read(tables);
    expect(back).not.toContain('role="alert"');
    expect(back).toMatch(/value="metric" checked/);
    expect(back).not.toMatch(/value="event" checked/);
    expect(back).toMatch(/value="90d" selected/);
    expect(await read('/set-up/00000000-0000-4000-8000-000000000000')).toContain('saved already, or was begun more than 15 minutes ago');
  });
});

describe('a session that has ended in the middle', () => {
  const yaml = `${base}\nweb: { token: ${token} }`;
  const loggedIn = async () => {
    const { url } = await fakeSite({ yaml });
    const { headers } = await fetch(`${url}/login`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ token }),
      headers: { origin: url },
    });
    return browserAt(url, headers.getSetCookie()[0]?.split(';')[0]);
  };

  test('does nothing, says so, and leads back to where the form was', async () => {
    const { send, forget, read } = await loggedIn();
    forget(/session/);
    const login = to(await send('/c/klaviyo/t/event/pause', {}, '/c/klaviyo?tab=historical'));
    expect(login).toBe('/login?to=%2Fc%2Fklaviyo%3Ftab%3Dhistorical&ended=yes');
    const page = await read(login);
    expect(page).toContain('what you sent was not done');
    expect(page).toContain('name="to" value="/c/klaviyo?tab=historical"');
    // Whatever a page of somebody else names as the way back.
    expect(to(await send('/c/klaviyo/pause', {}, '/%22%3E%3Cscript%3E'))).toMatch(/^\/login\?to=%2F/);
  });

  test('a form that is not ours is refused by a page that leads on', async () => {
    const { send } = await loggedIn();
    const answer = await send('/c/klaviyo/pause', { form_token: 'x' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([403, expect.stringContaining('text/html')]);
    expect(await answer.text()).toMatch(/nothing was done[^]*href="\/"/);
  });
});

describe('a read-only server', () => {
  test('has no form on any page that a server with forms leads to', async () => {
    const yaml = `${base}\nlandings: { warehouse: { kind: postgres, connect_url: "http://127.0.0.1:1", host: h, database: d, password_ref: "env:P" } }`;
    const open = await browserAt((await fakeSite({ yaml, told: withheld })).url);
    const closed = await browserAt((await fakeSite({ yaml: `${yaml}\nweb: { read_only: true }`, told: withheld })).url);
    const seen = new Set(['/']);
    let forms = 0;
    for (const path of seen) {
      const answer = await open.go(path);
      // What asks Kafka, which is away here, has no form.
      const page = answer.ok ? await answer.text() : '';
      for (const link of linksOf(page)) if (!/[?]|^\/l\/|\/changes$/.test(link)) seen.add(link);
      const shown = await closed.go(path);
      expect([
        path,
        /<form method="post"|<button/.exec((await shown.text()).replace(/<form (class="filter" )?method="get"[^]*?<\/form>/g, '')),
      ]).toEqual([path, null]);
      if (!page.includes('method="post"')) continue;
      forms += 1;
    }
    for (const path of [
      '/new/connection/pendo',
      '/new/landing/s3',
      '/c/klaviyo/edit',
      '/c/klaviyo/remove',
      '/c/klaviyo/t/event/ask/allow-deletes',
      '/imports/new',
    ])
      expect([path, seen.has(path) || path === '/imports/new', (await closed.go(path)).status]).toEqual([path, true, 403]);
    expect(forms).toBeGreaterThan(10);
  });

  test('lets whoever has logged in log out', async () => {
    const { url } = await fakeSite({ yaml: `${base}\nweb: { token: ${token}, read_only: true }` });
    const { headers } = await fetch(`${url}/login`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ token }),
      headers: { origin: url },
    });
    const { send, go } = await browserAt(url, headers.getSetCookie()[0]?.split(';')[0]);
    expect((await go('/')).status).toBe(200);
    expect(to(await send('/logout', {}))).toBe('/login');
    expect(to(await go('/'))).toMatch(/^\/login/);
  });
});

test('deletes are allowed only where some are withheld', async () => {
  const button = '<button type="submit" class="button danger">';
  const [none, some] = [(await fakeSite()).url, (await fakeSite({ told: withheld })).url];
  const asked = async (url: string): Promise<string> => (await fetch(`${url}/c/klaviyo/t/event/ask/allow-deletes`)).text();
  expect(await asked(none)).not.toContain(button);
  expect(await asked(some)).toContain(button);
});

test('an address with a slash too many leads to the page', async () => {
  const { url } = await fakeSite();
  const { go } = await browserAt(url);
  const answer = await go('/c/klaviyo/');
  expect([answer.status, new URL(answer.headers.get('location') ?? '', url).pathname]).toEqual([301, '/c/klaviyo']);
});
