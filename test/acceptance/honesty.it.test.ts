import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { segment } from '../../producers/segment/index.ts';
import { connectionPartition } from '../../src/kafka/partitioning.ts';
import type { KafkaSettings } from '../../src/kafka/types.ts';
import { createWriter } from '../../src/kafka/writer.ts';
import type { StatusSnapshot, TableStatus } from '../../src/observability/status-view.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { startSegmentSimulator } from '../../simulators/segment/segment-simulator.ts';
import { freePort, settingsText, startCommand, startProcess, until, writeFile, type Started } from '../support/command.ts';
import { kafkaLogin, stackLogin } from '../support/login.ts';

const stack = inject('stack');
const suite = randomBytes(3).toString('hex');

let folder: string;
const workers = new Set<Started>();
const simulators: { close(): Promise<void> }[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-honesty-'));
});
afterEach(async () => {
  for (const worker of workers) worker.interrupt();
  await Promise.all([...workers].map(({ ended }) => ended));
  workers.clear();
});
afterAll(async () => {
  for (const simulator of simulators) await simulator.close();
  rmSync(folder, { recursive: true, force: true });
});

async function vendor(options: Parameters<typeof startKlaviyoSimulator>[0]): Promise<KlaviyoSimulator> {
  const simulator = await startKlaviyoSimulator({ limits: false, profiles: 5, events: 5, metrics: 5, ...options });
  simulators.push(simulator);
  return simulator;
}

let files = 0;
/** An installation: settings, a prefix of its own, and the command run with them. */
async function install(connections: string | ((url: string) => string), of: { readonly url?: string; readonly prefix?: string } = {}) {
  const n = (files += 1);
  const prefix = of.prefix ?? `honest${suite}n${n}`;
  const port = await freePort();
  const text = settingsText({
    prefix,
    kafka: stack,
    metricsPort: port,
    more: `data_dir: data${n}`,
    connections: typeof connections === 'string' ? connections : connections(of.url ?? ''),
  });
  const config = writeFile(folder, `settings${n}.yaml`, text);
  const surroundings = { sources: [klaviyo, segment], cwd: folder };
  const start = (args: readonly string[]): Started => startCommand(surroundings, [...args, '--config', config]);
  const run = (...args: string[]) => start(args).ended;
  return {
    prefix,
    port,
    config,
    run,
    start,
    worker(): Started {
      const worker = start(['run']);
      workers.add(worker);
      void worker.ended.finally(() => workers.delete(worker));
      return worker;
    },
    /** What `tributary status` tells, by table. */
    async status(): Promise<Record<string, TableStatus>> {
      const { code, out, err } = await run('status', '--json');
      if (code !== 0) throw new Error(err);
      return byTable(JSON.parse(out) as StatusSnapshot);
    },
    async shown(): Promise<string> {
      const { code, out, err } = await run('status');
      expect({ code, err: err.replace(/No worker answers .*\n/, '') }).toEqual({ code: 0, err: '' });
      return out;
    },
    async metrics(): Promise<string> {
      return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    },
  };
}

function byTable({ tables }: StatusSnapshot): Record<string, TableStatus> {
  return Object.fromEntries(
    tables.map((table) => [
      tables.some((other) => other.table === table.table && other !== table) ? `${table.connection}.${table.table}` : table.table,
      table,
    ]),
  );
}

const oneKlaviyo = (url: string, more = ''): string =>
  `klaviyo:\n  settings: { api_key: ${DEFAULT_KEY}, base_url: "${url}" }\n  schedule: "0 0 1 1 *"\n${more}`;

function kafkaOf(prefix: string): KafkaSettings {
  return {
    brokers: stack.brokers,
    clientId: 'test',
    prefix,
    replicationFactor: 1,
    minInSyncReplicas: 1,
    registry: { url: stack.registryUrl, ...stackLogin() },
    ...kafkaLogin(),
    compression: 'none',
  };
}

