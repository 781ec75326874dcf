import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asTributaryError, type TributaryError } from '../../src/core/errors.ts';
import { createRedactor } from '../../src/core/redact.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import type { RunOutcome } from '../../src/core/run.ts';
import { createCycle } from '../../src/engine/cycle.ts';
import { cleanEvent, type EngineEvent } from '../../src/engine/events.ts';
import { observeRequests } from '../../src/engine/observe-requests.ts';
import type { ConnectionServices, OpenTable } from '../../src/engine/open-table.ts';
import { readParentRows } from '../../src/engine/parent-rows.ts';
import { withinRun } from '../../src/engine/run-scope.ts';
import { syncTable } from '../../src/engine/sync-table.ts';
import { createTableRun, emptyTotals } from '../../src/engine/table-run.ts';
import { newState } from '../../src/engine/table-opener.ts';
import type { Batch, TableState } from '../../src/kafka/types.ts';
import { compileTable } from '../../src/record/codec.ts';
import { unframe } from '../../src/record/framing.ts';
import { compileRow } from '../../src/record/row.ts';
import { createHttpFactory } from '../../src/sdk/http/client.ts';
import type { Source } from '../../src/sdk/source.ts';
import { openLiveIndex, type IndexEntry } from '../../src/state/live-index.ts';
import { keyText } from '../support/engine.ts';

const CONNECTION = 'hostile';
/** A folder in memory where there is one: a third of a campaign was waiting for the disk to say that an index is safe. */
const MEMORY = '/dev/shm';

/** A table's topic and state as some moment left them. */
export interface Snapshot {
  readonly keys: ReadonlyMap<string, boolean>;
  readonly entries: readonly IndexEntry[];
  readonly state: TableState;
  readonly messages: bigint;
}

/** What one run did. */
export interface MemoryRun {
  readonly outcome: RunOutcome;
  readonly error?: TributaryError;
  /** Keys of tombstones, in order. */
  readonly deleted: readonly string[];
  readonly deadLetters: number;
  /** Everything that would leave the process except the rows themselves. */
  readonly outputs: string;
}

/** One table with everything of the engine but Kafka: what would be the topic is a map. */
export interface MemoryTable {
  readonly definition: TableDefinition;
  /** Keys the topic holds (true) or has forgotten (false). */
  keys(): ReadonlyMap<string, boolean>;
  state(): TableState;
  run(limits: { readonly stop: AbortSignal; readonly since?: number | undefined }): Promise<MemoryRun>;
  snapshot(): Snapshot;
  /** Back to that moment, or to a table that was never read. */
  restore(to?: Snapshot): void;
  close(): Promise<void>;
}

export interface MemoryTables {
  readonly tables: readonly TableDefinition[];
  open(name: string): MemoryTable;
  close(): void;
}

