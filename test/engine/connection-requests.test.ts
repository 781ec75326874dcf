import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { TableDefinition } from '../../src/core/table.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import type { ControlRecord, ControlSlot } from '../../src/kafka/meta/control.ts';
import type { TableState } from '../../src/kafka/types.ts';
import { item, openScriptedWorker, type ScriptedWorker } from '../support/scripted-worker.ts';
import { failing, listing } from './scripted-tables.ts';

/* What a user asks of a connection: runs, back-fills, allowed deletes, pauses. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const away = new TributaryError('The vendor is away.', { kind: 'transient' });

let all: ScriptedWorker;
function open(definitions: readonly TableDefinition[] = [item('a')], more?: Parameters<typeof openScriptedWorker>[1]): ScriptedWorker {
  all = openScriptedWorker(definitions, more);
  return all;
}

/** Opens a worker whose tables have run once. */
async function started(...definitions: readonly TableDefinition[]): Promise<ScriptedWorker> {
  open(definitions.length === 0 ? undefined : definitions);
  all.worker.start();
  await all.settled();
  all.took();
  all.told('table-waiting', 'run-started');
  return all;
}

function ask(slot: Exclude<ControlSlot, 'paused'>, id: string, table: string | null = 'a', since: number | null = null): void {
  const value = slot === 'backfill' ? { id, at: 1, since } : { id, at: 1 };
  all.worker.apply({ connection: 'shop', table, slot, value } as ControlRecord);
}
const pause = (paused: boolean, table: string | null = 'a'): void =>
  all.worker.apply({ connection: 'shop', table, slot: 'paused', value: { paused } });
const handled = (table = 'a'): TableState['handled'] => all.tables.tables.get(table)?.state.handled;
const lastRun = () => all.ran.at(-1);
const types = (...wanted: readonly EngineEvent['type'][]): string[] => all.told(...wanted).map(({ type }) => type);

describe('a request', () => {
  it('is carried out at once, and once only', async () => {
    const { settled, took } = await started(item('a'), item('b'));
    ask('trigger', 't1');
    await settled();
    expect(took()).toEqual(['a']);
    expect(lastRun()).toEqual({ table: 'a', mode: 'periodic', since: undefined, rescan: false });
    expect(handled()).toEqual({ trigger: 't1' });
    ask('trigger', 't1');
    await settled();
    expect(took()).toEqual([]);
    ask('trigger', 't2');
    await settled();
    expect(took()).toEqual(['a']);
  });

  it('for all tables is one for each', async () => {
    const { settled, took } = await started(item('a'), item('b'));
    ask('trigger', 't1', null);
    await settled();
    expect(took()).toEqual(['a', 'b']);
    expect([handled('a'), handled('b')]).toEqual([{ trigger: 't1' }, { trigger: 't1' }]);
  });

  it('for a table that is not selected, or that was withdrawn, is none', async () => {
    const { worker, settled, took } = await started();
    ask('trigger', 't1', 'left out');
    worker.apply({ connection: 'shop', table: 'a', slot: 'trigger', value: null });
    worker.apply({ connection: 'shop', table: 'a', slot: 'paused', value: null });
    await settled();
    expect(took()).toEqual([]);
  });

  it('for a back-fill reads as far back as it says', async () => {
    const { settled } = await started();
    ask('backfill', 'b1', 'a', 7_000);
    await settled();
    expect(lastRun()).toEqual({ table: 'a', mode: 'historical', since: 7_000, rescan: false });
    expect(handled()).toEqual({ backfill: 'b1' });
    ask('backfill', 'b2');
    await settled();
    expect(lastRun()).toEqual({ table: 'a', mode: 'historical', since: undefined, rescan: false });
  });

  it('that allows deletes has all listed again', async () => {
    const { settled } = await started();
    ask('allow-deletes', 'd1');
    await settled();
    expect(lastRun()).toEqual({ table: 'a', mode: 'periodic', since: undefined, rescan: true });
    expect(handled()).toEqual({ 'allow-deletes': 'd1' });
  });

  it('that comes while the table runs is carried out after it, together with all others', async () => {
    const { hold, settled, took } = await started();
    const release = hold('a');
    ask('trigger', 't1');
    await settled();
    ask('allow-deletes', 'd1');
    ask('backfill', 'b1', 'a', 7_000);
    ask('trigger', 't2');
    await settled();
    expect(took()).toEqual(['a']);
    release();
    await settled();
    expect(took()).toEqual(['a']);
    expect(lastRun()).toEqual({ table: 'a', mode: 'historical', since: 7_000, rescan: true });
    expect(handled()).toEqual({ trigger: 't2', 'allow-deletes': 'd1', backfill: 'b1' });
    expect(types('table-waiting'), 'not in between').toHaveLength(1);
  });

  it('for a run, however often it comes while the table runs, has nothing listed that is not due', async () => {
    const { hold, settled } = await started();
    const release = hold('a');
    ask('trigger', 't1');
    await settled();
    ask('trigger', 't2');
    ask('trigger', 't3');
    release();
    await settled();
    expect(lastRun()).toEqual({ table: 'a', mode: 'periodic', since: undefined, rescan: false });
  });

  it('whose run fails is carried out by the next try', async () => {
    const { reads, settled, pass, took } = await started();
    reads('a', failing(away));
    ask('backfill', 'b1', 'a', 7_000);
    await settled();
    expect(handled()).toEqual({});
    reads('a', listing('a'));
    await pass(MINUTE);
    expect(took()).toEqual(['a', 'a']);
    expect(lastRun()).toMatchObject({ mode: 'historical', since: 7_000 });
    expect(handled()).toEqual({ backfill: 'b1' });
    reads('a', failing(away));
    ask('trigger', 't1');
    await settled();
    await pass(MINUTE);
    expect(lastRun(), 'the back-fill is done').toMatchObject({ mode: 'periodic' });
  });

  it('is not lost where another one fails as well', async () => {
    const { reads, settled, pass } = await started();
    reads('a', failing(away));
    ask('allow-deletes', 'd1');
    await settled();
    ask('trigger', 't1');
    await settled();
    reads('a', listing('a'));
    await pass(2 * MINUTE);
    expect(handled()).toEqual({ 'allow-deletes': 'd1', trigger: 't1' });
    expect(lastRun()).toMatchObject({ rescan: true });
  });

  it('that came before the worker is started is carried out by it', async () => {
    const { worker, settled } = open();
    ask('allow-deletes', 'd1');
    ask('trigger', 't1');
    worker.start();
    await settled();
    expect(handled()).toEqual({ 'allow-deletes': 'd1', trigger: 't1' });
  });
});

