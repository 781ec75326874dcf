import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { renderLanding } from '../../src/landing/render.ts';
import { postgresLanding, redshiftLanding } from '../../src/landing/settings.ts';
import { setUpPostgres } from '../../src/landing/setup-postgres.ts';
import { statements } from '../support/statements.ts';
import { landingOf } from './landings.ts';

const { postgres } = inject('stack');
const run = randomBytes(4).toString('hex');
let database: Client;

beforeAll(async () => {
  database = new Client(postgres);
  await database.connect();
});
afterAll(async () => {
  await database.query(`DROP SCHEMA IF EXISTS u_${run} CASCADE`);
  await database.end();
});

describe('the set-up of PostgreSQL', () => {
  const settings = postgresLanding.parse({
    kind: 'postgres',
    host: postgres.host,
    database: postgres.database,
    schema: `u_${run}`,
    user: `usink_${run}`,
    reader: `ureader_${run}`,
    password_ref: 'env:P',
    sslmode: 'disable',
  });

  it('runs twice as a role that is no superuser but has CREATEROLE and may create schemas, as the README says', async () => {
    const admin = `uadmin_${run}`;
    await database.query(`CREATE ROLE ${admin} LOGIN CREATEROLE PASSWORD 'p'`);
    await database.query(`GRANT CREATE ON DATABASE ${postgres.database} TO ${admin}`);
    const rendered = renderLanding({ ...landingOf('postgres'), settings });
    for (let times = 0; times < 2; times += 1)
      await setUpPostgres(rendered, settings, { ...postgres, user: admin, password: 'p' }, 'sink-password');

    const sink = new Client({ ...postgres, user: settings.user, password: 'sink-password' });
    await sink.connect();
    await sink.query(`INSERT INTO ${settings.schema}.shop_order (id, part) VALUES ('a', 1)`);
    await expect(sink.query('CREATE SCHEMA more')).rejects.toThrow(/permission denied/);
    await sink.end();
  });
});

describe('the set-up of Redshift', () => {
  it('adds the columns of a later release to logs of an earlier one, and no column twice', async () => {
    const settings = redshiftLanding.parse({ kind: 'redshift', host: 'h', database: 'd', schema: `r_${run}`, password_ref: 'env:P' });
    const sql = statements(renderLanding({ ...landingOf('redshift'), settings }).files.find(({ path }) => path === 'setup.sql')!.text);
    const log = `r_${run}.shop_order_log`;
    await database.query(`CREATE SCHEMA r_${run}`);
    await database.query(
      `CREATE TABLE ${log} (id VARCHAR(1024) NOT NULL, part BIGINT NOT NULL, "user" TEXT, properties JSON, _extra JSON)`,
    );
    const upgrade = sql.filter((one) => /^CREATE OR REPLACE PROCEDURE|^CALL .*shop_order_log/.test(one));
    expect(upgrade.length).toBeGreaterThan(5);
    for (let times = 0; times < 2; times += 1) for (const one of upgrade) await database.query(one);
    const { rows } = await database.query(
      `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'r_${run}' ORDER BY ordinal_position`,
    );
    expect(rows.map((row) => `${row.column_name} ${row.data_type}`)).toEqual([
      'id character varying',
      'part bigint',
      'user text',
      'properties json',
      '_extra json',
      'count bigint',
      'ratio double precision',
      'active boolean',
      'created timestamp with time zone',
      'born date',
      '_synced_at timestamp with time zone',
      '_deleted boolean',
    ]);
    await database.query(`DROP SCHEMA r_${run} CASCADE`);
  });
});
