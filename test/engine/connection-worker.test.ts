import { describe, expect, it } from 'vitest';
import { TributaryError, type TributaryErrorOptions } from '../../src/core/errors.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { item, openScriptedWorker, type ScriptedWorker } from '../support/scripted-worker.ts';
import { failing, listing } from './scripted-tables.ts';

/* When the tables of a connection run, and what follows from a run that fails. What a user asks for: connection-requests.test.ts. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const failure = (kind: TributaryErrorOptions['kind'], more: Partial<TributaryErrorOptions> = {}): TributaryError =>
  new TributaryError('It failed.', { kind, ...more });

let all: ScriptedWorker;
function open(definitions: readonly TableDefinition[], more?: Parameters<typeof openScriptedWorker>[1]): ScriptedWorker {
  all = openScriptedWorker(definitions, more);
  return all;
}

/** Hourly, at the full hour. */
const hourly = (...tables: readonly string[]) => ({ schedules: new Map(tables.map((table) => [table, '0 * * * *'])) });
const ref = (table: string) => ({ connection: 'shop', source: 'scripted', table });

describe('a worker that is started', () => {
  it('runs each table, four at a time, parents before those that wait for them', async () => {
    const { worker, hold, settled, took, told } = open([
      item('a'),
      item('b'),
      item('child', { parent: 'owner' }),
      item('c'),
      item('d'),
      item('owner'),
    ]);
    const release = ['owner', 'a', 'b', 'child', 'c', 'd'].map(hold);
    worker.start();
    expect(told('table-waiting'), 'none waits for its schedule').toEqual([]);
    await settled();
    expect(took()).toEqual(['owner', 'a', 'b', 'child']);
    release[0]?.();
    await settled();
    expect(took()).toEqual(['c']);
    for (const one of release) one();
    await settled();
    expect(took()).toEqual(['d']);
  });

  it('gives a child the rows that the run of its parent has read', async () => {
    const { worker, connection, reads, settled, tables } = open([item('child', { parent: 'owner' }), item('owner')]);
    connection.readRows = async () => {
      throw new Error('They were read once more.');
    };
    reads('owner', listing('o1', 'o2'));
    reads('child', async function* read(ctx) {
      yield* listing(...(await ctx.parents('owner')).map(({ id }) => `of ${String(id)}`))(ctx);
    });
    worker.start();
    await settled();
    expect(tables.live('child')).toEqual(['{"id":"of o1"}', '{"id":"of o2"}']);
  });

  it('runs tables by their schedule, with the rows of their parents, and says when it will', async () => {
    const { worker, connection, reads, pass, settled, took, told, now } = open(
      [item('child', { parent: 'owner' }), item('owner'), item('never')],
      hourly('child', 'owner'),
    );
    const began = now();
    connection.readRows = async () => {
      throw new Error('They were read once more.');
    };
    reads('child', async function* read(ctx) {
      await ctx.parents('owner');
      yield* listing('a')(ctx);
    });
    worker.start();
    await settled();
    took();
    expect(told('table-waiting')).toEqual(
      expect.arrayContaining([
        { type: 'table-waiting', nextRunAt: began + HOUR, ...ref('owner') },
        { type: 'table-waiting', nextRunAt: undefined, ...ref('never') },
      ]),
    );
    await pass(HOUR - MINUTE);
    expect(took()).toEqual([]);
    await pass(MINUTE);
    expect(took()).toEqual(['owner', 'child']);
    expect(all.summaries.every(({ outcome }) => outcome === 'succeeded')).toBe(true);
    expect(told('table-waiting')).toContainEqual({ type: 'table-waiting', nextRunAt: began + 2 * HOUR, ...ref('owner') });
  });

  it('runs a table once more when it becomes due while it runs, however often', async () => {
    const { worker, hold, pass, settled, took, told } = open([item('a')], hourly('a'));
    const release = hold('a');
    worker.start();
    await pass(3 * HOUR);
    expect(took()).toEqual(['a']);
    release();
    await settled();
    expect(took()).toEqual(['a']);
    expect(told('table-waiting')).toHaveLength(1);
  });

  it('lets a child read the rows itself of a parent that was running before', async () => {
    const { worker, connection, hold, reads, settled, pass, took } = open(
      [item('child', { parent: 'owner' }), item('owner')],
      hourly('child', 'owner'),
    );
    const got: unknown[] = [];
    connection.readRows = async (table) => [{ id: `from ${table}` }];
    reads('child', async function* read(ctx) {
      yield* listing('a')(ctx);
      got.push(await ctx.parents('owner'));
    });
    worker.start();
    await settled();
    const release = hold('owner');
    worker.apply({ connection: 'shop', table: 'owner', slot: 'trigger', value: { id: 't', at: 1 } });
    await settled();
    took();
    await pass(HOUR);
    expect(took()).toEqual(['child']);
    expect(got).toEqual([[{ id: 'a' }], [{ id: 'from owner' }]]);
    release();
  });

  it('tells the next times anew after the clock was set back, except of tables that run', async () => {
    const { worker, hold, setClock, pass, settled, told, now } = open([item('a'), item('b')], hourly('a', 'b'));
    const began = now();
    hold('b');
    worker.start();
    await settled();
    told('table-waiting');
    setClock(-2 * HOUR);
    await pass(MINUTE);
    expect(told('table-waiting')).toEqual([{ type: 'table-waiting', nextRunAt: began - HOUR, ...ref('a') }]);
  });

  it('runs at once a table that another one has handed work, and no other', async () => {
    const { worker, tables, reads, hold, settled, took } = open([item('a'), item('b'), item('c')]);
    const c = tables.tables.get('c') as { outbox: readonly unknown[] };
    reads('a', async function* read(ctx) {
      c.outbox = [{ id: 'new', work: { of: 'a' } }];
      yield* listing('a')(ctx);
    });
    reads('c', async function* read(ctx) {
      ctx.complete(ctx.outbox);
      yield* listing('a')(ctx);
    });
    const release = hold('a');
    worker.start();
    await settled();
    took();
    release();
    await settled();
    expect(took()).toEqual(['c']);
    expect(c.outbox).toEqual([]);
  });

  it('runs a table again that has handed work to itself', async () => {
    const { worker, tables, reads, settled, took } = open([item('a')]);
    const table = tables.tables.get('a') as { outbox: readonly unknown[] };
    reads('a', async function* read(ctx) {
      if (ctx.position === undefined) table.outbox = [{ id: 'new', work: { of: 'a' } }];
      yield* listing('a')(ctx);
    });
    worker.start();
    await settled();
    expect(took(), 'not again and again for the same').toEqual(['a', 'a']);
  });
});

