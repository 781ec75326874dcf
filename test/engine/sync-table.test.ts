import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { Page, ReadContext } from '../../src/core/types.ts';
import { text } from '../../src/sdk/fields.ts';
import { itemTable, key, openScriptedTables, rowsOf, type ScriptedTables, type Written } from './scripted-tables.ts';

const item = itemTable({ id: text('Item'), name: text('Name') });

let tables: ScriptedTables;
beforeEach(() => {
  tables = openScriptedTables([item]);
});
afterEach(() => tables.close());

const at = (n: number): Page['position'] => ({ v: 1, at: n });

/** A complete listing of these ids, a page for each list. */
function listing(...pages: readonly (readonly string[])[]): (ctx: ReadContext) => AsyncGenerator<Page, void, void> {
  return async function* read(ctx) {
    const id = ctx.newScan();
    for (const [n, ids] of pages.entries())
      yield { rows: rowsOf(...ids), position: at(n + 1), scan: n === pages.length - 1 ? { id, end: {} } : { id } };
  };
}

/** Every message of a run, in the order they were committed. */
const messages = (written: readonly Written[]): readonly string[] => written.flatMap((one) => one.messages);

async function list(...ids: readonly string[]): Promise<void> {
  tables.script('item', listing(ids));
  expect((await tables.run('item')).error).toBeUndefined();
}

describe('pages become transactions', () => {
  it('that hold the position after them, and never one after rows that are not there', async () => {
    const rows = Array.from({ length: 7_000 }, (_, n) => `r${n}`);
    tables.script('item', async function* read() {
      for (let n = 0; n < 7; n += 1) yield { rows: rowsOf(...rows.slice(n * 1_000, (n + 1) * 1_000)), position: at(n + 1) };
    });
    const { written, totals } = await tables.run('item');
    let committed = 0;
    for (const one of written) {
      committed += one.messages.length;
      expect(one.state.position, 'the position after the rows of this very transaction').toEqual(at(committed / 1_000));
    }
    // 3,000 rows fill a transaction; whole pages only.
    expect(written.map((one) => one.messages.length)).toEqual([3_000, 3_000, 1_000, 0]);
    expect(messages(written)).toEqual(rows.map((id) => `+${key(id)}`));
    expect(totals).toMatchObject({ fetched: 7_000, published: 7_000, unchanged: 0, deleted: 0, messages: 7_000 });
  });

  it('that are closed early by 8 MiB of rows', async () => {
    const wide = (id: string): Page['rows'] => [{ id, name: 'x'.repeat(900_000) }];
    tables.script('item', async function* read() {
      for (let n = 0; n < 12; n += 1) yield { rows: wide(`w${n}`), position: at(n + 1) };
    });
    const { written } = await tables.run('item');
    expect(written.map((one) => one.messages.length)).toEqual([10, 2, 0]);
  });

  it('that hold pages of a listing and others together, until the listing ends or begins again', async () => {
    tables.script('item', async function* read(ctx) {
      const [first, second] = [ctx.newScan(), ctx.newScan()];
      yield { rows: rowsOf('a'), position: at(1) };
      yield { rows: rowsOf('b'), position: at(2), scan: { id: first } };
      yield { rows: rowsOf('c'), position: at(3), scan: { id: first } };
      yield { rows: rowsOf('d'), position: at(4) };
      yield { rows: rowsOf('e'), position: at(5), scan: { id: second } };
      yield { rows: rowsOf('f'), position: at(6), scan: { id: second } };
    });
    const { written } = await tables.run('item');
    const of = (...ids: readonly string[]) => ids.map((id) => `+${key(id)}`);
    expect(written.map((one) => one.messages)).toEqual([of('a', 'b', 'c', 'd'), of('e', 'f'), []]);
  });

  it('only the last of which says that the run read all it set out to read', async () => {
    tables.script('item', async function* read() {
      yield { rows: rowsOf('a'), position: at(1) };
      yield { rows: rowsOf('b'), position: at(2) };
    });
    const { written } = await tables.run('item', { handles: { sync: 'request-7' } });
    expect(written.slice(0, -1).every(({ state }) => state.lastSuccessAt === undefined && state.handled === undefined)).toBe(true);
    expect(written.at(-1)?.state).toMatchObject({ lastSuccessAt: tables.clock, handled: { sync: 'request-7' }, position: at(2) });
  });

  it('with nothing for a row that has not changed', async () => {
    await list('a', 'b');
    tables.script('item', listing(['a', 'b']));
    const { written, totals } = await tables.run('item');
    expect(messages(written)).toEqual([]);
    expect(totals).toMatchObject({ fetched: 2, unchanged: 2, published: 0, messages: 0 });
  });

  it('that see the rows of the transaction before them, which is still under way', async () => {
    let page = 0;
    tables.beforeCommit = () => new Promise((resolve) => setTimeout(resolve, (page += 1) === 1 ? 50 : 0));
    const first = Array.from({ length: 3_000 }, (_, n) => `r${n}`);
    tables.script('item', async function* read() {
      yield { rows: rowsOf(...first), position: at(1) };
      yield { rows: rowsOf(...first, 'new'), position: at(2) };
    });
    const { written, totals } = await tables.run('item');
    expect(messages(written)).toHaveLength(3_001);
    expect(totals).toMatchObject({ published: 3_001, unchanged: 3_000 });
  });

  it('also while the vendor is slow, however few rows there are, and not again while there are no others', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    let goOn: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (goOn = resolve));
    tables.script('item', async function* read() {
      yield { rows: rowsOf('a'), position: at(1) };
      await waiting;
      yield { rows: rowsOf('b'), position: at(2) };
    });
    const run = tables.run('item');
    for (let seconds = 0; seconds < 3; seconds += 1) await vi.advanceTimersByTimeAsync(1_000);
    expect(tables.live('item')).toEqual([key('a')]);
    goOn();
    const { written } = await run;
    expect(written.map((one) => one.messages)).toEqual([[`+${key('a')}`], [`+${key('b')}`], []]);
    expect(written[0]?.state.position).toEqual(at(1));
  });

  it('that are compared with the topic also while another one is under way', async () => {
    await list('a');
    let read: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (read = resolve));
    tables.beforeCommit = () => all.then(() => setImmediate());
    tables.script('item', async function* reading() {
      yield { rows: rowsOf('b'), position: at(1) };
      tables.clock += 1_000;
      yield { rows: rowsOf('a'), position: at(2) };
      read();
    });
    expect((await tables.run('item')).totals).toMatchObject({ published: 1, unchanged: 1 });
  });

  it('and a row nobody can key into a dead letter of the same transaction', async () => {
    tables.script('item', async function* read() {
      yield { rows: [{ name: 'without a key' }, { id: 'a' }], position: at(1) };
    });
    const { written, totals } = await tables.run('item');
    expect(written[0]).toMatchObject({ messages: [`+${key('a')}`], deadLetters: [{ reason: 'missing_key' }], state: { position: at(1) } });
    expect(written[0]?.deadLetters[0]?.raw).toContain('without a key');
    expect(totals.deadLetters).toBe(1);
  });
});

