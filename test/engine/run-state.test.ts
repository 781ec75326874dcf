import { afterEach, describe, expect, it } from 'vitest';
import { checkedRows } from '../../src/core/checked-rows.ts';
import { TributaryError } from '../../src/core/errors.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import type { JsonObject, Page, ReadContext, Row } from '../../src/core/types.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { createCycle } from '../../src/engine/cycle.ts';
import type { DeadLetter, TableState } from '../../src/kafka/types.ts';
import { integer, text, timestamp } from '../../src/sdk/fields.ts';
import { itemTable, openScriptedTables, rowsOf, type ScriptedRun, type ScriptedTables } from './scripted-tables.ts';

/* What a run tells its reader, leaves in the state, and says of itself. */

let tables: ScriptedTables;
afterEach(() => tables.close());

type Read = (ctx: ReadContext) => AsyncGenerator<Page, void, void>;

const item = (more: Partial<TableDefinition> = {}): TableDefinition =>
  itemTable({ id: text('Item'), owner: text('Owner'), size: integer('Size'), changed_at: timestamp('Change') }, more);

const pages = (...given: readonly Page[]): Read =>
  async function* read() {
    yield* given;
  };
const page = (at: number, more: Partial<Page> = {}): Page => ({ rows: rowsOf(`r${at}`), position: { v: 1, at }, ...more });

async function run(read: Read, request: Parameters<ScriptedTables['run']>[1] = {}): Promise<ScriptedRun & { readonly state: TableState }> {
  tables.script('item', read);
  const done = await tables.run('item', request);
  return { ...done, state: stateOf('item') };
}

const stateOf = (name: string): TableState => {
  const table = tables.tables.get(name);
  if (table === undefined) throw new Error('no table');
  return table.state;
};

const eventsOf = <Type extends EngineEvent['type']>({ events }: ScriptedRun, type: Type): Extract<EngineEvent, { type: Type }>[] =>
  events.filter((event): event is Extract<EngineEvent, { type: Type }> => event.type === type);

describe('the state of a table', () => {
  it('holds the history the first run was asked for, whatever later runs ask for', async () => {
    tables = openScriptedTables([item()]);
    expect((await run(pages(page(1)), { since: 5_000 })).state.since).toBe(5_000);
    expect((await run(pages(page(2)), { since: 9_000 })).state.since).toBe(5_000);
    tables.close();
    tables = openScriptedTables([item()]);
    expect((await run(pages(page(1)))).state.since).toBeNull();
  });

  it('counts the rows published by all runs, and names the last one', async () => {
    tables = openScriptedTables([item()]);
    const first = await run(pages(page(1), page(2)));
    expect(first.state).toMatchObject({ rowsPublished: 2, updatedAt: tables.clock });
    const { state, written } = await run(pages(page(3)));
    expect(state.rowsPublished).toBe(3);
    expect(state.runId).not.toBe(first.state.runId);
    expect(written[0]?.headers).toEqual({ tributary: `run=${state.runId} schema=2` });
  });

  it('tells up to when everything was read: never back, except from a time to come', async () => {
    tables = openScriptedTables([item({ method: 'incremental', deletes: 'none' })]);
    const { clock } = tables;
    const readTo = async (to: number): Promise<number | undefined> => (await run(pages(page(1, { readTo: to })))).state.readTo;
    expect(await readTo(clock - 500)).toBe(clock - 500);
    expect(await readTo(clock - 900)).toBe(clock - 500);
    expect(await readTo(clock)).toBe(clock);
    expect(await readTo(clock - 100), 'that was now').toBe(clock);
    tables.clock = clock - 50;
    expect(await readTo(clock - 100), 'what a wrong clock has said').toBe(clock - 100);
  });

  it('says that a table listed whole has all that there was when the run began', async () => {
    tables = openScriptedTables([item()]);
    const startedAt = tables.clock;
    const whole = await run(async function* read(ctx) {
      tables.clock += 60_000;
      yield page(1, { scan: { id: ctx.newScan(), end: {} } });
    });
    expect(whole.state.readTo).toBe(startedAt);
    tables.clock += 60_000;
    const resumed = await run(pages(page(1, { scan: { id: 'of an earlier run', end: {} } })));
    expect(resumed.state.readTo, 'a listing that an earlier run began').toBe(startedAt);
    await run(pages(page(1)));
    expect(stateOf('item').readTo, 'no listing at all').toBe(startedAt);
  });

  it('says no such thing of a table that is read by its changes', async () => {
    tables = openScriptedTables([item({ method: 'incremental', deletes: 'none' })]);
    const { state } = await run(async function* read(ctx) {
      yield page(1, { scan: { id: ctx.newScan(), end: {} } });
    });
    expect(state).not.toHaveProperty('readTo');
  });

  it('keeps what was handled', async () => {
    tables = openScriptedTables([item()]);
    await run(pages(page(1)), { handles: { sync: 'one' } });
    expect((await run(pages(page(2)), { handles: { rescan: 'two' } })).state.handled).toEqual({ sync: 'one', rescan: 'two' });
  });
});

