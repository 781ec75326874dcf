import { forwardTime } from '../core/clock.ts';
import { type KnownAs, parsedRow } from '../core/known-row.ts';
import type { Page, Position } from '../core/types.ts';
import { outboxRecord, tableStateRecord, outboxDoneRecord } from '../kafka/meta/state.ts';
import type { Batch, TableState } from '../kafka/types.ts';
import { createBatchBuilder, type Committed, type DeletedRow, type BatchBuilder, type NewOutboxTask } from './batch-builder.ts';
import type { CompiledRow } from '../record/row.ts';
import { entriesOf, messagesOf } from './messages-of.ts';
import type { OpenTable } from './open-table.ts';
import type { EngineReadContext } from './read-context.ts';
import { backfillOf, horizonWith, type TableRun } from './table-run.ts';

/** A batch is closed at the end of the page that exceeds one of these limits. */
const fullRows = 3_000;
const fullBytes = 8 * 1024 * 1024;
const fullMs = 1_000;

/**
 * Collects pages into batches and writes each batch as one transaction; while one is being written, the next one is
 * built. A batch holds whole pages and the position after the last of them.
 */
export interface Publisher {
  /** Turns all rows of a page into records and changes. */
  add(page: Page): Promise<void>;
  delete(row: DeletedRow): void;
  /** Adds an outbox task for another table; it is committed with the current batch. */
  addTask(task: NewOutboxTask): void;
  /** Moves the position to the one after this page. */
  advance(page: Page): void;
  /** Changes other parts of the table's state; committed with the current batch. */
  remember(change: (state: TableState) => TableState): void;
  /** The state once everything collected is committed. */
  remembered(): TableState;
  isFull(): boolean;
  /** Starts to write the current batch; waits only for the batch before it. */
  flush(): Promise<void>;
  /** Writes the current batch and waits until it is committed. */
  settle(): Promise<void>;
  /** Commits that this run has read everything it was asked for. */
  complete(): Promise<void>;
  /** Whether a write has failed: nothing more can be committed in this session. */
  isLost(): boolean;
}

export function createPublisher(table: OpenTable, run: TableRun, ctx: EngineReadContext): Publisher {
  const { index, ref, services } = table;
  let state: TableState = { ...table.state, runId: run.id, since: table.state.updatedAt === 0 ? (run.since ?? null) : table.state.since };
  let completedTasks: string[] = [];
  let moved = false;
  let lost = false;
  let unread = false;
  let pendingCommit: Promise<void> = Promise.resolve();
  /** What the batch in flight changes, by key hash; null for a delete. */
  let inFlight = new Map<string, CompiledRow | null>();
  const committed: Committed = { rowHash: committedHash, holds };
  let builder = createBatchBuilder(table, run, committed);
  const time = forwardTime(services.now);
  let openedAt = time();

  function committedHash(keyHash: Buffer): Buffer | undefined {
    if (inFlight.size === 0) return index.get(keyHash);
    const pending = inFlight.get(keyHash.toString('latin1'));
    return pending === undefined ? index.get(keyHash) : pending?.rowHash;
  }

  function holds({ keyHash, print, state: asked }: KnownAs): boolean {
    if (inFlight.size > 0 && inFlight.has(keyHash.toString('latin1'))) return false;
    return index.state() === asked || index.holds(keyHash, print);
  }

  async function write(batch: BatchBuilder, done: readonly string[]): Promise<void> {
    const at = services.now();
    const deletes = batch.deletes();
    const changed = batch.upserts();
    const outbox = batch.outboxTasks();
    const upserts = changed.length;
    state = { ...state, rowsPublished: state.rowsPublished + upserts, updatedAt: at };
    const next = state;
    // Before anything is awaited, because the next batch is compared with it.
    inFlight = new Map();
    for (const { row } of changed) inFlight.set(row.keyHash.toString('latin1'), row);
    for (const { keyHash } of deletes) inFlight.set(keyHash.toString('latin1'), null);
    const messages = await messagesOf(table, changed, deletes, at);
    const contents: Batch = {
      topic: table.topic,
      messages,
      deadLetters: batch.deadLetters,
      state: [
        ...outbox.map((item) => outboxRecord(ref.connection, item.table, item.work)),
        ...done.map((id) => outboxDoneRecord(ref.connection, ref.table, id)),
        tableStateRecord(ref.connection, ref.table, next),
      ],
      // One header for both facts, because kafkajs allocates a buffer for each header of each message.
      headers: { tributary: `run=${run.id} schema=${table.valueSchemaId}` },
    };
    try {
      const covered = await services.writer.write(contents);
      await index.applyInTurns(entriesOf(changed, deletes), covered);
      await index.learn(batch.printed());
    } catch (error) {
      lost = true;
      throw error;
    }
    inFlight = new Map();
    table.state = next;
    if (done.length > 0) table.outbox = table.outbox.filter(({ id }) => !done.includes(id));
    for (const to of new Set(outbox.map((item) => item.table))) {
      const other = services.tables.get(to);
      if (other) other.outbox = [...other.outbox, ...outbox.filter((item) => item.table === to).map(({ work }) => work)];
    }
    addToTotals(table, run, batch, { upserts, deletes: deletes.length, messages: messages.length, startedAt: at, readTo: next.readTo });
  }

  const publisher: Publisher = {
    async add(page) {
      const { unnamed, putAside } = await builder.add(page, state.position);
      if (page.scan) {
        const { id } = page.scan;
        const before = state.scan?.id === id ? state.scan : { unnamed: 0, putAside: 0 };
        state = { ...state, scan: { id, ...index.custody(), unnamed: before.unnamed + unnamed, putAside: before.putAside + putAside } };
        if (run.freshScans.has(id)) run.keptRows?.push(...page.rows.map(parsedRow));
        unread ||= (page.scan.end?.unread ?? []).length > 0;
      }
      run.totals.fetched += page.rows.length;
      services.emit({
        type: 'page-read',
        rows: page.rows.length,
        ...ref,
        ...(page.readTo === undefined ? {} : { readTo: page.readTo }),
        ...(page.progress === undefined ? {} : { progress: page.progress }),
      });
      for (const message of page.warnings ?? []) services.emit({ type: 'warning', message, ...ref });
    },
    delete: (row) => builder.delete(row),
    addTask: (task) => builder.addTask(task),
    advance(page) {
      state = withPosition(state, run, page.position);
      if (page.readTo !== undefined) state = readThrough(state, page.readTo, services.now());
      completedTasks.push(...ctx.completedTaskIds());
      moved = true;
    },
    remember(change) {
      state = change(state);
      moved = true;
    },
    remembered: () => state,
    isFull() {
      const { rows, bytes } = builder.size();
      return rows >= fullRows || bytes >= fullBytes || time() - openedAt >= fullMs;
    },
    async flush() {
      await pendingCommit;
      if (!moved && builder.isEmpty()) return;
      const batch = builder;
      const done = completedTasks;
      pendingCommit = write(batch, done);
      pendingCommit.catch(() => undefined);
      builder = createBatchBuilder(table, run, committed);
      openedAt = time();
      completedTasks = [];
      moved = false;
    },
    async settle() {
      await publisher.flush();
      await pendingCommit;
    },
    async complete() {
      publisher.remember((known) => completed(table, known, run, services.now(), unread));
      await publisher.settle();
    },
    isLost: () => lost,
  };
  return publisher;
}

