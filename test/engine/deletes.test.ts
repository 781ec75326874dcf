import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { TributaryError } from '../../src/core/errors.ts';
import type { TableDefinition, VanishedVerdict } from '../../src/core/table.ts';
import type { JsonObject, Page, ReadContext, Row } from '../../src/core/types.ts';
import { boolean, text } from '../../src/sdk/fields.ts';
import { itemTable, key, openScriptedTables, rowsOf, type ScriptedTables, type Written } from './scripted-tables.ts';

let tables: ScriptedTables;
afterEach(() => tables.close());

type Read = (ctx: ReadContext) => AsyncGenerator<Page, void, void>;

/** A complete listing of these rows on one page. */
const listing = (rows: readonly Row[], end: NonNullable<Page['scan']>['end'] = {}): Read =>
  async function* read(ctx) {
    yield { rows, position: { v: 1 }, scan: { id: ctx.newScan(), end } };
  };

async function run(name: string, read: Read, signal?: AbortSignal) {
  tables.script(name, read);
  return tables.run(name, {}, signal);
}

const messages = (written: readonly Written[]): readonly string[] => written.flatMap((one) => one.messages);

const item = (more: Partial<TableDefinition> = {}): TableDefinition =>
  itemTable(
    { id: text('Item'), owner: text('Owner'), merged_into: text('Winner of a merge'), gone: boolean('Whether it is deleted') },
    more,
  );

