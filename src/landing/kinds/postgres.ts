import { columnList, keyList } from '../sql/columns.ts';
import { DIALECTS, literal, quoted } from '../sql/dialects.ts';
import type { PostgresLanding } from '../settings.ts';
import type { Kind } from './kind.ts';

const dialect = DIALECTS.postgres;

export const postgres: Kind = {
  dialect,
  longestSuffix: '',
  connector: () => ['postgres/connector.json'],
  sql: () => ['setup.sql'],
  values(landing) {
    const settings = landing.settings as PostgresLanding;
    return {
      host: settings.host,
      port: String(settings.port),
      database: settings.database,
      sslmode: settings.sslmode,
      schema: settings.schema,
      schema_text: literal(settings.schema),
      user: settings.user,
      user_text: literal(settings.user),
      reader: settings.reader,
      reader_text: literal(settings.reader),
      password: `\${${settings.password_ref}}`,
    };
  },
  connectionValues: () => ({}),
  tableValues(landing, table) {
    const { schema } = landing.settings as PostgresLanding;
    const name = `${schema}.${quoted(dialect, table.name)}`;
    return {
      table: quoted(dialect, table.name),
      columns: columnList(dialect, table).join(',\n  '),
      key: keyList(dialect, table),
      // Key columns cannot be added to a table that has rows; all others can.
      add_columns: table.columns
        .filter((column) => !column.key)
        .map((column) => `ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS ${quoted(dialect, column.name)} ${dialect.types[column.type]};`)
        .join('\n'),
      docs_text: literal(table.docs),
      comments: table.columns
        .map((column) => `COMMENT ON COLUMN ${name}.${quoted(dialect, column.name)} IS ${literal(column.doc)};`)
        .join('\n'),
    };
  },
};
