import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { watchLandings, type LandingWatch } from '../../src/cli/landing-watch.ts';
import { systemClock } from '../../src/core/clock.ts';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { applyLanding } from '../../src/landing/apply.ts';
import { checkLanding } from '../../src/landing/check.ts';
import { connectClient, type ConnectClient } from '../../src/landing/connect-client.ts';
import { readLandingErrors } from '../../src/landing/errors-log.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { icebergLanding, postgresLanding } from '../../src/landing/settings.ts';
import { setUpPostgres } from '../../src/landing/setup-postgres.ts';
import { deadLetterTopics, landingStatus, type LandingStatus } from '../../src/landing/status.ts';
import { statements } from '../support/statements.ts';
import type { Landing, RenderedLanding } from '../../src/landing/types.ts';
import type { Logger } from '../../src/observability/log.ts';
import { startStack, type Stack } from '../../src/stack/stack.ts';
import { orders, reservedNames } from './definitions.ts';
import { icebergSink, readIceberg } from './iceberg.ts';
import { converterLogin } from '../support/login.ts';
import { folderOf } from './java.ts';
import { countOf, eventually, testAccess } from './kafka-helpers.ts';
import { topicWriter, type TopicWriter } from './records.ts';

/** How long the database is away; by hand with TRIBUTARY_OUTAGE_MS=600000. */
const AWAY_MS = Number(process.env['TRIBUTARY_OUTAGE_MS'] ?? 10_000);
/** How often Connect is killed; by hand with TRIBUTARY_OUTAGE_KILLS=3. */
const KILLS = Number(process.env['TRIBUTARY_OUTAGE_KILLS'] ?? 1);
/** A limit for what hangs, not a measure. */
const PATIENCE_MS = 240_000 + AWAY_MS;
const prefix = 'outage';
const TABLE = 'wh.shop_order';

let folder: string;
let stack: Stack;
let connect: ConnectClient;
let writer: TopicWriter & { close(): Promise<void> };
let other: TopicWriter & { close(): Promise<void> };
let landing: Landing;
let rendered: RenderedLanding;
let watch: LandingWatch;
const told: string[] = [];
let written = 0;

const write = async (count: number): Promise<void> => {
  const from = written;
  written += count;
  await writer.upsert(...Array.from({ length: count }, (_, at) => ({ id: `r${from + at}`, part: 0 })));
};
const ask = async <Row extends object>(sql: string): Promise<Row[]> => {
  const database = new Client({ ...stack.postgres, connectionTimeoutMillis: 5_000 });
  database.on('error', () => undefined);
  await database.connect();
  try {
    return (await database.query(sql)).rows as Row[];
  } finally {
    await database.end();
  }
};
const landed = (): Promise<void> =>
  eventually(async () => expect(await ask(`SELECT count(*)::int AS n FROM ${TABLE}`)).toEqual([{ n: written }]), PATIENCE_MS);
