import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import { item, openScriptedWorker, type ScriptedWorker } from '../support/scripted-worker.ts';
import { failing, listing } from './scripted-tables.ts';

/* Single runs of tables, as `sync` asks for them. */

const away = new TributaryError('The vendor is away.', { kind: 'transient' });

let all: ScriptedWorker;
function open(definitions: readonly TableDefinition[] = [item('a')], more?: Parameters<typeof openScriptedWorker>[1]): ScriptedWorker {
  all = openScriptedWorker(definitions, more);
  return all;
}

/** Hands work to the table, as a commit of another table does. */
const hand = (table: string): void => void Object.assign(all.tables.tables.get(table) as object, { outbox: [{ id: table, work: {} }] });

describe('single runs of tables', () => {
  it('run each of them once, parents first, and tell how they ended', async () => {
    const { worker, connection, reads, told, took } = open([item('child', { parent: 'owner' }), item('other'), item('owner')]);
    connection.readRows = async () => {
      throw new Error('They were read once more.');
    };
    reads('child', async function* read(ctx) {
      await ctx.parents('owner');
      yield* failing(away)();
    });
    const summaries = await worker.once(['child', 'owner', 'left out']);
    expect(summaries.map(({ ref, outcome }) => [ref.table, outcome])).toEqual([
      ['owner', 'succeeded'],
      ['child', 'failed'],
    ]);
    expect(took()).toEqual(['owner', 'child']);
    expect(told('run-retrying', 'table-waiting'), 'nothing comes after them').toEqual([]);
  });

  it('do what was asked before and what is asked with them', async () => {
    const { worker, ran } = open();
    worker.apply({ connection: 'shop', table: 'a', slot: 'allow-deletes', value: { id: 'd1', at: 1 } });
    await worker.once(['a'], { handles: { trigger: 't1' }, mode: 'historical' });
    expect(ran.at(-1)).toMatchObject({ rescan: true, mode: 'historical' });
  });

  it('leave out what is paused, whose children read its rows themselves', async () => {
    const { worker, connection, reads, took } = open([item('child', { parent: 'owner' }), item('owner')]);
    connection.readRows = async (table) => [{ id: `from ${table}` }];
    reads('child', async function* read(ctx) {
      yield* listing(...(await ctx.parents('owner')).map(({ id }) => String(id)))(ctx);
    });
    worker.apply({ connection: 'shop', table: 'owner', slot: 'paused', value: { paused: true } });
    const summaries = await worker.once(['child', 'owner']);
    expect(summaries.map(({ ref }) => ref.table)).toEqual(['child']);
    expect(took()).toEqual(['child']);
    expect(all.tables.live('child')).toEqual(['{"id":"from owner"}']);
  });

  it('are followed by those of tables that were handed work by them, once', async () => {
    const { worker, reads, took, summaries } = open([item('a'), item('b'), item('c'), item('fails')]);
    reads('a', async function* read(ctx) {
      yield* listing('a')(ctx);
      hand('c');
      hand('fails');
    });
    reads('fails', failing(away));
    const told = await worker.once(['a', 'b', 'c', 'fails']);
    expect(took()).toEqual(['a', 'b', 'c', 'fails', 'c']);
    expect(told.map(({ ref }) => ref.table)).toEqual(['a', 'b', 'c', 'fails', 'c']);
    expect(told).toEqual(expect.arrayContaining(summaries));
  });

  it('share the rows of a parent also where they follow because of work', async () => {
    const { worker, connection, reads } = open([item('child', { parent: 'owner' }), item('owner')]);
    connection.readRows = async () => {
      throw new Error('They were read once more.');
    };
    reads('owner', async function* read(ctx) {
      if (ctx.position === undefined) for (const table of ['child', 'owner']) hand(table);
      yield* listing('a')(ctx);
    });
    reads('child', async function* read(ctx) {
      await ctx.parents('owner');
      yield* listing('a')(ctx);
    });
    expect((await worker.once(['child', 'owner'])).map(({ outcome }) => outcome)).toEqual(Array(4).fill('succeeded'));
  });

  it('are followed by none when the worker is stopped meanwhile', async () => {
    const { worker, tables, took } = open();
    tables.beforeCommit = ({ state }) => {
      // With this transaction the run has succeeded, whatever comes.
      if (state.lastSuccessAt === undefined) return;
      hand('a');
      void worker.stop();
    };
    expect((await worker.once(['a'])).map(({ outcome }) => outcome)).toEqual(['succeeded']);
    expect(took()).toEqual(['a']);
  });
});
