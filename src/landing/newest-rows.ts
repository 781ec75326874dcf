import { performance } from 'node:perf_hooks';
import { Client, escapeIdentifier } from 'pg';
import { tlsFault } from '../core/tls.ts';
import type { PostgresAdmin } from './setup-postgres.ts';
import type { LandedTable } from './types.ts';

/** A database in which landed rows can be queried. */
export interface SqlPlace extends PostgresAdmin {
  readonly schema: string;
  readonly ssl?: boolean | { readonly rejectUnauthorized: boolean };
}

/** A table is queried again after this time (ms), and not before a hundred times the duration of its last query: at most 1 % of the database's time. */
const AGAIN_MS = 30_000;
/** After a failure (missing table, server away) the next query comes soon, because it costs nothing. */
const AFTER_FAILURE_MS = 1_000;
const SHARE = 100;
/** A table whose query takes longer than this (ms) is queried rarely; an index on `_synced_at` helps. */
const LONGEST_MS = 5_000;

/** What the tables of a warehouse show. */
export interface NewestRows {
  /** By topic, epoch ms. No entry for a table that is empty, missing, or took too long. */
  readonly newest: ReadonlyMap<string, number>;
  /** Why the server or its tables could not be queried: one sentence. */
  readonly trouble?: string;
}

/** SQLSTATEs of a table that is not there yet and of a query that took too long: no reason to look at the access. */
const EXPECTED: ReadonlySet<string> = new Set(['42P01', '3F000', '57014']);

interface Known {
  /** Epoch ms; undefined for an empty table and when the query failed. */
  readonly newest: number | undefined;
  readonly nextAt: number;
}

/** Shared by all callers in this process (metrics, page, status). */
const known = new Map<string, Known>();
/** {@link NewestRows.trouble} when the place was last asked. */
const troubles = new Map<string, string>();

/** The newest `_synced_at` in each table: what a reader of the warehouse sees, whatever the sink reports. Never throws. */
export async function newestRows(sqlPlace: SqlPlace, tables: readonly LandedTable[], now: number): Promise<NewestRows> {
  const { schema, ...server } = sqlPlace;
  const place = `${server.host}:${server.port}/${server.database}/${schema}`;
  const where = `PostgreSQL at ${server.host}:${server.port}/${server.database}`;
  const due = tables.filter(({ name }) => (known.get(`${place}/${name}`)?.nextAt ?? 0) <= now);
  const client = new Client({
    ...server,
    connectionTimeoutMillis: LONGEST_MS,
    statement_timeout: LONGEST_MS,
    query_timeout: 2 * LONGEST_MS,
    application_name: 'tributary-status',
    options: '-c default_transaction_read_only=on',
  });
  client.on('error', () => undefined);
  try {
    if (due.length > 0) {
      await client.connect();
      troubles.delete(place);
    }
    const first = performance.now();
    for (const { name } of due) {
      const began = performance.now();
      // The remaining tables are queried at the next call.
      if (began - first > LONGEST_MS) break;
      const { newest, error } = await client
        .query<{ newest: Date | null }>(`SELECT max(_synced_at) AS newest FROM ${escapeIdentifier(schema)}.${escapeIdentifier(name)}`)
        .then(
          ({ rows }) => ({ newest: rows[0]?.newest?.getTime(), error: undefined }),
          (thrown: Error & { code?: string }) => ({ newest: undefined, error: thrown }),
        );
      if (error !== undefined && !EXPECTED.has(error.code ?? ''))
        troubles.set(place, `${where} does not show ${server.user} the table ${schema}.${name}: ${reason(error)}.`);
      const pause = Math.max(error !== undefined ? AFTER_FAILURE_MS : AGAIN_MS, SHARE * (performance.now() - began));
      known.set(`${place}/${name}`, { newest, nextAt: now + pause });
    }
  } catch (error) {
    troubles.set(place, `${where} does not let ${server.user} in: ${reason(error as Error)}.`);
    for (const { name } of due) known.set(`${place}/${name}`, { newest: undefined, nextAt: now + AFTER_FAILURE_MS });
  } finally {
    await client.end().catch(() => undefined);
  }
  const trouble = troubles.get(place);
  return {
    newest: new Map(
      tables.flatMap(({ name, topic }): [string, number][] => {
        const newest = known.get(`${place}/${name}`)?.newest;
        return newest === undefined ? [] : [[topic, newest]];
      }),
    ),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

/** A name with several addresses fails with an error for each of them and no text of its own. */
function reason(error: Error & { readonly errors?: readonly Error[]; readonly code?: string }): string {
  const said = (error.errors ?? [error]).map(({ message }) => message).join('; ') || error.code;
  return tlsFault(error) ?? (said ?? 'it gave no reason').replace(/\.$/, '');
}
