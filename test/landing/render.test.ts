import { describe, expect, it } from 'vitest';
import { checkLanding } from '../../src/landing/check.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { landingSettings } from '../../src/landing/settings.ts';
import type { Landing } from '../../src/landing/types.ts';
import { orders } from './definitions.ts';
import { LANDINGS, landingOf } from './landings.ts';
import { parseLandings } from './parse-sql.ts';

const renderLandingConfigs = (landing: Landing): Readonly<Record<string, string>>[] => renderLanding(landing).connectors.map(connector => connector.config);

describe('rendered landings', () => {
  it.each(LANDINGS.map(landing => [landing.name, landing] as const))('%s passes its own check', async (_, landing) => {
    expect(await checkLanding(landing, renderLanding(landing))).toEqual([]);
  });

  it('consist of statements that parse in their dialects', () => {
    const { parsed, failures } = parseLandings(LANDINGS);
    expect(parsed).toBeGreaterThan(60);
    expect(failures).toEqual([]);
  }, 600_000);

  it('name tables after connection and table, upper case in Snowflake', () => {
    const view = (name: 'redshift' | 'snowflake'): string => renderLanding(landingOf(name)).files.find(file => file.path === 'views.sql')!.text;
    expect(view('redshift')).toContain('VIEW tributary.shop_order AS');
    expect(view('snowflake')).toContain('VIEW TRIBUTARY.LANDING.SHOP_ORDER AS');
  });

  it('refuse a name the warehouse cannot hold, and two tables with one name', () => {
    const landing = landingOf('postgres');
    expect(() => renderLanding({ ...landing, connections: [{ name: 'c'.repeat(60), tables: [orders] }] })).toThrow(/longer name than the 63 bytes PostgreSQL allows/);
    const twins = [{ name: 'a', tables: [{ ...orders, name: 'b_order' }] }, { name: 'a_b', tables: [orders] }];
    expect(() => renderLanding({ ...landing, connections: twins })).toThrow(/would both land in the table a_b_order/);
  });

  it('write files for Synapse where COPY INTO reads them, and need no password of the database then', () => {
    const { connectors, files } = renderLanding(landingOf('synapse_copy'));
    expect(connectors[0]!.config).toMatchObject({ 'connector.class': 'io.aiven.kafka.connect.azure.sink.AzureBlobSinkConnector', 'azure.storage.container.name': 'landing' });
    const template = connectors[0]!.config['file.name.template']!;
    expect(files.find(file => file.path === 'copy.sql')!.text).toContain(`/landing/${template.slice(0, template.indexOf('{{timestamp')).replace('{{topic}}', 'saas.shop.order')}'`);
    expect(() => landingSettings.parse({ kind: 'synapse', workspace: 'space', database: 'pool' })).toThrow(/needed unless copy is set/);
    expect(renderLanding(landingOf('synapse')).files.map(file => file.path)).not.toContain('copy.sql');
  });

  it('hold no secret, only references', () => {
    const secret = /password|private\.key|secret\.access|user\.info|connection\.string/;
    const values = LANDINGS.flatMap(renderLandingConfigs).flatMap(config => Object.entries(config)).filter(([key]) => secret.test(key));
    expect(values.length).toBeGreaterThan(10);
    expect(values.filter(([, value]) => !/^\$\{(env|file|dir):/.test(value))).toEqual([]);
  });
});
