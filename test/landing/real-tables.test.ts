import { describe, expect, it } from 'vitest';
import { sources } from '../../producers/index.ts';
import { defaultsOf } from '../../src/config/source-defaults.ts';
import { checkLanding } from '../../src/landing/check.ts';
import { renderLanding } from '../../src/landing/render.ts';
import type { Landing } from '../../src/landing/types.ts';
import { LANDINGS } from './landings.ts';
import { parseLandings } from './parse-sql.ts';

const connections = sources.map((source) => ({ name: source.name, tables: source.tables(defaultsOf(source) as never) }));
const tables = connections.flatMap((connection) => connection.tables.map((table) => `${connection.name}_${table.name}`));
const landings: readonly Landing[] = LANDINGS.map((landing) => ({ ...landing, connections }));

describe('the landings of every table of every source', () => {
  it.each(landings.map((landing) => [landing.name, landing] as const))(
    '%s passes its check and lands every table once',
    async (_, landing) => {
      const rendered = renderLanding(landing);
      expect(await checkLanding(landing, rendered)).toEqual([]);
      expect(rendered.connectors.flatMap((connector) => connector.tables.map(({ name }) => name)).sort()).toEqual([...tables].sort());
      expect(new Set(rendered.connectors.flatMap((connector) => connector.config['topics']!.split(','))).size).toBe(tables.length);
    },
  );

  it('make a table or view for each of them, with every column', () => {
    for (const landing of landings.filter(({ settings }) => settings.kind !== 's3')) {
      const sql = renderLanding(landing)
        .files.filter(({ path }) => path.endsWith('.sql'))
        .map(({ text }) => text)
        .join('\n')
        .toLowerCase();
      for (const { name, tables: definitions } of connections) {
        for (const definition of definitions) {
          expect(sql, `${landing.name}: ${name}_${definition.name}`).toContain(`${name}_${definition.name}`);
          for (const column of Object.keys(definition.fields))
            expect(sql, `${landing.name}: ${definition.name}.${column}`).toContain(column);
        }
      }
    }
  });

  it('call the tables of Klaviyo what the vendor calls them', () => {
    const text = (name: string): string =>
      renderLanding(landings.find((landing) => landing.name === name)!)
        .files.map((file) => file.text)
        .join('\n');
    for (const table of ['profile', 'event', 'metric']) {
      expect(text('postgres')).toContain(`CREATE TABLE IF NOT EXISTS tributary.klaviyo_${table} (`);
      expect(text('redshift')).toContain(`CREATE OR REPLACE VIEW tributary.klaviyo_${table} AS`);
      expect(text('bigquery')).toContain(`CREATE OR REPLACE VIEW \`my-project.tributary.klaviyo_${table}\` AS`);
      expect(text('synapse')).toContain(`CREATE VIEW tributary.klaviyo_${table} AS`);
      expect(text('snowflake')).toContain(`CREATE OR REPLACE VIEW TRIBUTARY.LANDING.KLAVIYO_${table.toUpperCase()} COPY GRANTS AS`);
    }
  });

  it('consist of statements that parse in their dialects', () => {
    const { parsed, failures } = parseLandings(landings);
    expect(parsed).toBeGreaterThan(tables.length * 10);
    expect(failures).toEqual([]);
  }, 600_000);
});