function withPosition(state: TableState, run: TableRun, position: Position): TableState {
  if (run.backfill === undefined) return { ...state, position };
  return { ...state, horizon: horizonWith(state, run.backfill), backfill: { ...backfillOf(state, run.backfill), position } };
}

/** Sets `readTo`. A time after `now` comes from a wrong clock and is cut to `now`. */
function readThrough(state: TableState, to: number, now: number): TableState {
  const before = state.readTo ?? 0;
  return { ...state, readTo: before > now ? to : Math.max(to, before) };
}

function completed({ definition }: OpenTable, state: TableState, run: TableRun, now: number, unread: boolean): TableState {
  // A listing that began in this very run has shown everything that existed when the run started, except unreadable rows.
  const whole = definition.method === 'full_table' && run.freshScans.size > 0 && !unread;
  return {
    ...(whole ? readThrough(state, run.startedAt, now) : state),
    lastSuccessAt: now,
    handled: { ...state.handled, ...run.handles },
    ...(run.backfill === undefined ? {} : { backfill: { ...backfillOf(state, run.backfill), done: true } }),
  };
}

function addToTotals(
  { ref, services }: OpenTable,
  { totals }: TableRun,
  batch: BatchBuilder,
  done: {
    readonly upserts: number;
    readonly deletes: number;
    readonly messages: number;
    readonly startedAt: number;
    readonly readTo: number | undefined;
  },
): void {
  const { upserts, deletes, messages, startedAt, readTo } = done;
  const { misfits, unknown, newest } = batch.counts;
  const unchanged = batch.unchanged();
  const deadLetters = batch.deadLetters.length;
  totals.published += upserts;
  totals.deleted += deletes;
  totals.unchanged += unchanged;
  totals.deadLetters += deadLetters;
  totals.messages += messages;
  const at = services.now();
  services.emit({
    type: 'batch-committed',
    upserts,
    deletes,
    unchanged,
    deadLetters,
    at,
    durationMs: at - startedAt,
    ...ref,
    ...(newest === undefined ? {} : { replicationValue: newest }),
    ...(readTo === undefined ? {} : { readTo }),
  });
  for (const [what, count] of [
    ['misfit', misfits],
    ['unknown_field', unknown],
    ['duplicate', batch.duplicates()],
  ] as const) {
    if (count > 0) services.emit({ type: 'rows-odd', what, count, ...ref });
  }
}
