import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { startCustomerIoSimulator } from '../../simulators/customer-io/simulator.ts';
import { DEFAULT_KEY as KLAVIYO_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { PASSWORD, USER, startListrakSimulator } from '../../simulators/listrak/simulator.ts';
import { DEFAULT_KEY as PENDO_KEY, startPendoSimulator } from '../../simulators/pendo/simulator.ts';
import { startSegmentSimulator } from '../../simulators/segment/segment-simulator.ts';
import { readControl, type ControlRecord } from '../../src/kafka/meta/control.ts';
import { readTopics } from '../../src/kafka/reader.ts';
import { sameClickMs } from '../../src/web/once.ts';
import { startSharedConnect } from '../setup/shared-stack.ts';
import { freePort, startCommand, until, writeFile, type Started } from '../support/command.ts';
import { kafkaLogin, landingLogin, stackLogin } from '../support/login.ts';
import { accessTo, launchBrowser, PATIENCE, served } from './browser.ts';

// All five sources and a PostgreSQL landing: every state is reached and seen on a page that is served beside the worker.
const stack = inject('stack');
const prefix = `five${randomBytes(4).toString('hex')}`;
const access = accessTo(stack, prefix);
const landing = `warehouse_${prefix.slice(-4)}`;
const images = join(import.meta.dirname, '../../docs/images');
const names = { schema: `s_${prefix}`, user: `sink_${prefix}`, reader: `reader_${prefix}` };

let folder: string;
/** Of the server without a worker, and of the worker's own. */
const urls = { alone: '', worker: '' };
let beside: Started;
let worker: Started;
let browser: Browser;
let page: Page;
let vendors: {
  readonly klaviyo: KlaviyoSimulator;
  readonly segment: Awaited<ReturnType<typeof startSegmentSimulator>>;
  readonly customerIo: Awaited<ReturnType<typeof startCustomerIoSimulator>>;
  readonly pendo: Awaited<ReturnType<typeof startPendoSimulator>>;
  readonly listrak: Awaited<ReturnType<typeof startListrakSimulator>>;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-five-'));
  const [klaviyo, segment, customerIo, pendo, listrak, connectUrl] = await Promise.all([
    startKlaviyoSimulator({ profiles: 30, events: 200, metrics: 260, limits: false }),
    startSegmentSimulator({ clock: 'real', limits: { enabled: false }, switches: { auditTrail: false } }),
    startCustomerIoSimulator({ clock: 'real', people: 20 }),
    startPendoSimulator({ now: 'real', days: 3, limits: { enabled: false } }),
    startListrakSimulator({ clock: 'real', messages: 3, contacts: 20, events: 40, sends: 10 }),
    startSharedConnect(),
  ]);
  vendors = { klaviyo, segment, customerIo, pendo, listrak };
  const settings = (port: number): string =>
    [
      `prefix: ${prefix}`,
      `kafka: ${JSON.stringify({ brokers: stack.brokers, replication_factor: 1, ...kafkaLogin() })}`,
      `registry: ${JSON.stringify({ url: stack.registryUrl, ...stackLogin() })}`,
      `metrics: { port: ${port} }`,
      'connections:',
      `  klaviyo: { settings: { api_key: ${KLAVIYO_KEY}, base_url: "${klaviyo.url}" } }`,
      `  segment: { settings: { api_token: ${segment.tokens.business}, base_url: "${segment.url}" }, tables: [sources, audit_events] }`,
      `  customer_io: { settings: { access_token: ${customerIo.keys.full}, base_url: "${customerIo.baseUrl}" }, tables: [segments] }`,
      `  pendo: { settings: { integration_key: ${PENDO_KEY}, base_url: "${pendo.url}" }, tables: [features, pages] }`,
      `  listrak: { settings: { username: ${USER}, password: "${PASSWORD}", base_url: "${listrak.url}" }, tables: [lists] }`,
      'landings:',
      `  ${landing}: { kind: postgres, host: ${stack.postgres.host}, port: ${stack.postgres.port}, database: ${stack.postgres.database},`,
      `    schema: ${names.schema}, user: ${names.user}, reader: ${names.reader}, password_ref: "env:TRIBUTARY_WAREHOUSE_PASSWORD",`,
      `    ${landingLogin()}sslmode: disable, converter: apicurio, connect_url: "${connectUrl}" }`,
      '',
    ].join('\n');
  const [alone, own] = [await freePort(), await freePort()];
  urls.alone = `http://127.0.0.1:${alone}`;
  urls.worker = `http://127.0.0.1:${own}`;
  writeFile(folder, 'page.yaml', settings(alone));
  writeFile(folder, 'tributary.yaml', settings(own));
  beside = startCommand({ sources, cwd: folder }, ['--config', 'page.yaml', 'web']);
  browser = await launchBrowser();
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(PATIENCE);
  page.context().setDefaultTimeout(150_000);
  await served(urls.alone);
});

