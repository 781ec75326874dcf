import { TributaryError } from '../../core/errors.ts';
import { readDeadLetters } from '../../kafka/meta/dead-letters.ts';
import { readRuns, type RunRecord } from '../../kafka/meta/runs.ts';
import { topicNames } from '../../kafka/meta/topic-names.ts';
import type { DeadLetter, TableState } from '../../kafka/types.ts';
import type { TableDefinition } from '../../core/table.ts';
import type { WebContext } from '../context.ts';
import type { Board } from './board.ts';
import { positionInWords } from './position.ts';
import type { TableRow } from './table-row.ts';

/** What the page of one table shows. */
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
  readonly schemaVersions?: number;
}

/** Throws `config` with code `not_found` for a table the settings do not have. */
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
  return {
    row,
    definition,
    state,
    topic: topicNames(context.access.settings.prefix).table(connection, table),
    positionText: positionInWords(state?.position),
    runs: [...board.facts.runs(row.name)].reverse(),
    // While Kafka is away the page shows what it knows.
    deadLetters: row.status.deadLetters === 0 ? [] : await readDeadLetters(context.access, { connection, table, last: 20 }).catch(() => []),
  };
}

/** The runs of a table as far back as they are kept, newest first. */
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