/** What `landing status` would say now. */
const status = async (): Promise<LandingStatus> => {
  const [one] = await landingStatus({ rendered, connect }, testAccess(stack.brokers, prefix), Date.now());
  return one!;
};
const ofOrders = ({ topics }: LandingStatus): LandingStatus['topics'][number] =>
  topics.find(({ topic }) => topic === `${prefix}.shop.order`)!;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-outage-'));
  stack = await startStack({ dir: folder, connect: true, topicDefaults: 'fast', plugins: [await folderOf(icebergSink)] });
  // From here on the helpers speak to this stack.
  process.env['TRIBUTARY_TEST_LOGIN'] = JSON.stringify(stack.login);
  connect = connectClient(stack.connectUrl!, { login: stack.login });
  const settings = postgresLanding.parse({
    ...{ kind: 'postgres', host: stack.postgres.host, port: stack.postgres.port, database: stack.postgres.database, schema: 'wh' },
    ...{ password_ref: 'env:TRIBUTARY_WAREHOUSE_PASSWORD', sslmode: 'disable' },
  });
  landing = {
    ...{ name: 'wh', prefix, replicationFactor: 1, settings },
    converter: { kind: 'apicurio', registryUrl: stack.registryUrl.replace(/\/ccompat\/v7\/?$/, '/registry/v2'), ...converterLogin() },
    connections: [{ name: 'shop', tables: [orders, reservedNames] }],
  };
  rendered = renderLanding(landing);
  const access = testAccess(stack.brokers, prefix);
  await ensureTopics(access, deadLetterTopics(rendered));
  await setUpPostgres(rendered, settings, stack.postgres, stack.postgres.password);
  const at = { brokers: stack.brokers, registryUrl: stack.registryUrl };
  writer = await topicWriter({ ...at, topic: `${prefix}.shop.order`, definition: orders });
  other = await topicWriter({ ...at, topic: `${prefix}.shop.group`, definition: reservedNames });
  await applyLanding(rendered, connect, { now: Date.now, signal: new AbortController().signal });
  const log = { info: (text: string) => void told.push(text), warn: (text: string) => void told.push(text) } as unknown as Logger;
  watch = watchLandings({ landings: [{ landing, rendered, connect }], access, assigned: () => ['shop'], clock: systemClock, log });
}, 600_000);

