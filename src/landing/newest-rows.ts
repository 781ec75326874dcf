import { Client, escapeIdentifier } from 'pg';
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

interface Known {
  /** Epoch ms; undefined for an empty table and when the query failed. */
  readonly newest: number | undefined;
  readonly nextAt: number;
}

/** Shared by all callers in this process (metrics, page, status). */
const known = new Map<string, Known>();

/**
 * The newest `_synced_at` in each table, epoch ms: what a reader of the warehouse sees, whatever the sink reports. No entry
 * for a table that is empty, missing, or took too long. Never throws; a warehouse that does not answer is reported by its sink.
 */
export async function newestRows(
  sqlPlace: SqlPlace,
  tables: readonly LandedTable[],
  now: () => number,
): Promise<ReadonlyMap<string, number>> {
  const { schema, ...server } = sqlPlace;
  const place = `${server.host}:${server.port}/${server.database}/${schema}`;
  const due = tables.filter(({ name }) => (known.get(`${place}/${name}`)?.nextAt ?? 0) <= now());
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
    if (due.length > 0) await client.connect();
    const first = now();
    for (const { name } of due) {
      const began = now();
      // The remaining tables are queried at the next call.
      if (began - first > LONGEST_MS) break;
      const { newest, failed } = await client
        .query<{ newest: Date | null }>(`SELECT max(_synced_at) AS newest FROM ${escapeIdentifier(schema)}.${escapeIdentifier(name)}`)
        .then(
          ({ rows }) => ({ newest: rows[0]?.newest?.getTime(), failed: false }),
          () => ({ newest: undefined, failed: true }),
        );
      const pause = Math.max(failed ? AFTER_FAILURE_MS : AGAIN_MS, SHARE * (now() - began));
      known.set(`${place}/${name}`, { newest, nextAt: now() + pause });
    }
  } catch {
    for (const { name } of due) known.set(`${place}/${name}`, { newest: undefined, nextAt: now() + AFTER_FAILURE_MS });
  } finally {
    await client.end().catch(() => undefined);
  }
  return new Map(
    tables.flatMap(({ name, topic }): [string, number][] => {
      const newest = known.get(`${place}/${name}`)?.newest;
      return newest === undefined ? [] : [[topic, newest]];
    }),
  );
}
