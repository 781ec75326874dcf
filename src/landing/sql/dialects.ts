import type { FieldType } from '../../core/table.ts';
import { RESERVED, type DialectName } from './reserved.ts';

export interface Dialect {
  readonly name: DialectName;
  readonly title: string;
  /** Column types by field type. */
  readonly types: Readonly<Record<FieldType, string>>;
  /** Type of a text column that is part of the key, where keys need a bound. */
  readonly keyText: string;
  readonly maxNameBytes: number;
  readonly fold: 'lower' | 'upper';
  readonly quotes: readonly [open: string, close: string];
}

/** The warehouses as data. Reasons for the less obvious types are in each landing's README. */
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
  },
  bigquery: {
    name: 'bigquery',
    title: 'BigQuery',
    types: { text: 'STRING', integer: 'INT64', number: 'FLOAT64', boolean: 'BOOL', timestamp: 'TIMESTAMP', date: 'DATE', json: 'JSON' },
    keyText: 'STRING',
    maxNameBytes: 300,
    fold: 'lower',
    quotes: ['`', '`'],
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
    // A pool compares without regard to case; vendors' ids differ by it.
    keyText: 'NVARCHAR(512) COLLATE Latin1_General_BIN2',
    maxNameBytes: 128,
    fold: 'lower',
    quotes: ['[', ']'],
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

/** The name as the dialect stores it. */
export function folded(dialect: Dialect, name: string): string {
  return dialect.fold === 'upper' ? name.toUpperCase() : name;
}

/** The name as it is written in a statement: quoted only when it has to be. */
export function quoted(dialect: Dialect, name: string): string {
  const stored = folded(dialect, name);
  if (/^[a-z_][a-z0-9_]*$/i.test(stored) && !RESERVED[dialect.name].has(name.toLowerCase())) return stored;
  const [open, close] = dialect.quotes;
  return `${open}${stored.replaceAll(close, `${close}${close}`)}${close}`;
}

/** A string literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
