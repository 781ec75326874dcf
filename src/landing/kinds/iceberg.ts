import type { IcebergLanding } from '../settings.ts';
import { LOG_SUFFIX, currentRows } from '../sql/append.ts';
import { DIALECTS, identifier, quoted } from '../sql/dialects.ts';
import type { Landing } from '../types.ts';
import type { Kind } from './kind.ts';

const dialect = DIALECTS.trino;

export const iceberg: Kind = {
  dialect,
  longestSuffix: LOG_SUFFIX,
  connector: () => ['iceberg/connector.json', 'common/append.json'],
  sql: () => ['views.sql'],
  values(landing) {
    const { warehouse, commit_seconds } = landing.settings as IcebergLanding;
    return { warehouse, commit_interval_ms: String(commit_seconds * 1_000), catalog_name: landing.name };
  },
  sqlValues: () => ({}),
  connectionValues: (landing, tables) => ({ tables: tables.map((table) => stored(landing, table.name)).join(',') }),
  tableValues(landing, table) {
    const { namespace } = landing.settings as IcebergLanding;
    const named = (suffix: string): string => `${identifier(dialect, namespace)}.${quoted(dialect, `${table.name}${suffix}`)}`;
    return { view: named(''), current_rows: currentRows(dialect, table, named(LOG_SUFFIX)) };
  },
  extraConfig(landing, tables) {
    // The sink commits offsets under the topic name a record has after the transforms, so no transform may rename it: version
    // 1.9.2 then waits for ever for a topic that does not exist. Instead, each table selects its topic by a column.
    const routes = tables.map((table) => [`iceberg.table.${stored(landing, table.name)}.route-regex`, table.topic.replaceAll('.', '\\.')]);
    return { ...Object.fromEntries(routes), ...catalog(landing.settings as IcebergLanding) };
  },
};

function stored(landing: Landing, table: string): string {
  return `${(landing.settings as IcebergLanding).namespace}.${table}${LOG_SUFFIX}`;
}

/** The catalog's settings; secrets as references. */
function catalog(settings: IcebergLanding): Record<string, string> {
  const { catalog: type, uri, warehouse, credential_ref, user, password_ref, region, endpoint, access_key_ref, secret_key_ref } = settings;
  const own: Record<string, string | undefined> = {
    type: type === 'rest' ? 'rest' : undefined,
    'catalog-impl': { rest: undefined, glue: 'org.apache.iceberg.aws.glue.GlueCatalog', jdbc: 'org.apache.iceberg.jdbc.JdbcCatalog' }[type],
    uri,
    credential: reference(credential_ref),
    'jdbc.user': user,
    'jdbc.password': reference(password_ref),
    'jdbc.schema-version': type === 'jdbc' ? 'V1' : undefined,
    'io-impl': warehouse.startsWith('s3://') ? 'org.apache.iceberg.aws.s3.S3FileIO' : undefined,
    'client.region': region,
    's3.endpoint': endpoint,
    's3.path-style-access': endpoint === undefined ? undefined : 'true',
    's3.access-key-id': reference(access_key_ref),
    's3.secret-access-key': reference(secret_key_ref),
  };
  return Object.fromEntries(
    Object.entries(own).flatMap(([key, value]) => (value === undefined ? [] : [[`iceberg.catalog.${key}`, value]])),
  );
}

function reference(ref: string | undefined): string | undefined {
  return ref === undefined ? undefined : `\${${ref}}`;
}
