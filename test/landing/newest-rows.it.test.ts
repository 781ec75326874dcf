import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { newestRows } from '../../src/landing/newest-rows.ts';
import { landedTables } from '../../src/landing/tables.ts';
import { orders, reservedNames } from './definitions.ts';

const { postgres } = inject('stack');
const schema = `Seen "${randomBytes(4).toString('hex')}"`.replaceAll('"', '');
const tables = landedTables({ prefix: 't' }, [{ name: 'shop', tables: [orders, reservedNames] }]);
const [first, second] = tables.map(({ topic }) => topic) as [string, string];
let database: Client;
let now = Date.now();
const seen = async (place: object = {}): Promise<Record<string, number>> => {
  now += 3_600_000;
  return Object.fromEntries(await newestRows({ ...postgres, schema, ...place }, tables, () => now));
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
  const asked = async (at: number): Promise<object> => Object.fromEntries(await newestRows({ ...postgres, schema }, tables, () => at));
  expect(await asked(now + 20_000)).toEqual(before);
  expect(await asked(now + 31_000)).toEqual({ [first]: 1_000, [second]: 0 });
});

test('a table somebody has locked is passed over, and a server that is away says nothing', async () => {
  const locker = new Client(postgres);
  await locker.connect();
  try {
    await locker.query(`BEGIN; LOCK TABLE "${schema}".shop_order IN ACCESS EXCLUSIVE MODE`);
    expect(await seen()).toEqual({ [second]: 0 });
  } finally {
    await locker.end();
  }
  expect(await seen({ port: 1 })).toEqual({});
});
