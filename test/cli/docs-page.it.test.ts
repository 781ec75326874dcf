import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { startCommand, writeFile } from '../support/command.ts';
import { axeFaults, launchBrowser, PATIENCE } from '../web/browser.ts';

let folder: string;
let browser: Browser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-docs-page-'));
  browser = await launchBrowser();
  writeFile(folder, 'tributary.yaml', 'connections:\n  klaviyo: { settings: { api_key: pk_1 } }\n');
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('the catalogue of `tributary docs` has no fault axe knows, in light and dark, nor is it wider than a phone', async () => {
  expect((await startCommand({ sources: [klaviyo], cwd: folder }, ['docs']).ended).code).toBe(0);
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 390, height: 844 } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(pathToFileURL(join(folder, 'tables', 'index.html')).href);
    expect(await page.locator('section').count()).toBe(3);
    await page.evaluate('document.querySelectorAll("details").forEach((one) => (one.open = true))');
    expect({ colorScheme, faults: await axeFaults(page) }).toEqual({ colorScheme, faults: [] });
    const [wide, screen] = (await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [number, number];
    expect(wide).toBeLessThanOrEqual(screen);
    await page.close();
  }
});
