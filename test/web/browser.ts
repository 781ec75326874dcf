import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { KafkaAccess } from '../../src/kafka/client.ts';
import { until } from '../support/command.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** How long (ms) a page waits for what it is asked to find or to click: only what hangs is ended, not what is slow. */
export const PATIENCE = 150_000;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** How a test itself reads the topics of a prefix on the shared stack. */
export function accessTo(
  { brokers, registryUrl }: { readonly brokers: string[]; readonly registryUrl: string },
  prefix: string,
): KafkaAccess {
  return {
    settings: {
      ...{ brokers, clientId: 'page-test', prefix, replicationFactor: 1, minInSyncReplicas: 1, compression: 'gzip' },
      registry: { url: registryUrl, ...stackLogin() },
      ...kafkaLogin(),
    },
  };
}

/** Waits until somebody serves the page; `ms` only ends what hangs. */
export async function served(url: string, ms = PATIENCE): Promise<void> {
  await until(
    `the page is served at ${url}`,
    () =>
      fetch(url).then(
        (answer) => answer.ok,
        () => false,
      ),
    ms,
  );
}

/** What axe finds wrong with a page as it stands, one line each. */
export async function axeFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const found = await (
      globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
    ).axe.run();
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
  });
}
