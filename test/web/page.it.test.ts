import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { parse } from 'yaml';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { readControl, type ControlRecord } from '../../src/kafka/meta/control.ts';
import { commandRecord } from '../../src/kafka/meta/audit.ts';
import { ownKey } from '../../src/import/keys.ts';
import { parseObject } from '../../src/core/json/text.ts';
import { readImports } from '../../src/kafka/meta/imports.ts';
import { readTail } from '../../src/kafka/meta/tail.ts';
import { topicNames } from '../../src/kafka/meta/topic-names.ts';
import { startSftp } from '../../simulators/klaviyo/sftp.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { connectClient } from '../../src/landing/connect-client.ts';
import { startSharedConnect } from '../setup/shared-stack.ts';
import { freePort, startCommand, until, writeFile, type Started } from '../support/command.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';
import { accessTo, axeFaults, launchBrowser, PATIENCE, served, tabFaults, tabTo } from './browser.ts';

const stack = inject('stack');
const prefix = `page${randomBytes(4).toString('hex')}`;
const landing = `warehouse_${prefix.slice(-4)}`;
const access = accessTo(stack, prefix);

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
  browser = await launchBrowser();
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await served(url);
});

afterAll(async () => {
  await browser?.close();
  worker?.interrupt();
  await worker?.ended;
  await simulator?.close();
  rmSync(folder, { recursive: true, force: true });
});

const wanted = async (slot: ControlRecord['slot'], table: string | null) =>
  (await readControl(access)).records.findLast((record) => record.slot === slot && record.table === table)?.value;
const shown = (text: string | RegExp) => page.getByRole('main').getByText(text).first().waitFor();

/** By keyboard alone. */
const press = async (name: string): Promise<void> => {
  await tabTo(page, page.getByRole('button', { name, exact: true }));
  await page.keyboard.press('Enter');
};