afterAll(async () => {
  await browser?.close();
  worker?.interrupt();
  await worker?.ended;
  beside?.interrupt();
  await beside?.ended;
  await Promise.all(Object.values(vendors ?? {}).map((vendor) => vendor.close()));
  rmSync(folder, { recursive: true, force: true });
});

const row = (table: string) => page.locator('#tables tbody tr').filter({ has: page.getByRole('link', { name: table, exact: true }) });
/** Waits for a state as it is shown, whatever else the row tells. */
const seen = (table: string, text: string | RegExp) => row(table).locator('.state').filter({ hasText: text }).waitFor({ timeout: 180_000 });
const wanted = async (connection: string, slot: ControlRecord['slot'], table: string | null) =>
  (await readControl(access)).records.findLast((one) => one.connection === connection && one.slot === slot && one.table === table)?.value;
const keysOf = async (topic: string): Promise<number> => {
  const live = new Set<string>();
  await readTopics(access, [{ topic }], ({ key, value }) => {
    const id = key?.toString('hex') ?? '';
    if (value === null) live.delete(id);
    else live.add(id);
  });
  return live.size;
};
type Told = { tables: { connection: string; table: string; state: { kind: string; percent?: number } }[] };
const told = async (url: string): Promise<Told> => (await (await fetch(`${url}/api/v1/status`)).json()) as Told;

