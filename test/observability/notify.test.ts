import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NOTICES } from '../../src/core/run.ts';
import { VERSION } from '../../src/core/version.ts';
import { createProblemTracker, notificationText, type Notification } from '../../src/observability/notify.ts';
import type { DisplayState, StatusSnapshot, TableStatus } from '../../src/observability/status-view.ts';
import { sendNotifications, startNotifying, testNotification } from '../../src/observability/webhook.ts';
import type { TributaryError } from '../../src/core/errors.ts';
import { until } from '../support/command.ts';
import { refusedPort } from '../support/refused-port.ts';

const HOUR = 3_600_000;
const ended = (outcome: 'succeeded' | 'failed', at: number): Pick<TableStatus, 'lastRun'> => ({
  lastRun: {
    runId: 'r',
    mode: 'periodic',
    startedAt: at,
    endedAt: at,
    outcome,
    ...(outcome === 'failed' ? { failure: { kind: 'config' as const, message: 'The key is wrong.', remedy: 'Set another one.' } } : {}),
  },
});

function snapshot(at: number, ...tables: (Partial<TableStatus> & { state?: DisplayState })[]): StatusSnapshot {
  return {
    v: 1,
    at,
    assigned: ['shop'],
    tables: tables.map((given, index) => ({
      connection: 'shop',
      source: 'shop',
      table: `t${index}`,
      state: { kind: 'scheduled' },
      runs: {},
      deadLetters: 0,
      timeline: [],
      ...given,
    })),
  };
}

const kinds = (all: readonly Notification[]): string[] => all.map(({ event, table }) => `${table} ${event}`);
const told = () => createProblemTracker(() => HOUR);

describe('each trouble is told once for as long as it lasts', () => {
  test('a failed table, while it is tried again and fails again, and that it has recovered', () => {
    const { look } = told();
    expect(look(snapshot(0, {}))).toEqual([]);
    const failed = ended('failed', 1);
    const found = look(snapshot(1, { ...failed, state: { kind: 'failed', reason: 'The key is wrong.', remedy: 'Set another one.' } }));
    expect(found).toEqual([
      { event: 'failed', connection: 'shop', table: 't0', message: 'The key is wrong.', remedy: 'Set another one.', at: 1 },
    ]);
    const running: DisplayState = { kind: 'in_progress', mode: 'periodic', startedAt: 2, rows: 0, rowsPerSecond: 0 };
    expect(look(snapshot(2, { ...failed, state: running }))).toEqual([]);
    expect(look(snapshot(3, { state: running }))).toEqual([]);
    expect(look(snapshot(4, { ...ended('failed', 4), state: { kind: 'failed', reason: 'The key is wrong.' } }))).toEqual([]);
    expect(kinds(look(snapshot(5, ended('succeeded', 5))))).toEqual(['t0 recovered']);
    expect(look(snapshot(6, ended('succeeded', 5)))).toEqual([]);
  });

  test('a table that had failed before the worker began, which has no connection yet when it looks first', () => {
    const { look } = told();
    const failed = { ...ended('failed', 1), state: { kind: 'failed' as const, reason: 'The key is wrong.' } };
    expect(look({ ...snapshot(2, failed), assigned: [] })).toEqual([]);
    expect(look(snapshot(3, failed))).toEqual([]);
    expect(kinds(look(snapshot(4, ended('succeeded', 4))))).toEqual(['t0 recovered']);
  });

  test('a failure of a connection that is released before the next look', () => {
    const { look } = told();
    look({ ...snapshot(0, {}), assigned: [] });
    expect(look(snapshot(1, {}))).toEqual([]);
    const failed = { ...ended('failed', 2), state: { kind: 'failed' as const, reason: 'The key is wrong.' } };
    expect(kinds(look({ ...snapshot(3, failed), assigned: [] }))).toEqual(['t0 failed']);
    expect(look({ ...snapshot(4, failed), assigned: [] })).toEqual([]);
  });

  test('withheld deletes, until they are gone; that they are gone is nobody’s alarm', () => {
    const { look } = told();
    look(snapshot(0, {}));
    const withheld = { withheld: { count: 120, reason: '120 of 300 rows vanished.', since: 1 } };
    expect(look(snapshot(1, withheld))).toMatchObject([
      { event: 'deletes_withheld', remedy: expect.stringContaining('tributary deletes allow shop.t0') },
    ]);
    expect(look(snapshot(2, withheld))).toEqual([]);
    expect(look(snapshot(3, {}))).toEqual([]);
    expect(kinds(look(snapshot(4, withheld)))).toEqual(['t0 deletes_withheld']);
  });

  test('a table that gets old, by its own schedule; not one that is paused or off', () => {
    const { look } = told();
    const old = { lastSuccessAt: 0, freshnessMs: 4 * HOUR };
    look(snapshot(0, {}, {}, {}));
    expect(look(snapshot(2 * HOUR, { lastSuccessAt: 0 }))).toEqual([]);
    expect(
      kinds(
        look(
          snapshot(
            4 * HOUR,
            old,
            { ...old, state: { kind: 'paused' } },
            { ...old, state: { kind: 'disabled', reason: 'off' } },
            { lastSuccessAt: 4 * HOUR, freshnessMs: 9 * HOUR },
          ),
        ),
      ),
    ).toEqual(['t0 stale']);
    expect(kinds(look(snapshot(4.1 * HOUR, { lastSuccessAt: 4 * HOUR, freshnessMs: 60_000 })))).toEqual(['t0 recovered']);
  });

  test('what was wrong before a worker began has been told, and its end is news', () => {
    const { look } = told();
    expect(look(snapshot(0, { ...ended('failed', -1), state: { kind: 'failed', reason: 'x' } }))).toEqual([]);
    expect(kinds(look(snapshot(1, ended('succeeded', 1))))).toEqual(['t0 recovered']);
  });

  test('a table that another worker reads is that worker’s to tell', () => {
    const { look } = told();
    look(snapshot(0, {}));
    look({ ...snapshot(1, {}), assigned: [] });
    expect(look({ ...snapshot(2, { state: { kind: 'failed', reason: 'x' } }), assigned: [] })).toEqual([]);
  });
});

