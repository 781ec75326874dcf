import { z } from 'zod';
import type { Source } from '../../src/sdk/source.ts';
import type { TableDefinition } from '../../src/core/table.ts';

function definition(name: string, more: Partial<TableDefinition> = {}): TableDefinition {
  return {
    name,
    docs: 'Sample API',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    deletes: 'scan',
    fields: { id: { type: 'text', doc: 'Id', key: true }, name: { type: 'text', doc: 'Name' } },
    // eslint-disable-next-line require-yield
    async *read() {},
    ...more,
  };
}

/** A small made-up source for tests that are not about any vendor. */
export const sampleSource: Source = {
  name: 'sample',
  title: 'Sample vendor',
  settings: z.object({
    api_key: z.string().regex(/^sk_/, { error: 'must begin with sk_' }).meta({ secret: true }),
    region: z.enum(['us', 'eu']).default('us').meta({ shown: true }),
    page_size: z.number().int().max(100).default(100),
    note: z.string().optional(),
  }),
  connect: (settings) => settings,
  probe: async () => ({ account: 'Sample account' }),
  tables: (settings: { region: string }) => [
    definition('person', { docs: `Sample API, ${settings.region.toUpperCase()}` }),
    definition('visit', { method: 'incremental', replicationKey: 'id', deletes: 'none', schedule: '*/5 * * * *' }),
    definition('label'),
  ],
};
