import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { readControl, type ControlRecord } from '../../src/kafka/meta/control.ts';
import { readCommands } from '../../src/kafka/meta/audit.ts';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import { freePort, startCommand, until, writeFile, type Started } from '../support/command.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';

const stack = inject('stack');
const prefix = `page${randomBytes(4).toString('hex')}`;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const images = join(import.meta.dirname, '../../docs/images');
const access: KafkaAccess = {
  settings: {
    brokers: stack.brokers,
    clientId: 'page-test',
    prefix,
    replicationFactor: 1,
    minInSyncReplicas: 1,
    registry: { url: stack.registryUrl, ...stackLogin() },
    ...kafkaLogin(),
    compression: 'gzip',
  },
};

let folder: string;
let url: string;
let simulator: KlaviyoSimulator;
let worker: Started;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-page-'));
  simulator = await startKlaviyoSimulator({ profiles: 60, events: 300, metrics: 20, limits: false });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  writeFile(
    folder,
    'tributary.yaml',
    [
      `# Kept: what a person wrote.`,
      `prefix: ${prefix}`,
      `kafka: ${JSON.stringify({ brokers: stack.brokers, replication_factor: 1, ...kafkaLogin() })}`,
      `registry: ${JSON.stringify({ url: stack.registryUrl, ...stackLogin() })} # and this`,
      `metrics: { port: ${port} }`,
      '',
    ].join('\n'),
  );
  worker = startCommand({ sources, cwd: folder }, ['run', '--set-up']);
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  await until(
    'the page is served',
    () =>
      fetch(url).then(
        (answer) => answer.ok,
        () => false,
      ),
    90_000,
  );
}, 180_000);