describe('a back-fill', () => {
  const backfill = { id: 'b1', since: 1_000 };

  it('has a position of its own, and leaves that of the table as it is', async () => {
    tables = openScriptedTables([item()]);
    await run(pages(page(7)), { since: 5_000 });
    const asked: unknown[] = [];
    const reading: Read = async function* read(ctx) {
      asked.push([ctx.position, ctx.horizon]);
      yield page(1);
      yield page(2);
    };
    const first = await run(reading, { mode: 'historical', backfill });
    expect(first.state).toMatchObject({
      position: { at: 7 },
      backfill: { ...backfill, position: { at: 2 }, done: true },
      since: 5_000,
      horizon: 1_000,
    });
    expect(
      first.written.slice(0, -1).every(({ state }) => state.backfill?.done !== true),
      'it is done at its end',
    ).toBe(true);
    await run(reading, { mode: 'historical', backfill });
    await run(reading, { mode: 'historical', backfill: { id: 'b2', since: null } });
    await run(reading);
    expect(asked).toEqual([
      [undefined, 5_000],
      [{ v: 1, at: 2 }, 1_000],
      [undefined, 1_000],
      [{ v: 1, at: 7 }, undefined],
    ]);
  });

  it.each([
    [5_000, 1_000, 1_000],
    [5_000, 9_000, 5_000],
    [5_000, null, null],
    [undefined, 1_000, null],
  ])('of a table that reaches back to %s, to %s, makes it reach to %s', async (since, to, horizon) => {
    tables = openScriptedTables([item()]);
    await run(pages(page(1)), { since });
    expect((await run(pages(page(2)), { backfill: { id: 'b', since: to } })).state.horizon).toBe(horizon);
  });
});

describe('a reader', () => {
  it('is told the history wanted by the first run as the reach of the table', async () => {
    tables = openScriptedTables([item()]);
    const asked: unknown[] = [];
    const reading: Read = async function* read(ctx) {
      asked.push([ctx.since, ctx.horizon]);
      yield page(1);
    };
    await run(reading, { since: 5_000 });
    await run(reading, { since: 9_000 });
    expect(asked).toEqual([
      [5_000, 5_000],
      [9_000, 5_000],
    ]);
  });

  it('learns whether its scan was recorded, the rows of its parent, and the keys that another table holds', async () => {
    tables = openScriptedTables([item({ scope: ['owner'] }), item({ name: 'event', scope: ['owner'] })]);
    tables.script(
      'event',
      pages({
        rows: [
          { id: 'e1', owner: 'x' },
          { id: 'e2', owner: 'y' },
        ],
        position: { v: 1 },
      }),
    );
    await tables.run('event');
    const learnt: unknown[] = [];
    const keys = async (ctx: ReadContext, table: string): Promise<JsonObject[]> => {
      const found: JsonObject[] = [];
      for await (const one of ctx.liveKeys(table, { owner: 'x' })) found.push(one);
      return found;
    };
    await run(
      async function* read(ctx) {
        const id = ctx.newScan();
        yield { rows: [], position: { v: 1, at: 1 }, scan: { id } };
        yield { rows: [], position: { v: 1, at: 2 }, scan: { id } };
        learnt.push(
          ctx.scanIntact(id),
          ctx.scanIntact('another'),
          await ctx.parents('owner'),
          await keys(ctx, 'event'),
          await keys(ctx, 'left out'),
        );
        ctx.count('oddities');
        ctx.count('oddities', 3);
      },
      { cycle: createCycle(async (name) => [{ name }]) },
    ).then((done) => {
      expect(eventsOf(done, 'rows-odd').map(({ what, count }) => [what, count])).toEqual([
        ['oddities', 1],
        ['oddities', 3],
      ]);
    });
    expect(learnt).toEqual([true, false, [{ name: 'owner' }], [{ id: 'e1' }], []]);
  });

  it('marks only tasks as done that it was handed', async () => {
    tables = openScriptedTables([item()]);
    const table = tables.tables.get('item');
    if (table === undefined) throw new Error('no table');
    table.outbox = [{ id: 't1', work: { of: 'a' } }];
    const { written } = await run(async function* read(ctx) {
      ctx.complete([{ of: 'a' }]);
      yield page(1);
      ctx.complete(ctx.outbox);
      yield page(2);
      yield page(3);
    });
    expect(written.flatMap(({ done }) => done)).toEqual(['t1']);
  });

  it('is told to stop when the write of a page has failed', async () => {
    tables = openScriptedTables([item()]);
    tables.beforeCommit = () => {
      throw new TributaryError('The broker went away.', { kind: 'transient' });
    };
    let signal: AbortSignal | undefined;
    await run(async function* read(ctx) {
      signal = ctx.signal;
      for (let at = 0; at < 4; at += 1) yield page(at, { rows: rowsOf(...Array.from({ length: 3_000 }, (_, n) => `${at}-${n}`)) });
    });
    expect(signal?.aborted).toBe(true);
  });
});

