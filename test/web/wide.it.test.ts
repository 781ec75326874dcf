import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DisplayState } from '../../src/observability/status-view.ts';
import { launchBrowser, PATIENCE } from './browser.ts';
import { fakeSite, NOW, runRecord, type Told } from './fake-site.ts';

// Names of 200 characters, texts without a space and numbers of twelve digits: no page is wider than its window.
const long = 'a_very_long_name_'.repeat(12).slice(0, 200);
const unbroken = 'x'.repeat(900);
const many = 123_456_789_012;
const failure = { kind: 'config', message: unbroken, code: unbroken, remedy: unbroken } as const;

const told: Told = {
  live: {
    'klaviyo.event': { kind: 'failed', reason: unbroken, code: 'klaviyo:401' },
    'klaviyo.metric': {
      kind: 'in_progress',
      mode: 'historical',
      rows: many,
      percent: 47,
      rowsPerSecond: 12_345,
      startedAt: NOW - 3_600_000,
    },
    [`${long}.sources`]: { kind: 'error', message: unbroken, nextTryAt: NOW + 60_000 } as DisplayState,
  },
  states: {
    'klaviyo.profile': {
      withheld: { count: 1_234_567, reason: unbroken, since: NOW - 86_400_000, sample: [`id = ${unbroken}`] },
      rowsPublished: many,
    },
  },
  runs: {
    'klaviyo.event': [
      runRecord('klaviyo.event', { outcome: 'failed', failure }),
      runRecord('klaviyo.event', {
        liveRows: many,
        totals: {
          fetched: many,
          published: many,
          unchanged: many,
          deleted: many,
          deadLetters: 0,
          messages: many,
          requests: 2,
          waitedMs: 0,
        },
      }),
    ],
  },
  commands: [
    {
      ...{ v: 1, kind: 'command', id: '1', at: NOW, user: `${unbroken.slice(0, 190)}@host`, address: '2001:db8:85a3::8a2e:370:7334' },
      ...{ command: 'connection-add', connection: long, table: null, detail: unbroken },
    },
  ],
  imports: [
    {
      ...{ v: 1, importId: '1', connection: long, kind: 'profiles', file: `${unbroken.slice(0, 200)}.csv`, by: unbroken.slice(0, 200) },
      ...{ at: NOW, updatedAt: NOW, state: 'failed', rows: many, refused: many, sentRows: 1, bytes: 9, sentBytes: 9, processed: 33 },
      ...{ processedBy: 'the vendor', errorFile: `/var/lib/${unbroken}`, failure: { message: unbroken } },
    },
  ],
};

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
});

test('no page is wider than its window, whatever it tells', async () => {
  const { url } = await fakeSite({
    told,
    yaml: `connections:\n  klaviyo: { settings: { api_key: pk_of_a_test } }\n  ${long}: { source: segment, settings: { api_token: token_of_a_test } }`,
  });
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(PATIENCE);
  const paths = [
    ...['/', `/?q=${unbroken}`, `/c/${long}`, `/c/${long}?errors=all`, '/c/klaviyo?errors=event', '/c/klaviyo?tab=historical'],
    ...['/c/klaviyo/t/event', '/c/klaviyo/t/event?errors=1', '/c/klaviyo/t/profile', '/c/klaviyo/t/profile/ask/allow-deletes'],
    ...[`/c/${long}/ask/resync`, '/workers', '/audit', '/imports', '/imports/new', '/settings', '/new/landing/postgres', `/c/${unbroken}`],
  ];
  for (const path of paths)
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(url + path);
      expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, width]);
    }
}, 300_000);