describe('a write that fails', () => {
  const lost = new TributaryError('The broker went away.', { kind: 'transient' });

  it('ends the run, and what was not committed is published by the next one', async () => {
    tables.beforeCommit = () => {
      throw lost;
    };
    tables.script('item', listing(['a', 'b']));
    const failed = await tables.run('item');
    expect(failed.error).toBe(lost);
    expect(failed.written).toEqual([]);
    expect(failed.totals).toMatchObject({ published: 0, messages: 0 });
    expect(tables.tables.get('item')?.state.position, 'the position of the failed transaction').toBeUndefined();

    tables.beforeCommit = undefined;
    tables.script('item', listing(['a', 'b']));
    expect(messages((await tables.run('item')).written)).toEqual([`+${key('a')}`, `+${key('b')}`]);
  });

  it('is the last one: nothing is written behind it', async () => {
    let tries = 0;
    tables.beforeCommit = () => {
      if ((tries += 1) === 2) throw lost;
    };
    tables.script('item', async function* read() {
      for (let n = 0; n < 6; n += 1) yield { rows: rowsOf(...Array.from({ length: 3_000 }, (_, i) => `r${n}-${i}`)), position: at(n + 1) };
    });
    const { error, written } = await tables.run('item');
    expect(error).toBe(lost);
    expect(tries).toBe(2);
    expect(written.map(({ state }) => state.position)).toEqual([at(1)]);
  });
});