describe('rows that another table of the cycle may need', () => {
  it('are kept of the listing that this run began, and of no other', async () => {
    tables = openScriptedTables([item()]);
    const whole: Read = async function* read(ctx) {
      const id = ctx.newScan();
      yield page(1, { scan: { id } });
      yield page(2, { scan: { id, end: {} } });
    };
    const keepRows = true;
    expect((await run(whole, { keepRows })).kept).toEqual(rowsOf('r1', 'r2'));
    expect((await run(pages(page(1, { scan: { id: 'of an earlier run', end: {} } })), { keepRows })).kept).toEqual([]);
    expect((await run(pages(page(1)), { keepRows })).kept).toEqual([]);
    expect((await run(whole)).kept, 'where none needs them').toBeUndefined();
  });
});

describe('a run tells', () => {
  it('of each page, with what it says of its reach and its share', async () => {
    tables = openScriptedTables([item()]);
    const readTo = tables.clock - 5;
    const done = await run(pages(page(1, { warnings: ['Odd.', 'Odder.'] }), page(2, { readTo, progress: 0.5 })));
    const ref = { connection: 'shop', source: 'scripted', table: 'item' };
    expect(eventsOf(done, 'page-read')).toStrictEqual([
      { type: 'page-read', rows: 1, ...ref },
      { type: 'page-read', rows: 1, readTo, progress: 0.5, ...ref },
    ]);
    expect(eventsOf(done, 'warning').map(({ message }) => message)).toEqual(['Odd.', 'Odder.']);
  });

  it('of each transaction: what it changed, how long it took, and how new the newest row is', async () => {
    tables = openScriptedTables([item({ replicationKey: 'changed_at' })]);
    const { clock } = tables;
    expect(eventsOf(await run(pages(page(0))), 'batch-committed')[0]).not.toHaveProperty('readTo');
    tables.beforeCommit = () => {
      tables.clock += 40;
    };
    const time = (ms: number): string => new Date(ms).toISOString();
    const done = await run(
      pages(
        page(1, {
          rows: [
            { id: 'r0' },
            { id: 'a', changed_at: time(clock - 900) },
            { id: 'b', changed_at: time(clock - 700) },
            { id: 'c', changed_at: time(clock - 800) },
            { id: 'd', changed_at: time(clock + 86_400_000) },
            { owner: 'without a key' },
          ],
          readTo: clock - 600,
        }),
      ),
    );
    expect(eventsOf(done, 'batch-committed')[0]).toMatchObject({
      upserts: 4,
      deletes: 0,
      unchanged: 1,
      deadLetters: 1,
      durationMs: 40,
      at: clock + 40,
      replicationValue: clock - 700,
      readTo: clock - 600,
    });
    expect(done.totals).toMatchObject({ fetched: 6, published: 4, unchanged: 1, deadLetters: 1, messages: 4 });
    tables.beforeCommit = undefined;
    const silent = await run(pages(page(2)));
    expect(eventsOf(silent, 'batch-committed')[0]).not.toHaveProperty('replicationValue');
    const present = await run(pages(page(3, { rows: [{ id: 'e', changed_at: time(tables.clock) }] })));
    expect(eventsOf(present, 'batch-committed')[0]).toHaveProperty('replicationValue', tables.clock);
  });

  it('of odd rows only when there are some', async () => {
    tables = openScriptedTables([item()]);
    const odd = async (rows: readonly Row[]): Promise<unknown> =>
      eventsOf(await run(pages(page(1, { rows }))), 'rows-odd').map(({ what, count }) => [what, count]);
    expect(await odd(rowsOf('a'))).toEqual([]);
    expect(await odd([{ id: 'a', size: 'no number' }, { id: 'b', unheard: 1 }, { id: 'c' }, { id: 'c' }, { id: 'c' }])).toEqual([
      ['misfit', 1],
      ['unknown_field', 1],
      ['duplicate', 2],
    ]);
  });
});