export function memoryTables(source: Source, given: unknown, clock: Clock, secrets: readonly string[]): MemoryTables {
  const settings: unknown = source.settings.parse(given);
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'tributary-hostile-'));
  const redactor = createRedactor();
  for (const secret of secrets) redactor.add(secret);
  let events: EngineEvent[] = [];
  const emit = (event: EngineEvent): void => void events.push(cleanEvent(event, redactor));
  const http = createHttpFactory({
    clock,
    random: () => 0,
    observer: observeRequests({ connection: CONNECTION, source: source.name }, emit),
    redactor,
  });
  const definitions = source.tables(settings);

  function open(name: string): MemoryTable {
    const definition = definitions.find((one) => one.name === name) as TableDefinition;
    const codec = compileTable(source.name, definition);
    const ids = { keySchemaId: 1, valueSchemaId: 2 };
    const facts = { partitions: 1, tombstonesKept: 86_400_000 } as OpenTable['topicFacts'];
    const index = openLiveIndex(join(folder, name), { topic: name, valueSchemaId: 2 }, clock.now);
    let keys = new Map<string, boolean>();
    let entries = new Map<string, IndexEntry>();
    let messages = 0n;
    let deleted: string[] = [];
    let letters: string[] = [];
    let states: string[] = [];
    const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

    const connected = (): unknown => source.connect(settings, { http, now: clock.now });
    const services: { -readonly [Part in keyof ConnectionServices]: ConnectionServices[Part] } = {
      api: connected(),
      tables: new Map(),
      emit,
      now: clock.now,
      writer: {
        async write(batch: Batch) {
          for (const { key, value } of batch.messages) {
            const id = keyText(codec.decodeKey(unframe(key).payload));
            keys.set(id, value !== null);
            if (value === null) deleted.push(id);
          }
          messages += BigInt(batch.messages.length);
          letters.push(JSON.stringify(redactor.redactAll(batch.deadLetters), plain));
          states.push(JSON.stringify(redactor.redactAll(batch.state), plain));
          return new Map([[0, messages]]);
        },
        reopen: async () => undefined,
        close: async () => undefined,
      },
    };
    // What the topic holds, for snapshots: the index itself cannot be copied.
    const keep = (changed: Iterable<IndexEntry>): void => {
      for (const entry of changed) entries.set(entry.keyHash.toString('latin1'), { keyHash: entry.keyHash, row: entry.row });
    };
    const kept: typeof index = {
      ...index,
      apply(changed, covered, upToDate) {
        keep(changed);
        index.apply(changed, covered, upToDate);
      },
      applyInTurns(changed, covered) {
        keep(changed);
        return index.applyInTurns(changed, covered);
      },
    };
    const table: OpenTable = {
      ref: { connection: CONNECTION, source: source.name, table: name },
      definition,
      topic: name,
      topicFacts: facts,
      codec,
      rows: compileRow(definition, codec, { maxBytes: 1_000_000 }),
      index: kept,
      ...ids,
      services,
      state: newState({ topic: name, ...ids }, facts),
      outbox: [],
      refusal: undefined,
    };
    (services.tables as Map<string, OpenTable>).set(name, table);
    let sessions = 0;

    return {
      definition,
      keys: () => keys,
      state: () => table.state,
      async run({ stop, since }) {
        events = [];
        deleted = [];
        letters = [];
        states = [];
        kept.openSession(`s${(sessions += 1)}`, table.state.scan);
        const totals = emptyTotals();
        const cycle = createCycle((parent, signal) => {
          const read = (of: string): Promise<readonly never[]> => {
            const found = definitions.find((one) => one.name === of) as TableDefinition;
            return readParentRows(found, services, signal, read) as Promise<readonly never[]>;
          };
          return read(parent);
        });
        const run = createTableRun(
          { mode: 'periodic', since, rescan: false, handles: {}, cycle },
          { startedAt: clock.now(), totals, signal: stop, keepRows: false },
        );
        let error: TributaryError | undefined;
        try {
          await withinRun({ ref: table.ref, totals }, () => syncTable(table, run));
        } catch (thrown) {
          error = asTributaryError(thrown, 'The run');
        }
        const told = error === undefined ? '' : JSON.stringify([error.message, error.remedy, error.detail, error.code]);
        return {
          outcome: error === undefined ? 'succeeded' : stop.aborted && error.kind !== 'internal' ? 'interrupted' : 'failed',
          ...(error === undefined ? {} : { error }),
          deleted,
          deadLetters: totals.deadLetters,
          // The log, the status and the metrics are made of events alone, and each passes the redactor once more.
          outputs: [JSON.stringify(redactor.redactAll(events), plain), redactor.redact(told), ...letters, ...states].join('\n'),
        };
      },
      snapshot: () => ({ keys: new Map(keys), entries: [...entries.values()], state: table.state, messages }),
      restore(to) {
        kept.clear('another case');
        // What a client remembers of the vendor is of the case before.
        services.api = connected();
        keys = new Map(to?.keys);
        entries = new Map((to?.entries ?? []).map((entry) => [entry.keyHash.toString('latin1'), entry]));
        messages = to?.messages ?? 0n;
        table.state = to?.state ?? newState({ topic: name, ...ids }, facts);
        table.outbox = [];
        kept.trust(table.state.topicEpoch ?? '', Infinity);
        if (to !== undefined)
          index.apply(
            to.entries.filter(({ row }) => row !== null),
            new Map([[0, messages]]),
          );
      },
      close: () => index.close(),
    };
  }

  return {
    tables: definitions,
    open,
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A number that depends on the table's name alone, so that a case can be run without the others. */
export const seedOf = (name: string, seed: number, number: number): number =>
  createHash('sha256').update(`${name} ${seed} ${number}`).digest().readUInt32LE(0);
