import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pendo } from '../../producers/pendo/index.ts';
import { pendoSettings } from '../../producers/pendo/settings.ts';
import type { PendoApi } from '../../producers/pendo/api.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import type { Reader, Row } from '../../src/core/types.ts';
import type { PendoTable } from '../../simulators/pendo/options.ts';
import { engineAt, listener } from '../sdk/harness.ts';
import { serve } from '../sdk/server.ts';
import { HOUR } from './harness.ts';
import { programArguments } from '../support/program.ts';

const NOW = Date.UTC(2026, 2, 20, 16);
const DAY_START = Date.UTC(2026, 2, 20, 4);
const MEGABYTE = 1024 * 1024;
/** Heap of the process that reads a large answer: about twice what it takes to load the program. */
const OLD_SPACE_MB = 64;

interface Asked {
  pipeline: Record<string, unknown>[];
  source: string;
  limit: number;
  /** Id that reading goes on behind. */
  after: string;
}

/** A subscription whose answers a test writes itself. */
async function vendor(
  settings: Record<string, unknown>,
  answer: (asked: Asked, response: ServerResponse, count: number) => void,
  clock: Clock = systemClock,
) {
  const asked: Asked[] = [];
  const followed: string[] = [];
  const server = await serve((request, response) => {
    let text = '';
    request
      .on('data', (chunk) => {
        text += String(chunk);
      })
      .on('end', () => {
        const {
          request: { name, pipeline },
        } = JSON.parse(text) as { request: { name: string; pipeline: Record<string, unknown>[] } };
        // What follows the rows of an answer: it has given all it has.
        if (pipeline.some((stage) => stage['skip'] !== undefined)) {
          followed.push(name);
          pour(response, 0, () => ({}));
          return;
        }
        const after = /> "([^"]*)"\)*$/.exec(String(pipeline.find((stage) => stage['filter'] !== undefined)?.['filter'] ?? ''))?.[1] ?? '';
        asked.push({ pipeline, source: name, limit: pipeline.at(-1)?.['limit'] as number, after });
        answer(asked.at(-1) as Asked, response, asked.length);
      });
  });
  const checked = pendoSettings.parse({ integration_key: 'key', base_url: server.url, requests_per_second: 100_000, ...settings });
  const { heard, observer } = listener();
  const api = pendo.connect(checked, { http: createHttpFactory({ observer, clock, random: () => 0 }), now: () => NOW });
  const reader = (table: PendoTable): Reader<PendoApi> =>
    pendo.tables(checked).find(({ name }) => name === table)?.read as Reader<PendoApi>;
  return {
    asked,
    /** Row sources of which was asked what follows. */
    followed,
    heard,
    url: server.url,
    run: (table: PendoTable) => engineAt(() => NOW, reader(table), api, { since: NOW - HOUR }).run(),
  };
}

/** Writes rows as fast as the socket takes them. */
function pour(response: ServerResponse, rows: number, row: (n: number) => Row): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"startTime":1,"results":[');
  let n = 0;
  const more = (): void => {
    while (n < rows) {
      const block = Array.from({ length: Math.min(1_000, rows - n) }, (_, i) => JSON.stringify(row(n + i))).join(',');
      n += 1_000;
      if (!response.write(n >= rows ? block : `${block},`)) return void response.once('drain', more);
    }
    response.end(']}');
  };
  more();
}

const padded = (n: number): string => String(n).padStart(9, '0');
const event = (visitorId: string, n: number): Row => ({
  visitorId,
  accountId: 'acct-northwind',
  appId: -323232,
  day: DAY_START,
  numEvents: 1,
  numMinutes: 1,
  firstTime: NOW - HOUR,
  lastTime: NOW - HOUR,
  tabId: `tab-${n}`,
  remoteIp: '203.0.113.24',
  server: 'app.example.test',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36',
});
const person = (n: number): Row => ({
  visitorId: `v${padded(n)}`,
  metadata: {
    auto: { id: `v${padded(n)}`, lastupdated: NOW - HOUR },
    custom: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`field_${i}`, `value ${n} of field ${i}`])),
  },
});

