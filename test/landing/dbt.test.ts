import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderLanding } from '../../src/landing/render.ts';
import type { Landing } from '../../src/landing/types.ts';
import { LANDINGS } from './landings.ts';

interface Source {
  name: string;
  database?: string;
  schema: string;
  tables: {
    name: string;
    freshness: null | { warn_after: { count: number; period: string }; error_after: { count: number; period: string } };
    data_tests?: { unique: { arguments: { column_name: string } } }[];
    columns: { name: string; data_tests?: string[] }[];
  }[];
}

function sourceOf(landing: Landing): Source {
  const file = renderLanding(landing).files.find(({ path }) => path === 'dbt/sources.yml')!;
  return (parse(file.text) as { sources: [Source] }).sources[0];
}

const warehouses = LANDINGS.filter(({ settings }) => settings.kind !== 's3');

describe.each(warehouses.map((landing) => [landing.name, landing] as const))('dbt sources of %s', (_, landing) => {
  test('name every table with its columns, and ask for keys that are there and unique', () => {
    const source = sourceOf(landing);
    const { connectors } = renderLanding(landing);
    const tables = connectors.flatMap(({ tables: own }) => own);
    expect(source.tables.map(({ name }) => name.toLowerCase())).toEqual(tables.map(({ name }) => name));
    for (const [index, table] of tables.entries()) {
      const { columns, data_tests: whole = [] } = source.tables[index]!;
      expect(columns.map(({ name }) => name.toLowerCase())).toEqual(table.columns.map(({ name }) => name));
      const keys = columns.filter((column) => column.data_tests !== undefined);
      expect(keys.map(({ name }) => name.toLowerCase()).sort()).toEqual([...table.key].sort());
      for (const key of keys) expect(key.data_tests).toEqual(table.key.length === 1 ? ['unique', 'not_null'] : ['not_null']);
      expect(whole).toHaveLength(table.key.length === 1 ? 0 : 1);
    }
  });
});

test('files have no dbt source', () => {
  const s3 = LANDINGS.find(({ settings }) => settings.kind === 's3')!;
  expect(renderLanding(s3).files.map(({ path }) => path)).not.toContain('dbt/sources.yml');
});

test('freshness is asked of tables of events alone, by their schedule', () => {
  const landing = warehouses[0]!;
  const connections = landing.connections.map((connection) => ({
    ...connection,
    schedules: new Map(connection.tables.map(({ name }) => [name, '0 */6 * * *'])),
  }));
  const events = new Set(
    renderLanding(landing)
      .connectors.flatMap(({ tables }) => tables)
      .filter(({ eventTime }) => eventTime !== undefined)
      .map(({ name }) => name),
  );
  const { tables } = sourceOf({ ...landing, connections });
  for (const { name, freshness } of tables)
    expect(freshness).toEqual(
      events.has(name) ? { warn_after: { count: 18, period: 'hour' }, error_after: { count: 72, period: 'hour' } } : null,
    );
  expect(sourceOf(landing).tables.every(({ freshness }) => freshness === null)).toBe(true);
});