it('a worker whose connection somebody else has taken tells it, lets it go, asks for it again and lives', async () => {
  const simulator = await vendor({});
  const home = await install((url) => oneKlaviyo(url, '  tables: [metric]'), { url: simulator.url });
  const worker = home.worker();
  const first = await until('the first run is over', async () => {
    const { metric } = await home.status();
    return metric?.lastSuccessAt === undefined ? undefined : metric;
  });
  const rival = createWriter({ access: { settings: kafkaOf(home.prefix) }, connection: 'klaviyo' });
  await rival.reopen();
  await home.run('trigger', 'klaviyo.metric');
  const told = await until('it is told', async () => {
    const { metric } = await home.status();
    if (metric?.state.kind === 'error') return metric.state;
    // It has asked for the connection again before anybody looked: each time that it is taken, it waits longer.
    if (metric?.state.kind === 'scheduled' && metric.lastRun?.runId !== first.lastRun?.runId) {
      await rival.reopen();
      await home.run('trigger', 'klaviyo.metric');
    }
    return undefined;
  });
  expect(told).toMatchObject({
    message: expect.stringMatching(/another instance has taken over/) as string,
    remedy: expect.stringMatching(/stop one of the two/) as string,
    nextTryAt: expect.any(Number) as number,
  });

  // The rival takes it no more. What came meanwhile is read by the worker, without a restart.
  simulator.change.addMetric({ name: 'Something new' });
  const succeeded = (after: string | undefined) => async () => {
    const { metric } = await home.status();
    const { outcome, runId } = metric?.lastRun ?? {};
    return metric?.state.kind === 'scheduled' && outcome === 'succeeded' && runId !== after ? { runId } : undefined;
  };
  const back = await until('the connection is its own again', succeeded(first.lastRun?.runId));
  await home.run('trigger', 'klaviyo.metric');
  await until('it is read', succeeded(back.runId));
  await rival.close();
  worker.interrupt();
  const { code, err } = await worker.ended;
  expect(err).toMatch(/error .*another instance has taken over[^]*stop one of the two/i);
  expect(err).not.toMatch(/^\s+at /m);
  expect(code).toBe(130);
  expect(await home.run('sync')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/klaviyo\.metric +\d+ +0 .* succeeded/) as string,
  });
});