describe('a table whose vendor is asked about each vanished row', () => {
  const asked: string[][] = [];
  const verdicts = new Map<string, Omit<VanishedVerdict, 'key'>>();
  const confirming = item({
    async *confirm(_ctx: ReadContext, keys: readonly JsonObject[]) {
      asked.push(keys.map(({ id }) => String(id)).sort());
      for (const one of keys) yield { key: one, ...(verdicts.get(String(one.id)) ?? { gone: false }) };
    },
  });

  it('loses only those that are gone, with what is known about their end, and the work they leave', async () => {
    tables = openScriptedTables([confirming, item({ name: 'event' }), item({ name: 'order' })]);
    await run('item', listing(rowsOf('a', 'b', 'c', 'd')));
    asked.length = 0;
    verdicts.set('b', { gone: true, marker: { merged_into: 'a' }, rereads: [{ table: 'event', work: { of: 'b' } }] });
    verdicts.set('c', { gone: false });
    verdicts.set('d', {
      gone: true,
      rereads: [
        { table: 'left_out', work: { of: 'd' } },
        { table: 'order', work: { of: 'd' } },
      ],
    });
    const { written, totals } = await run('item', listing(rowsOf('a')));
    expect(asked, 'a is the control').toEqual([['a', 'b', 'c', 'd']]);
    expect(tables.live('item')).toEqual([key('a'), key('c')]);
    expect(totals.deleted).toBe(2);
    const deleting = written.find((one) => one.messages.length > 0);
    expect(deleting?.markers).toMatchObject({ [key('b')]: { id: 'b', merged_into: 'a' }, [key('d')]: { id: 'd', merged_into: null } });
    expect(deleting?.handed, 'in the transaction of the delete').toMatchObject([
      { table: 'event', work: { work: { of: 'b' } } },
      { table: 'order', work: { work: { of: 'd' } } },
    ]);
    expect(tables.tables.get('event')?.outbox).toMatchObject([{ work: { of: 'b' } }]);
    expect(tables.tables.get('order')?.outbox).toMatchObject([{ work: { of: 'd' } }]);
  });

  it('loses none by the word of a vendor that says of every row that it is gone, also of those just listed', async () => {
    tables = openScriptedTables([confirming]);
    const all = Array.from({ length: 2_000 }, (_, n) => `r${n}`);
    const [missing, shown] = [all.slice(0, 130), all.slice(130)];
    await run('item', listing(rowsOf(...all)));
    asked.length = 0;
    verdicts.clear();
    for (const id of all) verdicts.set(id, { gone: true });
    const { written, totals, events } = await run('item', listing(rowsOf(...shown)));
    expect(messages(written)).toEqual([]);
    expect(totals.deleted).toBe(0);
    expect(events.find(({ type }) => type === 'deletes-withheld')).toMatchObject({
      count: 130,
      reason: expect.stringContaining('had just shown'),
    });
    const controls = (asked[0] ?? []).filter((id) => !missing.includes(id));
    expect(controls, 'in every hundred rows').toHaveLength(2);

    for (const id of shown) verdicts.delete(id);
    await run('item', listing(rowsOf(...shown)));
    expect(tables.live('item')).toHaveLength(shown.length);
    expect(tables.tables.get('item')?.state.withheld).toBeUndefined();
  });

  it('withholds those of which the vendor cannot tell, and says why', async () => {
    tables = openScriptedTables([confirming]);
    await run('item', listing(rowsOf('a', 'b', 'c')));
    verdicts.set('b', { gone: true });
    verdicts.set('c', { gone: false, doubt: 'The vendor did not answer for c.' });
    const { written, events } = await run('item', listing(rowsOf('a')));
    expect(tables.live('item')).toEqual([key('a'), key('c')]);
    const told = events.find(({ type }) => type === 'deletes-withheld');
    expect(told).toMatchObject({ count: 1, reason: 'The vendor did not answer for c.' });
    expect(told).not.toHaveProperty('sample');
    expect(written.at(-1)?.state.withheld).toMatchObject({ count: 1 });
  });

  it('is not asked when nothing is missing, and about nothing else when nothing is there', async () => {
    tables = openScriptedTables([confirming]);
    verdicts.clear();
    await run('item', listing(rowsOf('a', 'b')));
    asked.length = 0;
    await run('item', listing(rowsOf('a', 'b')));
    expect(asked).toEqual([]);
    await run('item', listing([]));
    tables.script('item', listing([]));
    await tables.run('item', { handles: { 'allow-deletes': 'request-1' } });
    expect(asked, 'there is no row that could be the control').toEqual([['a', 'b']]);
  });

  it('is asked in groups of 500', async () => {
    tables = openScriptedTables([confirming]);
    const many = Array.from({ length: 6_000 }, (_, n) => `r${n}`);
    await run('item', listing(rowsOf(...many)));
    asked.length = 0;
    verdicts.clear();
    const { totals } = await run('item', listing(rowsOf(...many.slice(1_001))));
    expect(
      asked.map((group) => group.length),
      'with the controls',
    ).toEqual([506, 506, 2]);
    expect(totals.deleted, 'none was called gone').toBe(0);
  });
});

describe('work that was handed to a table', () => {
  it('is done in the transaction of the page that brings it, and not before', async () => {
    tables = openScriptedTables([item()]);
    const event = tables.tables.get('item');
    if (event === undefined) throw new Error('no table');
    event.outbox = [
      { id: 't1', work: { of: 'a' } },
      { id: 't2', work: { of: 'b' } },
    ];
    const { written } = await run('item', async function* read(ctx) {
      const [first] = ctx.outbox;
      yield { rows: rowsOf('before'), position: { v: 1 } };
      ctx.complete(first === undefined ? [] : [first]);
      yield { rows: rowsOf('a'), position: { v: 1 } };
    });
    for (const one of written) expect(one.done.includes('t1'), JSON.stringify(one.messages)).toBe(one.messages.includes(`+${key('a')}`));
    expect(event.outbox.map(({ id }) => id)).toEqual(['t2']);
  });

  it('is handed again when its page was not committed', async () => {
    tables = openScriptedTables([item()]);
    const event = tables.tables.get('item');
    if (event === undefined) throw new Error('no table');
    event.outbox = [{ id: 't1', work: { of: 'a' } }];
    tables.beforeCommit = () => {
      throw new TributaryError('The broker went away.', { kind: 'transient' });
    };
    await run('item', async function* read(ctx) {
      ctx.complete(ctx.outbox);
      yield { rows: rowsOf('a'), position: { v: 1 } };
    });
    expect(event.outbox.map(({ id }) => id)).toEqual(['t1']);
  });
});

