import type { RedshiftLanding } from '../settings.ts';
import { LOG_SUFFIX, addColumns, cleanUp, currentRows, logColumns, notLanded } from '../sql/append.ts';
import { DIALECTS, quoted } from '../sql/dialects.ts';
import type { LandedTable } from '../types.ts';
import type { Kind } from './kind.ts';

const dialect = DIALECTS.redshift;
/** Ending of the temporary table that files are loaded into. */
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
    const { host, port, database, schema, user, reader, password_ref, copy } = landing.settings as RedshiftLanding;
    return {
      ...{ host, port: String(port), database, schema, user, reader, password: `\${${password_ref}}` },
      grant_copy: copy === undefined ? '' : `GRANT TEMP ON DATABASE ${database} TO ${user};`,
      ...(copy === undefined ? {} : { bucket: copy.bucket, prefix: copy.prefix, iam_role: copy.iam_role }),
    };
  },
  connectionValues: () => ({}),
  tableValues(landing, table) {
    const { schema } = landing.settings as RedshiftLanding;
    const log = inSchema(schema, table, LOG_SUFFIX);
    return {
      log,
      view: inSchema(schema, table),
      columns: logColumns(dialect, table).join(',\n  '),
      first_key: quoted(dialect, table.key[0] ?? ''),
      add_columns: addColumns(dialect, table, log)
        .map((statement) => `${statement};`)
        .join('\n'),
      current_rows: currentRows(dialect, table, log),
      stage: quoted(dialect, `${table.name}${STAGE_SUFFIX}`),
      not_landed: notLanded(dialect, table, log, 'loaded'),
      clean_up: cleanUp(dialect, table, log),
    };
  },
};

function inSchema(schema: string, table: LandedTable, suffix = ''): string {
  return `${schema}.${quoted(dialect, `${table.name}${suffix}`)}`;
}
