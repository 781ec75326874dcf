import { TributaryError } from '../core/errors.ts';
import { tableTopic, type TopicNaming } from '../kafka/meta/topic-names.ts';
import type { TableDefinition } from '../core/table.ts';
import type { Dialect } from './sql/dialects.ts';
import type { LandedColumn, LandedConnection, LandedTable } from './types.ts';

/** Columns the engine adds to every record. */
const ENGINE_COLUMNS: readonly LandedColumn[] = [
  { name: '_extra', type: 'json', doc: 'Fields the definition does not know and values that did not fit their column', key: false },
  { name: '_synced_at', type: 'timestamp', doc: 'When this version of the row was published', key: false },
  { name: '_deleted', type: 'boolean', doc: 'True on the last version of a row that is gone at the source', key: false },
];

export function landedTables(naming: TopicNaming, connections: readonly LandedConnection[]): LandedTable[] {
  return connections.flatMap((connection) => connection.tables.map((definition) => landedTable(naming, connection.name, definition)));
}

function landedTable(naming: TopicNaming, connection: string, definition: TableDefinition): LandedTable {
  const key = new Set<string>(definition.key);
  const own = Object.entries(definition.fields).map(([name, field]): LandedColumn => ({
    name,
    type: field.type,
    doc: field.doc,
    key: key.has(name),
  }));
  return {
    connection,
    table: definition.name,
    topic: tableTopic(naming, connection, definition.name),
    name: `${connection}_${definition.name}`,
    docs: definition.docs,
    key: definition.key,
    columns: [...own, ...ENGINE_COLUMNS],
    ...eventTime(definition),
  };
}

/** Time column of tables of events: those with several partitions and a timestamp as replication key. */
function eventTime({ replicationKey, fields, partitions = 1 }: TableDefinition): { eventTime?: string } {
  return partitions > 1 && replicationKey !== undefined && fields[replicationKey]?.type === 'timestamp'
    ? { eventTime: replicationKey }
    : {};
}

/**
 * Connectors name tables and columns after topics and fields, so a name that is too long for the warehouse cannot be
 * shortened here. Throws `config` when there is one, or when two tables get the same name.
 */
export function requireNamesFit(tables: readonly LandedTable[], dialect: Dialect, suffix = ''): void {
  const taken = new Map<string, LandedTable>();
  for (const table of tables) {
    const name = `${table.name}${suffix}`;
    if (Buffer.byteLength(name) > dialect.maxNameBytes) {
      throw new TributaryError(
        `The name of the table ${name} is longer than the ${dialect.maxNameBytes} bytes that ${dialect.title} allows.`,
        {
          kind: 'config',
          remedy: `Give the connection ${table.connection} a shorter name.`,
        },
      );
    }
    const long = table.columns.find((column) => Buffer.byteLength(column.name) > dialect.maxNameBytes);
    if (long !== undefined) {
      throw new TributaryError(
        `The name of the column ${long.name} of ${table.name} is longer than the ${dialect.maxNameBytes} bytes that ${dialect.title} allows.`,
        {
          kind: 'config',
          remedy: 'Rename the column in the table definition.',
        },
      );
    }
    const refused = table.columns.find(({ name: column }) => dialect.refusedColumns?.test(dialect.storedAs?.[column] ?? column));
    if (refused !== undefined) {
      throw new TributaryError(`${dialect.title} keeps the name of the column ${refused.name} of ${table.name} for itself.`, {
        kind: 'config',
        remedy: 'Rename the column in the table definition.',
      });
    }
    // The view has the plain name, so a table `x_log` would collide with the log of `x`.
    for (const one of new Set([table.name, name])) {
      const other = taken.get(one);
      if (other !== undefined) {
        throw new TributaryError(`The topics ${other.topic} and ${table.topic} would both land in the table ${one}.`, {
          kind: 'config',
          remedy: 'Rename one of the two connections.',
        });
      }
      taken.set(one, table);
    }
  }
}
