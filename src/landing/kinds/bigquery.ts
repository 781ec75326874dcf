import type { BigqueryLanding } from '../settings.ts';
import { LOG_SUFFIX, PLACE_COLUMNS, addColumns, cleanUp, currentRows, liveRows, logColumns, logDialect } from '../sql/append.ts';
import { columnList, columnType, keyList } from '../sql/columns.ts';
import { DIALECTS, identifier, literal, quoted } from '../sql/dialects.ts';
import type { LandedTable, Landing } from '../types.ts';
import type { Kind } from './kind.ts';

const dialect = DIALECTS.bigquery;
/** Suffix of the table that holds one row per key; the plain name is the view with native JSON. */
const ROWS_SUFFIX = '_rows';

export const bigquery: Kind = {
  dialect,
  longestSuffix: ROWS_SUFFIX,
  connector: (landing) => [
    'bigquery/connector.json',
    ...(appends(landing) ? ['common/append.json'] : []),
    `bigquery/mode-${(landing.settings as BigqueryLanding).mode}.json`,
  ],
  sql: (landing) => ['setup.sql', 'views.sql', ...(appends(landing) ? ['cleanup.sql'] : [])],
  values(landing) {
    const { project, dataset, keyfile, key_ref } = landing.settings as BigqueryLanding;
    return {
      project,
      dataset,
      key_source: key_ref === undefined ? 'FILE' : 'JSON',
      keyfile: key_ref === undefined ? (keyfile ?? '') : `\${${key_ref}}`,
    };
  },
  sqlValues(landing) {
    const { project, dataset, service_account } = landing.settings as BigqueryLanding;
    return { schema: identifier(dialect, `${project}.${dataset}`), account_text: literal(dialect, `serviceAccount:${service_account}`) };
  },
  connectionValues: (landing, tables) => ({ topic_map: tables.map((table) => `${table.topic}:${table.name}${suffix(landing)}`).join(',') }),
  tableValues(landing, table) {
    const stored = path(landing, `${table.name}${suffix(landing)}`);
    const columns = appends(landing) ? logColumns(dialect, table) : [...columnList(logDialect(dialect), table), keyStruct(table)];
    return {
      stored,
      view: path(landing, table.name),
      columns: columns.join(',\n  '),
      // BigQuery allows at most four clustering columns.
      cluster: keyList(dialect, { ...table, key: table.key.slice(0, 4) }),
      partition: partition(appends(landing) ? PLACE_COLUMNS.time : table.eventTime),
      add_columns: addColumns(dialect, table, stored)
        .map((statement) => `${statement};`)
        .join('\n'),
      current_rows: appends(landing) ? currentRows(dialect, table, stored) : liveRows(dialect, table, stored),
      clean_up: cleanUp(dialect, table, stored),
    };
  },
};

function appends(landing: Landing): boolean {
  return (landing.settings as BigqueryLanding).mode === 'append';
}

function suffix(landing: Landing): string {
  return appends(landing) ? LOG_SUFFIX : ROWS_SUFFIX;
}

function path(landing: Landing, name: string): string {
  const { project, dataset } = landing.settings as BigqueryLanding;
  return identifier(dialect, `${project}.${dataset}.${name}`);
}

/** Partition by day: a log by publish time, a table of events by event time. */
function partition(column: string | undefined): string {
  return column === undefined ? '' : `PARTITION BY DATE(${quoted(dialect, column)}) `;
}

/** The connector merges by a record that contains the key columns. */
function keyStruct(table: LandedTable): string {
  const parts = table.columns
    .filter((column) => column.key)
    .map((column) => `${quoted(dialect, column.name)} ${columnType(dialect, column)}`);
  return `_kafka_key STRUCT<${parts.join(', ')}>`;
}