describe('a reader that fails or is stopped', () => {
  it('has everything it read before committed', async () => {
    const fault = new TributaryError('The vendor answered 500.', { kind: 'transient', code: 'vendor:500' });
    tables.script('item', async function* read() {
      yield { rows: rowsOf('a'), position: at(1) };
      throw fault;
    });
    const { error, written } = await tables.run('item');
    expect(error).toBe(fault);
    expect(written.at(-1)).toMatchObject({ messages: [`+${key('a')}`], state: { position: at(1) } });
    expect(written.at(-1)?.state.lastSuccessAt).toBeUndefined();
  });

  it('is what the run has failed of, also where a write has failed meanwhile', async () => {
    const fault = new TributaryError('The vendor answered 403.', { kind: 'config', code: 'vendor:403' });
    let writing: () => void = () => undefined;
    const failed = new Promise<void>((resolve) => (writing = resolve));
    tables.beforeCommit = () => {
      writing();
      throw new TributaryError('The broker went away.', { kind: 'transient' });
    };
    tables.script('item', async function* read() {
      yield { rows: rowsOf('a'), position: at(1) };
      tables.clock += 1_000;
      yield { rows: rowsOf('b'), position: at(2) };
      await failed.then(() => setImmediate());
      throw fault;
    });
    const { error, written } = await tables.run('item');
    expect([error, written]).toEqual([fault, []]);
  });

  it('and a stop is told as such, never as success', async () => {
    const stop = new AbortController();
    tables.script('item', async function* read() {
      yield { rows: rowsOf('a'), position: at(1) };
      stop.abort();
      yield { rows: rowsOf('b'), position: at(2) };
    });
    const { error, written } = await tables.run('item', {}, stop.signal);
    expect(error?.kind).toBe('stopped');
    expect(written.at(-1)?.state.lastSuccessAt).toBeUndefined();
    // Whether the page that was on its way is still taken is left open; rows and position go together.
    for (const one of written) expect(one.messages).toHaveLength(Number(one.state.position?.at ?? 0));
  });

  it('takes no more pages once it is stopped, also of a reader that does not know it', async () => {
    const stop = new AbortController();
    tables.script('item', async function* read() {
      for (let n = 1; n < 10; n += 1) {
        if (n === 3) stop.abort();
        yield { rows: rowsOf(`r${n}`), position: at(n) };
      }
    });
    await tables.run('item', {}, stop.signal);
    expect(tables.live('item').length).toBeLessThan(4);
  });
});

