import { request } from 'node:http';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/observability/metrics.ts';
import { startServer, type WebServer } from '../../src/web/server.ts';
import { followStatus } from '../../src/observability/status-view.ts';
import { createEventBus } from '../../src/engine/events.ts';
import { type RunTotals } from '../../src/core/run.ts';

const ref = { connection: 'shop', source: 'klaviyo', table: 'event' };
const totals: RunTotals = {
  fetched: 10,
  published: 8,
  unchanged: 2,
  deleted: 1,
  deadLetters: 1,
  messages: 10,
  requests: 3,
  waitedMs: 5000,
};
const schemas = fileURLToPath(new URL('../../schemas', import.meta.url));
const t0 = Date.UTC(2026, 0, 1, 12);

function observed() {
  const bus = createEventBus((error) => {
    throw error;
  });
  const status = followStatus(bus, [ref], () => t0);
  return {
    bus,
    status: () => status.snapshot(),
    metrics: createMetrics({ bus, status: () => status.snapshot(), version: '9.9.9', revision: 'abc123', prefix: 'shops', now: () => t0 }),
  };
}

function feed(bus: ReturnType<typeof observed>['bus']): void {
  bus.emit({ type: 'connection-assigned', connection: 'shop', source: 'klaviyo' });
  bus.emit({ type: 'table-waiting', nextRunAt: t0 + 1000, ...ref });
  bus.emit({ type: 'run-started', runId: 'r', mode: 'periodic', at: t0, ...ref });
  bus.emit({
    type: 'request',
    ...ref,
    endpoint: 'https://a.klaviyo.com/api/profiles/01HXYZ7/?email=a@b.example',
    status: 200,
    durationMs: 120,
    bytes: 500,
  });
  bus.emit({ type: 'request', ...ref, endpoint: 'GET /api/events', status: 'error', durationMs: 20, bytes: 0 });
  bus.emit({ type: 'throttled', ...ref, endpoint: 'GET /api/events', until: t0 + 2000 });
  bus.emit({ type: 'rate-limited', until: t0 + 2000, ...ref });
  bus.emit({ type: 'rate-limited', until: t0 + 3000, ...ref });
  bus.emit({ type: 'page-read', rows: 10, readTo: t0 - 4000, ...ref });
  bus.emit({ type: 'rows-odd', what: 'misfit', count: 3, ...ref });
  bus.emit({
    type: 'batch-committed',
    upserts: 8,
    deletes: 1,
    unchanged: 2,
    deadLetters: 1,
    at: t0,
    durationMs: 50,
    replicationValue: t0 - 9000,
    ...ref,
  });
  bus.emit({ type: 'transaction', connection: 'shop', source: 'klaviyo', outcome: 'committed', durationMs: 40 });
  bus.emit({ type: 'deletes-withheld', count: 250, reason: 'brake', ...ref });
  bus.emit({ type: 'index-rebuilt', ...ref, rows: 5, durationMs: 700, reason: 'missing' });
  bus.emit({ type: 'run-retrying', stage: 'extract', failure: { kind: 'transient', message: 'x' }, ...ref });
  bus.emit({ type: 'run-recovered', ...ref });
  bus.emit({ type: 'run-ended', runId: 'r', outcome: 'succeeded', totals, at: t0, startedAt: t0 - 20_000, ...ref });
  bus.emit({ type: 'table-waiting', nextRunAt: t0 + 60_000, ...ref });
}

/** Samples of Prometheus' text format; throws on a line that is none. */
function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-zA-Z_:][\w:]* \S/.test(line)) continue;
    const match = /^([a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})?) (\S+)( \d+)?$/.exec(line);
    if (!match) throw new Error(`not a sample: ${line}`);
    expect(found.has(match[1]!)).toBe(false);
    found.set(match[1]!, Number(match[2]));
  }
  return found;
}

const of = 'connection="shop",source="klaviyo",table="event"';
const shop = 'connection="shop",source="klaviyo"';

