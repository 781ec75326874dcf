import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import type { CommandRecord } from '../../src/kafka/meta/audit.ts';
import type { DisplayState } from '../../src/observability/status-view.ts';
import { launchBrowser, PATIENCE, tabFaults, tabTo } from './browser.ts';
import { fakeSite, NOW, runRecord, type Told } from './fake-site.ts';

// By keyboard alone, and while the page changes under the hands: a browser over topics that are made to tell what the test wants.

const yaml = [
  'connections:',
  '  klaviyo: { settings: { api_key: pk_secret_of_a_test } }',
  '  segment: { settings: { api_token: token_of_a_test } }',
].join('\n');
const failure = { kind: 'config', message: 'Refused.', code: 'klaviyo:401', remedy: 'Put another key in.' } as const;

function command(at: number): CommandRecord {
  return {
    v: 1,
    kind: 'command',
    id: String(at),
    at,
    user: 'ada',
    address: '::1',
    command: 'pause',
    connection: 'klaviyo',
    table: null,
    detail: '',
  };
}

/** Of every kind something; `live` and `commands` are changed by the tests. */
const everything = () => {
  const live: Record<string, DisplayState> = {
    'klaviyo.event': { kind: 'failed', reason: 'Refused.', code: 'klaviyo:401' },
    'klaviyo.metric': { kind: 'paused' },
    'klaviyo.profile': { kind: 'scheduled', nextRunAt: NOW + 60_000 },
    'segment.sources': { kind: 'error', message: 'No answer.', nextTryAt: NOW + 60_000 } as DisplayState,
  };
  const commands = [2, 1].map((minutes) => command(NOW - minutes * 60_000));
  const told: Told = {
    live,
    commands,
    states: { 'klaviyo.profile': { withheld: { count: 3, reason: 'Too many.', since: NOW, sample: ['id = 1'] } } },
    runs: {
      'klaviyo.event': Array.from({ length: 12 }, (_, n) => runRecord('klaviyo.event', { runId: `r${n}`, outcome: 'failed', failure })),
      'klaviyo.profile': [runRecord('klaviyo.profile')],
    },
    imports: [
      {
        ...{ v: 1, importId: '00000000-0000-4000-8000-000000000001', connection: 'klaviyo', kind: 'profiles', file: 'people.csv' },
        ...{ by: 'ada', at: NOW, updatedAt: NOW, state: 'completed', rows: 2, refused: 1, sentRows: 1, bytes: 9, sentBytes: 9 },
        ...{ processed: 100, processedBy: 'the vendor', errorFile: null },
      },
    ],
  };
  return { told, live, commands };
};

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  page.setDefaultTimeout(PATIENCE);
});
afterEach(async () => {
  await page.context().close();
});

/** A page of a site that has something of everything, when it is live; `change` plays a change of the topics. */
async function opened(path: string, more = '') {
  const { told, live, commands } = everything();
  const site = await fakeSite({ yaml: `${yaml}\n${more}`, told });
  let version = 1;
  await page.goto(site.url + path);
  await page.locator('#live[data-live-state="on"]').waitFor();
  const change = (): void => site.board.tell({ version: (version += 1), names: [''] });
  return { ...site, live, commands, change };
}

/** The element that has the focus. */
const focused = (): Promise<string> =>
  page.evaluate(
    "((one) => one.id || ('close' in one.dataset ? 'Close' : one.getAttribute('href')) || one.textContent.trim())(document.activeElement)",
  );

const paths = [
  ...['/', '/?q=klaviyo&state=failed', '/c/klaviyo', '/c/klaviyo?tab=historical', '/c/klaviyo?errors=all', '/c/segment?errors=sources'],
  ...['/c/klaviyo/t/event', '/c/klaviyo/t/event?errors=1', '/c/klaviyo/t/profile', '/c/klaviyo/t/profile/ask/allow-deletes'],
  ...['/c/klaviyo/ask/resync', '/c/klaviyo/t/event/ask/backfill', '/workers', '/audit', '/imports', '/imports/new', '/settings'],
  ...['/new/connection', '/new/connection/klaviyo', '/new/connection/pendo', '/new/landing', '/new/landing/snowflake'],
  ...['/nowhere'],
];

test.each([
  ['light', 1280],
  ['dark', 360],
] as const)(
  'every control of every page is reached by the Tab key, in order and in sight: %s, %d px',
  async (colorScheme, width) => {
    const { told } = everything();
    const { url } = await fakeSite({ yaml, told });
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 740 });
    for (const path of paths) {
      await page.goto(url + path);
      expect([path, await tabFaults(page)]).toEqual([path, []]);
    }
  },
  300_000,
);

test('the first link leads past the navigation', async () => {
  await opened('/c/klaviyo');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('#main');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  // Where you are comes first in the content.
  expect(await page.evaluate("document.activeElement.closest('.crumbs') !== null")).toBe(true);
});