afterAll(async () => {
  await browser?.close();
  worker?.interrupt();
  await worker?.ended;
  await simulator?.close();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const wanted = async (slot: ControlRecord['slot'], table: string | null) =>
  (await readControl(access)).records.findLast((record) => record.slot === slot && record.table === table)?.value;
const shown = (text: string | RegExp) => page.getByRole('main').getByText(text).first().waitFor({ timeout: 60_000 });

describe('the page over a real run', () => {
  test('an account is set up by clicks alone, and its rows are in the topics', async () => {
    await page.goto(url);
    await page.getByText('No connection yet').waitFor();
    await page.getByRole('link', { name: 'New connection' }).first().click();
    await page.getByRole('link', { name: 'Klaviyo' }).click();
    await page.locator('[name="set.api_key"]').fill('wrong-key-of-a-test');
    await page.getByText('More settings').click();
    await page.locator('[name="set.base_url"]').fill(simulator.url);
    await page.getByRole('button', { name: 'Test and review' }).click();
    // The real call names what is wrong, and nothing is written.
    await page.getByRole('alert').filter({ hasText: 'Could not connect' }).waitFor({ timeout: 40_000 });
    expect(readFileSync(join(folder, 'tributary.yaml'), 'utf8')).not.toContain('klaviyo');
    expect(await page.content()).not.toContain('wrong-key-of-a-test');

    await page.locator('[name="set.api_key"]').fill(DEFAULT_KEY);
    await page.getByRole('button', { name: 'Test and review' }).click();
    await page.getByText('What changes in the settings file').waitFor({ timeout: 40_000 });
    expect(await page.content()).not.toContain(DEFAULT_KEY);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. Running workers').waitFor();

    const written = readFileSync(join(folder, 'tributary.yaml'), 'utf8');
    expect(written).toContain('# Kept: what a person wrote.');
    expect(written).toContain('# and this');
    expect(written).not.toContain(DEFAULT_KEY);
    const secret = join(folder, 'secrets/klaviyo_api_key');
    expect([readFileSync(secret, 'utf8'), statSync(secret).mode & 0o777]).toEqual([DEFAULT_KEY, 0o600]);

    // The worker takes it up without a restart, and the page shows it without a reload.
    await until('all tables are synced', async () => (await page.getByText('Scheduled', { exact: true }).count()) >= 3, 120_000);
    const status = (await (await fetch(`${url}/api/v1/status`)).json()) as { tables: { table: string; lastSuccessAt?: number }[] };
    expect(status.tables.filter(({ lastSuccessAt }) => lastSuccessAt !== undefined)).toHaveLength(3);
    await page.goto(`${url}/c/klaviyo?tab=historical`);
    await shown('Completed');
    await page.goto(`${url}/c/klaviyo/t/profile/changes`);
    expect(await page.locator('.changes > li').count()).toBe(50);
    const id = /id = (\S+?)(,|$)/.exec((await page.locator('.changes code').first().textContent()) ?? '')?.[1] ?? '';
    await page.goto(`${url}/c/klaviyo/t/profile`);
    await page.locator('[name="key.id"]').fill(id);
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByText('The topic holds this row.').waitFor({ timeout: 40_000 });
  }, 300_000);

  test('every button does in Kafka what it says, by keyboard as well', async () => {
    await page.goto(`${url}/c/klaviyo`);
    const press = async (name: string): Promise<void> => {
      await page.getByRole('button', { name, exact: true }).focus();
      await page.keyboard.press('Enter');
    };
    await press('Pause event');
    await page.getByText('Paused. The position is kept.').waitFor();
    expect(await wanted('paused', 'event')).toEqual({ paused: true });
    await page.getByRole('button', { name: 'Resume event' }).waitFor({ timeout: 60_000 });
    await press('Resume event');
    await until('it is resumed', async () => JSON.stringify(await wanted('paused', 'event')) === '{"paused":false}', 30_000);
    await page.getByRole('button', { name: 'Pause event' }).waitFor({ timeout: 60_000 });

    await press('Sync now');
    await page.getByText('A run was asked for.').waitFor();
    expect(await wanted('trigger', null)).toMatchObject({ id: expect.any(String) as string });

    await page.goto(`${url}/c/klaviyo/t/event`);
    await page.getByRole('link', { name: 'Back-fill' }).click();
    await page.getByLabel('from a day on').check();
    await page.getByRole('button', { name: 'Start the back-fill' }).click();
    await page.getByRole('alert').filter({ hasText: 'MM/DD/YYYY' }).waitFor();
    await page.getByLabel('from a day on').check();
    await page.getByLabel('First day').fill('01/31/2025');
    await page.getByRole('button', { name: 'Start the back-fill' }).click();
    await page.getByText('The back-fill was asked for.').waitFor();
    expect(await wanted('backfill', 'event')).toMatchObject({ since: Date.UTC(2025, 0, 31) });

    await page.getByRole('link', { name: 'Full re-sync' }).click();
    await page.getByRole('button', { name: 'Read everything again' }).click();
    await page.getByText('All history is read again.').waitFor();
    expect(await wanted('backfill', 'event')).toMatchObject({ since: null });

    const noted = await readCommands(access, 20);
    expect(noted.map(({ command, table }) => `${command} ${table}`)).toEqual([
      'resync event',
      'backfill event',
      'sync null',
      'resume event',
      'pause event',
      'connection-add null',
    ]);
    expect(noted[0]).toMatchObject({ user: 'local', address: '127.0.0.1' });
  }, 480_000);

  test('a settings file with a fault changes nothing and is told', async () => {
    const good = readFileSync(join(folder, 'tributary.yaml'), 'utf8');
    writeFile(folder, 'tributary.yaml', good.replace('history: all', 'history: none'));
    await page.goto(`${url}/workers`);
    await shown(/keeps the settings it has/);
    expect((await fetch(`${url}/api/v1/connections/klaviyo`)).status).toBe(200);
    writeFile(folder, 'tributary.yaml', good);
    await until('it is told no more', async () => (await page.getByText('keeps the settings it has').count()) === 0, 60_000);
  }, 150_000);

  test('no page has a fault axe knows, in light and dark, nor is any wider than a phone', async () => {
    const paths = [
      '/',
      '/c/klaviyo',
      '/c/klaviyo?tab=historical',
      '/c/klaviyo?errors=all',
      '/c/klaviyo/t/event',
      '/c/klaviyo/t/event/ask/resync',
      '/c/klaviyo/t/event/ask/backfill',
      '/c/klaviyo/t/profile/changes',
      '/workers',
      '/audit',
      '/imports',
      '/settings',
      '/new/connection',
      '/new/connection/pendo',
      '/new/landing',
      '/new/landing/snowflake',
      '/c/klaviyo/remove',
      '/nowhere',
    ];
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const path of paths) {
        await page.goto(url + path);
        await page.evaluate(axe);
        const violations = await page.evaluate(async () => {
          const found = await (
            globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
          ).axe.run();
          return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
        });
        expect({ path, colorScheme, violations }).toEqual({ path, colorScheme, violations: [] });
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 360, height: 740 });
    for (const path of paths) {
      await page.goto(url + path);
      expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 360]);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  }, 480_000);

  test('pictures for the README', async () => {
    if (process.env['TRIBUTARY_PICTURES'] !== undefined) mkdirSync(images, { recursive: true });
    for (const [name, path] of [
      ['overview', '/'],
      ['connection', '/c/klaviyo'],
      ['table', '/c/klaviyo/t/event'],
    ] as const) {
      await page.goto(url + path);
      await page.locator('#live[data-live-state="on"]').waitFor();
      const picture = await page.screenshot(process.env['TRIBUTARY_PICTURES'] === undefined ? {} : { path: join(images, `${name}.png`) });
      expect(picture.length).toBeGreaterThan(10_000);
    }
  }, 60_000);
});