describe('scopes', () => {
  const scoped = item({ scope: ['owner'], key: ['id'] });
  const owned = (owner: string, ...ids: readonly string[]): Row[] => ids.map((id) => ({ id, owner }));

  it('whose listing could not be read keep their rows; the others lose what is gone', async () => {
    tables = openScriptedTables([scoped]);
    await run('item', listing([...owned('x', 'x1', 'x2'), ...owned('y', 'y1', 'y2')]));
    const before = tables.tables.get('item')?.state.readTo;
    tables.clock += 60_000;
    const { written } = await run('item', listing(owned('x', 'x1'), { unread: [{ owner: 'y' }] }));
    expect(messages(written)).toEqual([`!${key('x2')}`, `-${key('x2')}`]);
    expect(tables.live('item')).toEqual([key('x1'), key('y1'), key('y2')]);
    expect(written.at(-1)?.state.readTo, 'not all was read').toBe(before);
  });

  it('count as not read in the whole run, also where its next listing has read them', async () => {
    tables = openScriptedTables([scoped]);
    const { written } = await run('item', async function* twice(ctx) {
      yield { rows: owned('x', 'x1'), position: { v: 1, at: 1 }, scan: { id: ctx.newScan(), end: { unread: [{ owner: 'y' }] } } };
      yield { rows: owned('x', 'x1'), position: { v: 1, at: 2 }, scan: { id: ctx.newScan(), end: {} } };
    });
    expect(written.at(-1)?.state).not.toHaveProperty('readTo');
  });

  it('are judged again once they can be read', async () => {
    tables = openScriptedTables([scoped]);
    await run('item', listing([...owned('x', 'x1'), ...owned('y', 'y1', 'y2')]));
    await run('item', listing(owned('x', 'x1'), { unread: [{ owner: 'y' }] }));
    await run('item', listing([...owned('x', 'x1'), ...owned('y', 'y2')]));
    expect(tables.live('item')).toEqual([key('x1'), key('y2')]);
  });
});

describe('rows that a listing shows without reading them', () => {
  const showing = (rows: readonly Row[], seen: readonly Row[]): Read =>
    async function* read(ctx) {
      yield { rows, seen, position: { v: 1 }, scan: { id: ctx.newScan(), end: {} } };
    };

  it('are not missing, and not published', async () => {
    tables = openScriptedTables([item()]);
    await run('item', listing(rowsOf('a', 'b', 'c')));
    const { written, totals } = await run('item', showing([{ id: 'a', owner: 'new' }], rowsOf('b', 'never published')));
    expect(messages(written)).toEqual([`+${key('a')}`, `!${key('c')}`, `-${key('c')}`]);
    expect(totals).toMatchObject({ fetched: 1, published: 1, unchanged: 0, deleted: 1 });
  });

  it('put every delete in doubt when they have no key', async () => {
    tables = openScriptedTables([item()]);
    await run('item', listing(rowsOf('a', 'b')));
    const { written, events } = await run('item', showing(rowsOf('a'), [{ owner: 'x' }]));
    expect(messages(written)).toEqual([]);
    expect(events.find(({ type }) => type === 'deletes-withheld')).toMatchObject({ count: 1, reason: expect.stringContaining('1 rows') });
  });
});

