import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { newestRows } from '../../src/landing/newest-rows.ts';
import { landedTables } from '../../src/landing/tables.ts';
import { refusedPort } from '../support/refused-port.ts';
import { orders, reservedNames } from './definitions.ts';

const { postgres } = inject('stack');
const schema = `Seen "${randomBytes(4).toString('hex')}"`.replaceAll('"', '');
const tables = landedTables({ prefix: 't' }, [{ name: 'shop', tables: [orders, reservedNames] }]);
const [first, second] = tables.map(({ topic }) => topic) as [string, string];
let database: Client;
let now = Date.now();
const seen = async (place: object = {}): Promise<Record<string, number>> => {
  now += 3_600_000;
  return Object.fromEntries((await newestRows({ ...postgres, schema, ...place }, tables, now)).newest);
};

beforeAll(async () => {
  database = new Client(postgres);
  await database.connect();
  await database.query(`CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".shop_order (_synced_at timestamptz)`);
});
afterAll(async () => {
  await database.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  await database.end();
});

test('the newest row each table shows; nothing of one that is empty or not there', async () => {
  expect(await seen()).toEqual({});
  await database.query(`INSERT INTO "${schema}".shop_order VALUES ('2026-11-28T10:00:00.123Z'), ('2026-11-28T09:00:00Z'), (NULL)`);
  expect(await seen()).toEqual({ [first]: Date.parse('2026-11-28T10:00:00.123Z') });
  await database.query(
    `CREATE TABLE "${schema}".shop_group (_synced_at timestamptz); INSERT INTO "${schema}".shop_group VALUES (to_timestamp(0))`,
  );
  expect(await seen()).toEqual({ [first]: Date.parse('2026-11-28T10:00:00.123Z'), [second]: 0 });
});

test('is not asked again for half a minute', async () => {
  const before = await seen();
  expect(before[first]).toBeGreaterThan(1_000);
  await database.query(`TRUNCATE "${schema}".shop_order; INSERT INTO "${schema}".shop_order VALUES (to_timestamp(1))`);
  const asked = async (at: number): Promise<object> => Object.fromEntries((await newestRows({ ...postgres, schema }, tables, at)).newest);
  expect(await asked(now + 20_000)).toEqual(before);
  expect(await asked(now + 31_000)).toEqual({ [first]: 1_000, [second]: 0 });
});

test('a table somebody has locked is passed over', async () => {
  const locker = new Client(postgres);
  await locker.connect();
  try {
    await locker.query(`BEGIN; LOCK TABLE "${schema}".shop_order IN ACCESS EXCLUSIVE MODE`);
    expect(await seen()).toEqual({ [second]: 0 });
  } finally {
    await locker.end();
  }
});

test('why nobody was let in is told, until somebody is; a table that is not there yet is no reason', async () => {
  const at = { ...postgres, schema };
  const trouble = async (place: object = {}): Promise<string | undefined> =>
    (await newestRows({ ...at, ...place }, tables, (now += 3_600_000))).trouble;
  const { host, port, database: name } = postgres;
  const away = await refusedPort();
  expect(await newestRows({ ...at, port: away }, tables, now)).toEqual({
    newest: new Map(),
    trouble: `PostgreSQL at ${host}:${away}/${name} does not let ${postgres.user} in: connect ECONNREFUSED ${host}:${away}.`,
  });
  expect(await trouble({ user: 'nobody', password: 'wrong' })).toBe(
    `PostgreSQL at ${host}:${port}/${name} does not let nobody in: password authentication failed for user "nobody".`,
  );
  expect(await trouble({ schema: 'not_there' })).toBeUndefined();
  const stranger = `stranger_${randomBytes(4).toString('hex')}`;
  await database.query(`CREATE ROLE ${stranger} LOGIN PASSWORD 'p'`);
  try {
    const told = { user: stranger, password: 'p' };
    expect(await trouble(told)).toBe(
      `PostgreSQL at ${host}:${port}/${name} does not show ${stranger} the table ${schema}.shop_group: permission denied for schema ${schema}.`,
    );
    await database.query(
      `GRANT USAGE ON SCHEMA "${schema}" TO ${stranger}; GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}" TO ${stranger}`,
    );
    expect(await trouble(told)).toBeUndefined();
  } finally {
    await database.query(`DROP OWNED BY ${stranger}; DROP ROLE ${stranger}`);
  }
});