describe('every state of a table is reached by a worker and shown', () => {
  it('not yet synced, in progress with and without percent, rate limited, error, scheduled, paused', async () => {
    const simulator = await vendor({ profiles: 450, events: 300, metrics: 460 });
    const home = await install(oneKlaviyo, { url: simulator.url });

    expect(await home.shown()).toMatch(/klaviyo\.metric +not yet synced +- +never +0 +-\n/);

    const throttled = simulator.faults.add({ kind: 'throttled', retryAfter: 3, on: 'GET /api/metrics' });
    const slow = simulator.faults.add({ kind: 'slow', delayMs: 300, on: 'GET /api/profiles' });
    const broken = simulator.faults.add({ kind: 'status', status: 503, on: 'GET /api/events' });
    const worker = home.worker();

    const limited = await until('rate limited', async () => {
      const { metric } = await home.status();
      return metric?.state.kind === 'rate_limited' ? metric.state : undefined;
    });
    expect(limited.until - Date.now()).toBeLessThanOrEqual(3_000);
    await until('rate limited, shown', async () => /klaviyo\.metric +rate limited until \d\d:\d\d/.test(await home.shown()));
    simulator.faults.clear(throttled);

    const troubled = await until('an error', async () => {
      const { event } = await home.status();
      return event?.state.kind === 'error' ? event.state : undefined;
    });
    expect(troubled).toMatchObject({
      message: expect.stringContaining('Klaviyo answered 503 to GET /api/events') as string,
      remedy: expect.any(String) as string,
      nextTryAt: expect.any(Number) as number,
    });
    expect(await home.shown()).toMatch(/klaviyo\.event +error, next try \d\d:\d\d[^]*klaviyo\.event: Klaviyo answered 503/);

    const moving = await until('in progress with percent', async () => {
      const { profile } = await home.status();
      return profile?.state.kind === 'in_progress' && profile.state.percent !== undefined ? profile : undefined;
    });
    expect(moving.state).toMatchObject({ percent: expect.any(Number) as number, rows: expect.any(Number) as number });
    expect(moving).not.toHaveProperty('lastSuccessAt');
    expect(await home.metrics()).toMatch(
      /tributary_table_state\{connection="klaviyo",source="klaviyo",table="profile",state="in_progress"\} 1/,
    );

    // The listing of metrics names no total, so nobody can tell a percentage.
    simulator.faults.clear(slow);
    const slowMetrics = simulator.faults.add({ kind: 'slow', delayMs: 700, on: 'GET /api/metrics', query: 'page[cursor]' });
    const unmeasured = await until('in progress without percent', async () => {
      const { metric } = await home.status();
      return metric?.state.kind === 'in_progress' && metric.state.rows > 0 ? metric.state : undefined;
    });
    expect(unmeasured).not.toHaveProperty('percent');
    expect(await home.shown()).toMatch(/klaviyo\.metric +in progress, [\d,]+ rows/);

    simulator.faults.clear(slowMetrics);
    simulator.faults.clear(broken);
    const done = await until('all scheduled', async () => {
      const all = await home.status();
      return Object.values(all).every(({ state }) => state.kind === 'scheduled') ? all : undefined;
    });
    for (const table of Object.values(done)) {
      expect(table).toMatchObject({
        lastRun: { outcome: 'succeeded' },
        nextRunAt: expect.any(Number) as number,
        freshnessMs: expect.any(Number) as number,
      });
      expect(table.freshnessMs).toBeLessThan(120_000);
    }
    expect(await home.shown()).toMatch(/klaviyo\.event +scheduled /);

    await home.run('pause', 'klaviyo.event');
    await until('paused', async () => (await home.status())['event']?.state.kind === 'paused');
    expect(await home.shown()).toMatch(/klaviyo\.event +paused /);

    worker.interrupt();
    expect((await worker.ended).code).toBe(130);
    // Nothing runs: the same, as far as the topics can tell.
    const told = await home.status();
    expect(Object.fromEntries(Object.values(told).map(({ table, state }) => [table, state.kind]))).toEqual({
      profile: 'scheduled',
      event: 'paused',
      metric: 'scheduled',
    });
    for (const table of ['profile', 'metric', 'event']) {
      // One is when the run's end was committed, the other when it was told.
      expect(Math.abs((told[table]?.lastSuccessAt ?? 0) - (done[table]?.lastSuccessAt ?? 0)), table).toBeLessThan(10_000);
      expect(told[table]?.readTo, table).toBe(done[table]?.readTo);
    }
    expect(await home.shown()).toMatch(/klaviyo\.profile +synced, no run planned here/);
  });

  it('failed with reason and remedy, by the worker and by the topics', async () => {
    const simulator = await vendor({});
    const home = await install(oneKlaviyo, { url: simulator.url });
    simulator.quirks.forbidden = ['events'];
    const worker = home.worker();
    const check = async () => {
      const { event, metric } = await until('both are over', async () => {
        const all = await home.status();
        return all['event']?.state.kind === 'failed' && all['metric']?.state.kind === 'scheduled' ? all : undefined;
      });
      expect(event?.state).toMatchObject({
        reason: expect.stringContaining('lacks a scope') as string,
        remedy: expect.stringContaining('events:read') as string,
      });
      expect(event).not.toHaveProperty('lastSuccessAt');
      expect(metric?.lastRun?.outcome).toBe('succeeded');
      expect(await home.shown()).toMatch(
        /klaviyo\.event +failed +- +never[^]*klaviyo\.event: The Klaviyo API key lacks a scope .*events:read/,
      );
    };
    await check();
    worker.interrupt();
    await worker.ended;
    await check();

    // What was put right goes on when it is asked for.
    simulator.quirks.forbidden = [];
    home.worker();
    await until('it has recovered', async () => (await home.status())['event']?.state.kind === 'scheduled');
  });

  it('disabled where the plan does not hold the table, until it is resumed', async () => {
    const simulator = await startSegmentSimulator({
      clock: 'real',
      sources: 3,
      destinations: 3,
      warehouses: 1,
      usageMonths: 1,
      auditEvents: 10,
      switches: { auditTrail: false },
      limits: { enabled: false },
    });
    simulators.push(simulator);
    const home = await install(
      `segment:\n  settings: { api_token: "${simulator.tokens.business}", base_url: "${simulator.url}" }\n  tables: [sources, audit_events]\n  schedule: "0 0 1 1 *"`,
    );
    const worker = home.worker();
    const disabled = async () => {
      const all = await until('disabled', async () => {
        const found = await home.status();
        return found['audit_events']?.state.kind === 'disabled' && found['sources']?.state.kind === 'scheduled' ? found : undefined;
      });
      expect(all['audit_events']?.state).toMatchObject({ reason: expect.stringMatching(/\w/) as string });
      expect(await home.shown()).toMatch(/segment\.audit_events +disabled [^]*segment\.audit_events: \w/);
    };
    await disabled();
    worker.interrupt();
    await worker.ended;
    await disabled();

    home.worker();
    await disabled();
    simulator.switches.auditTrail = true;
    await home.run('resume', 'segment.audit_events');
    await until('it is read', async () => (await home.status())['audit_events']?.state.kind === 'scheduled');
  });
});

