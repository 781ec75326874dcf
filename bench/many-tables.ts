import { z } from 'zod';
import type { TableDefinition } from '../src/core/table.ts';
import { table } from '../src/sdk/define.ts';
import { integer, text } from '../src/sdk/fields.ts';
import type { Source } from '../src/sdk/source.ts';

/** Rows of each table. */
export const ROWS_PER_TABLE = 200;

/** A source with that many tables of the same few rows, which no vendor has to serve. */
export const manyTables = (count: number): Source => ({
  name: 'many',
  title: 'Many tables',
  settings: z.object({}),
  connect: () => ({}),
  probe: async () => ({ account: 'Bench' }),
  tables: () => Array.from({ length: count }, (_, at) => definition(`t${at}`)),
});

const definition = (name: string): TableDefinition =>
  table({
    name,
    docs: 'Bench: a table',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    deletes: 'scan',
    fields: { id: integer('Id'), name: text('Name') },
    async *read(ctx) {
      const rows = Array.from({ length: ROWS_PER_TABLE }, (_, id) => ({ id, name: `row ${id} of ${name}` }));
      yield { rows, position: { v: 1 }, scan: { id: ctx.newScan(), end: {} } };
    },
  }) as TableDefinition;
