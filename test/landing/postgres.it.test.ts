import { randomBytes } from 'node:crypto';
import { Client, types } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { applyLanding, planLanding } from '../../src/landing/apply.ts';
import { checkLanding } from '../../src/landing/check.ts';
import type { ConnectClient } from '../../src/landing/connect-client.ts';
import { connectClient } from '../../src/landing/connect-client.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { rereadConnector } from '../../src/landing/reread.ts';
import { postgresLanding } from '../../src/landing/settings.ts';
import { setUpPostgres } from '../../src/landing/setup-postgres.ts';
import { deadLetterTopics, landingStatus } from '../../src/landing/status.ts';
import type { Landing } from '../../src/landing/types.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import { startSharedConnect } from '../setup/shared-stack.ts';
import { converterLogin, stackLogin } from '../support/login.ts';
import { field, orders as definition } from './definitions.ts';
import { countOf, eventually, testAccess } from './kafka-helpers.ts';
import { SYNCED_AT, topicWriter } from './records.ts';
import type { TopicWriter } from './records.ts';

const stack = inject('stack');
const run = randomBytes(4).toString('hex');
const prefix = `land${run}`;

const evolved: TableDefinition = { ...definition, fields: { ...definition.fields, later: field('timestamp'), note: field('text') } };

const landing: Landing = {
  name: `wh${run}`,
  prefix,
  replicationFactor: 1,
  converter: { kind: 'apicurio', registryUrl: stack.registryUrl.replace(/\/ccompat\/v7\/?$/, '/registry/v2'), ...converterLogin() },
  connections: [{ name: 'shop', tables: [definition] }],
  settings: postgresLanding.parse({
    kind: 'postgres',
    host: stack.postgres.host,
    port: stack.postgres.port,
    database: stack.postgres.database,
    schema: `s_${run}`,
    user: `sink_${run}`,
    reader: `reader_${run}`,
    password_ref: 'env:TRIBUTARY_WAREHOUSE_PASSWORD',
    sslmode: 'disable',
  }),
};
const settings = postgresLanding.parse(landing.settings);
const table = `s_${run}.shop_order`;
const kafka = testAccess(stack.brokers, prefix);
const applying = { now: Date.now, signal: new AbortController().signal };