describe('the history of a run', () => {
  it('begins where the settings say, for the table or for all, and stays where the first run began', async () => {
    const { worker, pass, settled, ran, now } = open([item('a'), item('b')], {
      ...hourly('a', 'b'),
      history: { range: '30d' },
      histories: new Map([['b', { from: 5_000 }]]),
    });
    const began = now();
    worker.start();
    await settled();
    await pass(HOUR);
    const month = began - 30 * 24 * HOUR;
    expect(ran.map(({ table, since }) => [table, since])).toEqual([
      ['a', month],
      ['b', 5_000],
      ['a', month],
      ['b', 5_000],
    ]);
  });

  it('moves on with the time while no run has come so far as to keep anything', async () => {
    const { worker, reads, pass, settled, ran, now } = open([item('a')], { ...hourly('a'), history: { range: '30d' } });
    const began = now();
    reads('a', async function* read() {
      // Nothing at all.
    });
    worker.start();
    await settled();
    await pass(HOUR);
    expect(ran.map(({ since }) => since)).toEqual([began, began + HOUR].map((at) => at - 30 * 24 * HOUR));
  });

  it('is that of the first run also where that was a back-fill', async () => {
    const { worker, pass, settled, ran } = open([item('a')], { ...hourly('a'), history: { range: '30d' } });
    worker.apply({ connection: 'shop', table: 'a', slot: 'backfill', value: { id: 'b', at: 1, since: 7_000 } });
    await worker.once(['a']);
    worker.start();
    await settled();
    await pass(HOUR);
    expect(ran.map(({ since }) => since)).toEqual([7_000, 7_000, 7_000, 7_000]);
  });
});

