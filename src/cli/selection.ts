import type { ConnectionSettings, Settings } from '../config/settings.ts';
import { hint } from '../config/suggest.ts';
import { TributaryError } from '../core/errors.ts';

/** A connection and those of its tables that were named. */
export interface Selected {
  readonly connection: ConnectionSettings;
  readonly tables: readonly string[];
  /** The connection was named without a table. */
  readonly whole: boolean;
}

/**
 * `shop` or `shop.event`, as typed; nothing typed selects everything.
 * @throws TributaryError `config` for a name that does not exist, with the one that was probably meant.
 */
export function select(settings: Settings, typed: readonly string[]): Selected[] {
  if (typed.length === 0) return settings.connections.map(allOf);
  const found = new Map<string, Selected>();
  for (const text of typed) {
    const one = selectOne(settings, text);
    const before = found.get(one.connection.name);
    const tables = new Set([...(before?.tables ?? []), ...one.tables]);
    found.set(one.connection.name, { connection: one.connection, tables: [...tables], whole: one.whole || before?.whole === true });
  }
  return [...found.values()];
}

export function selectOne(settings: Settings, text: string): Selected {
  const [name = '', ...rest] = text.split('.');
  const connection = settings.connections.find((one) => one.name === name);
  if (!connection)
    throw unknown(
      `No connection is called ${name}`,
      name,
      settings.connections.map((one) => one.name),
    );
  if (rest.length === 0) return allOf(connection);
  const table = rest.join('.');
  const names = connection.tables.map((one) => one.name);
  if (!names.includes(table)) throw unknown(`${name} has no table ${table}`, table, names);
  return { connection, tables: [table], whole: false };
}

/** `shop.event`, where one table is meant. */
export function selectTable(settings: Settings, text: string): { readonly connection: ConnectionSettings; readonly table: string } {
  const {
    connection,
    tables: [table],
    whole,
  } = selectOne(settings, text);
  if (whole || table === undefined) {
    throw new TributaryError(`${text} names no table.`, {
      kind: 'config',
      remedy: `Write it as ${connection.name}.<table>, e.g. ${connection.name}.${connection.tables[0]?.name ?? 'table'}.`,
    });
  }
  return { connection, table };
}

function allOf(connection: ConnectionSettings): Selected {
  return { connection, tables: connection.tables.map((table) => table.name), whole: true };
}

function unknown(what: string, typed: string, known: readonly string[]): TributaryError {
  return new TributaryError(`${what}${hint(typed, known)}`, {
    kind: 'config',
    remedy: 'Run `tributary discover` to see connections and tables.',
  });
}
