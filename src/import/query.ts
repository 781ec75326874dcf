import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client, type QueryArrayResult, type QueryConfig } from 'pg';
import { onAbort } from '../core/clock.ts';
import { TributaryError } from '../core/errors.ts';
import { tlsFault } from '../core/tls.ts';
import { csvLine } from './csv.ts';
import { QUERY_FOLDER } from './job.ts';
import { cellOf, isBinary, isTime } from './query-types.ts';
import { writeText } from './row-file.ts';
import { stopIf } from './stop.ts';
import type { WarehouseAccess } from './warehouse.ts';

export interface QueryRequest {
  readonly query: string;
  readonly warehouse: WarehouseAccess;
  /** Existing folder in which one for the file is created. */
  readonly folder: string;
  /** Epoch ms, for the name of the file. */
  readonly now: number;
  readonly signal: AbortSignal;
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/** The result of a query as a file to import. */
export interface QueryFile {
  readonly path: string;
  readonly rows: number;
  /** Columns that are dates or times in the warehouse. */
  readonly dates: readonly string[];
}

const DECLARE = 'DECLARE tributary_import CURSOR FOR ';
/** Most rows per FETCH on a Redshift cluster of one node (page "FETCH"). */
const MOST_ROWS = 1_000;
const FIRST_ROWS = 100;
/** Target size of the rows in memory, bytes. */
const BLOCK = 4 * 1024 * 1024;
const PROGRESS_ROWS = 10_000;

/**
 * Runs one SELECT in a read-only transaction and writes its rows as CSV. The rows are fetched through a server-side cursor, so
 * that memory does not grow with them.
 * @throws TributaryError `config` with the warehouse's message when it refuses, `transient` when it is not reachable, `stopped`
 * when the signal fires.
 */
export async function queryToFile({ query, warehouse, folder, now, signal, onProgress }: QueryRequest): Promise<QueryFile> {
  const { name, where, client: options } = warehouse;
  const wanted = onlyQuery(query);
  stopIf(signal);
  const client = new Client({ ...options, application_name: 'tributary-import', types: { getTypeParser: () => String } });
  client.on('error', () => undefined);
  const forget = onAbort(signal, () => void client.end().catch(() => undefined));
  try {
    await client.connect().catch((cause: Error) => {
      stopIf(signal);
      throw unreachable(warehouse, cause);
    });
    const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
    const own = await mkdtemp(join(folder, QUERY_FOLDER));
    return await readInto(join(own, `${name}_${stamp}.csv`), client, wanted, { signal, onProgress }).catch(async (error: unknown) => {
      await rm(own, { recursive: true, force: true });
      throw error;
    });
  } catch (error) {
    stopIf(signal);
    if (error instanceof TributaryError) throw error;
    throw refused(error as Error & { code?: string; position?: string }, name, where, wanted);
  } finally {
    forget();
    await client.end().catch(() => undefined);
  }
}

async function readInto(
  path: string,
  client: Client,
  query: string,
  { signal, onProgress }: Pick<QueryRequest, 'signal' | 'onProgress'>,
): Promise<QueryFile> {
  // The session decides how times and numbers are written; these settings make them ISO, in UTC, with all digits.
  for (const setting of [`datestyle TO 'ISO, YMD'`, `timezone TO 'UTC'`, 'extra_float_digits TO 2', `client_encoding TO 'UTF8'`])
    await client.query(`SET ${setting}`);
  await client.query('BEGIN READ ONLY');
  // With the extended protocol a server accepts only one statement, so nothing after a semicolon is run.
  const declare: QueryConfig & { readonly queryMode: 'extended' } = { text: `${DECLARE}${query}`, queryMode: 'extended' };
  await client.query(declare);
  const file = await writeText(path);
  let [rows, wanted] = [0, FIRST_ROWS];
  let dates: readonly string[] | undefined;
  try {
    for (;;) {
      stopIf(signal);
      const text = `FETCH FORWARD ${wanted} FROM tributary_import`;
      const got: QueryArrayResult<(string | null)[]> = await client.query({ text, rowMode: 'array' });
      if (dates === undefined) {
        const binary = got.fields.find(({ dataTypeID }) => isBinary(dataTypeID));
        if (binary !== undefined) throw binaryColumn(binary.name);
        dates = got.fields.filter(({ dataTypeID }) => isTime(dataTypeID)).map(({ name }) => name);
        await file.write(`${csvLine(got.fields.map(({ name }) => name))}\n`);
      }
      const types = got.fields.map(({ dataTypeID }) => dataTypeID);
      const before = file.bytes;
      for (const cells of got.rows) {
        await file.write(`${csvLine(cells.map((cell, at) => (cell === null ? '' : cellOf(cell, types[at] as number))))}\n`);
        rows += 1;
        if (rows % PROGRESS_ROWS === 0) onProgress?.(rows);
      }
      if (got.rows.length < wanted) break;
      const perRow = Math.max(1, (file.bytes - before) / got.rows.length);
      wanted = Math.min(MOST_ROWS, wanted * 4, Math.max(1, Math.floor(BLOCK / perRow)));
    }
  } finally {
    await file.close();
  }
  await client.query('COMMIT');
  return { path, rows, dates };
}

/** Removes the rows of a query after they have been imported. */
export async function removeQueryFile({ path }: QueryFile): Promise<void> {
  await rm(dirname(path), { recursive: true, force: true });
}

/** The query without its final semicolon. Throws `config` for a statement that reads nothing. */
function onlyQuery(query: string): string {
  const bare = query.trim().replace(/;\s*$/, '');
  if (/^(\(|\s|--[^\n]*(\n|$)|\/\*[^]*?\*\/)*(select|with|values|table)\b/i.test(bare)) return bare;
  throw new TributaryError('The query is not a SELECT.', {
    kind: 'config',
    code: 'import:query',
    remedy: `Give one statement that reads rows, such as --query "SELECT email AS \\"Email\\" FROM customers". It runs in a transaction that cannot write.`,
  });
}

function unreachable({ name, where }: WarehouseAccess, cause: Error & { code?: string }): TributaryError {
  const login = (cause.code ?? '').startsWith('28');
  const why = tlsFault(cause) ?? (cause.message || cause.code || 'no answer').replace(/\.$/, '');
  return new TributaryError(`The warehouse of landing ${name} at ${where} cannot be opened: ${why}.`, {
    kind: login ? 'config' : 'transient',
    code: 'import:warehouse',
    remedy: login
      ? 'Correct PGUSER and PGPASSWORD, or user and password_ref of the landing.'
      : 'Check host, port and sslmode of the landing, as this machine reaches them. PGHOST and PGPORT override host and port for this command.',
    cause,
  });
}

function refused(error: Error & { code?: string; position?: string }, name: string, where: string, query: string): TributaryError {
  if (error.code === undefined || !/^[0-9A-Z]{5}$/.test(error.code)) {
    return new TributaryError(
      `The connection to the warehouse of landing ${name} at ${where} was lost: ${error.message.replace(/\.$/, '')}.`,
      {
        kind: 'transient',
        code: 'import:warehouse',
        remedy: 'Nothing was sent. Run the command again.',
        cause: error,
      },
    );
  }
  const at = Number(error.position) - DECLARE.length;
  const near = at > 0 && at <= query.length ? ` (at "${query.slice(at - 1, at + 39).replace(/\s+/g, ' ')}")` : '';
  return new TributaryError(`The warehouse of landing ${name} refuses the query: ${error.message.replace(/\.$/, '')}${near}.`, {
    kind: 'config',
    code: 'import:query',
    remedy:
      error.code === '42501'
        ? 'Give the user the right to read what the query names, or name another with PGUSER.'
        : 'Correct the query; it has to be one statement that reads.',
    cause: error,
  });
}

const binaryColumn = (name: string): TributaryError =>
  new TributaryError(`Column ${name} of the query holds binary data.`, {
    kind: 'config',
    code: 'import:query',
    remedy: 'Leave it out, or convert it to text in the query.',
  });
