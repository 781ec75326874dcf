import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
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

/** What can be worked with on a page, as the browser finds it; of radio buttons with one name the Tab key reaches one. */
const CONTROLS = `(() => {
  const one = (element) => {
    const { id, name, value } = element;
    const called = id || element.getAttribute('href') || (name ? name + '=' + value : '') || element.getAttribute('aria-label') || element.textContent.trim().slice(0, 40);
    return element.tagName.toLowerCase() + ' ' + called;
  };
  const all = () => [...document.querySelectorAll('a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex="0"]')]
    .filter((element) => element.checkVisibility({ checkVisibilityCSS: true }) && !element.disabled)
    .filter(({ type, name, checked }, at, found) => type !== 'radio' || checked ||
      (!found.some((other) => other.name === name && other.checked) && found.findIndex((other) => other.name === name) === at));
  // How far apart two colours are, as WCAG counts it.
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const focused = () => {
    const element = document.activeElement;
    if (!element || element === document.body || element === document.documentElement) return null;
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
    const { top, bottom, left, right } = element.getBoundingClientRect();
    const seen = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && contrast(outlineColor, getComputedStyle(document.body).backgroundColor) >= 3;
    return { name: one(element), seen, inView: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth };
  };
  window.controls = { names: () => all().map(one), last: () => all().at(-1).focus(), focused };
  for (const folded of document.querySelectorAll('details')) folded.open = true;
})()`;

type Focused = { readonly name: string; readonly seen: boolean; readonly inView: boolean } | null;

/** Goes on by the Tab key to a control, as somebody without a mouse does. */
export async function tabTo(page: Page, control: Locator): Promise<void> {
  for (let pressed = 0; pressed < 200; pressed += 1) {
    await page.keyboard.press('Tab');
    if (await control.evaluate((one) => (one as unknown as { matches(by: string): boolean }).matches(':focus'))) return;
  }
  throw new Error(`The Tab key does not come to ${String(control)}`);
}

/**
 * What is wrong with a page for somebody who has a keyboard only, a line each: a control that the Tab key does not reach, one
 * that it reaches in another order than the page has, and one that has the focus but does not show it.
 */
export async function tabFaults(page: Page): Promise<string[]> {
  // What changes meanwhile would be no fault of the page: it stays as it is.
  await page.route('**/*', (route) => route.abort());
  try {
    return await walked(page);
  } finally {
    await page.unroute('**/*');
  }
}

async function walked(page: Page): Promise<string[]> {
  await page.evaluate(CONTROLS);
  const names = await page.evaluate<string[]>('window.controls.names()');
  const walk = async (key: 'Tab' | 'Shift+Tab', reached: Focused[]): Promise<Focused[]> => {
    while (reached.length <= names.length) {
      await page.keyboard.press(key);
      const now = await page.evaluate<Focused>('window.controls.focused()');
      // At its end the page gives the focus away, or begins anew.
      if (now === null || (reached.length === names.length && now.name === reached[0]?.name)) break;
      reached.push(now);
    }
    return reached;
  };
  const forth = await walk('Tab', []);
  await page.evaluate('window.controls.last()');
  const back = await walk('Shift+Tab', [await page.evaluate<Focused>('window.controls.focused()')]);
  const faults = forth.flatMap((one) => [
    ...(one?.seen === true ? [] : [`${one?.name}: the focus is not seen`]),
    ...(one?.inView === true ? [] : [`${one?.name}: the focus is out of view`]),
  ]);
  for (const [way, reached, wanted] of [
    ['Tab', forth, names],
    ['Shift+Tab', back, names.toReversed()],
  ] as const) {
    const at = wanted.findIndex((name, index) => reached[index]?.name !== name);
    if (at >= 0) faults.push(`${way} comes to ${reached[at]?.name ?? 'the end'} instead of ${wanted[at]}`);
    else if (reached.length > wanted.length) faults.push(`${way} comes to ${reached[wanted.length]?.name}, which is no control`);
  }
  return faults;
}
