import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientConfig } from 'pg';
import type { Settings } from '../config/settings.ts';
import { TributaryError } from '../core/errors.ts';

type Landing = Settings['landings'][string];
type SqlLanding = Extract<Exclude<Landing, 'embedded'>, { kind: 'postgres' | 'redshift' }>;
type Variables = Readonly<Record<string, string | undefined>>;

/** Access to the warehouse of a landing. */
export interface WarehouseAccess {
  /** Name of the landing. */
  readonly name: string;
  /** Server and database, for messages. */
  readonly where: string;
  readonly client: ClientConfig;
}

/** Whether a landing is the local stack's PostgreSQL, whose address only the running stack knows. */
export const isEmbedded = (landings: Settings['landings'], name: string): boolean => landings[name] === 'embedded';

export interface EmbeddedPostgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** The local stack's PostgreSQL. */
export function embeddedWarehouse(name: string, { host, port, user, password, database }: EmbeddedPostgres): WarehouseAccess {
  const client = { host, port, user, password, database, connectionTimeoutMillis: 30_000 };
  return { name, where: `${host}:${port}/${database}`, client };
}

/**
 * The warehouse of a landing, with the user of its connector unless PGUSER names another. PGHOST and PGPORT override where this
 * machine reaches it. PGPASSWORD takes precedence over `password_ref`. Kafka Connect resolves that reference on its own machine;
 * it is read here where possible.
 * @throws TributaryError `config` when the landing does not exist, is of another kind, or no password is found.
 */
export function warehouseOf(landings: Settings['landings'], name: string, variables: Variables): WarehouseAccess {
  const landing = sqlLanding(landings, name);
  const { PGHOST, PGPORT, PGUSER, PGPASSWORD } = variables;
  const [host, port, user] = [PGHOST || landing.host.replace(/^\[|\]$/g, ''), Number(PGPORT || landing.port), PGUSER || landing.user];
  // Another user has another password.
  const password = PGPASSWORD || (user === landing.user ? referenced(landing.password_ref, variables) : undefined);
  if (password === undefined) {
    const what =
      user === landing.user
        ? `${landing.password_ref}, which Kafka Connect reads, cannot be read on this machine`
        : 'PGPASSWORD is not set';
    throw new TributaryError(`No password of ${user} is known for the warehouse of landing ${name}: ${what}.`, {
      kind: 'config',
      code: 'import:warehouse',
      remedy: `Set PGPASSWORD for this command, and PGUSER for another user with the right to read.`,
    });
  }
  return {
    name,
    where: `${host}:${port}/${landing.database}`,
    client: { host, port, user, password, database: landing.database, connectionTimeoutMillis: 30_000, keepAlive: true, ssl: tls(landing) },
  };
}

function sqlLanding(landings: Settings['landings'], name: string): SqlLanding {
  const landing = landings[name];
  if (isSql(landing)) return landing;
  const able = Object.keys(landings).filter((one) => landings[one] === 'embedded' || isSql(landings[one]));
  throw new TributaryError(
    landing === undefined
      ? `The settings have no landing ${name}.`
      : landing === 'embedded'
        ? `The landing ${name} is in the local stack, which these settings do not start.`
        : `The landing ${name} is of the kind ${landing.kind}; queries are run against postgres and redshift.`,
    {
      kind: 'config',
      code: 'import:warehouse',
      remedy:
        able.length > 0
          ? `Name one of these with --landing: ${able.join(', ')}.`
          : 'Export the rows there as CSV and import the file, or add a landing of the kind postgres or redshift.',
    },
  );
}

const isSql = (landing: Landing | undefined): landing is SqlLanding =>
  landing !== undefined && landing !== 'embedded' && (landing.kind === 'postgres' || landing.kind === 'redshift');

/** Redshift always uses TLS, whatever its landing says; NODE_EXTRA_CA_CERTS names a private authority. */
function tls(landing: SqlLanding): ClientConfig['ssl'] {
  if (landing.kind === 'redshift' || landing.sslmode === 'verify-full') return { rejectUnauthorized: true };
  return landing.sslmode === 'disable' ? false : { rejectUnauthorized: false };
}

/** The value that `env:NAME`, `file:/path:key` or `dir:/path:file` refers to on this machine; undefined when there is none. */
function referenced(reference: string, variables: Variables): string | undefined {
  const [, provider, path = '', key = ''] = /^(env|file|dir):([^:]+)(?::(.+))?$/.exec(reference) ?? [];
  if (provider === 'env') return variables[path] || undefined;
  const file = provider === 'dir' ? join(path, key) : path;
  if (!existsSync(file)) return undefined;
  try {
    const text = readFileSync(file, 'utf8');
    if (provider === 'dir') return text.replace(/\r?\n$/, '');
    // A Java properties file: key=value, key:value or key value.
    for (const line of text.split(/\r?\n/)) {
      const found = /^\s*([^\s=:#!]+)\s*[=:\s]\s*(.*)$/.exec(line);
      if (found?.[1] === key) return found[2]?.replace(/\\(.)/g, '$1');
    }
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return undefined;
}