test('a connection and a landing are set up by keys alone, as far as to the review of what changes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-keys-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const simulator = await startKlaviyoSimulator({ profiles: 1, events: 1, metrics: 3, limits: false });
  onTestFinished(() => simulator.close());
  const settingsFile = join(folder, 'tributary.yaml');
  writeFileSync(settingsFile, `${yaml}\n`);
  const { url } = await fakeSite({ yaml, settingsFile });
  const { keyboard } = page;
  const field = async (name: string, text: string): Promise<void> => {
    await tabTo(page, page.locator(`[name="${name}"]`));
    await keyboard.type(text);
  };
  const go = async (control: Locator): Promise<void> => {
    await tabTo(page, control);
    await keyboard.press('Enter');
  };

  await page.goto(url);
  await go(page.getByRole('link', { name: 'New connection' }).first());
  await page.getByRole('heading', { name: 'New connection' }).waitFor();
  await go(page.getByRole('link', { name: 'Klaviyo' }));
  await page.getByRole('heading', { name: 'New Klaviyo connection' }).waitFor();
  await tabTo(page, page.locator('[name="name"]'));
  await keyboard.press('ControlOrMeta+a');
  await keyboard.type('second');
  await field('set.api_key', DEFAULT_KEY);
  await go(page.getByText('More settings'));
  await field('set.base_url', simulator.url);
  // From within a field, as forms are sent.
  await keyboard.press('Enter');
  await page.getByText('Connected to').waitFor();
  await tabTo(page, page.getByRole('checkbox', { name: 'event', exact: true }));
  await keyboard.press('Space');
  await tabTo(page, page.locator('[name="history"]'));
  await keyboard.press('ArrowDown');
  await go(page.getByRole('button', { name: 'Review' }));
  await page.getByText('What changes in the settings file').waitFor();
  const connection = (await page.locator('.diff .add').allTextContents()).join('\n');
  expect(connection).toMatch(/second:[^]*history: 1y/);
  expect(connection).not.toMatch(/\bevent\b/);
  await tabTo(page, page.getByRole('button', { name: 'Save' }));

  await page.goto(url);
  await go(page.getByRole('link', { name: 'New landing' }).first());
  await page.getByRole('heading', { name: 'New landing' }).waitFor();
  await go(page.getByRole('link', { name: 'PostgreSQL' }));
  await page.getByRole('heading', { name: 'New PostgreSQL landing' }).waitFor();
  for (const [name, text] of Object.entries({
    ...{ name: 'warehouse', 'set.connect_url': 'http://127.0.0.1:1', 'set.host': 'db', 'set.database': 'd' },
    'set.password_ref': 'env:WAREHOUSE_PASSWORD',
  }))
    await field(name, text);
  await tabTo(page, page.getByRole('checkbox', { name: 'segment' }));
  await keyboard.press('Space');
  await go(page.getByRole('button', { name: 'Review' }));
  await page.getByText('What changes in the settings file').waitFor();
  const landing = (await page.locator('.diff .add').allTextContents()).join('\n');
  expect(landing).toContain('warehouse:');
  expect(landing).not.toContain('segment');
  await tabTo(page, page.getByRole('button', { name: 'Save' }));
}, 300_000);

describe('the errors of a table', () => {
  test.each([
    ['of a connection', '/c/klaviyo', '#errors-of-event'],
    ['of a table', '/c/klaviyo/t/event', '#errors-link'],
  ])('%s take the focus, and Escape gives it back', async (_, path, link) => {
    await opened(path);
    await page.locator(link).focus();
    await page.keyboard.press('Enter');
    await page.locator('#errors').waitFor();
    expect(await focused()).toBe('errors');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Close');
    await page.keyboard.press('Escape');
    await page.locator('#errors').waitFor({ state: 'detached' });
    expect(await focused()).toBe(link.slice(1));
  });
});

