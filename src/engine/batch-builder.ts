import { cutText } from '../core/cut.ts';
import { diffBatch, type RowChange } from '../state/diff.ts';
import { type KnownAs, unparsedRow } from '../core/known-row.ts';
import { faultOfRow } from '../core/checked-rows.ts';
import { takeTurns } from '../core/turns.ts';
import type { Page, Position, Row } from '../core/types.ts';
import type { DeadLetter, OutboxTask } from '../kafka/types.ts';
import { compileRowMask } from '../record/mask.ts';
import { rawText } from '../record/raw-text.ts';
import type { CompiledRow, RejectedRow } from '../record/row.ts';
import type { TableRecord } from '../core/table.ts';
import type { PrintedRow } from '../state/live-index.ts';
import type { OpenTable } from './open-table.ts';
import type { TableRun } from './table-run.ts';

/** A row that a complete scan proved to be gone. */
export interface DeletedRow {
  readonly keyHash: Buffer;
  readonly keyBody: Buffer;
  /** Columns of the deleted row that are known, for the marker. */
  readonly known?: TableRecord;
  readonly outbox?: readonly NewOutboxTask[];
}

/** An outbox task for another table of the connection. */
export interface NewOutboxTask {
  readonly table: string;
  readonly work: OutboxTask;
}

/** A batch being built: whole pages and the changes that follow from them. */
export interface BatchBuilder {
  readonly deadLetters: readonly DeadLetter[];
  /** Turns all rows of a page into records and changes. Returns how many rows became dead letters: without a usable key, and with one. */
  add(page: Page, at: Position | undefined): Promise<{ readonly unnamed: number; readonly putAside: number }>;
  delete(row: DeletedRow): void;
  addTask(task: NewOutboxTask): void;
  upserts(): readonly RowChange[];
  /** Unchanged rows with a print that the live index has not stored. */
  printed(): readonly PrintedRow[];
  deletes(): readonly DeletedRow[];
  /** Outbox tasks to commit with the batch, those of its deletes included. */
  outboxTasks(): readonly NewOutboxTask[];
  size(): { readonly rows: number; readonly bytes: number };
  readonly counts: { fetched: number; misfits: number; unknown: number; newest: number | undefined };
  /** Whether the batch would publish no message. */
  isEmpty(): boolean;
  unchanged(): number;
  duplicates(): number;
}

/** What the topic will hold once everything before a batch is committed. */
export interface Committed {
  /** Row hash of a live row. */
  rowHash(keyHash: Buffer): Buffer | undefined;
  /** Whether it still holds a row that was known when it was read. */
  holds(known: KnownAs): boolean;
}

export function createBatchBuilder(table: OpenTable, run: TableRun, committed: Committed): BatchBuilder {
  const { definition, index, ref, services } = table;
  const diff = diffBatch(committed.rowHash, definition.newer);
  const vanished: DeletedRow[] = [];
  const tasks: NewOutboxTask[] = [];
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
    // A time in the future says nothing about how fresh the table is.
    if (value !== undefined && value <= openedAt && value > (counts.newest ?? 0)) counts.newest = value;
  }

  return {
    deadLetters,
    counts,
    async add(page, at) {
      // Only a scan asks which rows were listed.
      const listed: Buffer[] | undefined = page.scan === undefined ? undefined : [];
      let unnamed = 0;
      let putAside = 0;
      // A page may have as many rows as the vendor likes.
      const turns = takeTurns();
      for (const row of page.rows) {
        if (turns.over()) await turns.next();
        const unparsed = unparsedRow(row);
        const known = unparsed?.known;
        if (known !== undefined && !diff.has(known.keyHash) && committed.holds(known)) {
          diff.addKnown(known.keyHash);
          listed?.push(known.keyHash);
          continue;
        }
        const whole = unparsed === undefined ? row : unparsed.parsed();
        const result = table.rows(whole);
        if (result.deadLetter !== undefined) {
          reject(whole, result, at);
          if (result.keyHash === undefined) unnamed += 1;
          else {
            listed?.push(result.keyHash);
            if (index.get(result.keyHash) === undefined) putAside += 1;
          }
          continue;
        }
        diff.add([result]);
        count(result);
        listed?.push(result.keyHash);
      }
      for (const row of page.seen ?? []) {
        if (turns.over()) await turns.next();
        const { keyHash } = table.rows(row);
        if (keyHash) listed?.push(keyHash);
        else unnamed += 1;
      }
      if (page.scan && listed) {
        index.beginScan(page.scan.id, run.freshScans.has(page.scan.id));
        for (const some of slices(listed)) {
          index.markSeen(some);
          if (turns.over()) await turns.next();
        }
      }
      counts.fetched += page.rows.length;
      return { unnamed, putAside };
    },
    delete: (row) => void vanished.push(row),
    addTask: (task) => void tasks.push(task),
    upserts: () => diff.changes().filter(isUpsert),
    printed: () =>
      diff
        .same()
        .flatMap(({ keyHash, rowHash, print }) =>
          print === undefined || index.wasShapedBy(keyHash, print.shapedBy) ? [] : [{ keyHash, rowHash, print }],
        ),
    deletes: () => [
      ...vanished,
      ...diff
        .changes()
        .filter(isDelete)
        .map(({ row }) => row),
    ],
    outboxTasks: () => [...vanished.flatMap(({ outbox = [] }) => outbox), ...tasks],
    size: () => ({ rows: counts.fetched + vanished.length + tasks.length, bytes: diff.bytes() + asideBytes }),
    isEmpty: () => vanished.length === 0 && tasks.length === 0 && deadLetters.length === 0 && diff.changes().length === 0,
    unchanged: () => counts.fetched - deadLetters.length - diff.changes().length - diff.duplicates(),
    duplicates: () => diff.duplicates(),
  };
}

// Of the module, because closures that are made for each batch are compiled for each batch.
const isUpsert = ({ op }: RowChange): boolean => op === 'upsert';
const isDelete = ({ op }: RowChange): boolean => op === 'delete';

/** As many rows as take some milliseconds; one slice for any ordinary page. */
const SLICE = 2_000;

function* slices<T>(all: readonly T[]): Generator<readonly T[], void, void> {
  let at = 0;
  do {
    yield all.slice(at, at + SLICE);
    at += SLICE;
  } while (at < all.length);
}

/** A dead letter must fit into a message: every part but the raw text is cut to this many characters; the raw text is cut to fit. */
const LONGEST_PART = 2_000;

const short = (text: string): string => cutText(text, LONGEST_PART);

const brief = (position: Position | undefined): Position | undefined =>
  position === undefined || JSON.stringify(position).length <= 8 * LONGEST_PART ? position : { v: position.v };
