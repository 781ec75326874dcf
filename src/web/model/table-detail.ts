import { TributaryError } from '../../core/errors.ts';
import { readDeadLetters } from '../../kafka/meta/dead-letters.ts';
import { readRuns, type RunRecord } from '../../kafka/meta/runs.ts';
import { tableTopic } from '../../kafka/meta/topic-names.ts';
import type { DeadLetter, TableState } from '../../kafka/types.ts';
import type { TableDefinition } from '../../core/table.ts';
import type { WebContext } from '../context.ts';
import type { Board } from './board.ts';
import { positionInWords } from './position.ts';
import type { TableRow } from './table-row.ts';
import { timeLimit } from '../../core/signals.ts';

/** The data of one table's page. */
export interface TableDetail {
  readonly row: TableRow;
  readonly definition: TableDefinition;
  readonly topic: string;
  readonly state: TableState | undefined;
  readonly positionText: string;
  /** Newest first. */
  readonly runs: readonly RunRecord[];
  /** Newest first, at most 20. */
  readonly deadLetters: readonly DeadLetter[];
  /** Number of rows in the topic after the last complete run. */
  readonly liveRows: number | undefined;
  /** Versions of the value schema, oldest first; undefined while the registry does not answer. */
  readonly schemaVersions: readonly number[] | undefined;
  /** The value schema in the registry, Avro JSON. */
  readonly schema: string | undefined;
}

/** A page does not wait longer (ms) than this for the registry. */
const schemaMs = 3_000;
const inTime = <T>(asked: Promise<T>): Promise<T | undefined> => asked.catch(() => undefined);

/** Throws `config` with code `not_found` for a table that is not in the settings. */
export function requireRow(board: Board, connection: string, table: string): TableRow {
  const row = board
    .snapshot()
    .connections.find(({ name }) => name === connection)
    ?.tables.find(({ status }) => status.table === table);
  if (row) return row;
  throw new TributaryError(`No table is called ${connection}.${table}.`, { kind: 'config', code: 'not_found' });
}

export async function tableDetail(context: WebContext, board: Board, connection: string, table: string): Promise<TableDetail> {
  const row = requireRow(board, connection, table);
  const definition = definitionOf(context, connection, table);
  const state = board.facts.state(row.name);
  const topic = tableTopic(context.settings(), connection, table);
  const runs = board.facts.runs(row.name);
  const [schemaVersions, schema, deadLetters] = await Promise.all([
    state === undefined ? [] : inTime(context.registry.versionsOf(`${topic}-value`, timeLimit(schemaMs))),
    state === undefined ? undefined : inTime(context.registry.schemaById(state.valueSchemaId, timeLimit(schemaMs))),
    // While Kafka is unavailable, the page shows what it knows.
    row.status.deadLetters === 0 ? [] : readDeadLetters(context.access, { connection, table, last: 20 }).catch(() => []),
  ]);
  return {
    row,
    definition,
    state,
    topic,
    schemaVersions,
    schema,
    deadLetters,
    liveRows: row.liveRows,
    positionText: positionInWords(state?.position),
    runs: [...runs].reverse(),
  };
}

/** The runs of a table, as far back as they are kept, newest first. */
export async function runsOf(
  context: WebContext,
  board: Board,
  connection: string,
  table: string,
  last: number,
): Promise<readonly RunRecord[]> {
  const known = board.facts.runs(requireRow(board, connection, table).name);
  return known.length >= last ? [...known].reverse().slice(0, last) : readRuns(context.access, { connection, table, last });
}

export function definitionOf(context: WebContext, connection: string, table: string): TableDefinition {
  const found = context
    .settings()
    .connections.find(({ name }) => name === connection)
    ?.tables.find(({ name }) => name === table);
  if (found) return found;
  throw new TributaryError(`No table is called ${connection}.${table}.`, { kind: 'config', code: 'not_found' });
}
