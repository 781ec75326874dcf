import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import type { Row } from '../../src/core/types.ts';
import { catchUp } from '../../src/engine/catch-up.ts';
import type { ConnectionEnvironment } from '../../src/engine/environment.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import type { OpenTable } from '../../src/engine/open-table.ts';
import type { ConnectionState } from '../../src/kafka/meta/state.ts';
import type { OutboxTask, TableState } from '../../src/kafka/types.ts';
import { compileTable } from '../../src/record/codec.ts';
import { frame } from '../../src/record/framing.ts';
import { compileRow } from '../../src/record/row.ts';
import { text } from '../../src/sdk/fields.ts';
import { deletePair } from '../../src/state/tombstones.ts';
import { LogCluster, type LogRecord } from '../support/log-cluster.ts';
import { refusalOf } from '../kafka/support.ts';
import { itemTable, openScriptedTables, type ScriptedTables } from './scripted-tables.ts';

/* What a table knows of its topic once its connection is open, with the topic as a log in memory. */

const TOPIC = 'saas.shop.item';
const fields = { id: text('Item'), name: text('Name'), owner: text('Owner') };
const item = itemTable(fields, { scope: ['owner'] });

let kafka: LogCluster;
let tables: ScriptedTables;
let events: EngineEvent[];
/** Schemas that the registry knows besides the table's own, and the ids it was asked for. */
let schemas: Map<number, unknown>;
let asked: number[];
beforeEach(() => {
  kafka = new LogCluster().topic(TOPIC);
  [events, asked, schemas] = [[], [], new Map()];
  open(item);
});
afterEach(() => tables.close());

let table: OpenTable;
/** Another opening of the process: the table and its index as they are on disk now. */
function open(...definitions: readonly TableDefinition[]): void {
  tables?.close();
  tables = openScriptedTables(definitions);
  table = opened('item');
}
const opened = (name: string): OpenTable => ({ ...(tables.tables.get(name) as OpenTable), topic: `saas.shop.${name}` });

const state = (more: Partial<TableState> = {}): TableState => ({ ...table.state, topic: TOPIC, rowsPublished: 1, ...more });
const states = (known?: TableState, outbox?: readonly OutboxTask[]): ConnectionState => ({
  states: new Map(known === undefined ? [] : [['item', known]]),
  outbox: new Map(outbox === undefined ? [] : [['item', outbox]]),
});

async function follow(known: ConnectionState = states(), of: readonly OpenTable[] = [table], signal?: AbortSignal): Promise<void> {
  events = [];
  const registry = {
    schemaById: async (id: number) => {
      asked.push(id);
      const found = schemas.get(id);
      if (found instanceof Error) throw found;
      return JSON.stringify(found);
    },
  };
  const env = {
    access: kafka.access(),
    registry,
    clock: { now: () => tables.clock },
    emit: (event: EngineEvent) => void events.push(event),
  } as unknown as ConnectionEnvironment;
  const where = { connection: 'shop', source: 'scripted' };
  await catchUp(env, where, new Map(of.map((one) => [one.ref.table, one])), known, signal ?? new AbortController().signal);
}

/** Rows of the table as its writer publishes them. */
const written = (...rows: readonly Row[]): LogRecord[] =>
  rows.map((row) => {
    const compiled = table.rows(row);
    if (compiled.deadLetter !== undefined) throw new Error(compiled.detail);
    return { key: frame(1, compiled.keyBody), value: frame(2, compiled.body, table.codec.tail(0, false)) };
  });
const keyBody = (id: string): Buffer => table.codec.keyBody({ id });
const removed = (id: string): LogRecord[] => {
  const { marker, tombstone } = deletePair(table.codec, { keySchemaId: 1, valueSchemaId: 2 }, keyBody(id), 0);
  return [marker, tombstone];
};

