import { setImmediate } from 'node:timers/promises';
import { onTestFinished, vi } from 'vitest';
import type { ConnectionSettings } from '../../src/config/settings.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { TributaryError } from '../../src/core/errors.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import type { Page, ReadContext, RunMode } from '../../src/core/types.ts';
import { type ConnectionWorker, createConnectionWorker } from '../../src/engine/connection-worker.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import type { RunSummary } from '../../src/engine/execute-run.ts';
import { text } from '../../src/sdk/fields.ts';
import { itemTable, listing, openScriptedTables, type ScriptedTables } from '../engine/scripted-tables.ts';
import { scriptedConnection, type ScriptedConnection } from './scripted-connection.ts';

/** What a run was asked for, as its reader sees it. */
export interface Ran {
  readonly table: string;
  readonly mode: RunMode;
  readonly since: number | undefined;
  readonly rescan: boolean | undefined;
}

/** A table of items that has this name. */
export const item = (name: string, more: Partial<TableDefinition> = {}): TableDefinition =>
  itemTable({ id: text('Id') }, { name, ...more });

/** A worker of a connection over scripted tables, and time in the test's hands, until the test has finished. */
export interface ScriptedWorker {
  readonly worker: ConnectionWorker;
  readonly tables: ScriptedTables;
  readonly connection: ScriptedConnection;
  /** Each reading that began, in order. */
  readonly ran: Ran[];
  readonly summaries: RunSummary[];
  readonly fatal: TributaryError[];
  now(): number;
  /** What the next runs of the table read, instead of one row. */
  reads(table: string, read: (ctx: ReadContext) => AsyncGenerator<Page, void, void>): void;
  /** The next runs of the table wait at their beginning until the function returned is called, or until they are stopped. */
  hold(table: string): () => void;
  /** Names of the tables that were read since the last call. */
  took(): string[];
  /** Events of these types since the last call of it for them. */
  told(...types: readonly EngineEvent['type'][]): EngineEvent[];
  /** Lets everything go on that waits for nothing but others. */
  settled(): Promise<void>;
  pass(ms: number): Promise<void>;
  /** Sets the clock, by so many milliseconds. */
  setClock(ms: number): void;
}

/** After so much time, ms, what it has caused has its turn. */
const STEP = 60_000;

export function openScriptedWorker(definitions: readonly TableDefinition[], more: Partial<ConnectionSettings> = {}): ScriptedWorker {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const tables = openScriptedTables(definitions);
  vi.setSystemTime(tables.clock);
  const connection = scriptedConnection(tables);
  let set = 0;
  const now = (): number => Date.now() + set;
  const readers = new Map<string, (ctx: ReadContext) => AsyncGenerator<Page, void, void>>();
  const held = new Map<string, Promise<void>>();
  const [ran, summaries, fatal]: [Ran[], RunSummary[], TributaryError[]] = [[], [], []];
  let taken = 0;
  let seen: readonly EngineEvent[] = [];

  for (const { name } of definitions) {
    tables.script(name, async function* read(ctx) {
      ran.push({ table: name, mode: ctx.mode, since: ctx.since, rescan: ctx.rescan });
      const stopped = new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      await Promise.race([held.get(name), stopped]);
      if (!ctx.signal.aborted) yield* (readers.get(name) ?? listing('a'))(ctx);
    });
  }

  const settings = { schedules: new Map(), history: { range: 'all' }, ...more } as unknown as ConnectionSettings;
  const worker = createConnectionWorker({
    settings,
    timezone: 'UTC',
    connection,
    emit: (event) => void connection.events.push(event),
    clock: { ...systemClock, now },
    onFatal: (error) => void fatal.push(error),
    onRunEnded: (summary) => void summaries.push(summary),
  });

  onTestFinished(async () => {
    await worker.stop();
    tables.close();
    vi.useRealTimers();
  });

  async function settled(): Promise<void> {
    const state = (): string => [ran.length, summaries.length, connection.events.length].join();
    for (let [before, still] = [state(), 0]; still < 25; still += 1) {
      await setImmediate();
      if (state() !== before) [before, still] = [state(), 0];
    }
  }

  return {
    worker,
    tables,
    connection,
    ran,
    summaries,
    fatal,
    now,
    reads: (table, read) => void readers.set(table, read),
    hold(table) {
      let release: () => void = () => undefined;
      held.set(table, new Promise((resolve) => (release = resolve)));
      return () => {
        held.delete(table);
        release();
      };
    },
    took: () => ran.slice(taken, (taken = ran.length)).map(({ table }) => table),
    told(...types) {
      const found = connection.events.filter((event) => types.includes(event.type) && !seen.includes(event));
      seen = [...seen, ...found];
      return found;
    },
    settled,
    async pass(ms) {
      for (let left = ms; left > 0; left -= STEP) {
        vi.advanceTimersByTime(Math.min(left, STEP));
        tables.clock = now();
        await settled();
      }
    },
    setClock: (ms) => void (set += ms),
  };
}
