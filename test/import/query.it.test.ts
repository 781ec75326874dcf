import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { desk, type Desk } from './command.ts';

// Real PostgreSQL, whose wire protocol, cursors and texts of types Redshift shares ("Amazon Redshift and PostgreSQL").
const { postgres } = inject('stack');
const schema = `import${randomBytes(4).toString('hex')}`;
const database = new Client(postgres);

beforeAll(async () => {
  await database.connect();
  await database.query(`CREATE SCHEMA ${schema}`);
  await database.query(
    `CREATE TABLE ${schema}.people (email text, tel text, born date, seen timestamptz, made timestamp, paid numeric(12,2), share float8,
       few real, member boolean, code char(5), data jsonb, note text, raw bytea)`,
  );
  await database.query(
    `INSERT INTO ${schema}.people VALUES
       ('a@import.test', '+48500600700', '2001-02-03', '2026-02-03 07:08:09.5+02', '2026-02-03 07:08:09', 12.50, 0.1, 0.1, true, 'ab', '{"a": 1}',
        E'two\nlines, "quoted"', '\\x00'),
       ('b@import.test', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
       ('c@import.test', NULL, '2001-02-03', 'infinity', NULL, NULL, 1e30, NULL, false, NULL, NULL, '', NULL)`,
  );
});
afterAll(async () => {
  await database.query(`DROP SCHEMA ${schema} CASCADE`);
  await database.end();
});

const landing = (over: object = {}) => ({
  kind: 'postgres',
  connect_url: 'http://127.0.0.1:1',
  host: postgres.host,
  port: postgres.port,
  database: postgres.database,
  user: postgres.user,
  password_ref: 'env:WAREHOUSE_PASSWORD',
  sslmode: 'disable',
  ...over,
});
const warehouse = (over: object = {}): Promise<Desk> =>
  desk({ landings: { warehouse: landing(over) }, variables: { WAREHOUSE_PASSWORD: postgres.password } });
const query = (sql: string): string[] => ['profiles', '--landing', 'warehouse', '--query', sql];

test('a query goes as its rows are: times, numbers and nulls in the forms the vendor reads', async () => {
  const at = await warehouse();
  const columns = 'email, tel AS phone_number, born, seen, made, paid, share, few, member, code, data, note';
  const dry = await at.run(...query(`SELECT ${columns} FROM ${schema}.people ORDER BY email;`), '--dry-run');
  expect(dry.err).toMatch(/The query of warehouse brought 3 rows/);
  expect(dry.err).toMatch(/line \d+, column seen: is not a date/);
  expect(
    dry.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    {
      Email: 'a@import.test',
      'Phone Number': '+48500600700',
      born: '2001-02-03',
      seen: '2026-02-03 05:08:09.500000+00:00',
      made: '2026-02-03 07:08:09',
      paid: '12.50',
      share: '0.1',
      few: '0.1',
      member: 'true',
      code: 'ab',
      data: '{"a": 1}',
      note: 'two\nlines, "quoted"',
    },
    { Email: 'b@import.test', ...Object.fromEntries(['Phone Number', ...columns.split(', ').slice(2)].map((name) => [name, ''])) },
  ]);
  expect(dry.code).toBe(1);

  expect(await at.run(...query(`SELECT email, note AS remark FROM ${schema}.people WHERE member`))).toMatchObject({ code: 0 });
  const [person] = [...at.account.truth.profiles()]
    .map((row) => row.resource().attributes)
    .filter(({ email }) => email === 'a@import.test');
  expect(person).toMatchObject({ properties: { remark: 'two\nlines, "quoted"' } });
  expect((await at.run('list')).out).toMatch(/^Complete .*warehouse_\d{8}T\d{6}Z\.csv +1 +0/m);
  // The copy of the rows is not left behind.
  expect(readdirSync(join(at.dir, '.tributary', 'imports')).filter((name) => name.startsWith('query-'))).toEqual([]);
});

test('rows come through a cursor: many, and large ones', async () => {
  const at = await warehouse();
  const all = `SELECT 'q' || n || '@import.test' AS "Email", repeat('x', CASE WHEN n % 997 = 0 THEN 90000 ELSE 10 END) AS text FROM generate_series(1, 30000) n`;
  expect(await at.run(...query(all))).toMatchObject({ code: 0, err: expect.stringMatching(/30,000 rows uploaded/) });
  const found = [...at.account.truth.profiles()]
    .map((row) => String(row.resource().attributes.email))
    .filter((email) => email.endsWith('@import.test'));
  expect([found.length, new Set(found).size]).toEqual([30_000, 30_000]);
});