describe('rows that a complete listing no longer shows', () => {
  const many = Array.from({ length: 200 }, (_, n) => `r${n}`);

  it('get a marker and a tombstone, committed before the position that says that the listing is over', async () => {
    await list(...many);
    tables.script('item', listing(many.slice(0, 10), many.slice(10, 199)));
    const { written, totals } = await tables.run('item');
    expect(messages(written)).toEqual([`!${key('r199')}`, `-${key('r199')}`]);
    expect(tables.live('item')).not.toContain(key('r199'));
    const deletes = written.findIndex((one) => one.messages.length > 0);
    const over = written.findIndex(({ state }) => state.position?.at === 2);
    expect(deletes, 'no transaction with the last position may come before the deletes').toBeLessThanOrEqual(over);
    expect(totals.deleted).toBe(1);
  });

  it('are deleted again by the next run when the write of the deletes failed', async () => {
    await list(...many);
    tables.script('item', listing(many.slice(0, 10), many.slice(10, 199)));
    tables.beforeCommit = ({ messages: sent }) => {
      if (sent.some((message) => message.startsWith('-'))) throw new TributaryError('The broker went away.', { kind: 'transient' });
    };
    const failed = await tables.run('item');
    expect(failed.error?.kind).toBe('transient');
    expect(failed.totals.deleted).toBe(0);
    expect(tables.tables.get('item')?.state.position, 'the last page, without its deletes').not.toEqual(at(2));

    tables.beforeCommit = undefined;
    tables.script('item', listing(many.slice(0, 10), many.slice(10, 199)));
    expect(messages((await tables.run('item')).written)).toEqual([`!${key('r199')}`, `-${key('r199')}`]);
  });

  it('stay while the listing has not ended', async () => {
    await list(...many);
    tables.script('item', async function* read(ctx) {
      yield { rows: rowsOf('r0'), position: at(1), scan: { id: ctx.newScan() } };
    });
    const { written } = await tables.run('item');
    expect(messages(written)).toEqual([]);
    expect(tables.live('item')).toHaveLength(200);
  });

  it('stay when the listing began again under another id and only its rest was seen', async () => {
    await list(...many);
    tables.script('item', async function* read(ctx) {
      yield { rows: rowsOf(...many.slice(0, 199)), position: at(1), scan: { id: ctx.newScan() } };
      const again = ctx.newScan();
      yield { rows: rowsOf(...many.slice(0, 1)), position: at(2), scan: { id: again, end: {} } };
    });
    const { written, events } = await tables.run('item');
    expect(messages(written)).toEqual([]);
    expect(events.some(({ type }) => type === 'deletes-withheld')).toBe(true);
  });

  it('are gone also when an earlier listing of the same run has published them, which began again without them', async () => {
    await list('a', 'b');
    tables.script('item', async function* read(ctx) {
      yield { rows: [{ id: 'b', name: 'changed' }], position: at(1), scan: { id: ctx.newScan() } };
      yield { rows: rowsOf('a'), position: at(2), scan: { id: ctx.newScan(), end: {} } };
    });
    const { written } = await tables.run('item');
    expect(messages(written)).toEqual([`+${key('b')}`, `!${key('b')}`, `-${key('b')}`]);
  });

  it('stay when a listing is ended that nobody saw begin', async () => {
    await list(...many);
    tables.script('item', async function* read() {
      yield { rows: rowsOf(...many.slice(0, 199)), position: at(1), scan: { id: 'of another worker', end: {} } };
    });
    const { written, events } = await tables.run('item');
    expect(messages(written)).toEqual([]);
    expect(events.find(({ type }) => type === 'deletes-withheld')).toMatchObject({ count: 1 });
  });

  it('stay, all of them, while one row of the listing has no key', async () => {
    await list(...many);
    tables.script('item', async function* read(ctx) {
      yield { rows: [...rowsOf(...many.slice(0, 199)), { name: 'who am I' }], position: at(1), scan: { id: ctx.newScan(), end: {} } };
    });
    const { written, events } = await tables.run('item');
    expect(messages(written)).toEqual([]);
    expect(events.find(({ type }) => type === 'deletes-withheld')).toMatchObject({ count: 1, sample: [key('r199')] });
    expect(written.at(-1)?.state.withheld).toMatchObject({ count: 1, since: tables.clock });
  });

  it('are remembered as withheld when too many go, with the keys of ten, and go when somebody allows it', async () => {
    await list(...many);
    tables.script('item', listing(many.slice(0, 5)));
    const { written, events } = await tables.run('item');
    expect(messages(written)).toEqual([]);
    const withheld = written.at(-1)?.state.withheld;
    expect(withheld).toMatchObject({ count: 195, reason: '195 of 200 rows are missing at once.' });
    expect(withheld?.sample).toHaveLength(10);
    expect(events.find(({ type }) => type === 'deletes-withheld')).toMatchObject({ count: 195 });

    tables.clock += 60_000;
    tables.script('item', listing(many.slice(0, 5)));
    const again = await tables.run('item');
    expect(again.written.at(-1)?.state.withheld?.since, 'since when they are withheld').toBe(withheld?.since);

    tables.script('item', listing(many.slice(0, 5)));
    const allowed = await tables.run('item', { handles: { 'allow-deletes': 'request-1' } });
    expect(allowed.totals.deleted).toBe(195);
    expect(allowed.events.find(({ type }) => type === 'deletes-released')).toMatchObject({ count: 195 });
    expect(allowed.written.at(-1)?.state.withheld).toBeUndefined();
    expect(tables.live('item')).toEqual(many.slice(0, 5).map(key).sort());
  });

  it('are deleted no further than what was allowed and what is plausible anyway', async () => {
    const more = Array.from({ length: 400 }, (_, n) => `r${n}`);
    await list(...more);
    tables.script('item', listing(more.slice(0, 205)));
    await tables.run('item');
    tables.script('item', listing(more.slice(0, 104)));
    const allowed = await tables.run('item', { handles: { 'allow-deletes': 'request-1' } });
    expect(allowed.totals.deleted, '195 were allowed, 100 are plausible, 296 are missing').toBe(0);
    expect(tables.live('item')).toHaveLength(400);
  });

  it('stay when the vendor announced more than it listed', async () => {
    await list(...many);
    tables.script('item', async function* read(ctx) {
      yield { rows: rowsOf(...many.slice(0, 199)), position: at(1), scan: { id: ctx.newScan(), end: { total: 400 } } };
    });
    expect(messages((await tables.run('item')).written)).toEqual([]);
  });

  it('come back as rows when the vendor shows them again', async () => {
    await list(...many);
    await list(...many.slice(0, 199));
    tables.script('item', listing(many));
    expect(messages((await tables.run('item')).written)).toEqual([`+${key('r199')}`]);
  });
});
