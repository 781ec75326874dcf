import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TributaryError, type TributaryErrorOptions } from '../../src/core/errors.ts';
import type { Page, ReadContext } from '../../src/core/types.ts';
import { createCycle, type Cycle } from '../../src/engine/cycle.ts';
import { executeRun, type RunSummary } from '../../src/engine/execute-run.ts';
import { currentRun } from '../../src/engine/run-scope.ts';
import type { RunRequest } from '../../src/engine/table-run.ts';
import { text } from '../../src/sdk/fields.ts';
import { scriptedConnection, type ScriptedConnection } from '../support/scripted-connection.ts';
import { failing, itemTable, listing, openScriptedTables, rowsOf, type ScriptedTables } from './scripted-tables.ts';

/* How a run ends, and what it does when Kafka, an index or the table's topic fails under it. */

const item = itemTable({ id: text('Item') });
const ref = { connection: 'shop', source: 'scripted', table: 'item' };

let tables: ScriptedTables;
let connection: ScriptedConnection;
let stop: AbortController;
/** What the other tables of the cycle were given. */
let delivered: unknown[];
let cycle: Cycle;
/** Opens the table and one whose parent is named. */
function open(parent = 'item'): void {
  tables = openScriptedTables([item, itemTable({ id: text('Child') }, { name: 'child', parent })]);
  connection = scriptedConnection(tables);
}
beforeEach(() => {
  open();
  [stop, delivered] = [new AbortController(), []];
  cycle = { ...createCycle(async () => []), deliver: (table, rows) => void delivered.push([table, rows]) };
});
afterEach(() => tables.close());

const failure = (kind: TributaryErrorOptions['kind'], more: Partial<TributaryErrorOptions> = {}): TributaryError =>
  new TributaryError('It failed.', { kind, ...more });
const away = failure('transient');
const broken = failure('transient', { code: 'index_broken' });
const full = failure('config', { code: 'disk_full' });

/** Reads what the parts read, one run after the other; the last part again and again. */
function reads(...parts: ((ctx: ReadContext) => AsyncGenerator<Page, void, void>)[]): void {
  let at = 0;
  tables.script('item', (ctx) => {
    const part = parts[Math.min(at, parts.length - 1)] as (typeof parts)[number];
    at += 1;
    return part(ctx);
  });
}
/** Fails the next writes with these errors, in order. */
function failWrites(...errors: readonly (TributaryError | undefined)[]): void {
  let at = 0;
  tables.beforeCommit = () => {
    const error = errors[at];
    at += 1;
    if (error !== undefined) throw error;
  };
}

const request = (): RunRequest => ({ mode: 'periodic', since: undefined, rescan: false, handles: {}, cycle });
const execute = (more: Partial<RunRequest> = {}): Promise<RunSummary> =>
  executeRun(connection, connection.table('item'), { ...request(), ...more }, stop.signal);
const told = (...types: readonly string[]): unknown[] => connection.events.filter(({ type }) => types.includes(type));

