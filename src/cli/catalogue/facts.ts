import type { FieldType, TableDefinition } from '../../core/table.ts';
import type { ConnectionSettings, Settings } from '../../config/settings.ts';
import { longestInterval } from '../../core/cron.ts';
import { landedTables } from '../../landing/tables.ts';
import { DIALECTS, identifier, quoted, type Dialect } from '../../landing/sql/dialects.ts';
import type { LandedTable } from '../../landing/types.ts';
import { compileTable, type TableCodec } from '../../record/codec.ts';
import { duration } from '../../observability/text.ts';
import type { Selected } from '../selection.ts';

export interface ColumnFacts {
  readonly name: string;
  readonly type: FieldType;
  readonly doc: string;
  readonly key: boolean;
}

/** What a consumer of a table needs to know, from its definition and the settings. */
export interface TableFacts {
  /** `klaviyo.profile`. */
  readonly name: string;
  readonly connection: string;
  readonly source: string;
  readonly table: string;
  readonly topic: string;
  readonly partitions: number;
  readonly docs: string;
  readonly key: readonly string[];
  readonly documentedKey: readonly string[];
  readonly keyReason: string | undefined;
  /** How the table is read, how deletes are noticed, and how old its data may be: one sentence each. */
  readonly read: string;
  readonly deletes: string;
  readonly lag: string;
  readonly columns: readonly ColumnFacts[];
  readonly queries: readonly { readonly warehouse: string; readonly sql: string }[];
  readonly codec: TableCodec;
}

const UNITS: Readonly<Record<FieldType, string>> = {
  text: 'Unicode text',
  integer: 'whole number, 64 bits',
  number: 'number, double precision',
  boolean: 'true or false',
  timestamp: 'instant in UTC, milliseconds',
  date: 'calendar day',
  json: 'JSON as text, canonical',
};

export const unitOf = (type: FieldType): string => UNITS[type];

export function factsOf(
  settings: Pick<Settings, 'prefix' | 'topics' | 'timezone' | 'landings' | 'kafka'>,
  wanted: readonly Selected[],
  now: number,
): TableFacts[] {
  return wanted.flatMap(({ connection, tables }) =>
    connection.tables.filter(({ name }) => tables.includes(name)).map((definition) => tableFacts(settings, connection, definition, now)),
  );
}

function tableFacts(
  settings: Pick<Settings, 'prefix' | 'topics' | 'timezone' | 'landings' | 'kafka'>,
  connection: ConnectionSettings,
  definition: TableDefinition,
  now: number,
): TableFacts {
  const [landed] = landedTables(settings, [{ name: connection.name, tables: [definition] }]) as [LandedTable];
  const schedule = connection.schedules.get(definition.name);
  return {
    name: `${connection.name}.${definition.name}`,
    connection: connection.name,
    source: connection.source.title,
    table: definition.name,
    topic: landed.topic,
    partitions: connection.partitions?.get(definition.name) ?? settings.kafka?.partitions ?? definition.partitions ?? 1,
    docs: definition.docs,
    key: definition.key,
    documentedKey: definition.documentedKey,
    keyReason: definition.keyReason,
    read: readHow(definition),
    deletes: deletesHow(definition),
    lag:
      schedule === undefined
        ? 'It has no schedule.'
        : `Read by ${schedule} (${settings.timezone}): at most ${duration(longestInterval(schedule, settings.timezone, now))} and the length of a run behind the vendor.`,
    columns: landed.columns,
    queries: Object.values(DIALECTS).map((dialect) => ({ warehouse: dialect.title, sql: sampleQuery(dialect, landed, settings) })),
    codec: compileTable(connection.source.name, definition),
  };
}

function readHow({ method, replicationKey, parent }: TableDefinition): string {
  const how =
    method === 'full_table'
      ? 'Read completely with every run'
      : `Read incrementally${replicationKey === undefined ? '' : ` by ${replicationKey}`}`;
  return `${how}${parent === undefined ? '' : `, for each row of ${parent}`}.`;
}

function deletesHow({ deletes, absentScans = 1, confirm }: TableDefinition): string {
  if (deletes === 'none') return 'Deletes are not noticed, because the vendor does not report them.';
  if (deletes === 'flag') return 'Deleted when the vendor flags the row as deleted.';
  return `Deleted when ${absentScans === 1 ? 'a complete listing no longer shows' : `${absentScans} complete listings in a row do not show`} the row${confirm === undefined ? '' : ' and the vendor confirms that it is deleted'}.`;
}

/** A warehouse query for the newest rows. */
function sampleQuery(dialect: Dialect, table: LandedTable, { landings }: Pick<Settings, 'landings'>): string {
  const columns = [...table.columns.filter(({ key }) => key), ...table.columns.filter(({ key }) => !key).slice(0, 3)];
  const named = columns.map(({ name }) => quoted(dialect, name)).join(', ');
  const from = `${schemaOf(dialect, landings)}${quoted(dialect, table.name)}`;
  const newest = quoted(dialect, table.eventTime ?? '_synced_at');
  return dialect.name === 'synapse'
    ? `SELECT TOP 10 ${named} FROM ${from} ORDER BY ${newest} DESC;`
    : `SELECT ${named} FROM ${from} ORDER BY ${newest} DESC LIMIT 10;`;
}

/** The schema where the settings land the tables in a warehouse of this kind, otherwise the default one. */
function schemaOf(dialect: Dialect, landings: Settings['landings']): string {
  const place = (parts: readonly string[]): string => parts.map((part) => `${identifier(dialect, part)}.`).join('');
  for (const landing of Object.values(landings)) {
    if (landing === 'embedded') continue;
    if (landing.kind === 'bigquery' && dialect.name === 'bigquery') return place([landing.project, landing.dataset]);
    if (landing.kind === 'iceberg' && dialect.name === 'trino') return place([landing.namespace]);
    if (landing.kind === 'snowflake' && dialect.name === 'snowflake') return place([landing.database, landing.schema]);
    if (landing.kind !== 's3' && landing.kind !== 'bigquery' && landing.kind !== 'iceberg' && landing.kind === dialect.name)
      return place([landing.schema]);
  }
  return dialect.name === 'snowflake' ? place(['TRIBUTARY', 'LANDING']) : place(['tributary']);
}