const held = (one = table): unknown[] => [...one.index.entries()].map((row) => one.codec.decodeKey(row.keyBody).id).sort();
/** Whether the index holds this very row. */
function holds(row: Row): boolean {
  const compiled = table.rows(row);
  return compiled.deadLetter === undefined && table.index.get(compiled.keyHash)?.equals(compiled.rowHash) === true;
}

describe('an index', () => {
  it('is filled with what its topic holds, and says how', async () => {
    kafka.topic(TOPIC, 2);
    kafka.write(TOPIC, 0, written({ id: 'a', name: 'old' }, { id: 'b' }, { id: 'a', name: 'new', owner: 'x' }));
    kafka.write(TOPIC, 1, [...written({ id: 'c' }, { id: 'd' }), ...removed('d'), { key: null, value: 'of another program' }]);
    table.topicFacts = { ...table.topicFacts, partitions: 2 };
    kafka.beforeFetch = () => void (tables.clock += 40);
    await follow();
    expect(held()).toEqual(['a', 'b', 'c']);
    expect(holds({ id: 'a', name: 'new', owner: 'x' })).toBe(true);
    expect([...table.index.keysInScope(table.codec.scopeHashOf({ owner: 'x' }))]).toHaveLength(1);
    expect(table.index.coveredOffsets(), 'markers and what is not read included').toEqual(
      new Map([
        [0, 3n],
        [1, 5n],
      ]),
    );
    expect(table.refusal).toBeUndefined();
    const told = { table: 'item', connection: 'shop', source: 'scripted', rows: 3, reason: 'there was none', durationMs: 80 };
    expect(events).toEqual([{ type: 'index-rebuilt', ...told }]);
  });

  it('that is up to date reads nothing, and one that is not reads on, without a word', async () => {
    kafka.write(TOPIC, 0, written({ id: 'a' }, { id: 'b' }));
    const known = states(state());
    await follow(known);
    kafka.fetches.length = 0;
    await follow(known);
    expect([kafka.fetches, events]).toEqual([[], []]);
    kafka.write(TOPIC, 0, [...written({ id: 'c' }), ...removed('a')]);
    await follow(known);
    expect(kafka.fetches.map(({ from }) => from)).toEqual([{ [`${TOPIC}/0`]: 2n }]);
    expect(held()).toEqual(['b', 'c']);
    expect(events).toEqual([]);
  });

  it('of a topic that holds nothing says nothing', async () => {
    await follow();
    expect([held(), events]).toEqual([[], []]);
  });

  it('is trusted in the life of its topic, as long as tombstones are kept twice over', async () => {
    kafka.write(TOPIC, 0, written({ id: 'a' }));
    table.topicFacts = { ...table.topicFacts, tombstonesKept: 2_000 };
    const known = states(state({ topicEpoch: 'one' }));
    await follow(known);
    kafka.fetches.length = 0;
    tables.clock += 1_000;
    await follow(known);
    expect(kafka.fetches).toEqual([]);
    tables.clock += 1_001;
    await follow(known);
    expect(events).toMatchObject([{ rows: 1, reason: expect.stringContaining('too long') }]);
    await follow(states(state({ topicEpoch: 'two' })));
    expect(events).toMatchObject([{ rows: 1, reason: expect.stringContaining('recreated') }]);
    kafka.fetches.length = 0;
    await follow(states(state({ topicEpoch: 'two' })));
    expect(kafka.fetches).toEqual([]);
  });

  it('of a state without an epoch, of an earlier release, is trusted as well', async () => {
    kafka.write(TOPIC, 0, written({ id: 'a' }));
    const { topicEpoch: _, ...early } = state();
    await follow(states(early));
    kafka.fetches.length = 0;
    await follow(states(early));
    expect(kafka.fetches).toEqual([]);
  });

  it('keeps what it has read when the reading breaks off, and does not call it up to date', async () => {
    const many = Array.from({ length: 5_500 }, (_, n): Row => ({ id: `n${n}` }));
    kafka.write(TOPIC, 0, written(...many));
    const stop = new AbortController();
    kafka.recordsAtOnce = 5_200;
    kafka.beforeFetch = (fetch) => {
      if (fetch === 2) stop.abort();
    };
    const known = states(state({ topicEpoch: 'one' }));
    expect(await refusalOf(follow(known, [table], stop.signal))).toMatchObject({ kind: 'stopped' });
    expect(table.index.size()).toBe(5_000);
    expect(table.index.coveredOffsets()).toEqual(new Map([[0, 5_000n]]));
    kafka.beforeFetch = undefined;
    await follow(known);
    expect(table.index.size()).toBe(5_500);
    expect(events, 'nobody knows how old the first part is').toMatchObject([{ type: 'index-rebuilt', rows: 5_500 }]);
  });
});

