import type { FieldType } from '../../core/table.ts';
import { fileNameTemplate, folderOf } from '../files.ts';
import type { SynapseLanding } from '../settings.ts';
import { LOG_SUFFIX, PLACE_COLUMNS, addColumns, cleanUp, currentRows, logColumns, notLanded } from '../sql/append.ts';
import { columnType } from '../sql/columns.ts';
import { DIALECTS, identifier, literal, quoted } from '../sql/dialects.ts';
import type { LandedTable, Landing } from '../types.ts';
import type { Kind } from './kind.ts';

const dialect = DIALECTS.synapse;

/** How COPY INTO authenticates for the container. A signature is a secret, so no file holds it: sqlcmd inserts its variable. */
const CREDENTIALS = {
  managed_identity: {
    credential: "IDENTITY = 'Managed Identity'",
    read_by: "The storage account lets the workspace's managed identity read.",
  },
  sas: {
    credential: "IDENTITY = 'Shared Access Signature', SECRET = '$(TRIBUTARY_SAS)'",
    read_by:
      'Run it with sqlcmd, the signature (without its leading ?) in the environment variable TRIBUTARY_SAS; it needs read and list on the container.',
  },
} as const;

export const synapse: Kind = {
  dialect,
  longestSuffix: '_stage',
  connector: (landing) => [copies(landing) ? 'synapse/connector-blob.json' : 'synapse/connector.json', 'common/append.json'],
  sql: (landing) => ['setup.sql', 'views.sql', 'cleanup.sql', ...(copies(landing) ? ['copy.sql'] : [])],
  values(landing) {
    const { workspace, database, schema, user, password_ref, copy } = landing.settings as SynapseLanding;
    if (copy === undefined) return { workspace, database, schema, user, password: `\${${password_ref}}` };
    return {
      container: copy.container,
      file_name_template: fileNameTemplate(copy.prefix),
      connection_string: `\${${copy.connection_string_ref}}`,
    };
  },
  sqlValues(landing) {
    const { database, schema, user, reader, copy } = landing.settings as SynapseLanding;
    const name = (of: string): string => identifier(dialect, of);
    return {
      ...{ database: name(database), schema: name(schema), user: name(user), reader: name(reader) },
      schema_text: literal(dialect, schema),
      create_schema_text: unicode(`CREATE SCHEMA ${name(schema)}`),
      grant_copy: copy === undefined ? '' : `GRANT ADMINISTER DATABASE BULK OPERATIONS TO ${name(user)};`,
      ...(copy === undefined ? {} : CREDENTIALS[copy.read_by]),
    };
  },
  connectionValues: () => ({}),
  tableValues(landing, table) {
    const { schema, copy } = landing.settings as SynapseLanding;
    const named = (suffix: string): string => `${identifier(dialect, schema)}.${quoted(dialect, `${table.name}${suffix}`)}`;
    const log = named(LOG_SUFFIX);
    // JSON needs NVARCHAR(MAX), which a clustered columnstore does not support, so the table is a heap.
    const create = `CREATE TABLE ${log} (\n  ${logColumns(dialect, table).join(',\n  ')}\n) WITH (DISTRIBUTION = HASH(${quoted(dialect, table.key[0] ?? '')}), HEAP)`;
    return {
      log,
      log_text: literal(dialect, log),
      view_name_text: literal(dialect, named('')),
      files:
        copy === undefined
          ? ''
          : literal(dialect, `https://${copy.account}.blob.core.windows.net/${copy.container}/${folderOf(copy.prefix, table.topic)}`),
      stage: named('_stage'),
      // Created by setup.sql, so that the loading user needs no right to create tables.
      create_stage: copies(landing)
        ? `IF OBJECT_ID(${literal(dialect, named('_stage'))}) IS NULL CREATE TABLE ${named('_stage')} (line NVARCHAR(MAX)) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP);`
        : '',
      view: named(''),
      create_text: unicode(create),
      add_columns: addColumns(dialect, table, log)
        .map((statement) => `${statement};`)
        .join('\n'),
      view_text: unicode(`CREATE VIEW ${named('')} AS\n${currentRows(dialect, table, log)}`),
      not_landed: notLanded(dialect, table, log, 'parsed', ({ type }, name) =>
        type === 'text' ? `${name} COLLATE Latin1_General_BIN2` : fromFile(type, name),
      ),
      clean_up: cleanUp(dialect, table, log),
      ...fromJson(table),
    };
  },
};

function copies(landing: Landing): boolean {
  return (landing.settings as SynapseLanding).copy !== undefined;
}

/** CREATE VIEW and CREATE SCHEMA must be alone in their batch, so they run by EXEC. */
function unicode(statement: string): string {
  return `N${literal(dialect, statement)}`;
}

/** Parses a line of a Blob file, in which times are milliseconds and dates are days since 1970. */
function fromJson(table: LandedTable): { log_columns: string; log_values: string; json_columns: string } {
  const place = [
    { name: PLACE_COLUMNS.partition, type: 'BIGINT', value: PLACE_COLUMNS.partition as string },
    { name: PLACE_COLUMNS.offset, type: 'BIGINT', value: PLACE_COLUMNS.offset as string },
    { name: PLACE_COLUMNS.time, type: 'BIGINT', value: fromEpoch(PLACE_COLUMNS.time) },
  ];
  const own = table.columns.map((column) => {
    const name = quoted(dialect, column.name);
    // OPENJSON does not accept a collation: its columns have the collation of the database.
    const type =
      column.type === 'timestamp' ? 'BIGINT' : column.type === 'date' ? 'INT' : columnType(dialect, column).replace(/ COLLATE .*/, '');
    return { name, type, value: fromFile(column.type, name) };
  });
  const all = [...own, ...place];
  return {
    log_columns: all.map((column) => column.name).join(', '),
    log_values: all.map((column) => column.value).join(', '),
    json_columns: all
      .map((column) => `${column.name} ${column.type} ${literal(dialect, `$."${column.name.replaceAll(/[[\]]/g, '')}"`)}`)
      .join(',\n  '),
  };
}

/** Converts a value of a file to the type of the log's column. */
function fromFile(type: FieldType, value: string): string {
  if (type === 'timestamp') return fromEpoch(value);
  return type === 'date' ? `DATEADD(DAY, ${value}, CAST('1970-01-01' AS DATE))` : value;
}

/** DATEADD accepts an int only, so days and milliseconds are added separately. */
function fromEpoch(column: string): string {
  return `DATEADD(MILLISECOND, CAST(((${column} % 86400000) + 86400000) % 86400000 AS INT), DATEADD(DAY, CAST(FLOOR(${column} / 86400000.0) AS INT), CAST('1970-01-01' AS DATETIME2(3))))`;
}
