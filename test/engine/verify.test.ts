import { rmSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import type { TableDefinition, VanishedVerdict } from '../../src/core/table.ts';
import type { JsonObject, Page, ReadContext, Row } from '../../src/core/types.ts';
import type { Connection } from '../../src/engine/connection.ts';
import type { OpenTable } from '../../src/engine/open-table.ts';
import { verifyTable, type RowDifference, type Verification } from '../../src/engine/verify.ts';
import { boolean, text } from '../../src/sdk/fields.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { itemTable, openScriptedTables, rowsOf, type ScriptedTables } from './scripted-tables.ts';

/* What a comparison of the vendor with the topic finds while both go on changing. */

let tables: ScriptedTables;
let scratch: string;
/** What the vendor has; one row for each id. */
let vendor: Map<string, Row>;
/** What each listing and each reading of changes was asked with. */
let asked: ReadContext[];
/** What happens after a listing, by its number, at the vendor or in the topic. */
let meanwhile: Record<number, () => unknown>;
/** What a worker has published since the last look, applied when the index follows. */
let published: (() => Promise<unknown>)[];
let waits: number[];
beforeEach(() => {
  scratch = memoryFolder('tributary-verify-');
  vendor = new Map();
  [asked, meanwhile, published, waits] = [[], {}, [], []];
});
afterEach(() => {
  tables.close();
  rmSync(scratch, { recursive: true, force: true });
});

const fields = { id: text('Item'), name: text('Name'), gone: boolean('Whether it is deleted') };
const at = (n: number): Page['position'] => ({ v: 1, at: n });
const has = (...rows: readonly Row[]): void => rows.forEach((row) => void vendor.set(String(row.id), row));

/** Opens a table whose topic holds these rows. */
async function holding(definition: Partial<TableDefinition>, ...rows: readonly Row[]): Promise<OpenTable> {
  tables = openScriptedTables([itemTable(fields, definition)]);
  await publish(rows);
  return tables.tables.get('item') as OpenTable;
}
async function publish(rows: readonly Row[]): Promise<void> {
  tables.script('item', async function* read() {
    yield { rows, position: at(0) };
  });
  expect((await tables.run('item')).error).toBeUndefined();
}

/** Lists what the vendor has, and then its changes, which are all of it too. */
async function* listing(ctx: ReadContext): AsyncGenerator<Page, void, void> {
  asked.push(ctx);
  const number = asked.length;
  yield { rows: [...vendor.values()], position: at(number), scan: { id: ctx.newScan(), end: {} } };
  await meanwhile[number]?.();
}

/** Passes over every wait, and keeps it. */
const clock: Clock = {
  now: () => tables.clock,
  timer(ms, callback) {
    waits.push(ms);
    tables.clock += ms;
    void setImmediate().then(callback);
    return () => undefined;
  },
};

async function verify(
  table: OpenTable,
  read: typeof listing = listing,
  { signal = new AbortController().signal, onListed = (_: number): void => undefined } = {},
) {
  const connection = {
    readRows: async (name: string) => [{ parent: name, listing: asked.length }],
    follow: async () => {
      for (const one of published.splice(0)) await one();
      tables.script('item', read);
    },
  } as unknown as Connection;
  tables.script('item', read);
  return verifyTable(connection, table, scratch, clock, signal, onListed);
}

const ids = ({ keys }: RowDifference): unknown[] => keys.map(({ id }) => id).sort();
/** Ids of what is missing, surplus and different. */
const found = ({ missing, surplus, different }: Verification): unknown[][] => [missing, surplus, different].map(ids);

describe('a table that is listed whole', () => {
  it('is compared row by row, and nothing is published', async () => {
    const table = await holding({}, { id: 'same' }, { id: 'surplus' }, { id: 'different', name: 'old' });
    has({ id: 'same' }, { id: 'different', name: 'new' }, { id: 'missing' });
    const result = await verify(table);
    expect(found(result)).toEqual([['missing'], ['surplus'], ['different']]);
    expect(result).toMatchObject({
      connection: 'shop',
      table: 'item',
      vendorRows: 3,
      topicRows: 3,
      missing: { count: 1 },
      surplus: { count: 1 },
      different: { count: 1 },
      changedMeanwhile: 0,
      unusable: 0,
    });
    expect(asked, 'what differs is looked at once more').toHaveLength(2);
    expect(tables.live('item')).toHaveLength(3);
  });

  it('that is the same is listed once', async () => {
    const table = await holding({}, ...rowsOf('a', 'b'));
    has(...rowsOf('a', 'b'));
    expect(await verify(table)).toMatchObject({ vendorRows: 2, topicRows: 2, changedMeanwhile: 0 });
    expect(asked).toHaveLength(1);
  });

  it('shows the first twenty keys of each kind and counts them all', async () => {
    const table = await holding({});
    has(...rowsOf(...Array.from({ length: 25 }, (_, n) => `r${n}`)));
    const { missing } = await verify(table);
    expect([missing.count, missing.keys.length]).toEqual([25, 20]);
  });

  it('tells of rows that cannot be used, and has no rows that the vendor calls deleted', async () => {
    const table = await holding({ deletes: 'flag', deleted: (row: Row) => row.gone === true }, { id: 'a' });
    has({ id: 'a' }, { id: 'b', gone: true });
    vendor.set('no key', { name: 'nobody' });
    vendor.set('no key either', { name: 'nobody' });
    expect(await verify(table)).toMatchObject({ vendorRows: 1, unusable: 2, missing: { count: 0 } });
  });

  it('tells how many rows each page had', async () => {
    const table = await holding({}, ...rowsOf('a', 'b', 'c'));
    const pages: number[] = [];
    async function* inPages(ctx: ReadContext): AsyncGenerator<Page, void, void> {
      const id = ctx.newScan();
      yield { rows: rowsOf('a', 'b'), position: at(1), scan: { id } };
      yield { rows: rowsOf('c'), position: at(2), scan: { id, end: {} } };
    }
    const result = await verify(table, inPages, { onListed: (rows) => void pages.push(rows) });
    expect([pages, result.vendorRows]).toEqual([[2, 1], 3]);
  });

  it('is what its last listing shows, where that began again', async () => {
    const table = await holding({}, ...rowsOf('a', 'b'));
    async function* again(ctx: ReadContext): AsyncGenerator<Page, void, void> {
      yield { rows: rowsOf('a', 'gone meanwhile'), position: at(1), scan: { id: ctx.newScan() } };
      const id = ctx.newScan();
      yield { rows: rowsOf('a'), position: at(1), scan: { id } };
      yield { rows: [], position: at(2) };
      yield { rows: rowsOf('b'), position: at(3), scan: { id, end: {} } };
    }
    expect(await verify(table, again)).toMatchObject({ vendorRows: 2, missing: { count: 0 }, surplus: { count: 0 } });
  });

  it('is read with the parents that there are at each listing', async () => {
    const table = await holding({}, { id: 'surplus' });
    const parents: unknown[] = [];
    async function* children(ctx: ReadContext): AsyncGenerator<Page, void, void> {
      asked.push(ctx);
      parents.push(await ctx.parents('family'), await ctx.parents('family'));
      yield { rows: [], position: at(1), scan: { id: ctx.newScan(), end: {} } };
    }
    await verify(table, children);
    expect(parents).toEqual([1, 1, 2, 2].map((number) => [{ parent: 'family', listing: number }]));
  });

  it('is read as far back as its topic reaches', async () => {
    const table = await holding({}, ...rowsOf('a'));
    table.state = { ...table.state, since: 5_000 };
    has(...rowsOf('a'));
    await verify(table);
    expect(asked[0]).toMatchObject({ mode: 'historical', since: 5_000, position: undefined, runStart: tables.clock });
  });
});

describe('what changes while a table is compared', () => {
  it('at the vendor counts as changed and not as a difference', async () => {
    const table = await holding({}, ...rowsOf('a', 'late', 'surplus'));
    has(...rowsOf('a', 'surplus'));
    vendor.delete('surplus');
    // It came to a page that had been read already.
    meanwhile[1] = () => has({ id: 'late' });
    const result = await verify(table);
    expect(found(result)).toEqual([[], ['surplus'], []]);
    expect(result).toMatchObject({ vendorRows: 2, topicRows: 3, changedMeanwhile: 1, surplus: { count: 1 } });
    expect(asked, 'as long as something has changed').toHaveLength(3);
  });

  it('in the topic counts as changed as well', async () => {
    const table = await holding({}, ...rowsOf('a'));
    has({ id: 'a', name: 'new' }, { id: 'b' });
    meanwhile[1] = () => published.push(() => publish([{ id: 'b' }]));
    meanwhile[2] = () => published.push(() => publish([{ id: 'a', name: 'new' }]));
    expect(await verify(table)).toMatchObject({ topicRows: 2, missing: { count: 0 }, different: { count: 0 }, changedMeanwhile: 1 });
  });

  it('to another kind of difference is none that lasts', async () => {
    const table = await holding({}, { id: 'a' }, { id: 'b' });
    has({ id: 'a' });
    meanwhile[1] = () => has({ id: 'b', name: 'new' });
    expect(await verify(table)).toMatchObject({ surplus: { count: 0 }, different: { count: 0 }, changedMeanwhile: 1 });
  });

  it('after the first comparison is not looked into', async () => {
    const table = await holding({}, { id: 'a' }, { id: 'surplus' });
    has({ id: 'a' });
    meanwhile[1] = () => has({ id: 'new' });
    expect(found(await verify(table))).toEqual([[], ['surplus'], []]);
  });

  it('again and again is compared four times at most', async () => {
    const table = await holding({}, ...rowsOf('a', 'b', 'c', 'd', 'e', 'f'));
    for (const [n, id] of ['a', 'b', 'c', 'd', 'e'].entries()) meanwhile[n + 1] = () => has({ id });
    const result = await verify(table);
    expect(asked).toHaveLength(4);
    expect(found(result)).toEqual([[], ['d', 'e', 'f'], []]);
    expect(result.changedMeanwhile).toBe(3);
  });
});

it('a verification that is stopped ends with the page under way, and leaves nothing open', async () => {
  const table = await holding({});
  const stop = new AbortController();
  let pages = 0;
  async function* stopping(ctx: ReadContext): AsyncGenerator<Page, void, void> {
    for (const id = ctx.newScan(); ; pages += 1) {
      if (pages === 1) stop.abort();
      yield { rows: rowsOf(`p${pages}`), position: at(pages), scan: { id } };
    }
  }
  const message = 'The verification was interrupted.';
  await expect(verify(table, stopping, { signal: stop.signal })).rejects.toMatchObject({ kind: 'stopped', message });
  expect(pages).toBe(1);
  has({ id: 'a' });
  expect(await verify(table), 'in the same place').toMatchObject({ vendorRows: 1 });
});

describe('a table that is read by its changes', () => {
  const changing: Partial<TableDefinition> = { method: 'incremental', deletes: 'none' };
  const reading = ({ mode, position, changesOnly = false }: ReadContext): unknown => [mode, position?.at, changesOnly];

  it('is read once whole, and then from there what has changed', async () => {
    const table = await holding(changing, { id: 'a' }, { id: 'changed', name: 'old' });
    table.state = { ...table.state, since: 5_000 };
    has({ id: 'a' }, { id: 'changed', name: 'old' });
    meanwhile[1] = () => {
      tables.clock += 7_000;
      has({ id: 'changed', name: 'new' });
      published.push(() => publish([{ id: 'changed', name: 'new' }]));
    };
    expect(await verify(table)).toMatchObject({ vendorRows: 2, topicRows: 2, changedMeanwhile: 0, different: { count: 0 } });
    expect(asked.map(reading)).toEqual([
      ['historical', undefined, false],
      ['periodic', 1, true],
    ]);
    expect(asked.map(({ since }) => since)).toEqual([5_000, 5_000]);
    expect(asked[1]?.runStart, 'up to now').toBe(tables.clock);
  });

  it('keeps what an earlier part of its listing has shown, whatever scan that belongs to', async () => {
    const table = await holding(changing, ...rowsOf('a', 'b'));
    async function* inParts(ctx: ReadContext): AsyncGenerator<Page, void, void> {
      asked.push(ctx);
      if (ctx.changesOnly === true) return;
      yield { rows: rowsOf('a'), position: at(1), scan: { id: ctx.newScan() } };
      yield { rows: rowsOf('b'), position: at(2), scan: { id: ctx.newScan(), end: {} } };
    }
    expect(await verify(table, inParts)).toMatchObject({ vendorRows: 2, surplus: { count: 0 } });
  });

  it('is compared once more for what has changed just before', async () => {
    const table = await holding(changing, { id: 'surplus' }, { id: 'a', name: 'old' });
    has({ id: 'a', name: 'old' });
    // Known to the vendor's changes from the second question on.
    meanwhile[2] = () => has({ id: 'a', name: 'new' }, { id: 'b' });
    meanwhile[4] = () => published.push(() => publish([{ id: 'b' }]));
    const result = await verify(table);
    expect(found(result)).toEqual([[], ['surplus'], ['a']]);
    expect(result.changedMeanwhile, 'b').toBe(1);
    expect(asked, 'until nothing changes').toHaveLength(5);
  });

  describe('and shows its changes late', () => {
    /** Changes up to so many milliseconds before they are asked for, at each question; the last one stands for all others. */
    async function lagging(...lags: readonly (number | undefined)[]): Promise<readonly number[]> {
      tables?.close();
      waits = [];
      const table = await holding(changing, { id: 'surplus' });
      const began = tables.clock;
      let questions = 0;
      await verify(table, async function* late(ctx) {
        asked.push(ctx);
        // The first two belong to the listing.
        const lag = lags[Math.min(Math.max(questions - 2, 0), lags.length - 1)];
        questions += 1;
        yield { rows: [], position: at(questions), ...(lag === undefined ? {} : { readTo: began - lag }) };
        yield { rows: [], position: at(questions) };
      });
      return waits;
    }

    it('is asked again when they are there', async () => {
      expect(await lagging(5_000, 2_000, 0)).toEqual([5_000, 2_000]);
      expect(asked).toHaveLength(5);
    });

    it('is not waited for where it says nothing of it, or is up to date', async () => {
      expect(await lagging(undefined)).toEqual([]);
      expect(await lagging(0)).toEqual([]);
    });

    it('is waited for a second at least, since vendors count in seconds', async () => {
      expect(await lagging(10, 0)).toEqual([1_000]);
    });

    it('is waited for a minute at most', async () => {
      expect(await lagging(30_000)).toEqual([30_000, 30_000]);
      expect(await lagging(25_000)).toEqual([25_000, 25_000]);
      expect(await lagging(60_001)).toEqual([]);
    });
  });
});

describe('a vendor that can be asked about single rows', () => {
  const questions: string[][] = [];
  let verdicts: Record<string, Omit<VanishedVerdict, 'key'>>;
  const asking = (method: 'full_table' | 'incremental'): Partial<TableDefinition> => ({
    method,
    async *confirm(_ctx: ReadContext, keys: readonly JsonObject[]) {
      questions.push(keys.map(({ id }) => String(id)).sort());
      for (const one of keys) yield { key: one, ...(verdicts[String(one.id)] ?? { gone: false }) };
      yield { key: { id: 'nobody asked about' }, gone: true };
    },
  });
  beforeEach(() => {
    questions.length = 0;
    verdicts = {};
  });

  it('is asked about those on one side only, of a table that is read by its changes', async () => {
    const table = await holding(asking('incremental'), ...rowsOf('there', 'deleted', 'doubted'), { id: 'changed', name: 'old' });
    has({ id: 'changed', name: 'new' }, ...rowsOf('missing', 'listed and gone', 'listed and doubted'));
    verdicts = {
      deleted: { gone: true },
      doubted: { gone: false, doubt: 'No answer.' },
      'listed and gone': { gone: true },
      'listed and doubted': { gone: true, doubt: 'No answer.' },
    };
    const result = await verify(table);
    expect(questions).toEqual([['deleted', 'doubted', 'listed and doubted', 'listed and gone', 'missing', 'there']]);
    expect(found(result)).toEqual([['listed and doubted', 'missing'], ['deleted', 'doubted'], ['changed']]);
    expect(result, 'without the one that was listed and is gone').toMatchObject({ vendorRows: 3, changedMeanwhile: 2 });
  });

  it('is not asked where nothing is on one side only', async () => {
    const table = await holding(asking('incremental'), { id: 'a', name: 'old' });
    has({ id: 'a', name: 'new' });
    expect(found(await verify(table))).toEqual([[], [], ['a']]);
    expect(questions).toEqual([]);
  });

  it('is not asked about what is no difference that lasts', async () => {
    const table = await holding(asking('incremental'), { id: 'surplus' });
    verdicts = { surplus: { gone: true } };
    has({ id: 'published late' });
    meanwhile[3] = () => {
      published.push(() => publish(rowsOf('published late')));
      has({ id: 'too new' });
    };
    expect(found(await verify(table))).toEqual([[], ['surplus'], []]);
    expect(questions).toEqual([['surplus']]);
  });

  it('is not asked about a table that is listed whole, which shows it anyway', async () => {
    const table = await holding(asking('full_table'), { id: 'surplus' });
    expect(found(await verify(table))).toEqual([[], ['surplus'], []]);
    expect(questions).toEqual([]);
  });

  it('is asked about a thousand rows at most', async () => {
    const many = rowsOf(...Array.from({ length: 1_001 }, (_, n) => `r${n}`));
    let table = await holding(asking('incremental'));
    has(...many.slice(1));
    expect((await verify(table)).missing.count).toBe(1_000);
    expect(questions.map(({ length }) => length)).toEqual([1_000]);
    tables.close();
    table = await holding(asking('incremental'));
    has(...many);
    expect((await verify(table)).missing.count).toBe(1_001);
    expect(questions).toHaveLength(1);
  });
});
