import type { ConnectionSettings, Settings } from '../config/settings.ts';
import { hint } from '../config/suggest.ts';
import { TributaryError } from '../core/errors.ts';
import type { TableDefinition } from '../core/table.ts';

/** How tables are treated that the settings turn off. */
type WhenOff = 'refused' | 'shown';

/** A connection and those of its tables that were selected. */
export interface Selected {
  readonly connection: ConnectionSettings;
  readonly tables: readonly string[];
  /** True when the connection was named without a table. */
  readonly whole: boolean;
}

/**
 * Selects by `shop` or `shop.event`; without any name, everything.
 * @throws TributaryError `config` for an unknown name, with the name that was probably meant, and for a table that is off,
 * unless such tables are `shown`.
 */
export function select(settings: Settings, typed: readonly string[], whenOff: WhenOff = 'refused'): Selected[] {
  if (typed.length === 0) return settings.connections.map((connection) => allOf(connection, whenOff));
  const found = new Map<string, Selected>();
  for (const text of typed) {
    const one = selectOne(settings, text, whenOff);
    const before = found.get(one.connection.name);
    const tables = new Set([...(before?.tables ?? []), ...one.tables]);
    found.set(one.connection.name, { connection: one.connection, tables: [...tables], whole: one.whole || before?.whole === true });
  }
  return [...found.values()];
}

export function selectOne(settings: Settings, text: string, whenOff: WhenOff = 'refused'): Selected {
  const [name = '', ...rest] = text.split('.');
  const connection = settings.connections.find((one) => one.name === name);
  if (!connection)
    throw unknown(
      `No connection is called ${name}`,
      name,
      settings.connections.map((one) => one.name),
    );
  if (rest.length === 0) return allOf(connection, whenOff);
  const table = rest.join('.');
  const names = connection.tables.map((one) => one.name);
  const off = connection.off?.get(table);
  if (off !== undefined) {
    if (whenOff === 'shown') return { connection, tables: [table], whole: false };
    throw new TributaryError(`${name}.${table} is ${off}.`, {
      kind: 'config',
      remedy: `That setting belongs below connections.${name}.settings; nothing is read of a table that is off.`,
    });
  }
  if (!names.includes(table) && connection.source.tables(connection.settings).some((one) => one.name === table)) {
    throw new TributaryError(`The settings exclude ${name}.${table}.`, {
      kind: 'config',
      remedy: `To include it, change tables: or exclude: of connections.${name}.`,
    });
  }
  if (!names.includes(table)) throw unknown(`${name} has no table ${table}`, table, names);
  return { connection, tables: [table], whole: false };
}

/** The table of `shop.event`, where exactly one is required. */
export interface SelectedTable {
  readonly connection: ConnectionSettings;
  readonly table: string;
  readonly definition: TableDefinition;
}

/** Parses `shop.event` where exactly one table is required. */
export function selectTable(settings: Settings, text: string): SelectedTable {
  const {
    connection,
    tables: [table],
    whole,
  } = selectOne(settings, text);
  const definition = connection.tables.find(({ name }) => name === table);
  if (whole || definition === undefined) {
    throw new TributaryError(`${text} names no table.`, {
      kind: 'config',
      remedy: `Write it as ${connection.name}.<table>, e.g. ${connection.name}.${connection.tables[0]?.name ?? 'table'}.`,
    });
  }
  return { connection, table: definition.name, definition };
}

function allOf(connection: ConnectionSettings, whenOff: WhenOff): Selected {
  const off = whenOff === 'shown' ? [...(connection.off?.keys() ?? [])] : [];
  return { connection, tables: [...connection.tables.map((table) => table.name), ...off], whole: true };
}

function unknown(what: string, typed: string, known: readonly string[]): TributaryError {
  return new TributaryError(`${what}${hint(typed, known)}`, {
    kind: 'config',
    remedy: 'Run `tributary discover` to see connections and tables.',
  });
}