afterAll(async () => {
  await watch?.stop();
  await Promise.all([writer?.close(), other?.close()]);
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

test(
  'messages nobody can read, in every table, and a key no index takes stop no table',
  async () => {
    await write(20);
    for (const one of [writer, other]) await one.raw(Buffer.from('no avro'), Buffer.from('neither'));
    const long = randomBytes(3_000).toString('hex');
    await writer.upsert({ id: long, part: 0, user: 'first' });
    await writer.upsert({ id: long, part: 0, user: 'second' });
    await write(20);
    await other.upsert({ select: 'one' });
    await landed();
    await eventually(async () => expect(await ask('SELECT count(*)::int AS n FROM wh.shop_group')).toEqual([{ n: 1 }]), PATIENCE_MS);
    expect(
      await ask(`SELECT table_name, reason, row_value ->> 'user' AS last FROM wh._put_aside WHERE row_value ->> 'id' = '${long}'`),
    ).toEqual([{ table_name: 'shop_order', reason: 'the key is too long for an index', last: 'second' }]);
    await eventually(async () => expect(await countOf(stack.brokers, `${prefix}._dlq.wh-shop`)).toBe(2), PATIENCE_MS);
    await eventually(async () => expect(await status()).toMatchObject({ state: 'RUNNING', deadLetters: 2 }), PATIENCE_MS);
  },
  PATIENCE_MS * 2,
);

test(
  'rows published while the database is away land when it is back, and the task has run all the time',
  async () => {
    await stack.kill('postgres', 'SIGKILL');
    await write(500);
    const said = new Set<string>();
    let behind = 0;
    for (const end = Date.now() + AWAY_MS; Date.now() < end; await sleep(1_000)) {
      const now = await status();
      const { caughtUp, rowsAtMost, lagSeconds } = ofOrders(now);
      said.add(`${now.tasks[0]?.state}${caughtUp || rowsAtMost < 500 ? ', and it says that nothing is left' : ''}`);
      behind = lagSeconds;
    }
    expect(behind).toBeGreaterThan((AWAY_MS - 5_000) / 2_000);
    await stack.restart('postgres');
    await landed();
    expect([...said]).toEqual(['RUNNING']);
    await eventually(async () => expect(ofOrders(await status())).toMatchObject({ caughtUp: true, lagSeconds: 0 }), PATIENCE_MS);
  },
  PATIENCE_MS * 4,
);

test('rows published while Connect is killed land when it is up again, also those it could not read because the registry was away', async () => {
  for (let kill = 1; kill < KILLS; kill += 1) {
    await write(200);
    await stack.kill('connect', 'SIGKILL');
    await write(30);
    // Nobody can know how it is: nothing is said of the sinks, rather than what was true before.
    await eventually(async () => expect(watch.landings()).toMatchObject([{ sinks: [] }]), PATIENCE_MS);
    await stack.restart('connect');
    await landed();
    await eventually(async () => expect(ofOrders(await status()).caughtUp).toBe(true), PATIENCE_MS);
  }
  await write(200);
  // A worker that starts without the registry knows no schema: everything it reads becomes a dead letter.
  await stack.kill('connect', 'SIGKILL');
  await stack.kill('registry', 'SIGKILL');
  await write(30);
  await stack.restart('connect');
  await eventually(async () => expect(await countOf(stack.brokers, `${prefix}._dlq.wh-shop`)).toBeGreaterThanOrEqual(32), 300_000);
  await stack.restart('registry');
  await landed();
  // The outage before may have been healed the same way: the registry keeps its schemas in that database.
  expect(told.filter((text) => /wh-shop reads again from where the schema registry did not answer/.test(text)).length).toBeGreaterThan(0);
}, 1_200_000);

test('the same topics land in Iceberg tables, where the rendered SELECT shows the current rows', async () => {
  const { host, port, database, user, password: _ } = stack.postgres;
  const settings = icebergLanding.parse({
    ...{
      kind: 'iceberg',
      catalog: 'jdbc',
      uri: `jdbc:postgresql://${host}:${port}/${database}`,
      user,
      password_ref: 'env:TRIBUTARY_WAREHOUSE_PASSWORD',
    },
    ...{ warehouse: `file://${folder}/lake`, commit_seconds: 2 },
  });
  const lake = { ...landing, name: 'lake', settings };
  const rendered = renderLanding(lake);
  await ensureTopics(testAccess(stack.brokers, prefix), deadLetterTopics(rendered));
  expect(await checkLanding(lake, rendered, connect)).toEqual([]);
  await applyLanding(rendered, connect, { now: Date.now, signal: new AbortController().signal });
  await other.upsert({ select: 'gone', from: 'x' }, { select: 'kept', from: 'y' });
  await other.upsert({ select: 'kept', from: 'z' });
  await other.remove({ select: 'gone' });
  const sql = statements(rendered.files.find(({ path }) => path === 'views.sql')!.text).find((one) => one.includes('shop_group AS'))!;
  await eventually(async () => {
    const [found] = await ask<{ metadata_location: string }>(
      "SELECT metadata_location FROM iceberg_tables WHERE table_name = 'shop_group_log'",
    );
    const read = readIceberg({ metadata: found!.metadata_location, log: 'shop_group_log', sql });
    expect(read.rows.map((row) => `${row['select']}=${row['from']}`).sort()).toEqual(['kept=z', 'one=null']);
    expect(read.versions).toBe(5);
    expect(read.columns).toMatchObject({ _synced_at: 'timestamptz', _is_deleted: 'boolean', _kafka_offset: 'long' });
  }, 300_000);
}, 600_000);

test('a task that has failed is started again by the worker, which tells it and keeps it for the status', async () => {
  // As when somebody takes the sink its rights for a while.
  await ask(`REVOKE INSERT ON ${TABLE} FROM tributary_sink`);
  await write(10);
  // A database that started, in an earlier test, may have failed it already.
  await eventually(
    async () =>
      expect(told.find((text) => text.includes('wh-shop had failed and was restarted') && /permission denied/.test(text))).toBeDefined(),
    300_000,
  );
  await ask(`GRANT INSERT ON ${TABLE} TO tributary_sink`);
  await landed();
  // It is told first and kept then.
  await eventually(async () => {
    const kept = await readLandingErrors(testAccess(stack.brokers, prefix), { landings: ['wh'], since: Date.now() - 3_600_000, last: 20 });
    expect(kept).toContainEqual(
      expect.objectContaining({
        connector: 'wh-shop',
        code: 'landing:task_failed',
        message: expect.stringMatching(/permission denied/) as string,
      }),
    );
  });
  expect(watch.landings()[0]!.sinks[0]!.restartsEver).toBeGreaterThan(0);
}, 900_000);