describe('the page over a real run', () => {
  test('an account is set up by clicks alone, and its rows are in the topics', async () => {
    await page.goto(url);
    await page.getByText('No connection yet').waitFor();
    await page.getByRole('link', { name: 'New connection' }).first().click();
    await page.getByRole('link', { name: 'Klaviyo' }).click();
    await page.locator('[name="set.api_key"]').fill('wrong-key-of-a-test');
    await page.getByText('More settings').click();
    await page.locator('[name="set.base_url"]').fill(simulator.url);
    await page.getByRole('button', { name: 'Test the connection' }).click();
    // The real call names what is wrong, and nothing is written.
    await page.getByRole('alert').filter({ hasText: 'Could not connect' }).waitFor();
    expect(readFileSync(join(folder, 'tributary.yaml'), 'utf8')).not.toContain('klaviyo');
    expect(await page.content()).not.toContain('wrong-key-of-a-test');

    await page.locator('[name="set.api_key"]').fill(DEFAULT_KEY);
    await page.getByRole('button', { name: 'Test the connection' }).click();
    // Every table was asked for, and the account lists what its events may be chosen by.
    await page.getByText('Connected to').waitFor();
    expect(await page.locator('.rights .pill').allTextContents()).toEqual(['Connected', 'Connected', 'Connected']);
    expect(await page.locator('[name="set.events"]').count()).toBe([...simulator.truth.metrics()].length);
    expect(await page.content()).not.toContain(DEFAULT_KEY);
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByText('What changes in the settings file').waitFor();
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
    await until('all tables are synced', async () => (await page.getByText('Scheduled', { exact: true }).count()) >= 3, 300_000);
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
    await page.getByText('The topic holds this row.').waitFor();
  });

  test('a PostgreSQL landing is set up by clicks alone, and its rows are in the warehouse', async () => {
    const connectUrl = await startSharedConnect();
    const login = stackLogin() ?? { username: '', password: '' };
    const names = { schema: `s_${prefix}`, user: `sink_${prefix}`, reader: `reader_${prefix}` };
    await page.goto(url);
    await page.getByRole('link', { name: 'New landing' }).first().click();
    await page.getByRole('link', { name: 'PostgreSQL' }).click();
    await page.locator('[name="name"]').fill(landing);
    await page.locator('[name="set.host"]').fill(stack.postgres.host);
    await page.locator('[name="set.database"]').fill(stack.postgres.database);
    await page.locator('[name="set.password_ref"]').fill('the password itself');
    await page.getByText('More settings').click();
    for (const [field, text] of Object.entries({
      ...{ ...names, port: String(stack.postgres.port), connect_url: connectUrl, connect_username: login.username },
      ...{ connect_password: login.password, registry_credentials_ref: 'env:TRIBUTARY_REGISTRY_PASSWORD' },
    }))
      await page.locator(`[name="set.${field}"]`).fill(text);
    await page.locator('[name="set.sslmode"]').selectOption('disable');
    await page.locator('[name="set.converter"]').selectOption('apicurio');
    await page.getByRole('button', { name: 'Review' }).click();
    // A secret is not taken where a reference is asked for.
    await page.getByRole('alert').filter({ hasText: 'must be a reference' }).waitFor();
    await page.locator('[name="set.password_ref"]').fill('env:TRIBUTARY_WAREHOUSE_PASSWORD');
    // What was filled in stays unfolded.
    await page.locator('[name="set.connect_password"]').fill(login.password);
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByText('What changes in the settings file').waitFor();
    expect(await page.content()).not.toContain(login.password);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. Running workers').waitFor();
    const file = parse(readFileSync(join(folder, 'tributary.yaml'), 'utf8')) as { landings: Record<string, { connect_password: string }> };
    expect(file.landings[landing]?.connect_password).toBe(`\${file:secrets/${landing}_connect_password}`);

    // What a person does: copies the script, runs it, gives the role its password.
    const script = (await page.locator('#script').textContent()) ?? '';
    const database = new Client(stack.postgres);
    await database.connect();
    try {
      await database.query(script);
      await database.query('RESET ROLE');
      await database.query(`ALTER ROLE ${names.user} PASSWORD '${stack.postgres.password}'`);
      await press('Check');
      await page.getByText('Checked: the Connect worker takes every connector as it is.').waitFor();
      await press('Apply');
      await page.getByText('Applied: all connectors run.').waitFor();
      await page.getByText('Running', { exact: true }).waitFor();
      const landed = async (): Promise<string[]> =>
        (await database.query(`SELECT id FROM ${names.schema}.klaviyo_profile ORDER BY id`)).rows.map(({ id }: { id: string }) => id);
      const wantedRows = [...simulator.truth.profiles()].map(({ id }) => String(id)).sort();
      await until('the profiles are in the warehouse', async () => (await landed()).length === wantedRows.length, 300_000);
      expect((await landed()).sort()).toEqual(wantedRows);
    } finally {
      await database.end();
    }
  }, 420_000);

  test('a landing is set another way by clicks; what is not changed stays as it is written', async () => {
    const read = (): string => readFileSync(join(folder, 'tributary.yaml'), 'utf8');
    const commented = read().replace(/^( +)database:/m, '$1# The copy, not the shop itself.\n$1database:');
    expect(commented).toContain('# The copy');
    writeFile(folder, 'tributary.yaml', commented);
    await page.goto(`${url}/l/${landing}`);
    await page.getByRole('main').getByRole('link', { name: 'Settings', exact: true }).click();
    expect(await page.locator('[name="set.password_ref"]').inputValue()).toBe('env:TRIBUTARY_WAREHOUSE_PASSWORD');
    // Credentials are written only: none comes back, and one that is left empty stays.
    expect(await page.locator('[name="set.connect_password"]').inputValue()).toBe('');
    await page.getByText('Left empty, what is used now stays: ${file:').waitFor();
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('alert').filter({ hasText: 'Nothing was changed.' }).waitFor();
    await page.locator('[name="set.tasks"]').fill('two');
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('alert').filter({ hasText: 'tasks must be a number' }).waitFor();
    await page.locator('[name="set.tasks"]').fill('2');
    await page.getByRole('button', { name: 'Review' }).click();
    await page.locator('.diff .add').filter({ hasText: 'tasks: 2' }).waitFor();
    expect(await page.locator('.diff .del').count()).toBe(0);
    expect(read()).toBe(commented);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. Running workers').waitFor();
    expect(read()).toBe(commented.replace(/^( +)(connect_password: .*)$/m, '$1$2\n$1tasks: 2'));
    const connect = connectClient(await startSharedConnect(), { login: stackLogin() });
    const configOf = async () => [...(await connect.configs())].find(([name]) => name.includes(landing))?.[1];
    expect((await configOf())?.['tasks.max']).toBe('1');
    await press('Apply');
    await page.getByText('Applied: all connectors run.').waitFor();
    expect((await configOf())?.['tasks.max']).toBe('2');
  });

  test('every button does in Kafka what it says, by keyboard as well', async () => {
    await page.goto(`${url}/c/klaviyo`);
    await press('Pause event');
    await page.getByText('Paused. The position is kept.').waitFor();
    expect(await wanted('paused', 'event')).toEqual({ paused: true });
    await page.getByRole('button', { name: 'Resume event' }).waitFor();
    await press('Resume event');
    await until('it is resumed', async () => JSON.stringify(await wanted('paused', 'event')) === '{"paused":false}', 300_000);
    await page.getByRole('button', { name: 'Pause event' }).waitFor();

    // A double click asks once, as the notes below show.
    await page.getByRole('button', { name: 'Sync now' }).dblclick();
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

    const noted = await readTail(access, topicNames(access.settings.prefix).runs, 20, ({ value }) => commandRecord(parseObject(value)));
    expect(noted.map(({ command, table }) => `${command} ${table}`)).toEqual([
      'resync event',
      'backfill event',
      'sync null',
      'resume event',
      'pause event',
      'landing-apply null',
      'landing-edit null',
      'landing-apply null',
      'landing-add null',
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
    await until('it is told no more', async () => (await page.getByText('keeps the settings it has').count()) === 0, 300_000);
  });

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
      '/imports/new',
      '/settings',
      '/new/connection',
      '/new/connection/pendo',
      '/new/landing',
      '/new/landing/snowflake',
      '/new/landing/postgres',
      '/c/klaviyo/remove',
      '/c/klaviyo/edit',
      `/l/${landing}`,
      `/l/${landing}?errors=1`,
      `/l/${landing}/file?path=setup.sql`,
      `/l/${landing}/remove`,
      `/l/${landing}/edit`,
      '/nowhere',
    ];
    for (const path of paths) {
      await page.goto(url + path);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect({ path, colorScheme, violations: await axeFaults(page) }).toEqual({ path, colorScheme, violations: [] });
      }
      // The others are walked through by keyboard.it.test.ts.
      if (/^\/l\/|\/(changes|edit|remove)$/.test(path)) expect([path, await tabFaults(page)]).toEqual([path, []]);
      await page.setViewportSize({ width: 360, height: 740 });
      expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 360]);
      await page.setViewportSize({ width: 1280, height: 800 });
    }
    await page.emulateMedia({ colorScheme: 'light' });
  }, 480_000);

  test('a connection is set up another way by clicks; what is not changed stays as it is written', async () => {
    const before = readFileSync(join(folder, 'tributary.yaml'), 'utf8');
    await page.goto(`${url}/c/klaviyo`);
    await page.getByRole('link', { name: 'Settings', exact: true }).last().click();
    // A secret that is left empty stays.
    await page.getByText('Left empty, what is used now stays: ${file:').waitFor();
    await page.locator('[name="set.events"]').fill('m_gone');
    await page.getByRole('button', { name: 'Test the connection' }).click();
    await page.getByText('Connected to').waitFor();
    // What the account does not list is not lost on the way.
    await page.getByText('Not listed by the account').click();
    expect(await page.getByRole('checkbox', { name: 'm_gone' }).isChecked()).toBe(true);
    await page.getByRole('checkbox', { name: 'm_gone' }).uncheck();
    await page.getByLabel('or from a day on').fill('01/31/2026');
    await page.locator('[name="schedule"]').fill('15 * * * *');
    await page.getByRole('checkbox', { name: 'metric', exact: true }).uncheck();
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByText('What changes in the settings file').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. Running workers').waitFor();
    const after = readFileSync(join(folder, 'tributary.yaml'), 'utf8');
    const klaviyo = (parse(after) as { connections: { klaviyo: Record<string, unknown> } }).connections.klaviyo;
    expect(klaviyo).toEqual({
      settings: (parse(before) as { connections: { klaviyo: { settings: unknown } } }).connections.klaviyo.settings,
      start_date: '01/31/2026',
      schedule: '15 * * * *',
      tables: ['profile', 'event'],
    });
    expect(after).toContain('# and this');
    await until('the page has two tables', async () => (await page.locator('#tables tbody tr').count()) === 2, 300_000);
    writeFile(folder, 'tributary.yaml', before);
    await until('the page has all tables again', async () => (await page.locator('#tables tbody tr').count()) === 3, 300_000);
  });

  test('a file is checked, sent and listed by clicks alone', async () => {
    const before = readFileSync(join(folder, 'tributary.yaml'), 'utf8');
    const sftp = await startSftp({
      users: { sim_user: ownKey(join(folder, '.tributary')).text },
      ingest: (kind, file) => void simulator.ingest(kind, file),
    });
    try {
      const login = `sftp: { host: 127.0.0.1, port: ${sftp.port}, user: sim_user }`;
      writeFile(folder, 'tributary.yaml', before.replace(/( +)base_url:/, `$1${login}\n$1base_url:`));
      await page.goto(`${url}/imports`);
      await page.getByText('No imports yet').waitFor();
      await page.getByRole('link', { name: 'Import a file' }).click();
      const good = Array.from({ length: 30 }, (_, n) => `i${n}@import.test`);
      const file = { name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(['Email', ...good, 'nobody', ''].join('\n')) };
      await until(
        'the settings are taken up',
        async () => {
          await page.goto(`${url}/imports/new`);
          await page.locator('[name="file"]').setInputFiles(file);
          await page.getByRole('button', { name: 'Check the file' }).click();
          await page.getByRole('heading', { level: 1 }).waitFor();
          return (await page.getByRole('alert').count()) === 0;
        },
        60_000,
      );
      await page.getByRole('heading', { name: 'The first rows as they will arrive' }).waitFor();
      await page.getByRole('row').filter({ hasText: '32' }).waitFor();
      expect(await axeFaults(page)).toEqual([]);
      await press('Send 30 rows');
      await page.getByText('30 rows uploaded to klaviyo').waitFor();
      expect([...simulator.truth.profiles()].filter(({ json }) => json.includes('@import.test'))).toHaveLength(30);
      const [record] = await readImports(access);
      expect(record).toMatchObject({ file: 'people.csv', by: 'local', kind: 'profiles', rows: 31, refused: 1, sentRows: 30 });
      await page.getByRole('link', { name: 'List of imports' }).click();
      await shown('people.csv');
      const errors = await page.getByRole('link', { name: 'Download' }).getAttribute('href');
      expect(await (await fetch(url + errors)).text()).toContain('nobody');
      expect(await axeFaults(page)).toEqual([]);
    } finally {
      await sftp.close();
      writeFile(folder, 'tributary.yaml', before);
    }
  });

  test('what is removed says what stays, and stops its connectors', async () => {
    const connect = connectClient(await startSharedConnect(), { login: stackLogin() });
    const connector = [...(await connect.configs()).keys()].find((name) => name.includes(landing)) ?? '';
    expect((await connect.status(connector))?.connector.state).toBe('RUNNING');
    const held = async (): Promise<[topic: number, warehouse: number]> => {
      const keys = new Set<string>();
      await readTopics(access, [{ topic: `${prefix}.klaviyo.profile` }], ({ key }) => void keys.add(key?.toString('hex') ?? ''));
      const database = new Client(stack.postgres);
      await database.connect();
      const { rows } = await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM s_${prefix}.klaviyo_profile`);
      await database.end();
      return [keys.size, rows[0]?.n ?? 0];
    };
    const before = await held();
    expect(Math.min(...before)).toBeGreaterThan(0);
    await page.goto(`${url}/c/klaviyo/remove`);
    await shown('1 connector will be stopped and deleted from Kafka Connect');
    await shown('The tables in the warehouses stay with all their rows.');
    await press('Remove the connection');
    await page.getByText('Removed from the settings.').waitFor();
    // Connect answers before the connector is gone from its list.
    await until('the connector is gone', async () => (await connect.status(connector)) === undefined, 300_000);
    await page.getByText('No connection yet').waitFor();
    await page.goto(`${url}/l/${landing}/remove`);
    await shown('The topics stay');
    await press('Remove the landing');
    await page.getByText('Removed from the settings.').waitFor();
    const left = parse(readFileSync(join(folder, 'tributary.yaml'), 'utf8')) as Record<string, object>;
    expect([left['connections'], left['landings']]).toEqual([{}, {}]);
    expect(await held()).toEqual(before);
  });
});
