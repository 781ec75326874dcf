import { describe, expect, it } from 'vitest';
import type { TableDefinition } from '../../src/core/table.ts';
import type { Page, ReadContext, Row } from '../../src/core/types.ts';
import { createCycle } from '../../src/engine/cycle.ts';
import { readParentRows, wholeRead } from '../../src/engine/parent-rows.ts';
import type { ConnectionServices } from '../../src/engine/open-table.ts';
import { table } from '../../src/sdk/define.ts';
import { text } from '../../src/sdk/fields.ts';
import { itemTable } from './scripted-tables.ts';

it('a parent whose listing begins again is what the last one shows', async () => {
  const parent = table({
    name: 'parent',
    docs: 'Parents',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    deletes: 'none',
    fields: { id: text('Parent') },
    async *read(ctx) {
      yield { rows: [{ id: 'gone' }, { id: 'a' }], position: { v: 1 }, scan: { id: ctx.newScan() } };
      const again = ctx.newScan();
      yield { rows: [{ id: 'a' }], position: { v: 1 }, scan: { id: again } };
      yield { rows: [{ id: 'b' }], position: { v: 1 }, scan: { id: again, end: {} } };
    },
  });
  expect(await readParentRows(parent, services, new AbortController().signal, async () => [])).toEqual([{ id: 'a' }, { id: 'b' }]);
});

const items = (read: (ctx: ReadContext) => AsyncGenerator<Page, void, void>) =>
  itemTable({ id: text('Item') }, { deletes: 'none', read: read as TableDefinition['read'] });
const services = { api: undefined, now: Date.now } as unknown as ConnectionServices;
const rowsOfParent = (definition: TableDefinition): Promise<readonly Row[]> =>
  readParentRows(definition, services, new AbortController().signal, async () => []);

it('a parent whose listing did not prove its end is an error, because children of the parents it lacks would count as deleted', async () => {
  const unproved = items(async function* read(ctx) {
    yield { rows: [{ id: 'a' }], position: { v: 1 }, scan: { id: ctx.newScan() } };
  });
  await expect(rowsOfParent(unproved)).rejects.toMatchObject({ kind: 'data', message: expect.stringContaining('listing of item ended') });
  const unscanned = items(async function* read() {
    yield { rows: [{ id: 'a' }], position: { v: 1 } };
  });
  await expect(rowsOfParent(unscanned)).rejects.toMatchObject({ kind: 'data' });
  const silent = items(async function* read() {
    // No page at all.
  });
  await expect(rowsOfParent(silent)).rejects.toMatchObject({ kind: 'data' });
});

it('a parent is read from its beginning, with no work of its own', async () => {
  const found: unknown[] = [];
  const parent = items(async function* read(ctx) {
    found.push(ctx.mode, ctx.position, ctx.outbox, ctx.scanIntact('whole-1'), [ctx.newScan(), ctx.newScan()]);
    yield { rows: [], position: { v: 1 }, scan: { id: ctx.newScan(), end: {} } };
  });
  expect(await rowsOfParent(parent)).toEqual([]);
  expect(found).toEqual(['historical', undefined, [], false, ['whole-1', 'whole-2']]);
  await expect(wholeRead(services, new AbortController().signal).parents('family')).rejects.toMatchObject({
    kind: 'internal',
    message: expect.stringContaining('family is the parent'),
  });
});

describe('the tables of a cycle', () => {
  const { signal } = new AbortController();

  it('get the rows of a parent that runs with them, once it has them, and never read it themselves', async () => {
    const cycle = createCycle(async () => {
      throw new Error('it was read');
    });
    cycle.expect('family');
    const asked = Promise.all([cycle.parents('family', signal), cycle.parents('family', signal)]);
    cycle.deliver('family', [{ id: 'a' }]);
    cycle.deliver('of nobody', [{ id: 'b' }]);
    expect(await asked).toEqual([[{ id: 'a' }], [{ id: 'a' }]]);
  });

  it('read a parent once for all when its own run got no complete listing, or when it has none', async () => {
    const read: string[] = [];
    const cycle = createCycle(async (table) => [{ id: `${table} ${read.push(table)}` }]);
    cycle.expect('family');
    const asked = Promise.all([cycle.parents('family', signal), cycle.parents('family', signal), cycle.parents('other', signal)]);
    cycle.deliver('family', undefined);
    const [one, two, other] = await asked;
    expect(one).toBe(two);
    expect(other).toEqual([{ id: 'other 1' }]);
    expect(read.sort()).toEqual(['family', 'other']);
  });

  it('read a parent again after a reading that failed', async () => {
    let tries = 0;
    const cycle = createCycle(async () => {
      if ((tries += 1) === 1) throw new Error('The first child was stopped.');
      return [{ id: 'a' }];
    });
    await expect(cycle.parents('family', signal)).rejects.toThrow('stopped');
    expect(await cycle.parents('family', signal)).toEqual([{ id: 'a' }]);
  });
});

it('a parent gets the rows of its own parent', async () => {
  const child = table({
    name: 'child',
    docs: 'Children',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    deletes: 'none',
    parent: 'family',
    fields: { id: text('Child') },
    async *read(ctx) {
      const rows = (await ctx.parents('family')).map(({ id }): Row => ({ id: `child of ${String(id)}` }));
      yield { rows, position: { v: 1 }, scan: { id: ctx.newScan(), end: {} } };
    },
  });
  const rows = await readParentRows(child, services, new AbortController().signal, async (name) => [{ id: name }]);
  expect(rows).toEqual([{ id: 'child of family' }]);
});
