import { addColumns } from '../sql/append.ts';
import { columnList, keyList } from '../sql/columns.ts';
import { DIALECTS, identifier, literal, quoted } from '../sql/dialects.ts';
import type { PostgresLanding } from '../settings.ts';
import type { LandedTable } from '../types.ts';
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
      database: encodeURIComponent(settings.database),
      application: encodeURIComponent(landing.name),
      sslmode: settings.sslmode,
      // The sink splits the format at its dots.
      schema: identifier(dialect, settings.schema),
      user: settings.user,
      password: `\${${settings.password_ref}}`,
    };
  },
  sqlValues(landing) {
    const { database, schema, user, reader } = landing.settings as PostgresLanding;
    const name = (of: string): string => identifier(dialect, of);
    return {
      ...{ database: name(database), schema: name(schema), user: name(user), reader: name(reader) },
      ...{ schema_text: literal(dialect, schema), user_text: literal(dialect, user), reader_text: literal(dialect, reader) },
    };
  },
  connectionValues: () => ({}),
  tableValues(landing, table) {
    const schema = identifier(dialect, (landing.settings as PostgresLanding).schema);
    const name = `${schema}.${quoted(dialect, table.name)}`;
    return {
      table: quoted(dialect, table.name),
      columns: columnList(dialect, table).join(',\n  '),
      key: keyList(dialect, table),
      // Key columns cannot be added to a table that has rows; other columns can.
      add_columns: addColumns(dialect, table, name)
        .map((statement) => `${statement};`)
        .join('\n'),
      guard: guard(table, name, schema),
      docs_text: literal(dialect, table.docs),
      comments: table.columns
        .map((column) => `COMMENT ON COLUMN ${name}.${quoted(dialect, column.name)} IS ${literal(dialect, column.doc)};`)
        .join('\n'),
    };
  },
};

/** Most bytes of text in a key: an index entry holds 2,704 bytes, other key columns and headers included. */
const LONGEST_KEY_BYTES = 2_600;

/** A trigger that moves rows whose key is too long for an index into a separate table. Tables without text in their key need none. */
function guard(table: LandedTable, name: string, schema: string): string {
  const texts = table.columns
    .filter((column) => column.key && column.type === 'text')
    .map((column) => `octet_length(NEW.${quoted(dialect, column.name)})`);
  if (texts.length === 0) return '';
  const keys = table.key.map((key) => literal(dialect, key)).join(', ');
  return `CREATE OR REPLACE TRIGGER tributary_long_key BEFORE INSERT ON ${name} FOR EACH ROW WHEN (${texts.join(' + ')} > ${LONGEST_KEY_BYTES}) EXECUTE FUNCTION ${schema}.tributary_put_aside(${keys});`;
}
