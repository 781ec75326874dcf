import type { SnowflakeLanding } from '../settings.ts';
import { LOG_SUFFIX, addColumns, cleanUp, currentRows, logColumns } from '../sql/append.ts';
import { DIALECTS, folded, identifier, quoted } from '../sql/dialects.ts';
import type { Landing } from '../types.ts';
import type { Kind } from './kind.ts';

const dialect = DIALECTS.snowflake;

export const snowflake: Kind = {
  dialect,
  longestSuffix: LOG_SUFFIX,
  connector: () => ['snowflake/connector.json', 'common/append.json'],
  sql: () => ['setup.sql', 'views.sql', 'cleanup.sql'],
  values(landing) {
    const { account, private_key_ref } = landing.settings as SnowflakeLanding;
    return { account, ...names(landing), private_key: `\${${private_key_ref}}` };
  },
  sqlValues: (landing) => Object.fromEntries(Object.entries(names(landing)).map(([key, name]) => [key, identifier(dialect, name)])),
  connectionValues: (_, tables) => ({
    topic_map: tables.map((table) => `${table.topic}:${folded(dialect, `${table.name}${LOG_SUFFIX}`)}`).join(','),
  }),
  tableValues(landing, table) {
    const { database, schema } = names(landing);
    const place = `${identifier(dialect, database)}.${identifier(dialect, schema)}`;
    const log = `${place}.${quoted(dialect, `${table.name}${LOG_SUFFIX}`)}`;
    return {
      log,
      view: `${place}.${quoted(dialect, table.name)}`,
      columns: logColumns(dialect, table).join(',\n  '),
      add_columns: addColumns(dialect, table, log)
        .map((statement) => `${statement};`)
        .join('\n'),
      current_rows: currentRows(dialect, table, log),
      clean_up: cleanUp(dialect, table, log),
    };
  },
};

/** The names of the settings as Snowflake stores them, which the connector needs. */
function names(landing: Landing): Readonly<Record<'database' | 'schema' | 'user' | 'role' | 'reader' | 'warehouse', string>> {
  const { database, schema, user, role, reader, warehouse } = landing.settings as SnowflakeLanding;
  const stored = (name: string): string => folded(dialect, name);
  return {
    database: stored(database),
    schema: stored(schema),
    user: stored(user),
    role: stored(role),
    reader: stored(reader),
    warehouse: stored(warehouse),
  };
}
