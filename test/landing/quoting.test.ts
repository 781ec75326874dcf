import { describe, expect, it } from 'vitest';
import { renderLanding } from '../../src/landing/render.ts';
import { landingSettings, type LandingSettings } from '../../src/landing/settings.ts';
import { DIALECTS, identifier, literal } from '../../src/landing/sql/dialects.ts';
import { fillSql } from '../../src/landing/template.ts';
import { field, orders } from './definitions.ts';
import { LANDINGS, landingOf } from './landings.ts';
import { parseLandings } from './parse-sql.ts';

const accepts = (settings: object): boolean => landingSettings.safeParse(settings).success;
const postgres = { kind: 'postgres', host: 'db', database: 'warehouse', password_ref: 'env:P' };
const redshift = { kind: 'redshift', host: 'db', database: 'dev', password_ref: 'env:P' };
const s3 = { kind: 's3', bucket: 'landing-bucket', region: 'eu-west-1', access_key_ref: 'env:A', secret_key_ref: 'env:B' };
const bigquery = { kind: 'bigquery', project: 'my-project', service_account: 'a@b.iam.gserviceaccount.com', keyfile: '/k.json' };
const snowflake = { kind: 'snowflake', account: 'org-acc', private_key_ref: 'env:K' };
const synapse = { kind: 'synapse', workspace: 'space', database: 'pool', password_ref: 'env:P' };
const iceberg = { kind: 'iceberg', catalog: 'rest', uri: 'https://c', warehouse: 's3://lake/tables' };
const role = 'arn:aws:iam::123456789012:role/copy';

describe('names of the settings', () => {
  it.each([
    ['reserved words', { ...postgres, schema: 'user', user: 'select', reader: 'all' }],
    ['upper case', { ...postgres, user: 'TribSink', schema: 'Landing' }],
    ['hyphens and spaces', { ...postgres, database: 'Data-Warehouse', schema: 'my schema' }],
    ['letters of any language', { ...redshift, schema: 'données' }],
    ['the defaults of Snowflake, in either case', { ...snowflake, database: 'analytics', user: 'TRIBUTARY_SINK' }],
    ['IP addresses', { ...postgres, host: '[::1]' }],
    ['catalogs of every kind', { ...iceberg, catalog: 'jdbc', uri: 'jdbc:postgresql://h/d?ssl=true', user: 'u', password_ref: 'env:P' }],
    ['containers of Azure', { ...iceberg, warehouse: 'abfss://lake@account.dfs.core.windows.net/tables' }],
    ['buckets with dots', { ...s3, bucket: 'landing.example.com' }],
  ])('may be %s', (_, settings) => {
    expect(accepts(settings)).toBe(true);
  });

  it.each([
    ['a quote', { ...postgres, schema: 'a"b' }],
    ['a quote in another field', { ...postgres, user: "a'b" }],
    ['a semicolon', { ...postgres, reader: 'a;DROP' }],
    ['a newline', { ...redshift, schema: 'a\nb' }],
    ['a host with a path', { ...postgres, host: 'db/x?user=y' }],
    ['a host with a newline', { ...redshift, host: 'db\nx' }],
    ['a folder outside', { ...s3, prefix: '../other' }],
    ['a folder that is a template', { ...s3, prefix: '{{topic}}' }],
    ['a token in the address of a catalog', { ...iceberg, uri: 'https://c?token=x' }],
    ['a password in the address of a catalog', { ...iceberg, catalog: 'jdbc', uri: 'jdbc:postgresql://h/d?user=a&password=x' }],
    ['a password in the place of the tables', { ...iceberg, warehouse: 's3://key:secret@lake/tables' }],
    ['a catalog at an address of another kind', { ...iceberg, uri: 'jdbc:postgresql://h/d' }],
    ['an address for Glue, which has none', { ...iceberg, catalog: 'glue' }],
    ['the login of another catalog', { ...iceberg, user: 'u', password_ref: 'env:P' }],
    ['half a key pair', { ...iceberg, access_key_ref: 'env:A' }],
    ['a bucket with two dots', { ...s3, bucket: 'landing..bucket' }],
    ['a bucket like an address', { ...s3, bucket: '192.168.0.1' }],
    ['a folder that ends with a slash', { ...s3, prefix: 'raw/' }],
    ['a bucket with a quote', { ...redshift, copy: { bucket: "b'; x", iam_role: role } }],
    ['a role that is none', { ...redshift, copy: { bucket: 'landing-bucket', iam_role: "x' y" } }],
    ['a project with a backtick', { ...bigquery, project: 'my`project' }],
    ['a key file that is the key', { ...bigquery, keyfile: '{"private_key":"x"}' }],
    ['an account with a quote', { ...snowflake, account: "a'b" }],
    ['a storage account with a slash', { ...synapse, copy: { account: 'a/b', container: 'landing', connection_string_ref: 'env:C' } }],
    ['a reference that ends early', { ...postgres, password_ref: 'file:/a:b}${env:HOME' }],
  ])('are refused with %s', (_, settings) => {
    expect(accepts(settings)).toBe(false);
  });
});

