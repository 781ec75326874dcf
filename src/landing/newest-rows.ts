import { Client, escapeIdentifier } from 'pg';
import type { PostgresAdmin } from './setup-postgres.ts';
import type { LandedTable } from './types.ts';

/** Where landed rows can be looked at by SQL. */
export interface SqlPlace extends PostgresAdmin {
  readonly schema: string;
  readonly ssl?: boolean | { readonly rejectUnauthorized: boolean };
}

/** A table is asked again after so long, and not before a hundred times what its answer took: at most 1 % of a database's time. */
const AGAIN_MS = 30_000;
/** One that is not there, or a server that is away, is soon asked again: that costs nothing. */
const AFTER_FAILURE_MS = 1_000;
const SHARE = 100;
/** A table that takes longer is asked so rarely that it needs an index on `_synced_at`. */
const LONGEST_MS = 5_000;

interface Known {
  /** Epoch ms; undefined of an empty table, and where it could not be told. */
  readonly newest: number | undefined;
  readonly nextAt: number;
}

/** All who ask in this process (metrics, page, status) share the answers. */
const known = new Map<string, Known>();

/**
 * The newest `_synced_at` that each table shows, in epoch ms: what a reader of the warehouse sees, whatever the sink says of itself. Nothing for
 * a table that is empty or not there, or that took too long. Never throws: that a warehouse does not answer is told by its sink.
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
      // Those that are left have their turn at the next look.
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
