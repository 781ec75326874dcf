import { expect, test } from 'vitest';
import type { StatusSnapshot } from '../../src/observability/status-view.ts';
import { watchedTables, withWarehouses } from '../../src/observability/warehouse-status.ts';

const table = (name: string): StatusSnapshot['tables'][number] => ({
  ...{ connection: 'shop', source: 'shop_vendor', table: name },
  ...{ state: { kind: 'paused' }, runs: {}, deadLetters: 0, timeline: [] },
});
const item = { connection: 'shop', table: 'item' };

test('every landing of a table is named, with the times that are known', () => {
  const landed = watchedTables(
    [
      { landing: 'wh', sinks: [], tables: [item], landedTo: [{ ...item, to: 4_000 }], newestRows: [{ ...item, at: 3_000 }] },
      { landing: 'silent', sinks: [], tables: [item] },
      { landing: 'never seen', sinks: [] },
    ],
    10_000,
  );
  const { tables } = withWarehouses({ v: 1, at: 10_000, assigned: [], tables: [table('item'), table('order')] }, landed);
  expect(tables.map(({ warehouses }) => warehouses)).toEqual([
    [{ landing: 'wh', freshnessMs: 6_000, newestRowAt: 3_000 }, { landing: 'silent' }],
    undefined,
  ]);
});
