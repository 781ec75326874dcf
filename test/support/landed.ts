import { setTimeout as sleep } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { ensureTopics } from '../../src/kafka/topics.ts';
import { applyLanding } from '../../src/landing/apply.ts';
import { connectClient } from '../../src/landing/connect-client.ts';
import { renderLanding } from '../../src/landing/render.ts';
import { postgresLanding, type LandingSettings } from '../../src/landing/settings.ts';
import { setUpPostgres } from '../../src/landing/setup-postgres.ts';
import { deadLetterTopics, landingStatus } from '../../src/landing/status.ts';
import type { Landing, RenderedLanding } from '../../src/landing/types.ts';
import type { FieldType, TableDefinition, TableRecord } from '../../src/core/table.ts';
import { converterLogin, stackLogin } from './login.ts';
import { startSharedConnect } from '../setup/shared-stack.ts';
import type { SharedStack } from '../setup/stack.ts';
import type { TestEngine } from './engine.ts';

/** The topics of a test engine, landed in a schema of their own. */
export interface TestLanding {
  /** Waits until everything that stands in the topics now has landed. */
  untilLanded(withinMs: number): Promise<void>;
  /** Rows of a landed table one by one, in the native forms of a topic's record. */
  visit(
    table: string,
    row: (columns: TableRecord, sync: { readonly syncedAt: number; readonly deleted: boolean }) => void,
    connection?: string,
  ): Promise<void>;
  close(): Promise<void>;
}

const rowsAtOnce = 2_000;

/** Sets the schema up and applies the landing as `tributary landing apply postgres` does. */
export async function landInPostgres(stack: SharedStack, engine: TestEngine): Promise<TestLanding> {
  const { prefix, connections } = engine.settings;
  const settings = postgresLanding.parse({
    kind: 'postgres',
    host: stack.postgres.host,
    port: stack.postgres.port,
    database: stack.postgres.database,
    schema: prefix,
    user: `${prefix}_sink`,
    reader: `${prefix}_reader`,
    password_ref: 'env:TRIBUTARY_WAREHOUSE_PASSWORD',
    sslmode: 'disable',
  });
  const applied = await applyTo(stack, engine, settings, (rendered) =>
    setUpPostgres(rendered, settings, stack.postgres, stack.postgres.password),
  );
  const database = new Client(stack.postgres);
  await database.connect();

  return {
    untilLanded: applied.untilLanded,
    async visit(table, row, name = connections[0]?.name ?? '') {
      const types = typesOf(engine, name, table);
      await database.query('BEGIN');
      try {
        await database.query(
          `DECLARE all_rows NO SCROLL CURSOR FOR SELECT * FROM ${escapeIdentifier(prefix)}.${escapeIdentifier(`${name}_${table}`)}`,
        );
        for (;;) {
          // Everything as the database writes it: no driver's idea of numbers and times in between.
          const { rows } = await database.query({
            text: `FETCH ${rowsAtOnce} FROM all_rows`,
            types: { getTypeParser: () => (text: string) => text } as never,
          });
          for (const found of rows as Record<string, string | null>[]) {
            const { _synced_at: syncedAt, _deleted: deleted, ...columns } = found;
            row(Object.fromEntries(Object.entries(columns).map(([name, text]) => [name, native(types.get(name), text)])), {
              syncedAt: native('timestamp', syncedAt ?? null) as number,
              deleted: deleted === 't',
            });
          }
          if (rows.length === 0) return;
        }
      } finally {
        await database.query('ROLLBACK');
      }
    },
    async close() {
      await applied.remove();
      await database.query(`DROP SCHEMA ${escapeIdentifier(prefix)} CASCADE`);
      for (const role of [settings.user, settings.reader])
        await database.query(`DROP OWNED BY ${escapeIdentifier(role)}; DROP ROLE ${escapeIdentifier(role)}`);
      await database.end();
    },
  };
}

interface Applied {
  readonly untilLanded: TestLanding['untilLanded'];
  /** Removes the connectors. */
  remove(): Promise<void>;
}

/** Applies a landing of all the engine's connections, after `setUp` has made what its connectors write to. */
export async function applyTo(
  stack: SharedStack,
  { settings: { prefix, connections }, access }: TestEngine,
  settings: LandingSettings,
  setUp: (rendered: RenderedLanding) => Promise<void>,
): Promise<Applied> {
  const landing: Landing = {
    name: prefix,
    prefix,
    replicationFactor: 1,
    settings,
    connections,
    converter: { kind: 'apicurio', registryUrl: stack.registryUrl.replace(/\/ccompat\/v7\/?$/, '/registry/v2'), ...converterLogin() },
  };
  const rendered = renderLanding(landing);
  const connect = connectClient(await startSharedConnect(), { login: stackLogin() });
  await ensureTopics(access, deadLetterTopics(rendered));
  await setUp(rendered);
  await applyLanding(rendered, connect, { now: Date.now, signal: new AbortController().signal });
  return {
    async untilLanded(withinMs) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const statuses = await landingStatus({ rendered, connect }, access, Date.now());
        const broken = statuses.find(({ failure, deadLetters }) => failure !== undefined || deadLetters > 0);
        if (broken) throw new Error(`The landing is broken: ${JSON.stringify(broken)}`);
        if (statuses.every(({ topics }) => topics.every(({ caughtUp, missing }) => caughtUp && !missing))) return;
        if (Date.now() > deadline) throw new Error(`The landing is not through after ${withinMs} ms: ${JSON.stringify(statuses)}`);
        await sleep(500);
      }
    },
    async remove() {
      for (const { name } of rendered.connectors) await connect.delete(name).catch(() => undefined);
    },
  };
}

function definitionOf({ settings: { connections } }: TestEngine, connection: string, table: string): TableDefinition {
  const definition = connections.find(({ name }) => name === connection)?.tables.find(({ name }) => name === table);
  if (!definition) throw new Error(`no table ${connection}.${table}`);
  return definition;
}

/** The types of a table's columns and of `_synced_at`, by name. */
export function typesOf(engine: TestEngine, connection: string, table: string): ReadonlyMap<string, FieldType> {
  return new Map<string, FieldType>([
    ...Object.entries(definitionOf(engine, connection, table).fields).map(([name, { type }]) => [name, type] as const),
    ['_extra', 'json'],
    ['_synced_at', 'timestamp'],
  ]);
}

export const keyOf = (engine: TestEngine, connection: string, table: string): readonly string[] =>
  definitionOf(engine, connection, table).key;

/** A value as a topic's record has it, from its text in the warehouse: PostgreSQL's or JSON. */
export function native(type: string | undefined, text: string | null): TableRecord[string] {
  if (text === null) return null;
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
    case 'number':
      return Number(text);
    case 'boolean':
      return text === 't' || text === 'true';
    case 'timestamp':
      return /^-?\d+$/.test(text) ? Number(text) : Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
    default:
      return text;
  }
}
