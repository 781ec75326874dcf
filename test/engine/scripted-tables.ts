import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { TributaryError } from '../../src/core/errors.ts';
import type { RunTotals } from '../../src/core/run.ts';
import type { TableDefinition, TableRecord } from '../../src/core/table.ts';
import type { Page, ReadContext, Row } from '../../src/core/types.ts';
import { table } from '../../src/sdk/define.ts';
import { createCycle } from '../../src/engine/cycle.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import type { ConnectionServices, OpenTable } from '../../src/engine/open-table.ts';
import { withinRun } from '../../src/engine/run-scope.ts';
import { syncTable } from '../../src/engine/sync-table.ts';
import { createTableRun, emptyTotals, type RunRequest } from '../../src/engine/table-run.ts';
import { newState } from '../../src/engine/table-opener.ts';
import type { Batch, DeadLetter, OutboxTask, TableState } from '../../src/kafka/types.ts';
import { compileTable } from '../../src/record/codec.ts';
import { unframe } from '../../src/record/framing.ts';
import { compileRow } from '../../src/record/row.ts';
import { openLiveIndex } from '../../src/state/live-index.ts';
import { keyText } from '../support/engine.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { whole } from '../support/whole.ts';

/** One transaction as a subscriber of the topic would read it. */
export interface Written {
  readonly table: string;
  /** In order: `+key` an upsert, `!key` a marker, `-key` a tombstone. */
  readonly messages: readonly string[];
  readonly deadLetters: readonly DeadLetter[];
  /** State of the table, as committed with these messages. */
  readonly state: TableState;
  /** What each marker says of its row, by key. */
  readonly markers: Readonly<Record<string, TableRecord>>;
  /** Headers of each message. */
  readonly headers: Batch['headers'];
  /** Tasks handed to other tables, and ids of tasks that are done. */
  readonly handed: readonly { readonly table: string; readonly work: OutboxTask['work'] }[];
  readonly done: readonly string[];
}

export interface ScriptedRun {
  readonly error?: TributaryError;
  readonly totals: RunTotals;
  /** Transactions of this run, in order. */
  readonly written: readonly Written[];
  readonly events: readonly EngineEvent[];
  /** Rows kept for other tables of the cycle. */
  readonly kept: readonly Row[] | undefined;
}

export interface ScriptedTables {
  readonly tables: ReadonlyMap<string, OpenTable>;
  /** Keys each topic holds a row for. */
  live(table: string): readonly string[];
  /** The row that each of these keys has in its topic. */
  records(table: string): ReadonlyMap<string, TableRecord>;
  /** What the next run of a table reads. */
  script(table: string, read: (ctx: ReadContext) => AsyncGenerator<Page, void, void>): void;
  /** Hears of each transaction before it is committed; what it throws fails the write. */
  beforeCommit: ((written: Written) => void | Promise<void>) | undefined;
  clock: number;
  /** `keepRows`: another table of the cycle may need them. */
  run(table: string, request?: Partial<RunRequest> & { readonly keepRows?: boolean }, signal?: AbortSignal): Promise<ScriptedRun>;
  close(): void;
}

/** A table of items, listed whole. */
export function itemTable(fields: TableDefinition['fields'], more: Partial<TableDefinition> = {}): TableDefinition {
  return table({
    name: 'item',
    docs: 'Items',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    deletes: 'scan',
    fields,
    async *read() {
      // The test gives the pages.
    },
    ...more,
  } as Parameters<typeof table>[0]) as TableDefinition;
}

