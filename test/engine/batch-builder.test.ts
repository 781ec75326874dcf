import { setImmediate } from 'node:timers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withPrint } from '../../src/core/known-row.ts';
import type { Page, Row } from '../../src/core/types.ts';
import { type BatchBuilder, createBatchBuilder } from '../../src/engine/batch-builder.ts';
import { createCycle } from '../../src/engine/cycle.ts';
import { entriesOf } from '../../src/engine/messages-of.ts';
import type { OpenTable } from '../../src/engine/open-table.ts';
import { createTableRun, emptyTotals } from '../../src/engine/table-run.ts';
import { text } from '../../src/sdk/fields.ts';
import { itemTable, openScriptedTables, rowsOf, type ScriptedTables } from './scripted-tables.ts';

let tables: ScriptedTables;
let table: OpenTable;
beforeEach(() => {
  tables = openScriptedTables([itemTable({ id: text('Item') })]);
  table = tables.tables.get('item') as OpenTable;
});
afterEach(() => {
  vi.restoreAllMocks();
  tables.close();
});

/** A batch after everything that the index holds. */
function open(): BatchBuilder {
  const run = createTableRun(
    { mode: 'periodic', since: undefined, rescan: false, handles: {}, cycle: createCycle(async () => []) },
    { startedAt: tables.clock, totals: emptyTotals(), signal: new AbortController().signal, keepRows: false },
  );
  return createBatchBuilder(table, run, { rowHash: (keyHash) => table.index.get(keyHash), holds: () => false });
}
const page = (rows: readonly Row[], more: Partial<Page> = {}): Page => ({ rows, position: { v: 1 }, ...more });

describe('a page with much work lets others go first', () => {
  const pages: Record<string, Page> = {
    'while its rows become records': page(rowsOf('a')),
    'while the rows it only shows become keys': page([], { seen: rowsOf('a') }),
    'while its rows are marked as seen': page([], { scan: { id: 's' } }),
  };
  it.each(Object.keys(pages))('%s, and a quick one does not', async (when) => {
    const othersGo = async (ms: number): Promise<boolean> => {
      let now = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => (now += ms));
      let went = false;
      setImmediate(() => void (went = true));
      await open().add(pages[when] as Page, undefined);
      return went;
    };
    expect([await othersGo(30), await othersGo(0)]).toEqual([true, false]);
  });
});

describe('a batch', () => {
  it('has something to publish as soon as there is a row, a dead letter, a delete or work for another table', async () => {
    const one = { keyHash: Buffer.alloc(16), keyBody: Buffer.from('a') };
    const adds: ((batch: BatchBuilder) => unknown)[] = [
      (batch) => batch.add(page(rowsOf('a')), undefined),
      (batch) => batch.add(page([{}]), undefined),
      (batch) => batch.delete(one),
      (batch) => batch.addTask({ table: 'item', work: { id: 't', work: {} } }),
    ];
    for (const add of adds) {
      const batch = open();
      await batch.add(page([]), undefined);
      expect(batch.isEmpty()).toBe(true);
      await add(batch);
      expect(batch.isEmpty()).toBe(false);
      expect(batch.size().rows).toBe(1);
    }
  });

  it('has the index learn the prints of unchanged rows that it has not stored, and no others', async () => {
    const printed = (id: string, shapedBy: number): Row =>
      withPrint({ id }, { text: Buffer.from(id.padEnd(16)), shapedBy: Buffer.alloc(16, shapedBy) });
    const first = open();
    await first.add(page([...rowsOf('a', 'b'), printed('c', 1)]), undefined);
    table.index.apply(entriesOf(first.upserts(), []), new Map([[0, 3n]]));
    const second = open();
    await second.add(page([...rowsOf('a'), printed('b', 1), printed('c', 1), printed('new', 1)]), undefined);
    expect(second.printed().map(({ print }) => print.text.toString().trim())).toEqual(['b']);
    await table.index.learn(second.printed());
    const third = open();
    await third.add(page([printed('b', 1), printed('c', 2)]), undefined);
    expect(
      third.printed().map(({ print }) => print.text.toString().trim()),
      'what shapes it has changed',
    ).toEqual(['c']);
  });
});
