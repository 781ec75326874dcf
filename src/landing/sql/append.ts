import type { LandedColumn, LandedTable } from '../types.ts';
import { columnList, keyList } from './columns.ts';
import { literal, quoted, storedColumn } from './dialects.ts';
import type { Dialect } from './dialects.ts';

/** Suffix of the table to which versions of rows are appended; the plain name is the view of the current rows. */
export const LOG_SUFFIX = '_log';

/** Columns that the sink adds: the place of a version in the topic. */
export const PLACE_COLUMNS = { partition: '_kafka_partition', offset: '_kafka_offset', time: '_kafka_ts' } as const;

/** JSON arrives as text; this converts it into the dialect's JSON type in the view. */
const JSON_IN_VIEW: Readonly<Record<Dialect['name'], (column: string) => string>> = {
  postgres: (column) => column,
  // A cast beyond the size of a VARCHAR, or one text that is not JSON, would fail the whole query, so such a value stays a
  // string. The conditions are separate WHENs, because AND may evaluate both sides.
  redshift: (column) =>
    `CASE WHEN JSON_SIZE(${column}) > 65000 THEN ${column} WHEN CAN_JSON_PARSE(${column}::VARCHAR(65535)) THEN JSON_PARSE(${column}::VARCHAR(65535)) ELSE ${column} END`,
  bigquery: (column) => `SAFE.PARSE_JSON(${column}, wide_number_mode => 'round')`,
  synapse: (column) => column,
  trino: (column) => column,
  snowflake: (column) => `TRY_PARSE_JSON(${column}::VARCHAR)`,
};

/** Types of JSON columns in the log, where they differ from those of the view. */
const JSON_IN_LOG: Partial<Record<Dialect['name'], string>> = { bigquery: 'STRING' };

/** The dialect with the column types of a log. */
export function logDialect(dialect: Dialect): Dialect {
  const json = JSON_IN_LOG[dialect.name];
  return json === undefined ? dialect : { ...dialect, types: { ...dialect.types, json } };
}

/** Column definitions of the log. */
export function logColumns(dialect: Dialect, table: LandedTable): string[] {
  const { integer, timestamp } = dialect.types;
  return [
    ...columnList(logDialect(dialect), table),
    `${quoted(dialect, PLACE_COLUMNS.partition)} ${integer}`,
    `${quoted(dialect, PLACE_COLUMNS.offset)} ${integer} NOT NULL`,
    `${quoted(dialect, PLACE_COLUMNS.time)} ${timestamp}`,
  ];
}

/**
 * The current rows: for every key the version with the highest offset, without deletes. A key is always in one partition, so
 * offsets order its versions; a version that landed twice has the same offset twice, and one of them is dropped.
 */
export function currentRows(dialect: Dialect, table: LandedTable, from: string): string {
  const rank = quoted(dialect, '_rank');
  return [
    `SELECT\n  ${shown(dialect, table)}`,
    `FROM (`,
    `  SELECT log.*, ROW_NUMBER() OVER (PARTITION BY ${keyList(dialect, table)} ORDER BY ${quoted(dialect, PLACE_COLUMNS.offset)} DESC) AS ${rank}`,
    `  FROM ${from} AS log`,
    `) AS versions`,
    `WHERE ${rank} = 1 AND ${alive(dialect)}`,
  ].join('\n');
}

/** The current rows of a table with one row per key; only the marker of a delete has to be left out. */
export function liveRows(dialect: Dialect, table: LandedTable, from: string): string {
  return `SELECT\n  ${shown(dialect, table)}\nFROM ${from}\nWHERE ${alive(dialect)}`;
}

function shown(dialect: Dialect, table: LandedTable): string {
  const columns = table.columns.map((column) => {
    const name = quoted(dialect, column.name);
    const stored = storedColumn(dialect, column.name);
    const value = column.type === 'json' ? JSON_IN_VIEW[dialect.name](stored) : stored;
    return value === name ? name : `${value} AS ${name}`;
  });
  return columns.join(',\n  ');
}

function alive(dialect: Dialect): string {
  const deleted = storedColumn(dialect, '_deleted');
  return dialect.name === 'synapse' ? `COALESCE(${deleted}, 0) = 0` : `NOT COALESCE(${deleted}, FALSE)`;
}