describe('metrics', () => {
  test.each<[string, number]>([
    [`tributary_records_published_total{${of},op="upsert"}`, 8],
    [`tributary_records_published_total{${of},op="delete"}`, 1],
    [`tributary_records_published_total{${of},op="marker"}`, 1],
    [`tributary_records_unchanged_total{${of}}`, 2],
    [`tributary_rows_read_total{${of}}`, 10],
    [`tributary_dead_letters_total{${of}}`, 1],
    [`tributary_rows_odd_total{${of},what="misfit"}`, 3],
    [`tributary_api_requests_total{${shop},endpoint="/api/profiles/:id/",code="200"}`, 1],
    [`tributary_api_requests_total{${shop},endpoint="GET /api/events",code="error"}`, 1],
    [`tributary_api_request_duration_seconds_count{${shop}}`, 2],
    [`tributary_api_response_bytes_total{${shop}}`, 500],
    [`tributary_api_throttled_total{${shop}}`, 1],
    [`tributary_budget_wait_seconds_total{${of}}`, 5],
    [`tributary_sync_runs_total{${of},outcome="succeeded"}`, 1],
    [`tributary_sync_duration_seconds_sum{${shop}}`, 20],
    [`tributary_sync_last_success_timestamp_seconds{${of}}`, t0 / 1000],
    [`tributary_source_lag_seconds{${of}}`, 9],
    [`tributary_data_freshness_seconds{${of}}`, 4],
    [`tributary_errors_total{${of},stage="extract",kind="transient"}`, 1],
    [`tributary_transactions_total{${shop},outcome="committed"}`, 1],
    [`tributary_transaction_duration_seconds_count{${shop}}`, 1],
    [`tributary_state_rebuild_duration_seconds_sum{${shop}}`, 0.7],
    [`tributary_deletes_withheld{${of}}`, 250],
    [`tributary_table_next_run_timestamp_seconds{${of}}`, t0 / 1000 + 60],
    [`tributary_table_state{${of},state="scheduled"}`, 1],
    [`tributary_connection_assigned{${shop}}`, 1],
    [`tributary_build_info{version="9.9.9",revision="abc123",prefix="shops",node="${process.version}"}`, 1],
  ])('%s is %d', async (name, value) => {
    const { bus, metrics } = observed();
    feed(bus);
    expect(samples(await metrics.text()).get(name)).toBe(value);
  });

  test('a failure without a code is counted as unnamed', async () => {
    const { bus, metrics } = observed();
    feed(bus);
    const failed = { type: 'run-ended', runId: 'r', outcome: 'failed', totals, at: t0, startedAt: t0 - 20_000, ...ref } as const;
    bus.emit({ ...failed, failure: { kind: 'internal', message: 'x' } });
    expect(samples(await metrics.text()).get(`tributary_table_failure{${of},code="unnamed"}`)).toBe(1);
    bus.emit({ ...failed, failure: { kind: 'config', message: 'x', code: 'klaviyo:401' } });
    const after = samples(await metrics.text());
    expect(after.get(`tributary_table_failure{${of},code="klaviyo:401"}`)).toBe(1);
    expect(after.has(`tributary_table_failure{${of},code="unnamed"}`)).toBe(false);
  });

  /** Every table of every source, after a run each that read and published something. */
  function everyTable() {
    const refs = readdirSync(schemas).flatMap((source) =>
      readdirSync(join(schemas, source)).flatMap((file) =>
        file.endsWith('.value.avsc') ? [{ connection: source, source, table: file.replace('.value.avsc', '') }] : [],
      ),
    );
    const bus = createEventBus((error) => {
      throw error;
    });
    const status = followStatus(bus, refs, () => t0);
    const metrics = createMetrics({ bus, status: () => status.snapshot(), version: '9.9.9', now: () => t0, interval: () => 3_600_000 });
    for (const of of refs) {
      bus.emit({ type: 'connection-assigned', connection: of.connection, source: of.source });
      bus.emit({ type: 'run-started', runId: 'r', mode: 'periodic', at: t0, ...of });
      bus.emit({ type: 'request', ...of, endpoint: `GET /v1/${of.table}`, status: 200, durationMs: 120, bytes: 500 });
      bus.emit({ type: 'page-read', rows: 10, readTo: t0 - 4000, ...of });
      bus.emit({
        type: 'batch-committed',
        upserts: 8,
        deletes: 0,
        unchanged: 2,
        deadLetters: 0,
        at: t0,
        durationMs: 50,
        ...(of.source === 'klaviyo' || of.source === 'listrak' ? { replicationValue: t0 - 9000 } : {}),
        ...of,
      });
      bus.emit({ type: 'transaction', connection: of.connection, source: of.source, outcome: 'committed', durationMs: 30 });
      bus.emit({
        type: 'run-ended',
        runId: 'r',
        outcome: 'succeeded',
        totals: { ...totals, waitedMs: 0 },
        startedAt: t0 - 20_000,
        at: t0,
        ...of,
      });
      bus.emit({ type: 'table-waiting', nextRunAt: t0 + 1000, ...of });
    }
    return { count: refs.length, text: () => metrics.text() };
  }

  test('every table of five sources are less than 100 kB, and nothing that never happened is among them', async () => {
    const { count, text: ask } = everyTable();
    expect(count).toBeGreaterThanOrEqual(60);
    const text = await ask();
    expect(Buffer.byteLength(text)).toBeLessThan(100_000);
    for (const name of samples(text).keys())
      expect(name).not.toMatch(/op="delete"|outcome="failed"|state="failed"|rows_odd|deletes_withheld\{/);
  });

  test('process metrics are there, and no label holds a key, a mail address or a URL', async () => {
    const { bus, metrics } = observed();
    feed(bus);
    const text = await metrics.text();
    expect([...samples(text).keys()]).toEqual(expect.arrayContaining(['process_resident_memory_bytes']));
    expect(text).not.toMatch(/01HXYZ7|@|klaviyo\.com/);
  });

  test('endpoints with ever new names end in one label', async () => {
    const { bus, metrics } = observed();
    for (let n = 0; n < 500; n++)
      bus.emit({ type: 'request', ...ref, endpoint: `/thing-${'x'.repeat(n % 30)}-${n}`, status: 200, durationMs: 1, bytes: 1 });
    const endpoints = [...samples(await metrics.text()).keys()].filter((name) => name.startsWith('tributary_api_requests_total'));
    expect(endpoints.length).toBeLessThanOrEqual(61);
  });
});

describe('the metrics server', () => {
  let server: WebServer | undefined;
  afterEach(() => server?.close());

  async function serve(reachable: () => Promise<boolean>, assigned: boolean) {
    const { bus, status, metrics } = observed();
    if (assigned) feed(bus);
    server = await startServer({
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      observe: { prefix: 'shops', metrics, status, redact: (text) => text, brokersReachable: reachable },
    });
    const { url } = server;
    return (path: string) => fetch(url + path);
  }

  test('serves metrics, health and the status', async () => {
    const get = await serve(async () => true, true);
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    expect(samples(await metrics.text()).size).toBeGreaterThan(50);
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    expect(await (await get('/status')).json()).toMatchObject({ v: 1, tables: [{ table: 'event', state: { kind: 'scheduled' } }] });
    expect((await get('/other')).status).toBe(404);
  });

  test.each<[string, () => Promise<boolean>, boolean, string]>([
    ['no broker answers', async () => false, true, 'no Kafka broker answers'],
    [
      'the question fails',
      async () => {
        throw new Error('down');
      },
      true,
      'no Kafka broker answers',
    ],
    ['nothing is assigned', async () => true, false, 'no connection is assigned'],
  ])('is alive but not ready when %s', async (_, reachable, assigned, reason) => {
    const get = await serve(reachable, assigned);
    const ready = await get('/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain(reason);
    expect((await get('/healthz')).status).toBe(200);
  });

  test.each(['/metrics', '/status', '/healthz', '/readyz', '/', '/other'])(
    'says nothing at %s to a name that is not ours',
    async (path) => {
      await serve(async () => true, true);
      const answered = (host: string): Promise<{ status: number; text: string }> =>
        new Promise((resolve, reject) => {
          request(`${server?.url}${path}`, { headers: { host } }, (answer) => {
            let text = '';
            answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
            answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
          })
            .on('error', reject)
            .end();
        });
      const refused = await answered('evil.example:9464');
      expect(refused.status).toBe(421);
      expect(refused.text).toContain('web.allowed_hosts');
      expect(refused.text).not.toContain('shop');
      expect((await answered('localhost')).status).not.toBe(421);
    },
  );

  test('a worker that waits to take over a connection is ready to those who ask for no more', async () => {
    const get = await serve(async () => true, false);
    expect((await get('/readyz')).status).toBe(503);
    expect((await get('/readyz?spare=ready')).status).toBe(200);
    await server!.close();
    expect((await (await serve(async () => false, false))('/readyz?spare=ready')).status).toBe(503);
  });

  test('a taken port is a setting to change', async () => {
    await serve(async () => true, true);
    const port = Number(new URL(server!.url).port);
    const { status, metrics } = observed();
    await expect(
      startServer({
        host: '127.0.0.1',
        port,
        allowedHosts: [],
        observe: { prefix: 'shops', metrics, status, redact: (text) => text, brokersReachable: async () => true },
      }),
    ).rejects.toMatchObject({ kind: 'config', remedy: expect.stringContaining('metrics.port') as string });
  });
});