test('many tables that fail of one thing are one line', () => {
  const all = Array.from({ length: 12 }, (_, i): Notification => ({
    event: 'failed',
    connection: 'shop',
    table: `t${i}`,
    message: 'No.',
    at: 0,
  }));
  expect(notificationText('tributary', all)).toBe('[tributary] shop: t0, t1, t2, t3, t4, t5, t6, t7 and 4 more tables failed: No.');
});

/** A webhook that answers as it is told. */
async function hook(answer: () => number): Promise<{ url: string; got: { body: any; request: IncomingMessage }[] }> {
  const got: { body: any; request: IncomingMessage }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      got.push({ body: JSON.parse(text), request });
      response.writeHead(answer(), { location: 'http://127.0.0.1:1/' }).end('no');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/secret-part`, got };
}

const one: Notification = { event: 'failed', connection: 'shop', table: 'item', message: 'a < b & c', remedy: 'Do it', at: 0 };
const never = new AbortController().signal;

describe('the webhook', () => {
  test('gets our JSON, or what Slack takes with its markup escaped', async () => {
    const { url, got } = await hook(() => 200);
    await sendNotifications({ url, form: 'json' }, 'p', [one], never);
    await sendNotifications({ url, form: 'slack' }, 'p', [one], never);
    expect(got.map(({ body }) => body)).toEqual([
      { v: 1, prefix: 'p', text: '[p] shop: item failed: a < b & c. Do it', notifications: [{ ...one, at: '1970-01-01T00:00:00.000Z' }] },
      { text: '[p] shop: item failed: a &lt; b &amp; c. Do it' },
    ]);
    expect(got[0]!.request.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^tributary\//i),
    });
  });

  test('gets a test that no receiver takes for news of a table', async () => {
    const { url, got } = await hook(() => 200);
    const trial = testNotification(0);
    await sendNotifications({ url, form: 'json' }, 'p', [trial], never);
    await sendNotifications({ url, form: 'slack' }, 'p', [trial], never);
    const message = `This is a test of tributary ${VERSION}; nothing is wrong.`;
    expect(got.map(({ body }) => body)).toEqual([
      {
        v: 1,
        prefix: 'p',
        text: `[p] ${message}`,
        notifications: [{ event: 'test', connection: 'test', table: 'test', message, at: '1970-01-01T00:00:00.000Z' }],
      },
      { text: `[p] ${message}` },
    ]);
    expect(NOTICES).not.toContain(trial.event);
  });

  test.each([
    [404, 'config', /answered 404/],
    [302, 'config', /answered 302/],
    [503, 'transient', /answered 503/],
  ])('whose answer is %i says so without its address', async (status, kind, message) => {
    const { url, got } = await hook(() => status);
    const error = await sendNotifications({ url, form: 'json' }, 'p', [one], never).catch((thrown: TributaryError) => thrown);
    expect(error).toMatchObject({ kind, message: expect.stringMatching(message) });
    expect(JSON.stringify(error) + (error as Error).message).not.toContain('secret-part');
    expect(got).toHaveLength(1);
  });

  test('that does not answer is no trouble of the worker, and what it missed comes when it is back', async () => {
    let up = false;
    const { url, got } = await hook(() => (up ? 200 : 503));
    const problems: string[] = [];
    let now = snapshot(0, {});
    const notifying = startNotifying({
      settings: { url, form: 'json', events: NOTICES },
      prefix: 'p',
      status: () => now,
      interval: () => HOUR,
      onProblem: ({ message }) => problems.push(message),
      lookEveryMs: 20,
    });
    now = snapshot(1, { state: { kind: 'failed', reason: 'The key is wrong.' } });
    await until('the first try', () => got.length === 1);
    up = true;
    await until('the second try', () => got.length === 2);
    now = snapshot(2, ended('succeeded', 2));
    await until('the recovery', () => got.length === 3);
    await notifying.stop();
    expect(problems).toEqual(['The webhook of notify answered 503.']);
    expect(got.map(({ body }) => body.notifications[0].event)).toEqual(['failed', 'failed', 'recovered']);
  });

  test('hears only what it is to hear', async () => {
    const { url, got } = await hook(() => 200);
    let now = snapshot(0, {});
    const notifying = startNotifying({
      settings: { url, form: 'json', events: ['recovered'] },
      prefix: 'p',
      status: () => now,
      interval: () => HOUR,
      onProblem: () => undefined,
      lookEveryMs: 1_000_000,
    });
    now = snapshot(1, { state: { kind: 'failed', reason: 'x' } });
    await notifying.stop();
    expect(got).toEqual([]);
  });
});

test('a webhook that is not there is named by its setting, and its address, which may hold a secret, is not', async () => {
  const url = `http://127.0.0.1:${await refusedPort()}/hook/s3cret-token`;
  const sent = sendNotifications({ url, form: 'json' }, 't', [testNotification(0)], new AbortController().signal);
  const error = await sent.then(
    () => undefined,
    (thrown: TributaryError) => thrown,
  );
  expect(error).toMatchObject({
    kind: 'transient',
    code: 'notify:unreachable',
    message: 'The webhook of notify did not answer (ECONNREFUSED).',
    remedy: expect.stringMatching(/notify\.url/) as string,
  });
  expect(`${error?.message} ${error?.remedy} ${error?.detail}`).not.toContain('s3cret');
});
