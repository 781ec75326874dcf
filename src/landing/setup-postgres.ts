import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { TributaryError } from '../core/errors.ts';
import type { PostgresLanding } from './settings.ts';
import type { RenderedLanding } from './types.ts';

export interface PostgresAdmin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/**
 * Runs the rendered setup.sql, and sets the sink's password when one is given. Safe to repeat.
 * Throws `transient` when the server does not answer, `config` with the server's message when it refuses.
 */
export async function setUpPostgres(
  rendered: RenderedLanding,
  settings: PostgresLanding,
  admin: PostgresAdmin,
  sinkPassword?: string,
): Promise<void> {
  const setup = rendered.files.find((file) => file.path === 'setup.sql');
  if (setup === undefined) throw new TributaryError('The landing has no setup.sql.', { kind: 'internal' });
  const client = new Client({ ...admin, connectionTimeoutMillis: 10_000, application_name: 'tributary-landing' });
  client.on('error', () => undefined);
  const where = `${admin.host}:${admin.port}/${admin.database}`;
  try {
    await client.connect();
  } catch (cause) {
    throw new TributaryError(`PostgreSQL at ${where} does not let us in: ${(cause as Error).message}`, {
      kind: 'transient',
      remedy: 'Check that it runs, and the name and password of the role that runs setup.sql.',
      cause,
    });
  }
  try {
    await client.query('BEGIN');
    // Two set-ups at the same time would both find a role missing.
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('tributary landing set-up'))`);
    await client.query(setup.text);
    if (sinkPassword !== undefined)
      await client.query(`ALTER ROLE ${escapeIdentifier(settings.user)} PASSWORD ${escapeLiteral(sinkPassword)}`);
    await client.query('COMMIT');
  } catch (cause) {
    throw new TributaryError(`PostgreSQL at ${where} refused the set-up: ${(cause as Error).message}`, {
      kind: 'config',
      remedy: `Run it as a role with CREATEROLE that may create schemas in ${admin.database}.`,
      detail: JSON.stringify(cause, Object.getOwnPropertyNames(cause)),
      cause,
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}