describe('a run with an unread page is never shown as completed', () => {
  const lastPage = { on: 'GET /api/profiles', query: 'page[cursor]', after: 1 } as const;

  it('cut by Ctrl-C in trouble: interrupted, position saved, the rest read later', async () => {
    const simulator = await vendor({ profiles: 250 });
    const home = await install((url) => oneKlaviyo(url, '  tables: [profile]'), { url: simulator.url });
    const fault = simulator.faults.add({ kind: 'status', status: 503, ...lastPage });
    const sync = home.start(['sync']);
    await until('the last page failed', () => simulator.requests.count({ status: 503 }) > 0);
    sync.interrupt();
    const { code, out } = await sync.ended;
    expect(code).toBe(130);
    expect(out).toMatch(/klaviyo\.profile +200 +200 .* interrupted/);
    const { profile } = await home.status();
    expect(profile?.state.kind).toBe('not_synced');
    expect(profile).toMatchObject({ lastRun: { outcome: 'interrupted' } });
    expect(profile).not.toHaveProperty('lastSuccessAt');

    simulator.faults.clear(fault);
    simulator.requests.reset();
    const second = await home.run('sync');
    expect(second.code).toBe(0);
    // One row lies in the second that is read again.
    expect(second.out).toMatch(/klaviyo\.profile +5[01] +50 .* succeeded/);
    expect((await home.status())['profile']).toMatchObject({ state: { kind: 'scheduled' }, lastSuccessAt: expect.any(Number) as number });
  });

  it('cut by an answer that cannot be used: failed', async () => {
    const simulator = await vendor({ profiles: 250 });
    const home = await install((url) => oneKlaviyo(url, '  tables: [profile]'), { url: simulator.url });
    simulator.faults.add({
      kind: 'status',
      status: 200,
      body: '{"data":null,"links":{"self":"x"}}',
      contentType: 'application/json',
      ...lastPage,
    });
    const { code, out } = await home.run('sync');
    expect(code).toBe(1);
    expect(out).toMatch(/klaviyo\.profile +200 +200 .* failed/);
    const { profile } = await home.status();
    expect(profile?.state).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('holds no list at data') as string,
      remedy: expect.any(String) as string,
    });
    expect(profile).not.toHaveProperty('lastSuccessAt');
  });

  it('cut by SIGKILL, after which a new process goes on and Ctrl-C ends it with 130 within 10 s', async () => {
    const simulator = await vendor({ profiles: 250 });
    const home = await install((url) => oneKlaviyo(url, '  tables: [profile]'), { url: simulator.url });
    const fault = simulator.faults.add({ kind: 'hang', ...lastPage });
    const start = (command: string) => startProcess({ cwd: folder }, [command, '--config', home.config]);
    const first = start('sync');
    try {
      // A batch that waits for the next page is committed after a moment.
      await until('the position is saved', async () => (await home.run('state', 'show', '--json')).out.includes('"cursor"'));
    } finally {
      first.kill();
    }
    await first.ended;
    const { profile } = await home.status();
    expect(profile?.state.kind).toBe('not_synced');
    expect(profile).not.toHaveProperty('lastSuccessAt');

    simulator.faults.clear(fault);
    simulator.requests.reset();
    const second = start('run');
    try {
      const done = await until('the table is complete', async () => {
        const found = (await home.status())['profile'];
        return found?.state.kind === 'scheduled' && found.lastSuccessAt !== undefined ? found : undefined;
      });
      expect(done.lastRun).toMatchObject({ outcome: 'succeeded', totals: { published: 50 } });
      const asked = performance.now();
      second.interrupt();
      const { code, out, err } = await second.ended;
      expect(performance.now() - asked).toBeLessThan(60_000);
      expect(code).toBe(130);
      expect(out + err).not.toMatch(/^\s+at /m);
    } finally {
      second.kill();
    }
  });
});