describe('the PostgreSQL landing', () => {
  let database: Client;
  let connect: ConnectClient;
  let writer: TopicWriter & { close(): Promise<void> };
  const rendered = renderLanding(landing);
  const connector = rendered.connectors[0]!;

  beforeAll(async () => {
    connect = connectClient(await startSharedConnect(), { login: stackLogin() });
    await ensureTopics(kafka, deadLetterTopics(rendered));
    // Epoch ms, dates as text, longs as bigint: what the topic holds, without a time zone of ours.
    database = new Client({
      ...stack.postgres,
      types: { getTypeParser: (oid: number, format: any) => PARSERS[oid] ?? types.getTypeParser(oid, format) } as never,
    });
    await database.connect();
    await setUpPostgres(rendered, settings, stack.postgres, stack.postgres.password);
    writer = await topicWriter({
      brokers: stack.brokers,
      registryUrl: stack.registryUrl,
      topic: `${prefix}.shop.order`,
      definition,
      partitions: 2,
    });
  });

  afterAll(async () => {
    await connect?.delete(connector.name).catch(() => undefined);
    await writer?.close();
    await database?.end();
  });

  const rows = async (): Promise<Record<string, unknown>[]> =>
    (await database.query(`SELECT * FROM ${table} ORDER BY id, part`)).rows.map((row) => ({ ...row }));
  const expectRows = (expected: readonly TableRecord[]): Promise<void> =>
    eventually(async () =>
      expect(await rows()).toEqual(expected.map((record) => ({ ...EMPTY, ...record, _synced_at: SYNCED_AT, _deleted: false })).sort(byKey)),
    );

  it('passes its own check and the worker accepts it', async () => {
    expect(await checkLanding(landing, rendered, connect)).toEqual([]);
  });

  it('is created once, runs, and applying it again changes nothing', async () => {
    expect((await planLanding(rendered, connect)).map((diff) => diff.kind)).toEqual(['create']);
    await applyLanding(rendered, connect, applying);
    expect((await planLanding(rendered, connect)).map((diff) => diff.kind)).toEqual(['same']);
    expect((await applyLanding(rendered, connect, applying)).map((diff) => diff.kind)).toEqual(['same']);
    await setUpPostgres(rendered, settings, stack.postgres, stack.postgres.password);
  });

  it('lands every type, nulls, extremes and large JSON as they are', async () => {
    await writer.upsert(...Object.values(SAMPLES));
    await expectRows(Object.values(SAMPLES));
  });

  it('keeps the column types of the set-up', async () => {
    const { rows: found } = await database.query(
      `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = $1 AND table_name = 'shop_order'`,
      [`s_${run}`],
    );
    const types = Object.fromEntries(found.map((row) => [row.column_name, row.data_type]));
    expect(types).toMatchObject({
      created: 'timestamp with time zone',
      properties: 'json',
      _extra: 'json',
      born: 'date',
      count: 'bigint',
      _deleted: 'boolean',
    });
  });

  it('updates by key, and leaves no row behind a marker and its tombstone', async () => {
    await writer.upsert({ ...SAMPLES.full, user: 'changed', properties: null });
    await writer.remove(SAMPLES.nulls, SAMPLES.early);
    const { nulls: _nulls, early: _early, ...rest } = SAMPLES;
    await expectRows(Object.values({ ...rest, full: { ...SAMPLES.full, user: 'changed', properties: null } }));
  });

  it('brings a deleted row back when it is published again', async () => {
    await writer.upsert(SAMPLES.nulls);
    await writer.remove(SAMPLES.nulls);
    await writer.upsert(SAMPLES.nulls, SAMPLES.early);
    await expectRows(Object.values({ ...SAMPLES, full: { ...SAMPLES.full, user: 'changed', properties: null } }));
  });

  it('adds a column of a later schema by itself; the next set-up makes its type right', async () => {
    const later = await writer.evolve(evolved);
    await later.upsert({ ...SAMPLES.full, user: 'evolved', later: 1_767_323_045_678, note: 'new' });
    const { full: _full, ...rest } = SAMPLES;
    const expected = [
      ...Object.values(rest).map((row) => ({ ...row, later: null, note: null })),
      { ...SAMPLES.full, user: 'evolved', later: 1_767_323_045_678, note: 'new' },
    ];
    await expectRows(expected);
    await setUpPostgres(renderLanding({ ...landing, connections: [{ name: 'shop', tables: [evolved] }] }), settings, stack.postgres);
    const type = await database.query(
      `SELECT data_type FROM information_schema.columns WHERE table_schema = $1 AND column_name = 'later'`,
      [`s_${run}`],
    );
    expect(type.rows).toEqual([{ data_type: 'timestamp with time zone' }]);
    await later.upsert({ ...SAMPLES.early, later: -62_167_219_200_000 });
    await expectRows(expected.map((row) => (row.id === 'b' && row.part === -1 ? { ...row, later: -62_167_219_200_000 } : row)));
  });

  it('puts a message nobody can read with the dead letters and goes on', async () => {
    await writer.raw(Buffer.from('no avro'), Buffer.from('neither'));
    await writer.upsert({ id: 'after-poison', part: 1 });
    await eventually(async () => expect((await rows()).some((row) => row['id'] === 'after-poison')).toBe(true));
    await eventually(async () => expect(await countOf(stack.brokers, connector.deadLetterTopic)).toBe(1));
  });

  it('shows itself as caught up behind ends of transactions and dead letters', async () => {
    // Both partitions end with a message nobody can read.
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await writer.raw(Buffer.from(key), Buffer.from('x'));
    await eventually(async () => {
      const [status] = await landingStatus({ rendered, connect }, kafka, Date.now());
      expect(status).toMatchObject({
        connector: connector.name,
        state: 'RUNNING',
        tasks: [{ state: 'RUNNING' }],
        deadLetters: 8,
        topics: [{ topic: `${prefix}.shop.order`, caughtUp: true, lagSeconds: 0 }],
      });
    });
  });

  it('lands everything again when its topics are read again from the start', async () => {
    const before = await rows();
    await database.query(`DELETE FROM ${table} WHERE part = 0`);
    await rereadConnector(connect, connector.name, applying);
    await eventually(async () => expect(await rows()).toEqual(before));
  });

  it('lets the reader read and no more', async () => {
    await database.query(`SET ROLE reader_${run}`);
    expect((await database.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n).toBeGreaterThan(0);
    await expect(database.query(`DELETE FROM ${table}`)).rejects.toThrow(/permission denied/);
    await database.query('RESET ROLE');
  });
});

const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  20: (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)),
  114: (text) => text,
  1082: (text) => text,
  1114: (text) => epochMs(`${text}+00`),
  1184: epochMs,
};

function epochMs(text: string): number {
  const [, year, rest, zone, bc] = /^(\d+)(-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::\d\d)*)( BC)?$/.exec(text) ?? [];
  expect(zone).toMatch(/^\+00/);
  const date = new Date(`2000${rest!.replace(' ', 'T')}Z`);
  date.setUTCFullYear(bc === undefined ? Number(year) : 1 - Number(year));
  return date.getTime();
}

const byKey = (a: TableRecord, b: TableRecord): number =>
  a['id']! < b['id']! ? -1 : a['id']! > b['id']! ? 1 : Number(a['part']) - Number(b['part']);

const EMPTY = { user: null, count: null, ratio: null, active: null, created: null, born: null, properties: null, _extra: null };

const SAMPLES = {
  full: {
    id: 'a',
    part: 1,
    user: 'x',
    count: 42,
    ratio: 0.1,
    active: true,
    created: 1_767_323_045_678,
    born: '2026-01-02',
    properties: '{"a":[1,2.50,null],"z":"ü"}',
    _extra: '{"n":12345678901234567890}',
  },
  nulls: { id: 'a', part: 2 },
  early: { id: 'b', part: -1, created: -62_167_219_200_000, count: -9_223_372_036_854_775_808n, ratio: -1.797e308 },
  late: {
    id: 'b',
    part: 9_223_372_036_854_775_807n,
    created: 253_402_300_799_999,
    count: 9_223_372_036_854_775_807n,
    ratio: 5e-324,
    active: false,
  },
  odd: { id: '', part: 0, user: `quote ' " \\ \n \u{1f600}`, properties: '{"nul":"\\u0000","half":"\\ud800"}' },
  large: { id: 'large', part: 0, properties: JSON.stringify({ text: 'x'.repeat(900_000) }) },
} satisfies Record<string, TableRecord>;