test('what is no query, cannot be run, or brings nothing to send is told in words', async () => {
  const at = await warehouse();
  for (const [sql, code, told] of [
    [`DELETE FROM ${schema}.people`, 2, /is not a SELECT/],
    [`WITH gone AS (DELETE FROM ${schema}.people RETURNING email) SELECT email FROM gone`, 2, /refuses the query/],
    [`SELECT 'x@import.test' AS email; COMMIT; DROP TABLE ${schema}.people`, 2, /refuses the query/],
    [`SELECT email FRM ${schema}.people`, 2, /refuses the query: syntax error.*\(at "/],
    ['SELECT email FROM nowhere', 2, /relation "nowhere" does not exist/],
    [`SELECT email, raw FROM ${schema}.people`, 2, /Column raw of the query holds binary data/],
    [`SELECT note FROM ${schema}.people`, 2, /identifies the profile of a row/],
    [`SELECT email FROM ${schema}.people WHERE false`, 0, /brought 0 rows; nothing was sent/],
    [`-- those of today\n(SELECT email FROM ${schema}.people LIMIT 1)`, 0, /1 row uploaded/],
  ] as const)
    expect([sql, await at.run(...query(sql))]).toEqual([sql, { code, out: '', err: expect.stringMatching(told) }]);
  expect((await database.query(`SELECT count(*) AS rows FROM ${schema}.people`)).rows).toEqual([{ rows: '3' }]);
});

test('the password is the one of the landing where it can be read here, or the one this command is given', async () => {
  const sql = `SELECT email FROM ${schema}.people`;
  const secret = join((await desk()).dir, 'sinks.properties');
  writeFileSync(secret, `# of the worker\npostgres = ${postgres.password}\n`);
  const of = async (over: object, variables: Record<string, string>) =>
    (await desk({ landings: { warehouse: landing(over) }, variables })).run(...query(sql), '--dry-run');
  expect(await of({ password_ref: `file:${secret}:postgres` }, {})).toMatchObject({ code: 0 });
  expect(await of({}, {})).toMatchObject({
    code: 2,
    err: expect.stringMatching(/env:WAREHOUSE_PASSWORD[^]*cannot be read on this machine[^]*PGPASSWORD/),
  });
  expect(await of({ user: 'other' }, { PGUSER: postgres.user, PGPASSWORD: postgres.password })).toMatchObject({ code: 0 });
  expect(await of({ user: 'other' }, { PGUSER: postgres.user })).toMatchObject({
    code: 2,
    err: expect.stringMatching(/PGPASSWORD is not set/),
  });
  const wrong = await of({}, { PGPASSWORD: 'not-this-one' });
  expect(wrong).toMatchObject({ code: 2, err: expect.stringMatching(/cannot be opened: password authentication failed/) });
  expect(wrong.err).not.toMatch(/not-this-one/);
  expect(await of({ port: 1 }, { WAREHOUSE_PASSWORD: 'x' })).toMatchObject({
    code: 1,
    err: expect.stringMatching(/ECONNREFUSED[^]*PGHOST/),
  });
  expect(await of({ port: 1 }, { WAREHOUSE_PASSWORD: postgres.password, PGPORT: String(postgres.port) })).toMatchObject({ code: 0 });
  expect(await of({ sslmode: 'verify-full' }, { WAREHOUSE_PASSWORD: postgres.password })).toMatchObject({
    code: 1,
    err: expect.stringMatching(/SSL|TLS/),
  });
});

test('a landing of another kind is refused with the ones that can be asked', async () => {
  const s3 = {
    ...{ kind: 's3', connect_url: 'http://127.0.0.1:1', bucket: 'abc', region: 'eu-west-1' },
    ...{ access_key_ref: 'env:A', secret_key_ref: 'env:B' },
  };
  const at = await desk({ landings: { lake: s3, warehouse: landing() } });
  const refused = await at.run('profiles', '--landing', 'lake', '--query', 'SELECT 1');
  expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/lake is of the kind s3[^]*--landing: warehouse/) });
});

test('Ctrl-C ends a query that takes long', async () => {
  const at = await warehouse();
  const started = at.start(...query(`SELECT pg_sleep(300)::text AS "Email"`), '--dry-run');
  await expect
    .poll(
      async () =>
        (await database.query(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'tributary-import'`)).rows,
      {
        timeout: 30_000,
      },
    )
    .toEqual([{ n: expect.toSatisfy((n: number) => n > 0) }]);
  started.interrupt();
  expect(await started.ended).toMatchObject({ code: 130, err: expect.stringMatching(/nothing was sent/) });
});
