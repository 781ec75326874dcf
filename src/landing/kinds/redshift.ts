import { folderOf } from '../files.ts';
import type { RedshiftLanding } from '../settings.ts';
import { LOG_SUFFIX, addColumns, cleanUp, currentRows, logColumns, notLanded } from '../sql/append.ts';
import { DIALECTS, identifier, literal, quoted } from '../sql/dialects.ts';
import type { LandedTable } from '../types.ts';
import type { Kind } from './kind.ts';

const dialect = DIALECTS.redshift;
/** Suffix of the temporary table that files are loaded into. */
const STAGE_SUFFIX = '_stage';

export const redshift: Kind = {
  dialect,
  longestSuffix: STAGE_SUFFIX,
  connector: () => ['redshift/connector.json', 'common/append.json'],
  sql: (landing) => [
    'setup.sql',
    'views.sql',
    'cleanup.sql',
    ...((landing.settings as RedshiftLanding).copy === undefined ? [] : ['copy.sql']),
  ],
  values(landing) {
    const { host, port, database, schema, user, password_ref } = landing.settings as RedshiftLanding;
    return { host, port: String(port), database, schema, user, password: `\${${password_ref}}` };
  },
  sqlValues(landing) {
    const { database, schema, user, reader, copy } = landing.settings as RedshiftLanding;
    const name = (of: string): string => identifier(dialect, of);
    return {
      ...{ database: name(database), schema: name(schema), user: name(user), reader: name(reader) },
      grant_copy: copy === undefined ? '' : `GRANT TEMP ON DATABASE ${name(database)} TO ${name(user)};`,
      ...(copy === undefined ? {} : { iam_role: copy.iam_role === 'default' ? 'default' : literal(dialect, copy.iam_role) }),
    };
  },
  connectionValues: () => ({}),
  tableValues(landing, table) {
    const { schema, copy } = landing.settings as RedshiftLanding;
    const log = inSchema(schema, table, LOG_SUFFIX);
    return {
      log,
      view: inSchema(schema, table),
      columns: logColumns(dialect, table).join(',\n  '),
      first_key: quoted(dialect, table.key[0] ?? ''),
      add_columns: addColumns(dialect, table, log, identifier(dialect, schema))
        .map((statement) => `${statement};`)
        .join('\n'),
      current_rows: currentRows(dialect, table, log),
      files: copy === undefined ? '' : literal(dialect, `s3://${copy.bucket}/${folderOf(copy.prefix, table.topic)}`),
      stage: quoted(dialect, `${table.name}${STAGE_SUFFIX}`),
      not_landed: notLanded(dialect, table, log, 'loaded'),
      clean_up: cleanUp(dialect, table, log),
    };
  },
};

function inSchema(schema: string, table: LandedTable, suffix = ''): string {
  return `${identifier(dialect, schema)}.${quoted(dialect, `${table.name}${suffix}`)}`;
}
