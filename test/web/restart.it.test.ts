import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import { readControl } from '../../src/kafka/meta/control.ts';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import { freePort, startCommand, until, writeFile, type Started } from '../support/command.ts';
import { launchBrowser, PATIENCE, served } from './browser.ts';

// A stack of its own: its broker, its registry and the worker go away under a page that is left open.
const prefix = 'restart';
let folder: string;
let stack: Stack;
let access: KafkaAccess;
let url: string;
let simulator: KlaviyoSimulator;
let worker: Started;
let browser: Browser;
let page: Page;

const start = (): Started => startCommand({ sources, cwd: folder }, ['run']);
/** The parts' notice on the page; empty when all of them answer. */
const away = async (): Promise<string> => (await page.locator('#away').textContent()) ?? '';

/** The API's answer about table metric; a refusal has neither of the two. */
const ask = async (what: string): Promise<{ runs?: readonly { startedAt: number }[]; now?: object | null }> =>
  (await (await fetch(`${url}/api/v1/connections/klaviyo/tables/metric/${what}`)).json()) as never;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-restart-'));
  [stack, simulator] = await Promise.all([
    startStack({ dir: join(folder, 'stack'), topicDefaults: 'fast' }),
    startKlaviyoSimulator({ profiles: 20, events: 20, metrics: 5, limits: false }),
  ]);
  const { brokers, registryUrl, login } = stack;
  access = {
    settings: {
      ...{ brokers, clientId: 'restart-test', prefix, replicationFactor: 1, minInSyncReplicas: 1, compression: 'gzip' },
      ...{ sasl: { mechanism: 'plain', ...login }, registry: { url: registryUrl, ...login } },
    },
  };
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const settings = {
    prefix,
    kafka: { brokers, replication_factor: 1, sasl: { mechanism: 'plain', ...login } },
    registry: { url: registryUrl, ...login },
    metrics: { port },
    connections: { klaviyo: { settings: { api_key: DEFAULT_KEY, base_url: simulator.url } } },
  };
  writeFile(folder, 'tributary.yaml', JSON.stringify(settings));
  worker = start();
  browser = await launchBrowser();
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(PATIENCE);
  page.setDefaultTimeout(150_000);
  await served(url);
});

afterAll(async () => {
  await browser?.close();
  worker?.interrupt();
  await worker?.ended;
  await Promise.all([simulator?.close(), stack?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

test('a page that is left open tells that Kafka, the registry and the worker are away, and goes on by itself', async () => {
  await page.goto(`${url}/c/klaviyo`);
  await until('all tables are synced', async () => (await page.getByText('Scheduled', { exact: true }).count()) === 3);
  await page.locator('#live[data-live-state="on"]').waitFor();
  // A page that was loaded anew would know nothing of this.
  await page.evaluate('window.leftOpen = true');
  const other = await page.context().newPage();
  other.setDefaultTimeout(PATIENCE);
  other.setDefaultTimeout(150_000);
  await other.goto(`${url}/c/klaviyo/t/profile`);

  // Both die: the page says so, and a command is not told as done.
  await Promise.all([stack.kill('kafka', 'SIGKILL'), stack.kill('registry', 'SIGKILL')]);
  const refused = (async () => {
    await other.getByRole('button', { name: 'Pause profile' }).click();
    await other.getByRole('heading', { name: 'That did not work' }).waitFor();
    return other.getByText('Paused. The position is kept.').count();
  })();
  await until('the page tells that both are away', async () => {
    const told = await away();
    return told.includes('Kafka cannot be read at the moment') && told.includes('schema registry');
  });
  expect(await refused).toBe(0);
  await other.close();

  // Their owner starts them again.
  await Promise.all([stack.restart('kafka'), stack.restart('registry')]);
  await until('the page tells nothing to be away', async () => (await away()) === '');
  expect((await readControl(access)).records.filter(({ slot }) => slot === 'paused')).toEqual([]);

  // The worker, which serves the page itself, goes and comes back.
  worker.interrupt();
  await worker.ended;
  await page.locator('#live[data-live-state="lost"]').waitFor();
  const formToken = (): Promise<string> => page.locator('[name="form_token"]').first().inputValue();
  const before = await formToken();
  const restartedAt = Date.now();
  worker = start();
  await page.locator('#live[data-live-state="on"]').waitFor();
  await until('its forms are those of the new server', async () => (await formToken()) !== before);
  await until('the worker is shown', async () => (await page.locator('#facts').textContent())?.includes('process ') ?? false);

  // And everything works as before, by a button of the page that was left open. What is new is added after the runs of the
  // start, so that no other run finds it; a metric, because profiles and events are read up to half a minute before a run.
  expect(await page.evaluate('window.leftOpen')).toBe(true);
  await until('the runs of the start have ended', async () => (await ask('runs')).runs?.some(({ startedAt }) => startedAt > restartedAt));
  const [added] = simulator.change.addMetric({ name: 'Added while the page was open' });
  await page.getByRole('button', { name: 'Sync now' }).click();
  await page.getByText('A run was asked for.').waitFor();
  const key = encodeURIComponent(JSON.stringify({ id: added }));
  await until('the new metric is in the topic', async () => (await ask(`lookup?key=${key}`)).now ?? false);
}, 400_000);