/** Tables of one connection with the engine's own code, pages from the test, and a writer that keeps what it gets. */
export function openScriptedTables(definitions: readonly TableDefinition[]): ScriptedTables {
  const folder = memoryFolder('tributary-engine-');
  const tables = new Map<string, OpenTable>();
  const topics = new Map<string, Map<string, TableRecord>>();
  const scripts = new Map<string, (ctx: ReadContext) => AsyncGenerator<Page, void, void>>();
  let written: Written[] = [];
  let events: EngineEvent[] = [];
  let offset = 0n;

  const services: ConnectionServices = {
    api: undefined,
    tables,
    emit: (event) => void events.push(event),
    now: () => all.clock,
    writer: {
      async write(batch: Batch) {
        const transaction = readBack(tables.get(batch.topic) as OpenTable, batch);
        await all.beforeCommit?.(transaction);
        written.push(transaction);
        const { codec } = tables.get(batch.topic) as OpenTable;
        const topic = topics.get(batch.topic) as Map<string, TableRecord>;
        const values = Array.from(batch.messages, ({ value }) => value && whole(value));
        for (const [n, message] of transaction.messages.entries()) {
          const value = values[n];
          if (message.startsWith('+')) topic.set(message.slice(1), codec.decodeValue(unframe(value as Buffer).payload).record);
          if (message.startsWith('-')) topic.delete(message.slice(1));
        }
        offset += BigInt(batch.messages.length);
        return new Map([[0, offset]]);
      },
      reopen: async () => undefined,
      close: async () => undefined,
    },
  };

  for (const definition of definitions) {
    const { name } = definition;
    const codec = compileTable('scripted', definition);
    const ids = { keySchemaId: 1, valueSchemaId: 2 };
    const facts = { partitions: 1, tombstonesKept: 86_400_000 } as OpenTable['topicFacts'];
    const index = openLiveIndex(join(folder, name), { topic: name, valueSchemaId: 2 }, services.now);
    const table: OpenTable = {
      ref: { connection: 'shop', source: 'scripted', table: name },
      definition: { ...definition, read: ((ctx: ReadContext) => scripts.get(name)?.(ctx) ?? nothing()) as TableDefinition['read'] },
      topic: name,
      topicFacts: facts,
      codec,
      rows: compileRow(definition, codec, { maxBytes: 1_000_000 }),
      index,
      ...ids,
      services,
      state: newState({ topic: name, ...ids }, facts),
      outbox: [],
      refusal: undefined,
    };
    tables.set(name, table);
    topics.set(name, new Map());
  }

  let sessions = 0;
  const all: ScriptedTables = {
    tables,
    clock: Date.UTC(2026, 0, 1),
    beforeCommit: undefined,
    live: (name) => [...(topics.get(name)?.keys() ?? [])].sort(),
    records: (name) => topics.get(name) ?? new Map(),
    script: (name, read) => void scripts.set(name, read),
    async run(name, { keepRows = false, ...request } = {}, signal = new AbortController().signal) {
      const table = tables.get(name) as OpenTable;
      [written, events] = [[], []];
      table.index.openSession(`s${(sessions += 1)}`, table.state.scan);
      const totals = emptyTotals();
      const cycle = request.cycle ?? createCycle(async () => []);
      const run = createTableRun(
        { mode: 'periodic', since: undefined, rescan: false, handles: {}, ...request, cycle },
        { startedAt: all.clock, totals, signal, keepRows },
      );
      try {
        await withinRun({ ref: table.ref, totals }, () => syncTable(table, run));
      } catch (error) {
        if (!(error instanceof TributaryError)) throw error;
        return { error, totals, written, events, kept: run.keptRows };
      }
      return { totals, written, events, kept: run.keptRows };
    },
    close() {
      for (const { index } of tables.values()) index.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (const { index, state } of tables.values()) index.trust(state.topicEpoch ?? '', Infinity);
  return all;
}

function readBack({ codec, ref }: OpenTable, batch: Batch): Written {
  const markers: Record<string, TableRecord> = {};
  const messages = [...batch.messages].map(({ key, value }) => {
    const id = keyText(codec.decodeKey(unframe(key).payload));
    if (value === null) return `-${id}`;
    const { deleted, record } = codec.decodeValue(unframe(whole(value)).payload, undefined);
    if (deleted) markers[id] = record;
    return deleted ? `!${id}` : `+${id}`;
  });
  const own = batch.state.find(({ slot, table }) => slot === 'state' && table === ref.table);
  const tasks = batch.state.filter(({ slot }) => slot.startsWith('outbox:'));
  return {
    table: ref.table,
    messages,
    markers,
    headers: batch.headers,
    deadLetters: batch.deadLetters,
    state: own?.value as unknown as TableState,
    handed: tasks.flatMap(({ table, value }) => (value === null ? [] : [{ table, work: value }])),
    done: tasks.filter(({ value }) => value === null).map(({ slot }) => slot.slice('outbox:'.length)),
  };
}

async function* nothing(): AsyncGenerator<Page, void, void> {
  // A table without a script has nothing to read.
}

/** Reads a complete listing of these ids on one page. */
export const listing = (...ids: readonly string[]) =>
  async function* read(ctx: ReadContext): AsyncGenerator<Page, void, void> {
    yield { rows: rowsOf(...ids), position: { v: 1 }, scan: { id: ctx.newScan(), end: {} } };
  };

/** Reads a page without rows, and fails. */
export const failing = (error: Error) =>
  async function* read(): AsyncGenerator<Page, void, void> {
    yield { rows: [], position: { v: 1 } };
    throw error;
  };

/** Rows with these ids. */
export const rowsOf = (...ids: readonly string[]): Row[] => ids.map((id) => ({ id }));

/** The key of a row with that id, as messages show it. */
export const key = (id: string): string => JSON.stringify({ id });
