import { describe, expect, it } from 'vitest';
import { checkLanding } from '../../src/landing/check.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { landingSettings } from '../../src/landing/settings.ts';
import type { RedshiftLanding } from '../../src/landing/settings.ts';
import type { Landing } from '../../src/landing/types.ts';
import { orders } from './definitions.ts';
import { LANDINGS, landingOf } from './landings.ts';
import { parseLandings } from './parse-sql.ts';

const renderLandingConfigs = (landing: Landing): Readonly<Record<string, string>>[] =>
  renderLanding(landing).connectors.map((connector) => connector.config);

describe('rendered landings', () => {
  it.each(LANDINGS.map((landing) => [landing.name, landing] as const))('%s passes its own check', async (_, landing) => {
    expect(await checkLanding(landing, renderLanding(landing))).toEqual([]);
  });

  it('consist of statements that parse in their dialects', () => {
    const { parsed, failures } = parseLandings(LANDINGS);
    expect(parsed).toBeGreaterThan(60);
    expect(failures).toEqual([]);
  }, 600_000);

  it('name tables after connection and table, upper case in Snowflake', () => {
    const view = (name: 'redshift' | 'snowflake'): string =>
      renderLanding(landingOf(name)).files.find((file) => file.path === 'views.sql')!.text;
    expect(view('redshift')).toContain('VIEW tributary.shop_order AS');
    expect(view('snowflake')).toContain('VIEW TRIBUTARY.LANDING.SHOP_ORDER COPY GRANTS AS');
  });

  it('tell keys apart that differ by case, where the warehouse would not', () => {
    const { files } = renderLanding(landingOf('synapse_copy'));
    const text = (path: string): string => files.find((file) => file.path === path)!.text;
    expect(text('setup.sql')).toContain('id NVARCHAR(512) COLLATE Latin1_General_BIN2 NOT NULL');
    // OPENJSON knows no collation of its own: it is named where log and file are compared.
    expect(text('copy.sql')).toContain(
      'landed.id = parsed.id COLLATE Latin1_General_BIN2 AND landed.part = parsed.part AND landed._kafka_offset >= parsed._kafka_offset',
    );
    expect(text('copy.sql')).toContain('id NVARCHAR(512) \'$."id"\'');
  });

  it('compare a time in a key as the log has it, not as the file does', () => {
    const visits = { ...orders, name: 'visit', documentedKey: ['id', 'created', 'born'], key: ['id', 'created', 'born'] };
    const { files } = renderLanding({ ...landingOf('synapse_copy'), connections: [{ name: 'shop', tables: [visits] }] });
    expect(files.find((file) => file.path === 'copy.sql')!.text).toMatch(
      /WHERE NOT EXISTS \(SELECT 1 FROM \S+ AS landed WHERE landed\.id = parsed\.id COLLATE \w+ AND landed\.created = DATEADD\(MILLISECOND, .*parsed\.created.* AND landed\.born = DATEADD\(DAY, parsed\.born, /,
    );
  });

  it('give the right to load files only to who loads files', () => {
    const setUp = (landing: Landing): string => renderLanding(landing).files.find((file) => file.path === 'setup.sql')!.text;
    expect(setUp(landingOf('synapse_copy'))).toContain('GRANT ADMINISTER DATABASE BULK OPERATIONS TO tributary_sink;');
    expect(setUp(landingOf('synapse'))).not.toContain('BULK');
    expect(setUp(landingOf('redshift'))).toContain('GRANT TEMP ON DATABASE dev TO tributary_sink;');
    const { copy: _copy, ...rows } = landingOf('redshift').settings as RedshiftLanding;
    expect(setUp({ ...landingOf('redshift'), settings: rows })).not.toContain('TEMP');
  });

  it('make the data set of BigQuery in the project that is named, not in the one that is open', () => {
    expect(renderLanding(landingOf('bigquery')).files.find((file) => file.path === 'setup.sql')!.text).toContain(
      'CREATE SCHEMA IF NOT EXISTS `my-project.tributary`;',
    );
  });

  it('refuse a name the warehouse cannot hold, and two tables with one name', () => {
    const landing = landingOf('postgres');
    expect(() => renderLanding({ ...landing, connections: [{ name: 'c'.repeat(60), tables: [orders] }] })).toThrow(
      /longer than the 63 bytes that PostgreSQL allows/,
    );
    const twins = [
      { name: 'a', tables: [{ ...orders, name: 'b_order' }] },
      { name: 'a_b', tables: [orders] },
    ];
    expect(() => renderLanding({ ...landing, connections: twins })).toThrow(/would both land in the table a_b_order/);
    const shadowed = [{ name: 'a', tables: [orders, { ...orders, name: 'order_log' }] }];
    expect(() => renderLanding({ ...landingOf('snowflake'), connections: shadowed })).toThrow(
      /a\.order and .*a\.order_log would .* a_order_log/,
    );
    expect(renderLanding({ ...landing, connections: shadowed }).connectors).toHaveLength(1);
  });

  it('write files for Synapse where COPY INTO reads them, and need no password of the database then', () => {
    const { connectors, files } = renderLanding(landingOf('synapse_copy'));
    expect(connectors[0]!.config).toMatchObject({
      'connector.class': 'io.aiven.kafka.connect.azure.sink.AzureBlobSinkConnector',
      'azure.storage.container.name': 'landing',
    });
    const template = connectors[0]!.config['file.name.template']!;
    expect(files.find((file) => file.path === 'copy.sql')!.text).toContain(
      `/landing/${template.slice(0, template.indexOf('{{timestamp')).replace('{{topic}}', 'saas.shop.order')}'`,
    );
    expect(() => landingSettings.parse({ kind: 'synapse', workspace: 'space', database: 'pool' })).toThrow(/needed unless copy is set/);
    expect(renderLanding(landingOf('synapse')).files.map((file) => file.path)).not.toContain('copy.sql');
  });

  it('hold no secret, only references', () => {
    const secret = /password|private\.key|secret\.access|user\.info|connection\.string/;
    const values = LANDINGS.flatMap(renderLandingConfigs)
      .flatMap((config) => Object.entries(config))
      .filter(([key]) => secret.test(key));
    expect(values.length).toBeGreaterThan(10);
    expect(values.filter(([, value]) => !/^\$\{(env|file|dir):/.test(value))).toEqual([]);
  });
});
