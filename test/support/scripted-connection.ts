import { randomUUID } from 'node:crypto';
import type { Connection, Session } from '../../src/engine/connection.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import type { OpenTable } from '../../src/engine/open-table.ts';
import type { TributaryError } from '../../src/core/errors.ts';
import type { ScriptedTables } from '../engine/scripted-tables.ts';

/** A connection over scripted tables: its sessions are real promises and signals, and what is behind them is the test's. */
export interface ScriptedConnection extends Connection {
  readonly events: EngineEvent[];
  /** What was asked of the connection, in order: `session`, `lost`, `recover`, `fault`. */
  readonly calls: string[];
  table(name: string): OpenTable;
  /** Ends the present session, as the writer of another table would. */
  lose(): void;
  patience: number | undefined;
  /** Each may be replaced; what it throws is thrown. */
  onSession: () => void | Promise<void>;
  onRecover: () => void | Promise<void>;
  fault: (table: OpenTable) => TributaryError | undefined;
}

export function scriptedConnection(scripted: ScriptedTables): ScriptedConnection {
  const events: EngineEvent[] = [];
  const calls: string[] = [];
  let current: Session | undefined;
  const tables = new Map<string, OpenTable>();
  for (const [name, table] of scripted.tables) {
    const { services } = table;
    const writer: OpenTable['services']['writer'] = {
      ...services.writer,
      async write(batch) {
        try {
          return await services.writer.write(batch);
        } catch (error) {
          current?.lose();
          throw error;
        }
      },
    };
    tables.set(
      name,
      Object.assign(table, { services: { ...services, writer, tables, emit: (event: EngineEvent) => void events.push(event) } }),
    );
  }
  const connection: ScriptedConnection = {
    name: 'shop',
    tables,
    api: undefined,
    get services() {
      return [...tables.values()][0]?.services as OpenTable['services'];
    },
    events,
    calls,
    patience: undefined,
    table: (name) => tables.get(name) as OpenTable,
    lose: () => current?.lose(),
    onSession: () => undefined,
    onRecover: () => undefined,
    fault: () => undefined,
    async session() {
      calls.push('session');
      await connection.onSession();
      current ??= newSession(calls);
      return current;
    },
    async recover(session) {
      calls.push('recover');
      await connection.onRecover();
      if (session === current) current = undefined;
      for (const { index, state } of tables.values()) index.openSession(randomUUID(), state.scan);
    },
    async topicFault(table) {
      calls.push('fault');
      return connection.fault(table);
    },
    inspect: async () => undefined,
    follow: async () => undefined,
    readRows: async () => [],
    close: async () => undefined,
  };
  return connection;
}

function newSession(calls: string[]): Session {
  const lost = new AbortController();
  return {
    id: randomUUID(),
    signal: lost.signal,
    get lost() {
      return lost.signal.aborted;
    },
    lose() {
      if (!lost.signal.aborted) calls.push('lost');
      lost.abort();
    },
    attempt: (work) => work,
  };
}