describe('a run that succeeds', () => {
  it('says what it did, to its caller and to who listens', async () => {
    const startedAt = tables.clock;
    reads(async function* read(ctx) {
      tables.clock += 60_000;
      expect(currentRun()).toMatchObject({ ref });
      yield* listing('a', 'b')(ctx);
    });
    const summary = await execute({ mode: 'historical' });
    expect(summary).toEqual({
      ref,
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      mode: 'historical',
      outcome: 'succeeded',
      totals: { fetched: 2, published: 2, unchanged: 0, deleted: 0, deadLetters: 0, messages: 2, requests: 0, waitedMs: 0 },
      startedAt,
      endedAt: startedAt + 60_000,
      liveRows: 2,
      readTo: startedAt,
    });
    const { runId, totals } = summary;
    expect(connection.events[0]).toEqual({ type: 'run-started', runId, mode: 'historical', at: startedAt, ...ref });
    expect(connection.events.at(-1)).toEqual({
      type: 'run-ended',
      runId,
      outcome: 'succeeded',
      totals,
      startedAt,
      at: startedAt + 60_000,
      ...ref,
    });
    expect(connection.table('item').state.runId).toBe(runId);
    expect(connection.calls).toEqual(['session', 'fault']);
  });

  it('names the deletes that it or an earlier run has withheld', async () => {
    reads(listing('a', 'b', 'c'), listing());
    expect(await execute()).not.toHaveProperty('withheld');
    expect((await execute()).withheld).toEqual({ count: 3, reason: expect.stringContaining('empty') });
    reads(failing(failure('config')));
    const failed = await execute();
    expect(failed.withheld?.count).toBe(3);
    expect(failed).not.toHaveProperty('readTo');
  });

  it('knows no time up to which all was read, where none was told', async () => {
    reads(async function* read() {
      yield { rows: rowsOf('a'), position: { v: 1 } };
    });
    expect(await execute()).not.toHaveProperty('readTo');
  });

  it('gives the rows of its listing to the tables that need them, and no part of one', async () => {
    reads(listing('a', 'b'));
    await execute();
    expect(delivered).toEqual([['item', rowsOf('a', 'b')]]);
    delivered.length = 0;
    reads(
      async function* twice(ctx) {
        yield { rows: rowsOf('gone'), position: { v: 1 }, scan: { id: ctx.newScan() } };
        yield* listing('a')(ctx);
      },
      async function* none() {
        yield { rows: rowsOf('a'), position: { v: 1 } };
      },
    );
    await execute();
    await execute();
    expect(delivered).toEqual([
      ['item', undefined],
      ['item', undefined],
    ]);
  });

  it('keeps no rows that no table needs', async () => {
    tables.close();
    open('another');
    reads(listing('a'));
    await execute();
    expect(delivered).toEqual([['item', undefined]]);
  });
});

describe('a run that fails', () => {
  it('by its reader says so, with what is to be told, and leaves the session as it is', async () => {
    const refused = failure('config', { code: 'shop:403', remedy: 'Ask for it.' });
    reads(failing(refused));
    const summary = await execute();
    expect(summary).toMatchObject({ outcome: 'failed', error: refused });
    expect(summary).not.toHaveProperty('liveRows');
    expect(connection.events.at(-1)).toMatchObject({
      type: 'run-ended',
      outcome: 'failed',
      failure: { kind: 'config', code: 'shop:403', remedy: 'Ask for it.', message: 'It failed.' },
    });
    expect(connection.calls).toEqual(['session']);
    expect(delivered, 'so that nobody waits for its rows').toEqual([['item', undefined]]);
  });

  it('by an answer of the vendor that may pass is not tried again here', async () => {
    reads(failing(away));
    expect(await execute()).toMatchObject({ outcome: 'failed', error: away });
    expect(connection.calls).toEqual(['session']);
  });

  it('because its connection could not be opened says why', async () => {
    const refused = failure('config');
    connection.onSession = () => Promise.reject(refused);
    expect(await execute()).toMatchObject({ outcome: 'failed', error: refused });
    connection.onSession = () => Promise.reject(new TypeError('no'));
    expect((await execute()).error).toMatchObject({ kind: 'internal', message: 'The run of shop.item failed: no' });
    for (const error of [broken, full]) {
      connection.onSession = () => Promise.reject(error);
      expect(await execute()).toMatchObject({ outcome: 'failed', error });
    }
  });

  it('because another instance has taken over is the last of its connection', async () => {
    const fenced = failure('fenced');
    reads(listing('a'));
    failWrites(fenced);
    expect(await execute()).toMatchObject({ outcome: 'failed', error: fenced });
    expect(connection.calls).toEqual(['session', 'lost']);
  });
});

describe('a run that is stopped', () => {
  it('is interrupted, and that is no failure', async () => {
    reads(async function* read() {
      yield { rows: rowsOf('a'), position: { v: 1, at: 1 } };
      stop.abort();
    });
    const summary = await execute();
    expect(summary.outcome).toBe('interrupted');
    expect(summary).not.toHaveProperty('error');
    expect(connection.events.at(-1)).not.toHaveProperty('failure');
    expect(delivered).toEqual([['item', undefined]]);
  });

  it.each(['data', 'fenced'] as const)('while it fails with an error of kind %s keeps the error', async (kind) => {
    const error = failure(kind);
    reads(listing('a'));
    tables.beforeCommit = () => {
      stop.abort();
      throw error;
    };
    expect(await execute()).toMatchObject({ outcome: 'interrupted', error });
    expect(connection.events.at(-1)).not.toHaveProperty('failure');
    expect(connection.calls).toEqual(['session', 'lost']);
  });

  it('while its connection recovers is interrupted', async () => {
    reads(listing('a'));
    failWrites(away);
    connection.onRecover = () => {
      stop.abort();
      throw failure('stopped');
    };
    const { outcome, error } = await execute();
    expect([outcome, error]).toEqual(['interrupted', undefined]);
  });
});