describe('a dead letter', () => {
  const lettersOf = async (rows: readonly Row[], position?: Page['position']): Promise<readonly DeadLetter[]> => {
    if (position !== undefined) await run(pages({ rows: [], position }));
    return (await run(pages(page(1, { rows })))).written.flatMap(({ deadLetters }) => deadLetters);
  };

  it('holds the row as the vendor sent it, whatever that was, and the key where there is one', async () => {
    tables = openScriptedTables([item()]);
    const large = { id: 'large', owner: 'x'.repeat(1_100_000) };
    const letters = await lettersOf([...checkedRows(['a text', null]), null as unknown as Row, { owner: 'nobody' }, large]);
    expect(letters.map(({ raw }) => raw.slice(0, 40))).toEqual([
      '"a text"',
      'null',
      'null',
      '{"owner":"nobody"}',
      expect.stringContaining('{"id":"large","owner":"xxx'),
    ]);
    expect(letters.map(({ key }) => key)).toEqual([undefined, undefined, undefined, undefined, '{"id":"large"}']);
    for (const letter of letters.slice(0, 4)) expect(letter).not.toHaveProperty('key');
    expect(letters[0]).toMatchObject({ connection: 'shop', table: 'item', at: tables.clock, runId: stateOf('item').runId });
  });

  it('holds the position before its page, unless that is very long', async () => {
    tables = openScriptedTables([item()]);
    const position = (length: number) => ({ v: 1, at: 'x'.repeat(length - '{"v":1,"at":""}'.length) });
    const [kept] = await lettersOf([{ owner: 'nobody' }], position(16_000));
    expect(kept?.position).toEqual(position(16_000));
    const [cut] = await lettersOf([{ owner: 'nobody' }], position(16_001));
    expect(cut?.position).toEqual({ v: 1 });
  });

  it('holds no more of a very long key than its beginning', async () => {
    tables = openScriptedTables([item()]);
    const [letter] = await lettersOf([{ id: 'k'.repeat(3_000), owner: 'x'.repeat(1_100_000) }]);
    expect(letter?.key?.startsWith('{"id":"kkk')).toBe(true);
    expect(letter?.key, 'and that it was cut').toHaveLength(2_001);
  });

  it('fills a transaction as any row does', async () => {
    tables = openScriptedTables([item()]);
    const large = (n: number): Page => page(n, { rows: [{ id: `large ${n}`, owner: 'x'.repeat(1_100_000) }] });
    const { written } = await run(pages(...Array.from({ length: 9 }, (_, n) => large(n))));
    expect(written.map(({ deadLetters }) => deadLetters.length)).toEqual([8, 1, 0]);
  });
});

describe('what a run has read', () => {
  it('is written a second after the transaction was begun, however little it is', async () => {
    tables = openScriptedTables([item()]);
    const { written } = await run(async function* read() {
      for (let at = 1; at <= 4; at += 1) {
        yield page(at);
        tables.clock += 500;
      }
    });
    // A page is fetched while the one before it is published.
    const sizes = written.map(({ messages }) => messages.length).filter((size) => size > 0);
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(4);
  });

  it('is written when the run fails, also when it is only how far it came', async () => {
    tables = openScriptedTables([item()]);
    const { error, state } = await run(async function* read() {
      yield { rows: [], position: { v: 1, at: 5 } };
      throw new TributaryError('No.', { kind: 'data' });
    });
    expect(error?.kind).toBe('data');
    expect(state.position).toEqual({ v: 1, at: 5 });
  });
});

describe('the end of a run', () => {
  it('names the table where its reader fails, and says that the position is saved where it is stopped', async () => {
    tables = openScriptedTables([item()]);
    tables.script('item', async function* read() {
      yield page(1);
      throw new Error('A bug.');
    });
    const failed = await tables.run('item');
    expect(failed.error).toMatchObject({ message: expect.stringContaining('Reading shop.item') });
    const stop = new AbortController();
    tables.script('item', async function* read() {
      yield page(2);
      stop.abort();
    });
    const stopped = await tables.run('item', {}, stop.signal);
    expect(stopped.error).toMatchObject({ kind: 'stopped', message: 'The run was interrupted; its position is saved.' });
  });

  it('counts a row that stands twice neither as published nor as unchanged', async () => {
    tables = openScriptedTables([item()]);
    const { totals } = await run(pages(page(1, { rows: rowsOf('c', 'c', 'c') })));
    expect(totals).toMatchObject({ fetched: 3, published: 1, unchanged: 0 });
  });
});

describe('what a run does not write', () => {
  it('is a transaction for nothing: only the last one, which says that all was read, has no message', async () => {
    tables = openScriptedTables([item()]);
    const { written } = await run(async function* read() {
      // A reader with nothing to tell.
    });
    expect(written).toHaveLength(1);
    expect(written[0]).toMatchObject({ messages: [], done: [], handed: [] });
  });
});
