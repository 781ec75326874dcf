import type { SnowflakeLanding } from '../settings.ts';
import { LOG_SUFFIX, addColumns, cleanUp, currentRows, logColumns } from '../sql/append.ts';
import { DIALECTS, folded, quoted } from '../sql/dialects.ts';
import type { Kind } from './kind.ts';

const dialect = DIALECTS.snowflake;

export const snowflake: Kind = {
  dialect,
  longestSuffix: LOG_SUFFIX,
  connector: () => ['snowflake/connector.json', 'common/append.json'],
  sql: () => ['setup.sql', 'views.sql', 'cleanup.sql'],
  values(landing) {
    const { account, database, schema, user, role, reader, warehouse, private_key_ref } = landing.settings as SnowflakeLanding;
    return { account, database, schema, user, role, reader, warehouse, private_key: `\${${private_key_ref}}` };
  },
  connectionValues: (_, tables) => ({
    topic_map: tables.map((table) => `${table.topic}:${folded(dialect, `${table.name}${LOG_SUFFIX}`)}`).join(','),
  }),
  tableValues(landing, table) {
    const { database, schema } = landing.settings as SnowflakeLanding;
    const named = (suffix: string): string => `${database}.${schema}.${quoted(dialect, `${table.name}${suffix}`)}`;
    const log = named(LOG_SUFFIX);
    return {
      log,
      view: named(''),
      columns: logColumns(dialect, table).join(',\n  '),
      add_columns: addColumns(dialect, table, log)
        .map((statement) => `${statement};`)
        .join('\n'),
      current_rows: currentRows(dialect, table, log),
      clean_up: cleanUp(dialect, table, log),
    };
  },
};
