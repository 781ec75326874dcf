import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { TableDefinition } from '../../src/core/table.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { landingSettings } from '../../src/landing/settings.ts';
import { statements } from '../support/statements.ts';
import { field, orders, reservedNames } from './definitions.ts';
import { landingOf } from './landings.ts';

const { postgres } = inject('stack');
const run = randomBytes(4).toString('hex');
// Names that mean something else without quotes, in every place a name can stand.
const schema = `User ${run}-x`;
const user = `Trib'Sink ${run}`;
const reader = `All ${run}`;

/** A column in the middle, one at the end, and one that a release has taken away. */
const { ratio: _ratio, ...kept } = orders.fields;
const today: TableDefinition = {
  ...orders,
  fields: Object.fromEntries(
    Object.entries({ ...kept, newest: field('timestamp') }).flatMap(([name, one]) =>
      name === 'active'
        ? [
            ['middle', field('text')],
            [name, one],
          ]
        : [[name, one]],
    ),
  ),
};

let database: Client;
const notices: string[] = [];

beforeAll(async () => {
  database = new Client(postgres);
  database.on('notice', ({ message }) => void notices.push(message ?? ''));
  await database.connect();
});
afterAll(async () => {
  await database.query('RESET ROLE');
  for (const one of [schema, `rs_${run}`]) await database.query(`DROP SCHEMA IF EXISTS "${one}" CASCADE`);
  for (const role of [user, reader]) await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`).catch(() => undefined);
  await database.end();
});

const columnsOf = async (of: string, table: string): Promise<string[]> =>
  (
    await database.query(
      'SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position',
      [of, table],
    )
  ).rows.map((row) => row.column_name as string);

describe("today's SQL after yesterday's", () => {
  it('on PostgreSQL: new columns are there, rows stay, and nothing is told of what was there before', async () => {
    const settings = { ...landingOf('postgres').settings, ...{ schema, user, reader, database: postgres.database } } as never;
    const setUp = (definition: TableDefinition): string =>
      renderLanding({
        ...landingOf('postgres'),
        settings,
        connections: [{ name: 'shop', tables: [definition, reservedNames] }],
      }).files.find(({ path }) => path === 'setup.sql')!.text;
    notices.length = 0;
    await database.query(setUp(orders));
    await database.query(`INSERT INTO "${schema}".shop_order (id, part, ratio) VALUES ('a', 1, 0.5)`);
    for (let times = 0; times < 2; times += 1) await database.query(setUp(today));
    expect(notices).toEqual([]);
    expect(await columnsOf(schema, 'shop_order')).toEqual(expect.arrayContaining(['middle', 'newest', 'ratio', '_extra']));
    expect((await database.query(`SELECT id, ratio, newest FROM "${schema}".shop_order`)).rows).toEqual([
      { id: 'a', ratio: 0.5, newest: null },
    ]);
    const { rows } = await database.query('SELECT tableowner FROM pg_tables WHERE schemaname = $1 GROUP BY 1', [schema]);
    expect(rows).toEqual([{ tableowner: user }]);
  });

  it('on Redshift, imitated by PostgreSQL: the views show the new columns, and keep their reader', async () => {
    const settings = landingSettings.parse({
      kind: 'redshift',
      host: 'h',
      database: 'd',
      schema: `rs_${run}`,
      user: 'rsink',
      reader: 'rreaders',
      password_ref: 'env:P',
    });
    const files = (definition: TableDefinition) =>
      renderLanding({ ...landingOf('redshift'), settings, connections: [{ name: 'shop', tables: [definition, reservedNames] }] }).files;
    // What PostgreSQL has no word for: how rows are spread, and SUPER with its functions.
    await database.query(`CREATE SCHEMA rs_${run}; CREATE ROLE "rsink_${run}"; CREATE ROLE "rread_${run}"`);
    const onPostgres = (sql: string): string =>
      sql
        .replaceAll(/\) DISTKEY \(.*\) SORTKEY \(.*\)/g, ')')
        .replaceAll(/\bSUPER\b/g, 'TEXT')
        .replaceAll('VARCHAR(65535)', 'TEXT')
        .replaceAll(/\b(JSON_SIZE|CAN_JSON_PARSE|JSON_PARSE)\(/g, `rs_${run}.$1(`)
        .replaceAll(/\brsink\b/g, `rsink_${run}`)
        .replaceAll(/\brreaders\b/g, `rread_${run}`);
    await database.query(`CREATE FUNCTION rs_${run}.json_size(TEXT) RETURNS INT LANGUAGE sql AS 'SELECT octet_length($1)';
      CREATE FUNCTION rs_${run}.can_json_parse(TEXT) RETURNS BOOLEAN LANGUAGE sql AS 'SELECT $1 IS JSON';
      CREATE FUNCTION rs_${run}.json_parse(TEXT) RETURNS TEXT LANGUAGE sql AS 'SELECT $1::json::text'`);
    const apply = async (definition: TableDefinition): Promise<void> => {
      for (const path of ['setup.sql', 'views.sql'])
        for (const sql of statements(files(definition).find((file) => file.path === path)!.text)) await database.query(onPostgres(sql));
    };
    await apply(orders);
    await database.query(
      `INSERT INTO rs_${run}.shop_order_log (id, part, properties, _deleted, _kafka_partition, _kafka_offset) VALUES ('a', 1, 'no json', false, 0, 1), ('b', 1, '{"x" :1}', false, 0, 2)`,
    );
    for (let times = 0; times < 2; times += 1) await apply(today);
    expect(await columnsOf(`rs_${run}`, 'shop_order')).toEqual([...Object.keys(today.fields), '_extra', '_synced_at', '_deleted']);
    // A text that is no JSON stays one, and fails no other row.
    await database.query(`SET ROLE "rread_${run}"`);
    expect((await database.query(`SELECT id, properties, newest FROM rs_${run}.shop_order ORDER BY id`)).rows).toEqual([
      { id: 'a', properties: 'no json', newest: null },
      { id: 'b', properties: '{"x" :1}', newest: null },
    ]);
    await database.query('RESET ROLE');
    await database.query(`DROP SCHEMA rs_${run} CASCADE; DROP ROLE "rsink_${run}"; DROP ROLE "rread_${run}"`);
  });
});
