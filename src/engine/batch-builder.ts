import { diffBatch, type RowChange } from '../state/diff.ts';
import { faultOfRow } from '../core/checked-rows.ts';
import type { Page, Position, Row } from '../core/types.ts';
import type { DeadLetter, OutboxTask } from '../kafka/types.ts';
import { compileRowMask } from '../record/mask.ts';
import { rawText } from '../record/raw-text.ts';
import type { CompiledRow, RejectedRow } from '../record/row.ts';
import type { TableRecord } from '../core/table.ts';
import type { OpenTable } from './open-table.ts';
import type { TableRun } from './table-run.ts';

/** A row that a complete scan proved to be gone. */
export interface DeletedRow {
  readonly keyHash: Buffer;
  readonly keyBody: Buffer;
  /** Columns known about its end, for the marker. */
  readonly known?: TableRecord;
  readonly outbox?: readonly Handing[];
}

/** Work for another table of the connection. */
export interface Handing {
  readonly table: string;
  readonly work: OutboxTask;
}

/** A batch while it fills: whole pages and whatever follows from them. */
export interface BatchBuilder {
  readonly openedAt: number;
  readonly deadLetters: readonly DeadLetter[];
  /** Row to record to change, for all rows of a page. Tells of the rows that became dead letters. */
  add(page: Page, at: Position | undefined): { readonly unnamed: number; readonly putAside: number };
  delete(row: DeletedRow): void;
  hand(work: Handing): void;
  upserts(): readonly RowChange[];
  deletes(): readonly DeletedRow[];
  /** What the deletes hand over included. */
  handing(): readonly Handing[];
  size(): { readonly rows: number; readonly bytes: number };
  readonly counts: { fetched: number; misfits: number; unknown: number; newest: number | undefined };
  /** Whether there is nothing that would become a message. */
  isEmpty(): boolean;
  unchanged(): number;
  duplicates(): number;
}

/** @param committedHash row hash the topic will hold once everything before this batch is committed. */
export function createBatchBuilder(table: OpenTable, run: TableRun, committedHash: (keyHash: Buffer) => Buffer | undefined): BatchBuilder {
  const { definition, index, ref, services } = table;
  const diff = diffBatch(committedHash, definition.newer);
  const vanished: DeletedRow[] = [];
  const handed: Handing[] = [];
  const deadLetters: DeadLetter[] = [];
  const counts: BatchBuilder['counts'] = { fetched: 0, misfits: 0, unknown: 0, newest: undefined };
  const mask = compileRowMask(definition);
  const openedAt = services.now();
  let asideBytes = 0;

  function reject(row: Row, { deadLetter, detail, key }: RejectedRow, position: Position | undefined): void {
    const { connection, table: name } = ref;
    const fault = typeof row === 'object' && row !== null ? faultOfRow(row) : undefined;
    const text = rawText(fault === undefined ? row : fault.original, mask);
    asideBytes += text.raw.length;
    deadLetters.push({
      connection,
      table: name,
      reason: deadLetter,
      detail: short(detail),
      ...text,
      position: brief(position),
      runId: run.id,
      at: openedAt,
      ...(key === undefined ? {} : { key: short(key) }),
    });
  }

  function count(row: CompiledRow): void {
    counts.misfits += row.misfits;
    counts.unknown += row.unknown;
    const value = row.replicationValue;
    // A date from the future says nothing about how fresh the table is.
    if (value !== undefined && value <= openedAt && value > (counts.newest ?? 0)) counts.newest = value;
  }

  return {
    openedAt,
    deadLetters,
    counts,
    add(page, at) {
      const listed: Buffer[] = [];
      const usable: CompiledRow[] = [];
      let unnamed = 0;
      let putAside = 0;
      for (const row of page.rows) {
        const result = table.rows(row);
        if (result.deadLetter !== undefined) {
          reject(row, result, at);
          if (result.keyHash && index.get(result.keyHash) === undefined) putAside += 1;
        } else {
          usable.push(result);
          count(result);
        }
        if (result.keyHash) listed.push(result.keyHash);
        else unnamed += 1;
      }
      for (const row of page.seen ?? []) {
        const { keyHash } = table.rows(row);
        if (keyHash) listed.push(keyHash);
        else unnamed += 1;
      }
      diff.add(usable);
      if (page.scan) {
        index.beginScan(page.scan.id, run.freshScans.has(page.scan.id));
        index.markSeen(listed);
      }
      counts.fetched += page.rows.length;
      return { unnamed, putAside };
    },
    delete: (row) => void vanished.push(row),
    hand: (work) => void handed.push(work),
    upserts: () => diff.changes().filter(({ op }) => op === 'upsert'),
    deletes: () => [...vanished, ...diff.changes().flatMap(({ op, row }) => (op === 'delete' ? [row] : []))],
    handing: () => [...vanished.flatMap(({ outbox = [] }) => outbox), ...handed],
    size: () => ({ rows: counts.fetched + vanished.length + handed.length, bytes: diff.bytes() + asideBytes }),
    isEmpty: () => vanished.length === 0 && handed.length === 0 && deadLetters.length === 0 && diff.changes().length === 0,
    unchanged: () => counts.fetched - deadLetters.length - diff.changes().length - diff.duplicates(),
    duplicates: () => diff.duplicates(),
  };
}

/** A dead letter must fit a message whatever the vendor wrote: only its raw text may be long, and that gives way. */
const LONGEST_PART = 2_000;

const short = (text: string): string => (text.length <= LONGEST_PART ? text : `${text.slice(0, LONGEST_PART)}…`);

const brief = (position: Position | undefined): Position | undefined =>
  position === undefined || JSON.stringify(position).length <= 8 * LONGEST_PART ? position : { v: position.v };