describe('what changes under the hands', () => {
  /** Waits for a change to be in place. */
  const seen = (text: string) => page.locator('main').getByText(text).first().waitFor();

  test('leaves the focus on a link, on one of several that lead to one place, on what was unfolded, and on a copy button', async () => {
    const { live, commands, change, url } = await opened('/c/klaviyo?errors=event');
    await page.locator('#copy-0 summary').press('Enter');
    live['klaviyo.profile'] = { kind: 'failed', reason: 'First.' };
    live['klaviyo.event'] = { kind: 'failed', reason: 'Second.' };
    change();
    await seen('needs you: Second.');
    expect(await page.evaluate("document.activeElement.matches('#copy-0 summary')")).toBe(true);
    expect(await page.locator('#copy-0').getAttribute('open')).not.toBeNull();
    await page.locator('#go-klaviyo-event').focus();
    live['klaviyo.event'] = { kind: 'paused' };
    change();
    await page.getByRole('button', { name: 'Resume event' }).waitFor();
    expect(await focused()).toBe('go-klaviyo-event');

    await page.goto(`${url}/audit`);
    await page.locator('#live[data-live-state="on"]').waitFor();
    const links = page.locator('#commands a[href="/c/klaviyo"]');
    await links.nth(1).focus();
    commands.unshift(command(NOW));
    change();
    await links.nth(2).waitFor();
    // The same command, which is one line lower now.
    expect(await page.evaluate(`[...document.querySelectorAll('#commands a[href="/c/klaviyo"]')].indexOf(document.activeElement)`)).toBe(2);
  });

  test('waits for a button that is pressed, and for a text that is selected', async () => {
    const { live, change } = await opened('/c/klaviyo?errors=event');
    const button = await page.locator('#go-klaviyo-profile').elementHandle();
    const box = await button?.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 5, (box?.y ?? 0) + 5);
    await page.mouse.down();
    live['klaviyo.event'] = { kind: 'failed', reason: 'Meanwhile.', code: 'klaviyo:403' };
    change();
    // Another part, which nobody holds, shows that the answer is in place.
    await page.locator('#drawer code').getByText('klaviyo:403').waitFor();
    expect(await button?.evaluate((one) => (one as unknown as { isConnected: boolean }).isConnected)).toBe(true);
    // Released beside it: nothing was clicked.
    await page.mouse.move(2, 2);
    await page.mouse.up();
    await seen('needs you: Meanwhile.');

    await page.locator('#drawer h3').first().selectText();
    const text = (): Promise<string> => page.evaluate('String(getSelection())');
    const before = await text();
    live['klaviyo.event'] = { kind: 'failed', reason: 'Other.', code: 'klaviyo:404' };
    change();
    // The rows are shown; the drawer waits for the selection.
    await seen('needs you: Other.');
    expect([await text(), await page.locator('#drawer').getByText('klaviyo:404').count()]).toEqual([before, 0]);
    await page.evaluate('getSelection().removeAllRanges()');
    await page.locator('#drawer code').getByText('klaviyo:404').waitFor();
  });

  test('keeps what is typed', async () => {
    const { live, change } = await opened('/');
    await page.getByRole('searchbox').pressSequentially('klav');
    live['segment.sources'] = { kind: 'failed', reason: 'No.' };
    change();
    await page.locator('#connections tr', { hasText: 'Segment' }).locator('.pill.bad').waitFor();
    await page.keyboard.type('iyo');
    expect(await page.getByRole('searchbox').inputValue()).toBe('klaviyo');
  });
});

describe('a page that is left open', () => {
  test('says that what it shows was removed', async () => {
    const { settings, change } = await opened('/c/segment');
    (settings.connections as unknown[]).splice(1, 1);
    change();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('is not there any more');
  });

  test('says that its log-in has ended, and goes on after another', async () => {
    const token = 'a-token-long-enough-for-this';
    const { told, live } = everything();
    const { url, board } = await fakeSite({ yaml: `${yaml}\nweb: { token: ${token} }`, told });
    await page.goto(`${url}/c/klaviyo`);
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await page.locator('#live[data-live-state="on"]').waitFor();
    await page.context().clearCookies({ name: /session/ });
    board.tell({ version: 2, names: [''] });
    const notice = page.getByRole('alert').getByText('Your log-in has ended');
    await notice.waitFor();
    const other = await page.context().newPage();
    await other.goto(`${url}/login`);
    await other.getByLabel('Token').fill(token);
    await other.keyboard.press('Enter');
    await other.getByRole('heading', { name: 'Overview' }).waitFor();
    live['klaviyo.profile'] = { kind: 'failed', reason: 'Seen again.' };
    board.tell({ version: 3, names: [''] });
    await page.getByText('needs you: Seen again.').waitFor();
    expect(await notice.count()).toBe(0);
  });
});

test('the back button sends no form again, and what was done is not told twice', async () => {
  const { url } = await opened('/new/landing/postgres');
  await page.locator('[name="name"]').fill('warehouse');
  for (const name of ['host', 'database', 'password_ref', 'connect_url']) await page.locator(`[name="set.${name}"]`).fill('no/such:thing');
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByRole('link', { name: 'Workers' }).click();
  await page.getByRole('heading', { name: 'Workers', exact: true }).waitFor();
  await page.goBack();
  await page.getByRole('alert').waitFor();
  expect(await page.locator('[name="name"]').inputValue()).toBe('warehouse');

  await page.goto(`${url}/?done=saved`);
  await page.getByText('Saved. Running workers').waitFor();
  await page.getByRole('link', { name: 'Workers' }).click();
  await page.getByRole('heading', { name: 'Workers', exact: true }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  expect(await page.getByText('Saved. Running workers').count()).toBe(0);
});