/** Deletes versions that a later one has replaced. Does not change what the view shows. */
export function cleanUp(dialect: Dialect, table: LandedTable, log: string): string {
  const offset = quoted(dialect, PLACE_COLUMNS.offset);
  const newest = quoted(dialect, '_newest');
  const keys = table.key.map((name) => quoted(dialect, name));
  const newestOf = `SELECT ${keys.join(', ')}, MAX(${offset}) AS ${newest} FROM ${log} GROUP BY ${keys.join(', ')}`;
  const same = (left: string, right: string): string => keys.map((key) => `${left}.${key} = ${right}.${key}`).join(' AND ');
  // Redshift, Snowflake and Synapse pools support no alias for the table of a DELETE.
  // Synapse: a condition instead of a join, because older pools refuse joins in the FROM clause of a DELETE.
  if (dialect.name === 'synapse')
    return `DELETE FROM ${log} WHERE EXISTS (SELECT 1 FROM ${log} AS later WHERE ${same('later', log)} AND later.${offset} > ${log}.${offset})`;
  if (dialect.name === 'bigquery') {
    // Rows streamed within the last 90 minutes cannot be deleted, and one such row fails the whole statement.
    const settled = `old.${quoted(dialect, PLACE_COLUMNS.time)} < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR)`;
    return `DELETE FROM ${log} AS old WHERE ${settled} AND EXISTS (SELECT 1 FROM ${log} AS later WHERE ${same('later', 'old')} AND later.${offset} > old.${offset})`;
  }
  const replaced = `WHERE ${same(log, 'kept')} AND ${log}.${offset} < kept.${newest}`;
  if (dialect.name === 'snowflake') return `DELETE FROM ${log} USING (${newestOf}) AS kept ${replaced}`;
  // Redshift's USING accepts names only.
  return `WITH kept AS (${newestOf}) DELETE FROM ${log} USING kept ${replaced}`;
}

/**
 * Condition that the log holds neither this version nor a later one of the row: files are loaded more than once, and what
 * the clean-up has removed must not come back. `valueOf` returns a key column's loaded value, converted to the log's type.
 */
export function notLanded(
  dialect: Dialect,
  table: LandedTable,
  log: string,
  loaded: string,
  valueOf: (column: LandedColumn, loadedName: string) => string = (_, name) => name,
): string {
  const same = table.columns
    .filter((column) => column.key)
    .map((column) => {
      const name = quoted(dialect, column.name);
      return `landed.${name} = ${valueOf(column, `${loaded}.${name}`)}`;
    });
  const offset = quoted(dialect, PLACE_COLUMNS.offset);
  return `NOT EXISTS (SELECT 1 FROM ${log} AS landed WHERE ${same.join(' AND ')} AND landed.${offset} >= ${loaded}.${offset})`;
}

/**
 * Adds every column except those of the key and the place to a table of an earlier release, in one statement where the
 * dialect supports that. Existing columns are not changed. `of` is the table as written in a statement; `schema` is where
 * Redshift's set-up has created its procedure.
 */
export function addColumns(dialect: Dialect, table: LandedTable, of: string, schema = ''): string[] {
  const types = logDialect(dialect).types;
  const columns = table.columns
    .filter((column) => !column.key)
    .map((column) => ({ column, definition: `${quoted(dialect, column.name)} ${types[column.type]}` }));
  switch (dialect.name) {
    case 'redshift':
      return columns.map(
        ({ column, definition }) =>
          `CALL ${schema}.tributary_add_column(${literal(dialect, of)}, ${literal(dialect, column.name)}, ${literal(dialect, definition)})`,
      );
    case 'synapse':
      return columns.map(
        ({ column, definition }) =>
          `IF COL_LENGTH(${literal(dialect, of)}, ${literal(dialect, column.name)}) IS NULL ALTER TABLE ${of} ADD ${definition}`,
      );
    case 'snowflake':
      return columns.map(({ definition }) => `ALTER TABLE ${of} ADD COLUMN IF NOT EXISTS ${definition}`);
    // One ALTER for all columns, because BigQuery allows only a few changes of a table per minute.
    default:
      return columns.length === 0
        ? []
        : [`ALTER TABLE ${of} ${columns.map(({ definition }) => `ADD COLUMN IF NOT EXISTS ${definition}`).join(', ')}`];
  }
}