describe('a lost session', () => {
  it('of a writer that failed is recovered, and the run goes on from what was committed', async () => {
    let runs = 0;
    reads(async function* read({ position }) {
      runs += 1;
      if (position === undefined) yield { rows: rowsOf('a', 'b'), position: { v: 1, at: 1 } };
      tables.clock += 1_000;
      yield { rows: rowsOf('last'), position: { v: 1, at: 2 } };
    });
    failWrites(undefined, away);
    const summary = await execute();
    expect(summary).toMatchObject({ outcome: 'succeeded', totals: { fetched: 4, published: 3 } });
    expect(connection.table('item').state).toMatchObject({ runId: summary.runId, rowsPublished: 3 });
    expect([runs, tables.live('item').length]).toEqual([2, 3]);
    expect(connection.calls).toEqual(['session', 'lost', 'recover', 'session', 'fault']);
    expect(told('run-retrying', 'run-recovered', 'run-started', 'run-ended')).toMatchObject([
      { type: 'run-started' },
      { type: 'run-retrying', stage: 'kafka', failure: { message: 'It failed.' }, ...ref },
      { type: 'run-recovered', ...ref },
      { type: 'run-ended', outcome: 'succeeded' },
    ]);
  });

  it('of another table ends what this one reads, and is recovered as well', async () => {
    reads(async function* read(ctx) {
      connection.lose();
      expect(ctx.signal.aborted).toBe(true);
      yield { rows: [], position: { v: 1 } };
    }, listing('a'));
    expect(await execute()).toMatchObject({ outcome: 'succeeded', totals: { published: 1 } });
    expect(connection.calls).toEqual(['session', 'lost', 'recover', 'session', 'fault']);
  });

  it('that cannot be recovered ends the run', async () => {
    const refused = failure('config');
    reads(listing('a'));
    failWrites(away);
    connection.onRecover = () => {
      throw refused;
    };
    expect(await execute()).toMatchObject({ outcome: 'failed', error: refused });
    failWrites(away);
    connection.onRecover = () => Promise.reject(new TypeError('no'));
    expect((await execute()).error).toMatchObject({ kind: 'internal', message: 'Recovering shop failed: no' });
    expect(told('run-recovered')).toEqual([]);
  });

  it('by an error that no retry can help is recovered for the others, and ends this run', async () => {
    const data = failure('data');
    reads(listing('a'));
    failWrites(data);
    expect(await execute()).toMatchObject({ outcome: 'failed', error: data });
    expect(connection.calls).toEqual(['session', 'lost', 'recover']);
    expect(told('run-recovered')).toEqual([]);
  });

  it('by an error that may come a few times only ends the run when it comes again without a commit in between', async () => {
    const odd = failure('transient', { tries: 2 });
    reads(listing('a'));
    failWrites(odd, odd);
    expect(await execute()).toMatchObject({ outcome: 'failed', error: odd });
    expect(connection.calls.filter((call) => call === 'recover')).toHaveLength(2);

    failWrites(undefined, odd, undefined, odd);
    reads(async function* read() {
      for (let n = 0; n < 3; n += 1) {
        yield { rows: rowsOf(`${tables.clock}`), position: { v: 1 } };
        tables.clock += 1_000;
      }
    });
    expect(await execute(), 'a transaction was committed in between').toMatchObject({ outcome: 'succeeded' });
  });

  it.each([
    ['rows that have not changed', rowsOf('held'), 'succeeded'],
    ['dead letters', [{}], 'succeeded'],
    ['messages', undefined, 'succeeded'],
    ['nothing at all', [], 'failed'],
  ])('over and over, with %s committed in between', async (_, rows, outcome) => {
    tables.script('item', listing('held'));
    await tables.run('item');
    connection.patience = 60_000;
    let losses = 0;
    reads(async function* read() {
      yield { rows: rows ?? rowsOf(`r${losses}`), position: { v: 1, at: losses } };
    });
    tables.beforeCommit = () => {
      tables.clock += 40_000;
      // By another table, while this one's transaction went through.
      if ((losses += 1) < 5) connection.lose();
    };
    expect((await execute()).outcome).toBe(outcome);
  });

  it('again and again without a commit is given up after the patience of the connection', async () => {
    connection.patience = 60_000;
    reads(listing('a'));
    let lost = 0;
    tables.beforeCommit = () => {
      lost += 1;
      tables.clock += 40_000;
      throw away;
    };
    const { outcome, error } = await execute();
    expect([outcome, lost]).toEqual(['failed', 3]);
    expect(error).toMatchObject({ kind: 'transient', message: 'It failed. Given up after 80 s.' });
  });

  it('is tried again at once, and after that with pauses, which a stop ends', async () => {
    reads(listing('a'));
    const at: number[] = [];
    tables.beforeCommit = () => {
      at.push(performance.now());
      if (at.length === 3) setTimeout(() => stop.abort(), 50);
      throw away;
    };
    expect(await execute()).toMatchObject({ outcome: 'interrupted' });
    const ended = performance.now();
    const [first = 0, second = 0, third = 0] = at;
    expect(second - first).toBeLessThan(1_000);
    expect(third - second).toBeGreaterThanOrEqual(990);
    expect(ended - third, 'the next one would be longer').toBeLessThan(1_500);
  });
});