describe('a table that needs a row to be missing twice', () => {
  it('keeps it after the first listing and deletes it after the second', async () => {
    tables = openScriptedTables([item({ absentScans: 2 })]);
    await run('item', listing(rowsOf('a', 'b')));
    expect(messages((await run('item', listing(rowsOf('a')))).written)).toEqual([]);
    expect(messages((await run('item', listing(rowsOf('a')))).written)).toEqual([`!${key('b')}`, `-${key('b')}`]);
  });

  it('does not count a listing that could not show it, whatever came before', async () => {
    tables = openScriptedTables([item({ absentScans: 2, scope: ['owner'] })]);
    const owned = (...ids: readonly string[]): Row[] => ids.map((id) => ({ id, owner: 'x' }));
    for (let n = 0; n < 3; n += 1) await run('item', listing(owned('a', 'b')));
    await run('item', listing([], { unread: [{ owner: 'x' }] }));
    expect(messages((await run('item', listing(owned('a')))).written), 'absent once').toEqual([]);
    expect(messages((await run('item', listing([], { unread: [{ owner: 'x' }] }))).written)).toEqual([]);
    expect(messages((await run('item', listing(owned('a')))).written), 'absent twice').toEqual([`!${key('b')}`, `-${key('b')}`]);
  });

  it('begins to count anew when the row was there in between', async () => {
    tables = openScriptedTables([item({ absentScans: 2 })]);
    await run('item', listing(rowsOf('a', 'b')));
    await run('item', listing(rowsOf('a')));
    await run('item', listing(rowsOf('a', 'b')));
    expect(messages((await run('item', listing(rowsOf('a')))).written)).toEqual([]);
  });
});

it('a row that is flagged as deleted gets a marker and a tombstone once, and an unknown one nothing', async () => {
  tables = openScriptedTables([item({ deletes: 'flag', deleted: (row: Row) => row.gone === true })]);
  await run('item', listing(rowsOf('a', 'b')));
  const flagged: Row[] = [{ id: 'a' }, { id: 'b', gone: true }, { id: 'never seen', gone: true }];
  expect(messages((await run('item', listing(flagged))).written)).toEqual([`!${key('b')}`, `-${key('b')}`]);
  expect(messages((await run('item', listing(flagged))).written)).toEqual([]);
});

it('a row that comes back while its delete is still being written is published again, although nothing of it has changed', async () => {
  tables = openScriptedTables([item({ deletes: 'flag', deleted: (row: Row) => row.gone === true })]);
  await run('item', listing(rowsOf('a')));
  let read: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (read = resolve));
  // Until after the last page was compared.
  tables.beforeCommit = () => all.then(() => setImmediate());
  const { written } = await run('item', async function* backAgain() {
    yield { rows: [{ id: 'a', gone: true }], position: { v: 1, at: 1 } };
    // The first page is a transaction of its own.
    tables.clock += 1_000;
    yield { rows: rowsOf('a'), position: { v: 1, at: 2 } };
    read();
  });
  expect(messages(written)).toEqual([`!${key('a')}`, `-${key('a')}`, `+${key('a')}`]);
  expect(tables.live('item')).toEqual([key('a')]);
});

