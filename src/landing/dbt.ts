import { stringify } from 'yaml';
import { longestInterval } from '../core/cron.ts';
import type { LandingSettings } from './settings.ts';
import { columnType } from './sql/columns.ts';
import { folded, identifier, quoted, type Dialect } from './sql/dialects.ts';
import type { LandedTable, Landing } from './types.ts';
import { HOUR } from '../core/time.ts';

/** Number of runs without a new row after which dbt warns, and after which it fails. */
const runsToWarn = 3;
const runsToFail = 12;
/** Only intervals of the schedule matter, so any point in time will do. */
const someMoment = Date.UTC(2026, 0, 1);

/**
 * The landed tables as a dbt source: columns with their descriptions, and tests that keys are present and unique. Only
 * tables of events get a freshness test: an unchanged row is not written again, so any other table may show no new row for
 * months although it is read every hour.
 */
export function dbtSources(landing: Landing, tables: readonly LandedTable[], dialect: Dialect): string {
  const schedules = new Map(
    landing.connections.flatMap(({ name, schedules: own }) => [...(own ?? [])].map(([table, cron]) => [`${name}.${table}`, cron] as const)),
  );
  const source = {
    version: 2,
    sources: [
      {
        name: landing.name,
        description: `Tables that Tributary keeps in ${dialect.title}: one row per key, deleted rows gone.`,
        ...placeOf(landing.settings),
        loader: 'tributary',
        loaded_at_field: quoted(dialect, '_synced_at'),
        tables: tables.map((table) => tableOf(table, dialect, schedules.get(`${table.connection}.${table.table}`))),
      },
    ],
  };
  return `# Rendered from the table definitions by \`tributary landing render ${landing.name}\`; rendering again writes it anew.\n${stringify(source, { lineWidth: 0 })}`;
}

function tableOf(table: LandedTable, dialect: Dialect, cron: string | undefined) {
  return {
    name: folded(dialect, table.name),
    description: `${table.docs}. Topic ${table.topic}.`,
    ...(identifier(dialect, folded(dialect, table.name)) === folded(dialect, table.name) ? {} : { quoting: { identifier: true } }),
    freshness: table.eventTime === undefined || cron === undefined ? null : freshness(cron),
    ...(table.key.length === 1 ? {} : { data_tests: [{ unique: { arguments: { column_name: keyText(table, dialect) } } }] }),
    columns: table.columns.map((column) => ({
      name: folded(dialect, column.name),
      description: column.doc,
      data_type: columnType(dialect, column),
      ...(quoted(dialect, column.name) === folded(dialect, column.name) ? {} : { quote: true }),
      ...(column.key ? { data_tests: table.key.length === 1 ? ['unique', 'not_null'] : ['not_null'] } : {}),
    })),
  };
}

function freshness(cron: string) {
  const hours = Math.max(1, Math.ceil(longestInterval(cron, 'UTC', someMoment) / HOUR));
  return { warn_after: { count: hours * runsToWarn, period: 'hour' }, error_after: { count: hours * runsToFail, period: 'hour' } };
}

/** The key as one text: each part has its length in front, so that two different keys never give the same text. */
function keyText({ key }: LandedTable, dialect: Dialect): string {
  const text = {
    postgres: 'text',
    redshift: 'varchar',
    bigquery: 'string',
    synapse: 'nvarchar(4000)',
    trino: 'varchar',
    snowflake: 'varchar',
  }[dialect.name];
  const plus = dialect.name === 'synapse' ? ' + ' : ' || ';
  const length = dialect.name === 'synapse' ? 'len' : 'length';
  return key
    .map((name) => `cast(${quoted(dialect, name)} as ${text})`)
    .map((part) => `cast(${length}(${part}) as ${text})${plus}':'${plus}${part}`)
    .join(plus);
}

/** The tables' location in dbt's terms: its `database` is a project in BigQuery and a catalog in Trino. */
function placeOf(settings: LandingSettings): { readonly database?: string; readonly schema: string } {
  switch (settings.kind) {
    case 'bigquery':
      return { database: settings.project, schema: settings.dataset };
    case 'iceberg':
      return { schema: settings.namespace };
    case 's3':
      return { schema: settings.prefix };
    default:
      return { database: settings.database, schema: settings.schema };
  }
}