describe('a run that fails', () => {
  it('is tried again after a minute, then after twice as long each time, at most an hour', async () => {
    const { worker, reads, pass, settled, took, told, now } = open([item('a')]);
    reads('a', failing(failure('transient', { code: 'vendor:500' })));
    worker.start();
    await settled();
    expect(told('run-retrying', 'table-waiting')).toEqual([
      {
        type: 'run-retrying',
        stage: 'extract',
        failure: { kind: 'transient', message: 'It failed.', code: 'vendor:500', retryAt: now() + MINUTE },
        ...ref('a'),
      },
      { type: 'table-waiting', nextRunAt: now() + MINUTE, ...ref('a') },
    ]);
    took();
    for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
      await pass((minutes - 1) * MINUTE);
      expect(took(), `${minutes} minutes`).toEqual([]);
      await pass(MINUTE);
      expect(took(), `${minutes} minutes`).toEqual(['a']);
    }
    reads('a', listing('a'));
    await pass(HOUR);
    expect(took()).toEqual(['a']);
    expect(told('table-waiting').at(-1), 'not at the time of a retry').toEqual({
      type: 'table-waiting',
      nextRunAt: undefined,
      ...ref('a'),
    });
    await pass(HOUR);
    expect(took(), 'it has succeeded').toEqual([]);
  });

  it('counts from one again after a success', async () => {
    const { worker, reads, pass, settled, took } = open([item('a')], hourly('a'));
    reads('a', failing(failure('transient')));
    worker.start();
    await settled();
    await pass(MINUTE);
    reads('a', listing('a'));
    await pass(2 * MINUTE);
    reads('a', failing(failure('transient')));
    await pass(57 * MINUTE);
    took();
    await pass(MINUTE);
    expect(took()).toEqual(['a']);
  });

  it('is not tried again when the table has run by its schedule meanwhile', async () => {
    const { worker, reads, pass, settled, took } = open([item('a')], { schedules: new Map([['a', '1 * * * *']]) });
    reads('a', failing(failure('transient')));
    worker.start();
    await settled();
    await pass(MINUTE);
    took();
    reads('a', listing('a'));
    await pass(10 * MINUTE);
    expect(took().length).toBeLessThanOrEqual(1);
  });

  it.each(['config', 'internal'] as const)('with an error that no retry can help (%s) waits for its schedule', async (kind) => {
    const { worker, reads, pass, settled, took, told, fatal } = open([item('a')], hourly('a'));
    reads('a', failing(failure(kind)));
    worker.start();
    await settled();
    await pass(59 * MINUTE);
    expect(took()).toEqual(['a']);
    expect(told('run-retrying', 'table-disabled')).toEqual([]);
    await pass(MINUTE);
    expect(took()).toEqual(['a']);
    expect(fatal).toEqual([]);
  });

  it('because the plan leaves the table out disables it, and asks again after six hours', async () => {
    const { worker, reads, pass, settled, took, told, now } = open([item('a', { planGated: 'Pro' })]);
    reads('a', failing(failure('config', { remedy: 'Buy more.' })));
    worker.start();
    await settled();
    expect(told('table-disabled', 'run-retrying', 'table-waiting')).toEqual([
      { type: 'table-disabled', reason: 'It failed. Buy more.', ...ref('a') },
      { type: 'table-waiting', nextRunAt: now() + 6 * HOUR, ...ref('a') },
    ]);
    took();
    await pass(6 * HOUR - MINUTE);
    expect(took()).toEqual([]);
    reads('a', failing(failure('config')));
    await pass(MINUTE);
    expect(took()).toEqual(['a']);
    expect(told('table-disabled')).toEqual([{ type: 'table-disabled', reason: 'It failed.', ...ref('a') }]);
  });

  it('for another reason than the plan is tried again as any, also of such a table', async () => {
    const { worker, reads, settled, told } = open([item('a', { planGated: 'Pro' })]);
    reads('a', failing(failure('transient')));
    worker.start();
    await settled();
    expect(told('run-retrying', 'table-disabled').map(({ type }) => type)).toEqual(['run-retrying']);
  });

  it.each([
    ['another instance has taken over', failure('fenced')],
    ['the vendor refuses the key', failure('config', { reach: 'connection' })],
  ])('because %s ends the connection', async (_why, error) => {
    const { worker, reads, pass, settled, took, told, fatal } = open([item('a', { planGated: 'Pro' })]);
    reads('a', failing(error));
    worker.start();
    await settled();
    expect(fatal).toEqual([error]);
    await pass(6 * HOUR);
    expect(took()).toEqual(['a']);
    expect(told('run-retrying', 'table-disabled')).toEqual([]);
  });

  it('of one table because of a passing fault of the whole connection does not end it', async () => {
    const { worker, reads, settled, fatal } = open([item('a')]);
    reads('a', failing(failure('transient', { reach: 'connection' })));
    worker.start();
    await settled();
    expect(fatal).toEqual([]);
  });

  it('in a way that nobody foresaw is told, and the table goes on', async () => {
    const { worker, summaries, settled, pass, told, took } = open([item('a')], hourly('a'));
    summaries.push = () => {
      throw new Error('The run log is gone.');
    };
    worker.start();
    await settled();
    expect(told('warning')).toEqual([{ type: 'warning', message: expect.stringContaining('The run log is gone.'), ...ref('a') }]);
    took();
    await pass(HOUR);
    expect(took()).toEqual(['a']);
  });
});

describe('a worker that is stopped', () => {
  it('ends its runs, waits for them, and begins none any more', async () => {
    const { worker, hold, reads, pass, settled, took, summaries, told } = open([item('a'), item('b')], hourly('a', 'b'));
    hold('a');
    reads('b', failing(failure('transient')));
    worker.start();
    await settled();
    worker.apply({ connection: 'shop', table: 'a', slot: 'trigger', value: { id: 't', at: 1 } });
    took();
    await worker.stop();
    expect(summaries.map(({ ref: { table }, outcome }) => [table, outcome])).toEqual([
      ['b', 'failed'],
      ['a', 'interrupted'],
    ]);
    told('run-retrying');
    worker.apply({ connection: 'shop', table: 'b', slot: 'trigger', value: { id: 't', at: 1 } });
    await pass(2 * HOUR);
    expect(took()).toEqual([]);
    expect(told('run-retrying')).toEqual([]);
  });

  it('plans no other try of a run that fails while it is stopped', async () => {
    const { worker, reads, settled, told } = open([item('a')]);
    reads('a', async function* read(ctx) {
      await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      yield* failing(failure('fenced'))();
    });
    worker.start();
    await settled();
    await worker.stop();
    expect(told('run-retrying')).toEqual([]);
  });
});