describe('what is asked for happens', () => {
  it('trigger, backfill, pause and resume reach a worker that runs', async () => {
    const simulator = await vendor({ events: 200 });
    const home = await install(oneKlaviyo, { url: simulator.url });
    home.worker();
    const first = await until('first runs', async () => {
      const all = await home.status();
      return Object.values(all).every(({ lastSuccessAt }) => lastSuccessAt !== undefined) ? all : undefined;
    });
    const [row] = simulator.change.addMetric({ name: 'Something new' });
    const triggered = await home.run('trigger', 'klaviyo.metric');
    expect(triggered).toMatchObject({ code: 0, err: expect.stringContaining('klaviyo.metric: a run was asked for.') as string });
    const after = await until('the triggered run', async () => {
      const { metric } = await home.status();
      return metric?.lastRun?.runId !== first['metric']?.lastRun?.runId ? metric : undefined;
    });
    expect(row).toBeDefined();
    expect(after.lastRun).toMatchObject({ mode: 'periodic', outcome: 'succeeded', totals: { published: 1 } });

    await home.run('backfill', 'klaviyo.event', '--history', 'all');
    const filled = await until('the back-fill', async () => (await home.status())['event']?.runs.historical);
    // Everything is read again, and nothing has changed.
    expect(filled).toMatchObject({ outcome: 'succeeded', totals: { fetched: 200, published: 0 } });

    // A back-fill that a pause cuts is not forgotten.
    const slow = simulator.faults.add({ kind: 'hang', on: 'GET /api/events' });
    await home.run('backfill', 'klaviyo.event', '--history', 'all');
    await until('the second back-fill waits', async () => (await home.status())['event']?.state.kind === 'in_progress');
    await home.run('pause', 'klaviyo.event');
    await until('event paused', async () => (await home.status())['event']?.state.kind === 'paused');
    simulator.faults.clear(slow);
    await home.run('resume', 'klaviyo.event');
    await until('the cut back-fill', async () => {
      const found = (await home.status())['event']?.runs.historical;
      return found?.outcome === 'succeeded' && found.runId !== filled.runId;
    });

    await home.run('pause', 'klaviyo');
    await until('all paused', async () => Object.values(await home.status()).every(({ state }) => state.kind === 'paused'));
    await home.run('resume', 'klaviyo.metric');
    await until('one goes on', async () => (await home.status())['metric']?.state.kind === 'scheduled');
    expect((await home.status())['event']?.state.kind).toBe('paused');

    // A run that waits because the vendor asked for it is not hurried by another wish, and that is said.
    // As often as it is asked: a worker that a busy machine takes out of its group begins the run again.
    simulator.faults.add({ kind: 'throttled', retryAfter: 1_800, on: 'GET /api/metrics' });
    await home.run('trigger', 'klaviyo.metric');
    await until('the pause the vendor asks for', async () => (await home.status())['metric']?.state.kind === 'rate_limited');
    const said = new Set<string>();
    await until(
      () => `a wish that says it must wait, after ${[...said].join(' | ')}`,
      async () => {
        const { code, err } = await home.run('trigger', 'klaviyo.metric');
        expect(code).toBe(0);
        said.add(err);
        return /klaviyo\.metric: the vendor has asked to wait until \d\d:\d\d:\d\d \(in (2\d|30) min .*the new one follows it\./.test(err);
      },
    );
  });

  it('sent while nothing ran, it counts when a worker starts; and a paused table keeps what is known of it', async () => {
    const simulator = await vendor({ metrics: 130, events: 50 });
    const home = await install(oneKlaviyo, { url: simulator.url });
    expect((await home.run('sync')).code).toBe(0);
    // The listing is empty twice: its rows would have to be deleted, and nobody believes that.
    simulator.quirks.empty = ['metrics'];
    await home.run('sync', 'klaviyo.metric');
    await home.run('sync', 'klaviyo.metric');
    const withheld = { count: 130, reason: expect.any(String) as string };
    expect((await home.status())['metric']?.withheld).toMatchObject(withheld);
    expect(await home.shown()).toMatch(/klaviyo\.metric: 130 deletes withheld .*tributary deletes allow klaviyo\.metric/);

    const asked = await home.run('pause', 'klaviyo.metric');
    expect(asked.err).toMatch(/klaviyo\.metric: paused; .*no worker runs now/);
    await home.run('backfill', 'klaviyo.event', '--history', 'all');
    const known = await home.status();

    // A paused table is left alone by sync as well, and that is said.
    const sync = await home.run('sync', 'klaviyo.metric');
    expect(sync.code).toBe(0);
    expect(sync.err).toMatch(/klaviyo\.metric: paused.*tributary resume klaviyo\.metric/);

    home.worker();
    await until('the back-fill', async () => (await home.status())['event']?.runs.historical);
    const { metric } = await home.status();
    expect(metric).toMatchObject({
      state: { kind: 'paused' },
      withheld,
      lastSuccessAt: known['metric']?.lastSuccessAt,
      lastRun: { outcome: 'succeeded' },
    });
    expect(await home.metrics()).toMatch(/tributary_deletes_withheld\{connection="klaviyo",source="klaviyo",table="metric"\} 130/);

    simulator.quirks.empty = [];
    await home.run('resume', 'klaviyo.metric');
    const mended = await until('read again', async () => {
      const found = (await home.status())['metric'];
      return found?.state.kind === 'scheduled' && found.withheld === undefined ? found : undefined;
    });
    expect(mended.lastRun?.totals).toMatchObject({ deleted: 0, published: 0 });
  });
});

it("two workers share the connections, tell of each other's, and one takes over what the other leaves", async () => {
  const simulator = await vendor({});
  const names = ['shop', ...['a', 'b', 'c', 'd', 'e'].map((letter) => `shop_${letter}`)];
  const even = names.find((name) => connectionPartition(name, {}) % 2 === 0) as string;
  const odd = names.find((name) => connectionPartition(name, {}) % 2 === 1) as string;
  const connections = [even, odd]
    .map(
      (name) =>
        `${name}:\n  source: klaviyo\n  settings: { api_key: ${DEFAULT_KEY}, base_url: "${simulator.url}" }\n  tables: [metric]\n  schedule: "0 0 1 1 *"`,
    )
    .join('\n');
  const one = await install(connections);
  const two = await install(connections, { prefix: one.prefix });
  const assigned = async ({ port }: { port: number }): Promise<readonly string[]> =>
    ((await (await fetch(`http://127.0.0.1:${port}/status`)).json()) as StatusSnapshot).assigned;

  const first = one.worker();
  await until('one has both', async () => (await assigned(one).catch(() => [])).length === 2);
  await until('both were read', async () => Object.values(await one.status()).every(({ lastSuccessAt }) => lastSuccessAt !== undefined));
  const second = two.worker();
  await until('each has one', async () => {
    const of = [await assigned(one), await assigned(two).catch(() => [])];
    return of[0]?.length === 1 && of[1]?.length === 1 && of[0][0] !== of[1][0];
  });
  await until('what was taken over is scheduled', async () =>
    Object.values(await two.status()).every(({ state }) => state.kind === 'scheduled'),
  );
  // Whichever worker is asked, it does not call the other's table unread.
  for (const home of [one, two]) {
    await until('both tables are scheduled whoever is asked', async () =>
      Object.values(await home.status()).every(({ state, lastSuccessAt }) => state.kind === 'scheduled' && lastSuccessAt !== undefined),
    );
  }

  const busy = await one.run('sync');
  expect(busy).toMatchObject({ code: 2, err: expect.stringMatching(/2 workers are already running[^]*tributary trigger/) as string });

  first.interrupt();
  expect((await first.ended).code).toBe(130);
  await until('the other has both', async () => (await assigned(two)).length === 2);
  // A broker that is busy for more than three seconds makes it unready for a moment.
  await until('it is ready', async () => (await fetch(`http://127.0.0.1:${two.port}/readyz`)).status === 200);
  second.interrupt();
  expect((await second.ended).code).toBe(130);
});