describe('a table', () => {
  it('gets its state and its tasks, and those of a table that was never read', async () => {
    kafka.write(TOPIC, 0, written({ id: 'a' }));
    const known = state({ position: { v: 1, at: 7 }, topicEpoch: 'one' });
    const task = { id: 't1', work: { of: 'a' } };
    await follow(states(known, [task]));
    expect(table.state).toEqual(known);
    expect(table.outbox).toEqual([task]);
    await follow(states());
    expect(table.state).toMatchObject({
      topic: TOPIC,
      position: undefined,
      rowsPublished: 0,
      keySchemaId: 1,
      valueSchemaId: 2,
      partitions: 1,
    });
    expect(table.state.topicEpoch, 'another life').not.toBe('one');
    expect(table.outbox).toEqual([]);
  });

  it('goes on with the schema that it has now', async () => {
    kafka.write(TOPIC, 0, written({ id: 'a' }));
    schemas.set(9, table.codec.valueSchema);
    await follow(states(state({ valueSchemaId: 9 })));
    expect(table.refusal).toBeUndefined();
    expect(table.state.valueSchemaId).toBe(2);
    expect(asked, 'the rows of its state may be of that one').toEqual([9]);
  });

  it('that has published nothing asks for no schema', async () => {
    await follow(states(state({ valueSchemaId: 9, rowsPublished: 0 })));
    expect([asked, table.refusal]).toEqual([[], undefined]);
  });
});

