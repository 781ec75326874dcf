import type { FieldType } from '../../core/table.ts';
import { RESERVED, type DialectName } from './reserved.ts';

export interface Dialect {
  readonly name: DialectName;
  readonly title: string;
  /** Column types by field type. */
  readonly types: Readonly<Record<FieldType, string>>;
  /** Type of a text column in the key, where keys need a limited length. */
  readonly keyText: string;
  readonly maxNameBytes: number;
  readonly fold: 'lower' | 'upper';
  readonly quotes: readonly [open: string, close: string];
  /** Column names that the warehouse refuses, however they are quoted. */
  readonly refusedColumns?: RegExp;
  /** Our own columns whose names are refused, by the name they are stored under instead. */
  readonly storedAs?: Readonly<Record<string, string>>;
}

/** The warehouses as data. Each landing's README explains its less obvious types. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  postgres: {
    name: 'postgres',
    title: 'PostgreSQL',
    types: {
      text: 'text',
      integer: 'bigint',
      number: 'double precision',
      boolean: 'boolean',
      timestamp: 'timestamptz',
      date: 'date',
      json: 'json',
    },
    keyText: 'text',
    maxNameBytes: 63,
    fold: 'lower',
    quotes: ['"', '"'],
    // PostgreSQL documentation: System Columns.
    refusedColumns: /^(tableoid|xmin|cmin|xmax|cmax|ctid)$/,
  },
  redshift: {
    name: 'redshift',
    title: 'Amazon Redshift',
    types: {
      text: 'VARCHAR(65535)',
      integer: 'BIGINT',
      number: 'DOUBLE PRECISION',
      boolean: 'BOOLEAN',
      timestamp: 'TIMESTAMPTZ',
      date: 'DATE',
      json: 'SUPER',
    },
    keyText: 'VARCHAR(1024)',
    maxNameBytes: 127,
    fold: 'lower',
    quotes: ['"', '"'],
    // The system columns of the PostgreSQL 8 that Redshift comes from.
    refusedColumns: /^(oid|tableoid|xmin|cmin|xmax|cmax|ctid)$/,
  },
  bigquery: {
    name: 'bigquery',
    title: 'BigQuery',
    types: { text: 'STRING', integer: 'INT64', number: 'FLOAT64', boolean: 'BOOL', timestamp: 'TIMESTAMP', date: 'DATE', json: 'JSON' },
    keyText: 'STRING',
    maxNameBytes: 300,
    fold: 'lower',
    quotes: ['`', '`'],
    // BigQuery documentation: Specifying a schema, Column names.
    refusedColumns: /^(_table_|_file_|_partition|_row_timestamp|__root__|_colidentifier|_change_(sequence_number|type|timestamp))/i,
  },
  synapse: {
    name: 'synapse',
    title: 'Azure Synapse',
    types: {
      text: 'NVARCHAR(MAX)',
      integer: 'BIGINT',
      number: 'FLOAT',
      boolean: 'BIT',
      timestamp: 'DATETIME2(3)',
      date: 'DATE',
      json: 'NVARCHAR(MAX)',
    },
    // Synapse compares without regard to case by default, but vendors' ids differ by case.
    keyText: 'NVARCHAR(512) COLLATE Latin1_General_BIN2',
    maxNameBytes: 128,
    fold: 'lower',
    quotes: ['[', ']'],
  },
  trino: {
    name: 'trino',
    title: 'Iceberg',
    types: {
      text: 'VARCHAR',
      integer: 'BIGINT',
      number: 'DOUBLE',
      boolean: 'BOOLEAN',
      timestamp: 'TIMESTAMP(6) WITH TIME ZONE',
      date: 'DATE',
      json: 'VARCHAR',
    },
    keyText: 'VARCHAR',
    maxNameBytes: 255,
    fold: 'lower',
    quotes: ['"', '"'],
    // Iceberg's metadata columns (org.apache.iceberg.MetadataColumns): Spark refuses every scan of a table that has one of them.
    refusedColumns:
      /^(_file|_pos|_deleted|_spec_id|_partition|_row_id|_last_updated_sequence_number|_change_type|_change_ordinal|_commit_snapshot_id)$/,
    storedAs: { _deleted: '_is_deleted' },
  },
  snowflake: {
    name: 'snowflake',
    title: 'Snowflake',
    types: {
      text: 'VARCHAR',
      integer: 'NUMBER(19,0)',
      number: 'FLOAT',
      boolean: 'BOOLEAN',
      timestamp: 'TIMESTAMP_TZ',
      date: 'DATE',
      json: 'VARIANT',
    },
    keyText: 'VARCHAR',
    maxNameBytes: 255,
    fold: 'upper',
    quotes: ['"', '"'],
  },
};

/** The name in the case in which the dialect stores it. */
export function folded(dialect: Dialect, name: string): string {
  return dialect.fold === 'upper' ? name.toUpperCase() : name;
}

/**
 * A stored name as it is written in a statement: quoted, unless it means the same without quotes. For names from the
 * settings, which other systems (a connector, a driver) use unquoted.
 */
export function identifier(dialect: Dialect, stored: string): string {
  const plain = dialect.fold === 'upper' ? /^[A-Z_][A-Z0-9_]*$/ : /^[a-z_][a-z0-9_]*$/;
  if (plain.test(stored) && !RESERVED[dialect.name].has(stored.toLowerCase())) return stored;
  const [open, close] = dialect.quotes;
  // BigQuery escapes inside a quoted name with a backslash, the other dialects double the quote.
  if (dialect.name === 'bigquery') return `${open}${stored.replaceAll(/[\\`]/g, '\\$&')}${close}`;
  return `${open}${stored.replaceAll(close, `${close}${close}`)}${close}`;
}

/** {@link identifier} of one of our own names, stored in the dialect's case. */
export function quoted(dialect: Dialect, name: string): string {
  return identifier(dialect, folded(dialect, name));
}

/** Name under which a column is stored, quoted like {@link quoted}. */
export function storedColumn(dialect: Dialect, name: string): string {
  return quoted(dialect, dialect.storedAs?.[name] ?? name);
}

/** A string literal. In Redshift, Snowflake and BigQuery a backslash escapes; BigQuery does not double quotes. */
export function literal(dialect: Dialect, text: string): string {
  switch (dialect.name) {
    case 'postgres':
    case 'synapse':
    case 'trino':
      return `'${text.replaceAll("'", "''")}'`;
    case 'redshift':
    case 'snowflake':
      return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
    case 'bigquery':
      return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;
  }
}
