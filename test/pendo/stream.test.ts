import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { pendo } from '../../producers/pendo/index.ts';
import { pendoSettings } from '../../producers/pendo/settings.ts';
import type { PendoApi } from '../../producers/pendo/api.ts';
import type { Page, ReadContext, Reader } from '../../src/core/types.ts';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import { systemClock } from '../../src/core/clock.ts';
import { listener } from '../sdk/harness.ts';
import { serve } from '../sdk/server.ts';
import { DAY, HOUR } from './harness.ts';

const NOW = Date.UTC(2026, 2, 20, 16);
const day = Date.UTC(2026, 2, 20, 4);
const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) =>
    JSON.stringify({
      visitorId: `v${String(from + i).padStart(7, '0')}`,
      accountId: 'a',
      appId: -323232,
      day,
      numEvents: 1,
      numMinutes: 1,
      firstTime: NOW - HOUR,
      lastTime: NOW - HOUR,
    }),
  ).join(',');

it('gives the rows of an answer on while the rest of it is still under way, and goes on behind them when it dies', async () => {
  const bodies: string[] = [];
  const open: ServerResponse[] = [];
  const server = await serve((request, response) => {
    let text = '';
    request
      .on('data', (chunk) => {
        text += String(chunk);
      })
      .on('end', () => {
        response.writeHead(200, { 'content-type': 'application/json' });
        // Nothing follows what was given.
        if (text.includes('"skip"')) return void response.end('{"results":null}');
        bodies.push(text);
        if (bodies.length > 1) return void response.end(`{"results":[${rows(12_000, 13_000)}]}`);
        open.push(response);
        response.write(`{"results":[${rows(0, 12_001)},`);
      });
  });
  const settings = pendoSettings.parse({ integration_key: 'key', base_url: server.url, requests_per_second: 1_000 });
  const http = createHttpFactory({ observer: listener().observer, clock: systemClock, random: () => 0 });
  const api = pendo.connect(settings, { http, now: () => NOW });
  const events = pendo.tables(settings).find(({ name }) => name === 'events')?.read as Reader<PendoApi>;
  const counted: string[] = [];
  const ctx = {
    api,
    mode: 'periodic',
    position: undefined,
    since: NOW - HOUR,
    runStart: NOW,
    signal: new AbortController().signal,
    now: () => NOW,
    count: (what: string) => void counted.push(what),
  } as unknown as ReadContext<PendoApi>;

  const pages: Page[] = [];
  for await (const page of events(ctx)) {
    pages.push(page);
    if (pages.length === 1) {
      expect(open[0]?.writableEnded).toBe(false);
      expect(page.position).toMatchObject({ period: 'day', pass: { after: page.rows.at(-1)?.['visitorId'] as string } });
    }
    if (pages.length === 2) open[0]?.destroy();
  }
  const ids = pages.flatMap((page) => page.rows.map((row) => row['visitorId']));
  expect(ids).toHaveLength(13_000);
  expect(new Set(ids).size).toBe(13_000);
  expect(pages[0]?.rows.length).toBeLessThan(7_000);
  expect(bodies[0]).not.toContain('filter');
  expect(bodies[1]).toContain('visitorId > \\"v0011999\\"');
  expect(pages.at(-1)?.position).toMatchObject({ period: 'day', day, oldest: NOW - HOUR });
  expect(pages.at(-1)?.readTo).toBeLessThan(NOW - DAY / 4);
});