describe('rows of an earlier schema', () => {
  const narrow = compileTable('scripted', itemTable({ id: fields.id, name: fields.name }));
  const older = (schemaId: number, ...rows: readonly Row[]): LogRecord[] =>
    rows.map((row) => {
      const compiled = compileRow(itemTable({ id: fields.id, name: fields.name }), narrow, { maxBytes: 1_000 })(row);
      if (compiled.deadLetter !== undefined) throw new Error(compiled.detail);
      return { key: frame(1, compiled.keyBody), value: frame(schemaId, compiled.body, narrow.tail(0, false)) };
    });

  it('count as what they are in the present one, so that a new column publishes nothing', async () => {
    schemas.set(7, narrow.valueSchema).set(8, narrow.valueSchema);
    kafka.write(TOPIC, 0, [...older(7, { id: 'a', name: 'A' }, { id: 'b', name: 'B' }), ...older(8, { id: 'c' }), ...written({ id: 'd' })]);
    kafka.write(TOPIC, 0, older(7, { id: 'e' }));
    await follow();
    expect(held()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(holds({ id: 'a', name: 'A' })).toBe(true);
    expect(asked, 'once for each schema').toEqual([7, 8]);
    expect(events).toMatchObject([{ rows: 5 }]);
  });

  it.each([
    [
      'that the registry does not know',
      new TributaryError('No.', { kind: 'config', code: 'registry:404' }),
      'which the registry does not know',
    ],
    ["that is another table's now", { type: 'record', name: 'order', namespace: 'scripted', fields: [] }, '(scripted.order)'],
    ['that has no namespace', { type: 'record', name: 'item', fields: [] }, "another table's now (item)"],
  ])('%s stop their table alone, and what is behind them is not read', async (_, schema, says) => {
    schemas.set(7, schema);
    kafka.write(TOPIC, 0, [...written({ id: 'a' }), ...older(7, { id: 'b' }), ...written({ id: 'c' })]);
    await follow();
    expect(table.refusal).toMatchObject({ kind: 'config', code: 'topic:ids', message: expect.stringContaining(says) });
    expect(table.refusal?.message).toContain(`The topic ${TOPIC} was written with another registry: it holds rows of the schema 7`);
    expect(held()).toEqual([]);
    expect(events).toEqual([]);
    kafka.fetches.length = 0;
    await follow(states(state({ valueSchemaId: 7 })));
    expect(table.refusal, 'also where the state tells of the schema').toMatchObject({ code: 'topic:ids' });
    expect(kafka.fetches).toEqual([]);
  });

  it.each([
    ['does not answer', new TributaryError('No.', { kind: 'transient' })],
    ['refuses the log-in', new TributaryError('No.', { kind: 'config', code: 'registry:401', reach: 'connection' })],
    ['is not understood', new TypeError('no')],
  ])('stop the connection where the registry %s', async (_, error) => {
    schemas.set(7, error);
    kafka.write(TOPIC, 0, older(7, { id: 'b' }));
    expect(await refusalOf(follow())).toBe(error);
    expect(await refusalOf(follow(states(state({ valueSchemaId: 7 }))))).toBe(error);
  });
});

describe('a topic is refused', () => {
  const refusal = async (known?: TableState): Promise<string | undefined> => {
    await follow(states(known));
    return table.refusal?.message;
  };

  it('when its keys are of another schema', async () => {
    kafka.write(TOPIC, 0, [...written({ id: 'a' }), { key: frame(3, keyBody('b')), value: null }, ...written({ id: 'c' })]);
    expect(await refusal()).toContain("its keys carry the schema id 3, but the registry has the id 1 for this table's key");
    expect([table.refusal?.code, held(), events]).toEqual(['topic:ids', [], []]);
  });

  it('when the settings name another one than the rows are in', async () => {
    kafka.write(TOPIC, 0, written({ id: 'a' }));
    expect(await refusal(state({ topic: 'saas.before.item' }))).toContain('The rows of shop.item are in the topic saas.before.item');
    expect(kafka.fetches).toEqual([]);
  });

  it('when it has another number of partitions', async () => {
    expect(await refusal(state({ partitions: 3 }))).toContain('has 1 partitions, but its rows were spread over 3');
  });

  it('by its configuration before anything else', async () => {
    const refused = new TributaryError('It is not compacted.', { kind: 'config' });
    table.topicFacts = { ...table.topicFacts, refusal: refused };
    await follow(states(state({ partitions: 3 })));
    expect(table.refusal).toBe(refused);
  });

  it('when nothing was ever written to it, although its state tells of rows', async () => {
    expect(await refusal(state({ rowsPublished: 20 }))).toContain(`The topic ${TOPIC} is gone, but its state says that 20 rows`);
    expect(await refusal(state({ rowsPublished: 0 }))).toBeUndefined();
    kafka.write(TOPIC, 0, written({ id: 'a' }));
    expect(await refusal(state({ rowsPublished: 20 }))).toBeUndefined();
  });

  it('no more once that is mended', async () => {
    expect(await refusal(state({ partitions: 3 }))).toBeDefined();
    kafka.write(TOPIC, 0, written({ id: 'a' }));
    expect(await refusal(state({ partitions: 1 }))).toBeUndefined();
    expect(held()).toEqual(['a']);
  });

  it('where the registry has refused its schemas, for what the registry said', async () => {
    const refused = new TributaryError('The schema is not compatible.', { kind: 'config' });
    table = { ...table, keySchemaId: 0, valueSchemaId: 0, refusal: refused };
    await follow(states(state({ partitions: 3 })));
    expect(table.refusal).toBe(refused);
    expect([kafka.fetches, asked]).toEqual([[], []]);
  });

  it('for itself alone: the other tables of the connection are brought up to date', async () => {
    open(item, itemTable(fields, { name: 'other' }));
    const other = opened('other');
    kafka.topic(other.topic).write(other.topic, 0, written({ id: 'y' }));
    await follow(states(state({ partitions: 3 })), [table, other]);
    expect([table.refusal?.kind, other.refusal, held(other)]).toEqual(['config', undefined, ['y']]);
    expect(events).toMatchObject([{ table: 'other', rows: 1 }]);
  });
});

describe('a topic that is not the one the index was built of', () => {
  /** The topic is made anew, with these rows. */
  async function madeAnew(definition: TableDefinition, before: readonly Row[], after: readonly Row[]): Promise<void> {
    open(definition);
    kafka.write(TOPIC, 0, written(...before));
    await follow(states(state({ topicEpoch: 'one' })));
    kafka.topic(TOPIC).write(TOPIC, 0, written(...after));
    await follow(states(state({ topicEpoch: 'one' })));
  }
  const rows = (...ids: readonly string[]): Row[] => ids.map((id) => ({ id }));
  const changing = itemTable(fields, { method: 'incremental', deletes: 'none' });

  it('is read from its beginning', async () => {
    await madeAnew(item, rows('a', 'b', 'c'), rows('x', 'y'));
    expect(held()).toEqual(['x', 'y']);
    expect(table.index.coveredOffsets()).toEqual(new Map([[0, 2n]]));
    expect(events).toMatchObject([{ type: 'index-rebuilt', rows: 2, reason: expect.stringContaining('recreated') }]);
    expect(table.refusal, 'a table that is listed whole gets its rows back').toBeUndefined();
  });

  it('is refused for a table that never reads again what it has read', async () => {
    await madeAnew(changing, rows('a', 'b', 'c'), rows('x', 'y'));
    expect(table.refusal).toMatchObject({
      code: 'topic',
      message: expect.stringContaining('ends before what was already committed to it'),
    });
    expect(events).toEqual([]);
  });

  it('is not refused because its oldest records are gone', async () => {
    open(changing);
    kafka.write(TOPIC, 0, written(...rows('a', 'b')));
    await follow(states(state({ topicEpoch: 'one' })));
    kafka.write(TOPIC, 0, written(...rows('c', 'd', 'e')));
    kafka.cut(TOPIC, 0, 4n);
    await follow(states(state({ topicEpoch: 'one' })));
    expect(table.refusal).toBeUndefined();
    expect(held(), 'what the log has').toEqual(['e']);
    expect(events).toMatchObject([{ rows: 1, reason: expect.stringContaining('recreated') }]);
  });

  it('is told of as it is when it has ended empty', async () => {
    await madeAnew(changing, rows('a'), []);
    expect(table.refusal, 'the first thing that is wrong').toMatchObject({ message: expect.stringContaining('is gone') });
  });

  it('leaves the others as they are', async () => {
    open(item, itemTable(fields, { name: 'other' }));
    const other = opened('other');
    kafka
      .topic('saas.shop.other')
      .write(TOPIC, 0, written(...rows('a', 'b')))
      .write('saas.shop.other', 0, written(...rows('o')));
    const known = states(state({ topicEpoch: 'one' }));
    (known.states as Map<string, TableState>).set('other', { ...other.state, topic: other.topic, rowsPublished: 1 });
    await follow(known, [table, other]);
    kafka.topic(TOPIC).write(TOPIC, 0, written(...rows('x')));
    kafka.fetches.length = 0;
    await follow(known, [table, other]);
    expect([held(), held(other)]).toEqual([['x'], ['o']]);
    expect(kafka.fetches.flatMap(({ from }) => Object.keys(from)).filter((one) => one.includes('other'))).toEqual([]);
  });
});
