import { expect, it } from 'vitest';
import type { Row } from '../../src/core/types.ts';
import { readParentRows } from '../../src/engine/parent-rows.ts';
import type { ConnectionServices } from '../../src/engine/open-table.ts';
import { table } from '../../src/sdk/define.ts';
import { text } from '../../src/sdk/fields.ts';

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
  const services = { api: undefined, now: Date.now } as unknown as ConnectionServices;
  expect(await readParentRows(parent, services, new AbortController().signal, async () => [])).toEqual([{ id: 'a' }, { id: 'b' }]);
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
  const services = { api: undefined, now: Date.now } as unknown as ConnectionServices;
  const rows = await readParentRows(child, services, new AbortController().signal, async (name) => [{ id: name }]);
  expect(rows).toEqual([{ id: 'child of family' }]);
});