describe('the end of a complete listing', () => {
  it.each(['flag', 'none'] as const)('deletes nothing of a table with deletes: %s, and closes the scan', async (deletes) => {
    tables = openScriptedTables([item({ deletes, ...(deletes === 'flag' ? { deleted: (row: Row) => row.gone === true } : {}) })]);
    await run('item', listing(rowsOf('a', 'b')));
    const { written } = await run('item', listing(rowsOf('a')));
    expect(messages(written)).toEqual([]);
    expect(tables.live('item')).toEqual([key('a'), key('b')]);
    expect(tables.tables.get('item')?.index.custody()).toBeUndefined();
    expect(tables.tables.get('item')?.state).not.toHaveProperty('scan');
  });

  it('deletes what is plausible when deletes are allowed that nobody withholds', async () => {
    tables = openScriptedTables([item()]);
    await run('item', listing(rowsOf('a', 'b')));
    tables.script('item', listing(rowsOf('a')));
    const { error, events } = await tables.run('item', { handles: { 'allow-deletes': 'request-1' } });
    expect(error).toBeUndefined();
    expect(tables.live('item')).toEqual([key('a')]);
    expect(events.some(({ type }) => type === 'deletes-released')).toBe(false);
  });

  it('deletes what a user has allowed after one listing, also where a row has to be missing twice', async () => {
    tables = openScriptedTables([item({ absentScans: 2 })]);
    await run('item', listing(rowsOf('a', 'b')));
    await run('item', listing([]));
    expect(tables.tables.get('item')?.state.withheld).toMatchObject({ count: 2, reason: expect.stringContaining('empty') });
    tables.script('item', listing(rowsOf('a')));
    await tables.run('item', { handles: { 'allow-deletes': 'request-1' } });
    expect(tables.live('item')).toEqual([key('a')]);
  });

  it('deletes many rows in several transactions', async () => {
    tables = openScriptedTables([item()]);
    const all = Array.from({ length: 3_100 }, (_, n) => `r${n}`);
    await run('item', listing(rowsOf(...all)));
    await run('item', listing(rowsOf('r0')));
    tables.script('item', listing(rowsOf('r0')));
    const { written } = await tables.run('item', { handles: { 'allow-deletes': 'request-1' } });
    // A delete is a marker and a tombstone; the listed row counts too.
    expect(written.map((one) => one.messages.length).filter((count) => count > 0)).toEqual([2 * 2_999, 2 * 100]);
  });

  it('withholds nothing for a row without a key when no other is missing', async () => {
    tables = openScriptedTables([item()]);
    await run('item', listing(rowsOf('a')));
    const { events } = await run('item', listing([...rowsOf('a'), { owner: 'x' }]));
    expect(events.some(({ type }) => type === 'deletes-withheld')).toBe(false);
    const doubted = await run('item', listing([{ owner: 'x' }, { owner: 'y' }]));
    expect(doubted.events.find(({ type }) => type === 'deletes-withheld')).toMatchObject({
      count: 1,
      reason: '2 rows of the listing came without a usable key, and each may be one of the missing rows.',
    });
  });

  it('counts rows that cannot be published among those listed, when it compares them with the announced total', async () => {
    tables = openScriptedTables([item()]);
    await run('item', listing(rowsOf('a', 'b', 'c')));
    const large = { id: 'large', owner: 'x'.repeat(1_100_000) };
    const known = { id: 'a', owner: 'x'.repeat(1_100_000) };
    const { events, written } = await run('item', listing([known, ...rowsOf('b'), large], { total: 3 }));
    expect(events.filter(({ type }) => type === 'deletes-withheld' || type === 'warning')).toEqual([]);
    expect(messages(written)).toEqual([`!${key('c')}`, `-${key('c')}`]);
    const paged = await run('item', async function* read(ctx) {
      const id = ctx.newScan();
      yield { rows: [large], position: { v: 1, at: 1 }, scan: { id } };
      yield { rows: [{ ...large, id: 'larger' }], position: { v: 1, at: 2 }, scan: { id } };
      yield { rows: rowsOf('a'), position: { v: 1 }, scan: { id, end: { total: 3 } } };
    });
    expect(messages(paged.written), 'on several pages').toEqual([`!${key('b')}`, `-${key('b')}`]);
    const unnamed = await run('item', listing([...rowsOf('a'), { owner: 'x' }], { total: 2 }));
    expect(unnamed.events.filter(({ type }) => type === 'warning')).toEqual([]);
  });

  it('warns of a total that disagrees when nothing is missing', async () => {
    tables = openScriptedTables([item()]);
    const warnings = async (read: Read): Promise<unknown[]> =>
      (await run('item', read)).events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(await warnings(listing(rowsOf('a'), { total: 1 }))).toEqual([]);
    expect(await warnings(listing(rowsOf('a')))).toEqual([]);
    expect(await warnings(listing(rowsOf('a'), { total: 5 }))).toEqual([
      'The vendor announced 5 rows and listed 1; the next listing looks for the others.',
    ]);
    expect(
      await warnings(async function* read() {
        yield { rows: rowsOf('a'), position: { v: 1 }, scan: { id: 'of another worker', end: { total: 5 } } };
      }),
      'of a listing that was not recorded whole',
    ).toEqual([]);
  });
});