/** Whatever stands in the settings: these have not gone through their check. */
const HOSTILE = `x'"\`]; --\\ y`;
const hostile = LANDINGS.map((landing) => ({
  ...landing,
  settings: Object.fromEntries(
    Object.entries(landing.settings).map(([key, value]) => [
      key,
      ['database', 'schema', 'user', 'reader', 'role', 'warehouse', 'dataset'].includes(key) ? HOSTILE : value,
    ]),
  ) as LandingSettings,
}));

describe('rendered SQL', () => {
  // PostgreSQL runs such names, see setup.it.test.ts; of BigQuery's quoted names the parser knows no escape.
  it('is of the same statements whatever the names hold', () => {
    const { parsed, failures } = parseLandings(hostile.filter(({ settings }) => !['postgres', 'bigquery'].includes(settings.kind)));
    expect(parsed).toBeGreaterThan(50);
    expect(failures).toEqual([]);
  }, 600_000);

  it('quotes a name only where it would mean something else without', () => {
    const { postgres: pg, snowflake: snow, synapse: tsql, bigquery: big } = DIALECTS;
    expect([identifier(pg, 'plain'), identifier(pg, 'user'), identifier(pg, 'TribSink'), identifier(pg, 'a"b')]).toEqual([
      'plain',
      '"user"',
      '"TribSink"',
      '"a""b"',
    ]);
    expect([identifier(snow, 'PLAIN'), identifier(snow, 'lower')]).toEqual(['PLAIN', '"lower"']);
    expect([identifier(tsql, 'a]b'), identifier(big, 'a`b\\')]).toEqual(['[a]]b]', '`a\\`b\\\\`']);
  });

  it('writes texts as each dialect reads them', () => {
    const text = `it's \\ and\nmore`;
    expect(literal(DIALECTS.postgres, text)).toBe(`'it''s \\ and\nmore'`);
    expect(literal(DIALECTS.redshift, text)).toBe(`'it''s \\\\ and\nmore'`);
    expect(literal(DIALECTS.bigquery, text)).toBe(`'it\\'s \\\\ and\\nmore'`);
  });

  it('has no remark that a name could end', () => {
    expect(fillSql('-- for {{name}}\nSELECT 1;\n', { name: 'a\nDROP TABLE x;' }, [], 'test')).toBe('-- for a DROP TABLE x;\nSELECT 1;\n');
  });

  it('reads S3 files with the signature or role that the settings name', () => {
    const text = (settings: object, file: string): string =>
      renderLanding({ ...landingOf('synapse_copy'), settings: landingSettings.parse(settings) }).files.find(({ path }) => path === file)!
        .text;
    const copy = { account: 'store', container: 'landing', connection_string_ref: 'env:C' };
    expect(text({ ...synapse, copy }, 'copy.sql')).toContain("CREDENTIAL = (IDENTITY = 'Managed Identity')");
    expect(text({ ...synapse, copy: { ...copy, read_by: 'sas' } }, 'copy.sql')).toContain(
      "CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = '$(TRIBUTARY_SAS)')",
    );
  });

  it('gives BigQuery its key as a file or by reference, never in the configuration', () => {
    const config = (settings: object): Readonly<Record<string, string>> =>
      renderLanding({ ...landingOf('bigquery'), settings: landingSettings.parse(settings) }).connectors[0]!.config;
    expect(config(bigquery)).toMatchObject({ keySource: 'FILE', keyfile: '/k.json' });
    const { keyfile: _, ...rest } = bigquery;
    expect(config({ ...rest, key_ref: 'dir:/run/secrets:bigquery.json' })).toMatchObject({
      keySource: 'JSON',
      keyfile: '${dir:/run/secrets:bigquery.json}',
    });
    expect(accepts(rest)).toBe(false);
    expect(accepts({ ...bigquery, key_ref: 'env:K' })).toBe(false);
  });
});

describe('a column whose name the warehouse keeps for itself', () => {
  it.each([
    ['postgres', 'xmin'],
    ['redshift', 'oid'],
    ['bigquery', '_partition_key'],
    ['bigquery', '_TABLE_SUFFIX'],
    ['bigquery_append', '_file_name'],
    ['iceberg', '_spec_id'],
    ['iceberg', '_file'],
  ] as const)('is refused by %s: %s', (kind, column) => {
    const table = { ...orders, fields: { ...orders.fields, [column]: field('text') } };
    const landing = landingOf(kind);
    expect(() => renderLanding({ ...landing, connections: [{ name: 'shop', tables: [table] }] })).toThrow(
      new RegExp(`keeps the name of the column ${column} of shop_order for itself`),
    );
  });

  it('is another one in Iceberg, and the one it has everywhere in the view', () => {
    const { connectors, files } = renderLanding(landingOf('iceberg'));
    expect(connectors[0]!.config).toMatchObject({
      transforms: 'dropTombstones,place,storedAs',
      'transforms.storedAs.renames': '_deleted:_is_deleted',
    });
    const views = files.find(({ path }) => path === 'views.sql')!.text;
    expect(views).toContain('_is_deleted AS _deleted');
    expect(views).toContain('NOT COALESCE(_is_deleted, FALSE)');
  });
});