describe('a large answer', () => {
  const megabytes = Number(process.env['TRIBUTARY_TEST_ANSWER_MB'] ?? 32);
  const cases: readonly [PendoTable, number, (n: number) => Row][] = [
    ['events', 7, (n) => event(`v${padded(Math.floor(n / 7))}`, n)],
    ['visitors', 1, person],
  ];

  it.each(cases)(
    'of %s takes no more memory than some of its rows',
    async (table, perVisitor, row) => {
      const rows = Math.ceil((megabytes * MEGABYTE) / JSON.stringify(row(1)).length / 1_000) * 1_000;
      const { url } = await vendor({}, ({ source, after, pipeline }, response) => {
        const begin = after === '' ? 0 : (Number(after.slice(1)) + 1) * perVisitor;
        // Nobody changed meanwhile.
        const none = source !== table || JSON.stringify(pipeline).includes('lastupdated >=');
        pour(response, none ? 0 : rows - begin, (n) => row(begin + n));
      });
      // With so little memory a reader that keeps what it reads dies.
      const child = spawn(
        process.execPath,
        [
          `--max-old-space-size=${OLD_SPACE_MB}`,
          ...programArguments(fileURLToPath(new URL('reader-process.ts', import.meta.url))),
          url,
          table,
          String(NOW),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      onTestFinished(() => void child.kill('SIGKILL'));
      const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit')])) as [string | number];
      const result =
        typeof line === 'string'
          ? (JSON.parse(line) as { rows: number; pages: number; error: string | null; position: unknown })
          : undefined;
      expect(result, `the reader ended with ${line}`).toMatchObject({
        rows,
        error: null,
        position: table === 'events' ? { day: DAY_START } : { listed: NOW },
      });
      expect(result?.pages).toBeGreaterThan(rows / 10_000);
    },
    600_000,
  );

  it('comes in pages of few rows where rows are heavy', async () => {
    const heavy = 'x'.repeat(12 * MEGABYTE);
    const { run } = await vendor({}, ({ after }, response) => {
      const begin = after === '' ? 0 : Number(after) + 1;
      pour(response, 6 - begin, (n) => ({ id: padded(begin + n), name: heavy }));
    });
    const { pages, rows, error } = await run('features');
    expect(error).toBeUndefined();
    expect(rows).toHaveLength(6);
    expect(Math.max(...pages.map((page) => page.rows.length))).toBeLessThanOrEqual(3);
  }, 120_000);

  it('may be all of one visitor', async () => {
    const rows = 200_000;
    const { run, followed } = await vendor({ record_limit: 300_000 }, (_, response) => pour(response, rows, (n) => event('v1', n)));
    const { rows: read, error } = await run('events');
    expect(error).toBeUndefined();
    expect(read).toHaveLength(rows);
    expect(followed).toEqual(['events']);
  }, 120_000);
});

/** A hundred times as fast, as far as waiting goes. */
const hasty: Clock = { now: Date.now, timer: (ms, callback) => systemClock.timer(ms / 100, callback) };

describe('an answer that takes long', () => {
  it('is waited for longer than the five minutes the vendor may think', async () => {
    const { asked, heard, run } = await vendor(
      {},
      (_, response) => void setTimeout(() => pour(response, 10, (n) => event(`v${n}`, n)), 3_300),
      hasty,
    );
    const { rows, error } = await run('events');
    expect(error).toBeUndefined();
    expect(rows).toHaveLength(10);
    expect([asked.length, heard.troubles.length]).toEqual([1, 0]);
  });

  it('is asked for in smaller ones when it does not come, or a gateway gives up', async () => {
    const fits = 1_000;
    for (const table of ['events', 'visitors'] as PendoTable[]) {
      const { asked, run } = await vendor(
        { record_limit: 4_000 },
        ({ source, limit, after, pipeline }, response) => {
          const begin = after === '' ? 0 : Number(after.replace(/\D/g, '')) + 1;
          const left = source !== table || JSON.stringify(pipeline).includes('lastupdated >=') ? 0 : 2_500 - begin;
          if (limit > 2_000) return;
          if (limit > fits) return void response.writeHead(504, { 'content-type': 'text/html' }).end('<html>Gateway Timeout</html>');
          pour(response, Math.min(limit, left), (n) => (table === 'events' ? event(`v${padded(begin + n)}`, n) : person(begin + n)));
        },
        { now: Date.now, timer: (ms, callback) => systemClock.timer(ms / 1_000, callback) },
      );
      const { rows, error } = await run(table);
      expect(error).toBeUndefined();
      expect(rows).toHaveLength(2_500);
      // Listings of people are two: everybody, and who changed.
      expect(asked.filter(({ limit }) => limit > 2_000).length).toBeLessThanOrEqual(2);
    }
  });
});