describe('a table that is paused', () => {
  it('ends its run, says so once, and runs no more', async () => {
    const { hold, pass, summaries, settled, told, took } = await started();
    hold('a');
    ask('trigger', 't1');
    await settled();
    pause(true);
    expect(told('table-paused'), 'while it still ends').toEqual([]);
    await settled();
    pause(true);
    await settled();
    expect(summaries.at(-1)?.outcome).toBe('interrupted');
    expect(types('table-paused')).toHaveLength(1);
    took();
    ask('trigger', 't2');
    await pass(HOUR);
    expect(took()).toEqual([]);
  });

  it('is not tried again, also when its run ends with an error', async () => {
    const { tables, pass, settled, told, took, summaries } = await started();
    const error = new TributaryError('The write failed.', { kind: 'data' });
    tables.beforeCommit = () => {
      pause(true);
      throw error;
    };
    ask('trigger', 't1');
    await settled();
    expect(summaries.at(-1)).toMatchObject({ outcome: 'interrupted', error });
    took();
    await pass(HOUR);
    expect(told('run-retrying')).toEqual([]);
    expect(took()).toEqual([]);
  });

  it('says so at once when it does not run', async () => {
    const { told } = await started();
    pause(true);
    expect(told('table-paused', 'table-waiting')).toEqual([{ type: 'table-paused', connection: 'shop', source: 'scripted', table: 'a' }]);
  });

  it('is not tried again after a failure', async () => {
    const { reads, pass, settled, took } = await started();
    reads('a', failing(away));
    ask('trigger', 't1');
    await settled();
    pause(true);
    took();
    await pass(HOUR);
    expect(took()).toEqual([]);
  });

  it('carries out what was asked meanwhile, and what it left, once it is resumed', async () => {
    const { hold, settled, took, told } = await started();
    const release = hold('a');
    ask('trigger', 't1');
    await settled();
    ask('backfill', 'b1', 'a', 7_000);
    pause(true);
    await settled();
    ask('allow-deletes', 'd1');
    release();
    took();
    pause(false);
    await settled();
    expect(told('table-resumed')).toHaveLength(1);
    expect(took()).toEqual(['a']);
    expect(lastRun()).toMatchObject({ mode: 'historical', since: 7_000, rescan: true });
    expect(handled()).toEqual({ trigger: 't1', backfill: 'b1', 'allow-deletes': 'd1' });
  });

  it('before the worker is started says so, and its children read its rows themselves', async () => {
    const { worker, connection, reads, settled, told, took } = open([item('owner'), item('child', { parent: 'owner' })]);
    const got: unknown[] = [];
    connection.readRows = async (table) => [{ id: table }];
    reads('child', async function* read(ctx) {
      yield* listing('a')(ctx);
      got.push(await ctx.parents('owner'));
    });
    pause(true, 'owner');
    told('table-paused');
    worker.start();
    expect(types('table-paused')).toEqual(['table-paused']);
    await settled();
    expect(took()).toEqual(['child']);
    expect(got).toEqual([[{ id: 'owner' }]]);
  });

  it('before the worker is started, and resumed, begins with the start', async () => {
    const { worker, settled, took } = open();
    pause(true);
    pause(false);
    await settled();
    expect(took()).toEqual([]);
    worker.start();
    await settled();
    expect(took()).toEqual(['a']);
  });

  it('keeps what was asked before while the worker is not started', async () => {
    const { worker, settled } = open();
    ask('allow-deletes', 'd1');
    pause(true);
    worker.start();
    await settled();
    pause(false);
    await settled();
    expect(lastRun()).toMatchObject({ rescan: true });
    expect(handled()).toEqual({ 'allow-deletes': 'd1' });
  });
});

describe('to resume a table', () => {
  it('that is not paused does nothing', async () => {
    const { settled, took, told } = await started();
    pause(false);
    await settled();
    expect(took()).toEqual([]);
    expect(told('table-resumed')).toEqual([]);
  });

  it('that has failed runs it at once, and counts its failures anew', async () => {
    const { reads, pass, settled, took, told } = await started();
    reads('a', failing(away));
    ask('trigger', 't1');
    await settled();
    await pass(MINUTE);
    took();
    pause(false);
    await settled();
    expect(told('table-resumed')).toHaveLength(1);
    expect(took()).toEqual(['a']);
    await pass(MINUTE);
    expect(took(), 'after a minute, as after the first failure').toEqual(['a']);
  });

  it('that has failed and runs again already does nothing', async () => {
    const { hold, reads, pass, settled, took, told } = await started();
    reads('a', failing(away));
    ask('trigger', 't1');
    await settled();
    hold('a');
    await pass(MINUTE);
    took();
    pause(false);
    await settled();
    expect(took()).toEqual([]);
    expect(told('table-resumed')).toEqual([]);
  });
});