describe('a damaged index', () => {
  it('is built anew within the run, once', async () => {
    reads(failing(broken), listing('a'));
    expect(await execute()).toMatchObject({ outcome: 'succeeded' });
    expect(connection.calls).toEqual(['session', 'lost', 'recover', 'session', 'fault']);
    expect(told('run-retrying')).toMatchObject([{ stage: 'change' }]);
    connection.calls.length = 0;
    reads(failing(broken));
    expect(await execute()).toMatchObject({ outcome: 'failed', error: broken });
    expect(connection.calls).toEqual(['session', 'lost', 'recover', 'session']);
  });

  it('on a full disk ends the run, and the session with it, since nothing can be written down', async () => {
    reads(failing(full));
    expect(await execute()).toMatchObject({ outcome: 'failed', error: full });
    expect(connection.calls).toEqual(['session', 'lost']);
  });
});

describe('a topic that must not be written to', () => {
  const refusal = (code?: string): TributaryError => failure('config', code === undefined ? {} : { code });

  it.each([undefined, 'topic'])('for good (code %s) fails the run before anything is read', async (code) => {
    const refused = refusal(code);
    connection.table('item').refusal = refused;
    reads(() => expect.fail('it was read'));
    expect(await execute()).toMatchObject({ outcome: 'failed', error: refused, totals: { fetched: 0 } });
    expect(connection.calls).toEqual(['session']);
  });

  it.each(['topic:config', 'topic:gone'])('for something that can be mended (%s) is looked at again', async (code) => {
    const refused = refusal(code);
    const table = connection.table('item');
    table.refusal = refused;
    connection.fault = () => refused;
    reads(listing('a'));
    expect(await execute()).toMatchObject({ outcome: 'failed', error: refused });
    expect(connection.calls).toEqual(['session', 'fault']);
    connection.fault = () => undefined;
    connection.onRecover = () => void (table.refusal = undefined);
    connection.calls.length = 0;
    expect(await execute()).toMatchObject({ outcome: 'succeeded', totals: { published: 1 } });
    expect(connection.calls).toEqual(['session', 'fault', 'lost', 'recover', 'session', 'fault']);
  });

  it('by the time all was read fails the run, since the topic cannot hold the table', async () => {
    const fault = refusal('topic:config');
    connection.fault = (table) => (table.ref.table === 'item' ? fault : undefined);
    reads(listing('a'));
    expect(await execute()).toMatchObject({ outcome: 'failed', error: fault });
    expect(connection.table('item').refusal).toBe(fault);
    expect(delivered).toEqual([['item', undefined]]);
  });
});
