import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sources } from '../../producers/index.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { recall } from '../../src/stack/memory.ts';
import { postgresAddress } from '../../src/stack/postgres.ts';
import { freePort, startCommand, until, writeFile, type Started } from '../support/command.ts';
import { launchBrowser, PATIENCE, served } from './browser.ts';

// From an empty folder, with the stack that comes along.
let folder: string;
let stackDir: string;
let url: string;
let simulator: KlaviyoSimulator;
let worker: Started;
let browser: Browser;
let page: Page;

const rows = async (): Promise<string[]> => {
  const database = new Client({ ...postgresAddress(await recall(stackDir)), connectionTimeoutMillis: 5_000 });
  await database.connect();
  try {
    return (await database.query('SELECT id FROM tributary.klaviyo_profile')).rows.map(({ id }: { id: string }) => id).sort();
  } finally {
    await database.end();
  }
};
const profiles = (): string[] => [...simulator.truth.profiles()].map(({ id }) => id).sort();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-own-'));
  stackDir = join(folder, '.tributary', 'stack');
  simulator = await startKlaviyoSimulator({ profiles: 40, events: 100, metrics: 10, limits: false });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  // Only so that this test knows where the page is.
  writeFile(folder, 'tributary.yaml', `metrics: { port: ${port} }\n`);
  worker = startCommand({ sources, cwd: folder }, ['run', '--set-up']);
  browser = await launchBrowser();
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(PATIENCE);
  page.context().setDefaultTimeout(150_000);
  // A whole stack starts first.
  await served(url, 270_000);
});

afterAll(async () => {
  await browser?.close();
  worker?.interrupt();
  await worker?.ended;
  await simulator?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('an empty folder becomes rows in the PostgreSQL of this machine, by clicks alone', async () => {
  await page.goto(url);
  await page.getByRole('link', { name: 'New connection' }).first().click();
  await page.getByRole('link', { name: 'Klaviyo' }).click();
  await page.locator('[name="set.api_key"]').fill(DEFAULT_KEY);
  await page.getByText('More settings').click();
  await page.locator('[name="set.base_url"]').fill(simulator.url);
  await page.getByRole('button', { name: 'Test the connection' }).click();
  await page.getByRole('button', { name: 'Review' }).click({ timeout: 90_000 });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved. Running workers').waitFor();

  await page.goto(url);
  await page.getByRole('link', { name: 'New landing' }).first().click();
  await page.getByRole('link', { name: 'The PostgreSQL of this machine' }).click();
  await page.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved. Running workers').waitFor();
  // Its Connect is started by what was saved; the page shows when it is there.
  await page.getByText('Not applied', { exact: true }).waitFor({ timeout: 240_000 });
  // As a person does who is told that Connect, just up, has not answered in time.
  await expect
    .poll(
      async () => {
        await page.getByRole('button', { name: 'Check' }).click();
        const answer = page.getByText(/^(Checked: |\d+ faults? found:)/).locator('..');
        await answer.waitFor();
        return answer.textContent();
      },
      { timeout: 240_000 },
    )
    .toContain('Checked: the Connect worker takes every connector as it is.');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('Applied: all connectors run.').waitFor({ timeout: 180_000 });
  await until('the profiles are in the warehouse', async () => (await rows()).length === profiles().length, 300_000);
  expect(await rows()).toEqual(profiles());
}, 600_000);