describe('five connections and a landing', () => {
  test('without a worker every table is not yet synced, and the page says that nobody reads', async () => {
    await page.goto(`${urls.alone}/c/klaviyo`);
    for (const table of ['metric', 'profile', 'event']) await seen(table, 'Not yet synced');
    expect((await told(urls.alone)).tables.map(({ state }) => state.kind)).toEqual(new Array(9).fill('not_synced'));
    await page.goto(`${urls.alone}/workers`);
    await page.getByText('No worker runs').waitFor();
  });

  test('each state is reached and seen, with what belongs to it', async () => {
    const slow = vendors.klaviyo.faults.add({ kind: 'slow', delayMs: 2_000, on: 'GET /api/events*' });
    const refused = vendors.pendo.faults.add({ kind: 'status', status: 401 });
    const cut = vendors.listrak.faults.add({ kind: 'reset' });
    vendors.customerIo.faults.add({ kind: 'throttled', retryAfter: 900 });

    await page.goto(`${urls.alone}/c/klaviyo`);
    // Every percentage the page ever shows of the table.
    await page.evaluate(`
      window.percents = [];
      new MutationObserver(() => {
        for (const row of document.querySelectorAll('#tables tbody tr')) {
          const found = /event[^]*In progress \\((\\d+) %\\)/.exec(row.textContent);
          if (found) window.percents.push(Number(found[1]));
        }
      }).observe(document.getElementById('tables'), { subtree: true, childList: true });
    `);
    worker = startCommand({ sources, cwd: folder }, ['run']);
    await seen('event', /In progress \(\d+ %\)/);
    // However slow the page is: the vendor hurries only when it has shown some of the way.
    await until('the percentage grows', async () => ((await page.evaluate('new Set(window.percents).size')) as number) > 1);
    vendors.klaviyo.faults.clear(slow);
    await seen('event', 'Scheduled');
    const percents = (await page.evaluate('window.percents')) as number[];
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(Math.max(...percents)).toBeLessThan(100);
    await row('event').locator('.state time').waitFor();

    await page.goto(`${urls.alone}/c/customer_io`);
    await seen('segments', /Rate limited.*until/);
    await page.goto(`${urls.alone}/c/listrak`);
    await seen('lists', /Error.*(next try due|tried again)/);
    vendors.listrak.faults.clear(cut);
    await seen('lists', 'Scheduled');
    await page.goto(`${urls.alone}/c/segment`);
    await seen('audit_events', /Disabled.*Audit Trail/);
    await seen('sources', 'Scheduled');

    await page.goto(`${urls.alone}/c/pendo`);
    await seen('features', /Failed.*needs you/);
    // The drawer tells it once for both tables, with its code and what to do.
    await page
      .getByRole('link', { name: /active error/ })
      .first()
      .click();
    await page.locator('.problem code').filter({ hasText: 'pendo:401' }).waitFor();
    vendors.pendo.faults.clear(refused);
    await page.getByRole('button', { name: 'Re-enable features' }).click();
    expect(await wanted('pendo', 'paused', 'features')).toEqual({ paused: false });
    await seen('features', 'Scheduled');

    await page.goto(`${urls.alone}/c/klaviyo`);
    await page.getByRole('button', { name: 'Pause metric' }).click();
    await seen('metric', 'Paused');
    expect(await wanted('klaviyo', 'paused', 'metric')).toEqual({ paused: true });
    await page.getByRole('button', { name: 'Resume metric' }).click();
    await seen('metric', 'Scheduled');
    expect(await wanted('klaviyo', 'paused', 'metric')).toEqual({ paused: false });
  }, 600_000);

  test('the history is completed when the warehouse has it, and not before', async () => {
    await page.goto(`${urls.alone}/c/klaviyo?tab=historical`);
    // The topic has all of it, the warehouse nothing.
    expect(await row('event').locator('.state').textContent()).not.toContain('Completed');
    await page.goto(`${urls.alone}/l/${landing}`);
    const database = new Client(stack.postgres);
    await database.connect();
    try {
      await database.query((await page.locator('#script').textContent()) ?? '');
      await database.query('RESET ROLE');
      await database.query(`ALTER ROLE ${names.user} PASSWORD '${stack.postgres.password}'`);
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText('Applied: all connectors run.').waitFor({ timeout: 240_000 });
      await page.goto(`${urls.alone}/c/klaviyo?tab=historical`);
      await seen('event', 'Completed');
      const { rows } = await database.query(`SELECT count(*)::int AS n FROM ${names.schema}.klaviyo_event`);
      expect(rows).toEqual([{ n: await keysOf(`${prefix}.klaviyo.event`) }]);
    } finally {
      await database.end();
    }
  }, 480_000);

  test('withheld deletes are shown with keys, confirmed in rows, and allowed', async () => {
    const metrics = [...vendors.klaviyo.truth.metrics()].map(({ id }) => id);
    for (const id of metrics.slice(0, 150)) vendors.klaviyo.change.removeMetric({ id });
    await page.goto(`${urls.alone}/c/klaviyo/t/metric`);
    const runs = async (): Promise<number> => {
      const answer = await fetch(`${urls.alone}/api/v1/connections/klaviyo/tables/metric/runs?last=50`);
      return ((await answer.json()) as { runs: unknown[] }).runs.length;
    };
    const withheld = page.getByRole('heading', { name: '150 deletes withheld' });
    // Two listings have to agree; a run that had begun before the vendor lost its rows is none of them.
    for (let asked = 0; asked < 2 || (asked < 4 && (await withheld.count()) === 0); asked += 1) {
      const [before, had] = [await wanted('klaviyo', 'trigger', 'metric'), await runs()];
      // As a person, who needs longer than a double click; and without the notice of the click before.
      if (asked > 0) await page.waitForTimeout(sameClickMs);
      await page.goto(`${urls.alone}/c/klaviyo/t/metric`);
      await page.getByRole('button', { name: 'Sync now' }).click();
      await page.getByText('A run was asked for.').waitFor();
      expect(await wanted('klaviyo', 'trigger', 'metric')).not.toEqual(before);
      await until('the run has ended', async () => (await runs()) > had);
    }
    await withheld.waitFor();
    expect(await page.locator('#withheld .keys li').count()).toBeGreaterThan(0);
    await page.getByRole('link', { name: 'Allow the deletes' }).click();
    await page.getByText('150 rows', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Allow the deletes' }).click();
    await page.getByText('The deletes are allowed once').waitFor();
    expect(await wanted('klaviyo', 'allow-deletes', 'metric')).toMatchObject({ id: expect.any(String) as string });
    await until(
      'the topic holds what the vendor has',
      async () => (await keysOf(`${prefix}.klaviyo.metric`)) === metrics.length - 150,
      180_000,
    );
    await page.locator('#withheld').waitFor({ state: 'detached' });
  }, 480_000);

  test('the page beside the workers and the worker’s own tell the same', async () => {
    const states = async (url: string): Promise<string[]> =>
      (await told(url)).tables.map(({ connection, table, state }) => `${connection}.${table} ${state.kind}`);
    await until('both agree', async () => JSON.stringify(await states(urls.alone)) === JSON.stringify(await states(urls.worker)));
    // A command given on the one is seen on the other.
    const other = await page.context().newPage();
    other.setDefaultTimeout(PATIENCE);
    await other.goto(`${urls.worker}/c/segment`);
    await page.goto(`${urls.alone}/c/segment`);
    await page.getByRole('button', { name: 'Pause sources' }).click();
    await other.getByRole('button', { name: 'Resume sources' }).waitFor();
    await other.goto(`${urls.worker}/audit`);
    await other.getByRole('row').filter({ hasText: 'pause' }).filter({ hasText: 'segment.sources' }).waitFor();
    await other.close();
  });

  // With TRIBUTARY_PICTURES=1 they are written; docs/images are made so.
  test('the charts of the runs are drawn; pictures for the README', async () => {
    const picture = async (name: string, down = 'main'): Promise<void> => {
      await page.locator('#live[data-live-state="on"]').waitFor();
      const box = await page.locator(down).boundingBox();
      const height = Math.ceil((box?.y ?? 0) + (box?.height ?? 0));
      if (process.env['TRIBUTARY_PICTURES'] !== undefined)
        await page.screenshot({ path: join(images, `${name}.png`), fullPage: true, clip: { x: 0, y: 0, width: 1280, height } });
    };
    await page.goto(urls.worker);
    for (const name of ['klaviyo', 'segment', 'customer_io', 'pendo', 'listrak'])
      await page.getByRole('link', { name, exact: true }).waitFor();
    await page.getByRole('row').filter({ hasText: landing }).getByText('Running', { exact: true }).waitFor();
    await picture('overview');
    await page.goto(`${urls.worker}/c/pendo?errors=all`);
    await page.locator('.problem').first().waitFor();
    await picture('connection');
    await page.goto(`${urls.worker}/c/klaviyo/t/metric`);
    await page.locator('#chart canvas').nth(1).waitFor();
    // Drawn in, not only there.
    const drawn = await page.locator('#chart canvas').evaluateAll((all) =>
      (
        all as unknown as {
          getContext(kind: '2d'): { getImageData(...box: number[]): { data: Uint8Array } };
          width: number;
          height: number;
        }[]
      ).map((canvas) =>
        canvas
          .getContext('2d')
          .getImageData(0, 0, canvas.width, canvas.height)
          .data.some((byte) => byte > 0),
      ),
    );
    expect(drawn).toEqual([true, true]);
    await picture('table', '#runs');
  });
});
