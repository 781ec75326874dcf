import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { END } from '../../src/sdk/readers/paginate.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import type { Row } from '../../src/core/types.ts';
import { table } from '../../src/sdk/define.ts';
import { text } from '../../src/sdk/fields.ts';
import type { Source } from '../../src/sdk/source.ts';

/** A vendor that lists numbered items page by page, slowly, to any number of processes. */
export interface ItemsVendor {
  readonly url: string;
  items: string[];
  /** Items a page shows, and how long it takes, ms. */
  pageSize: number;
  pageMs: number;
  /** Pages asked for so far. */
  readonly asked: () => number;
  close(): Promise<void>;
}

export async function startItemsVendor(count: number, pageSize: number, pageMs: number): Promise<ItemsVendor> {
  let asked = 0;
  const vendor = { items: Array.from({ length: count }, (_, at) => `item-${at}`), pageSize, pageMs };
  const server = createServer((request, response) => {
    asked += 1;
    const from = Number(new URL(request.url ?? '/', 'http://vendor').searchParams.get('from') ?? 0);
    const page = vendor.items.slice(from, from + vendor.pageSize);
    const next = from + vendor.pageSize < vendor.items.length ? from + vendor.pageSize : null;
    void sleep(vendor.pageMs).then(() => response.end(JSON.stringify({ items: page, next })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(vendor, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked: () => asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

interface Api {
  readonly url: string;
}

/** The source that reads it: one table, whose rows are deleted when a whole listing does not show them. */
export const itemsSource: Source = {
  name: 'items_vendor',
  title: 'Items',
  settings: z.strictObject({ url: z.string() }),
  connect: (settings) => settings,
  probe: async () => ({ account: 'test' }),
  tables: () => [
    table({
      name: 'item',
      docs: 'Items',
      documentedKey: ['id'],
      key: ['id'],
      method: 'full_table',
      deletes: 'scan',
      fields: { id: text('Item') },
      read: fullScan<Api>(async ({ url }, { cursor }) => {
        const answer = await fetch(`${url}?from=${typeof cursor === 'number' ? cursor : 0}`);
        const { items, next } = (await answer.json()) as { items: string[]; next: number | null };
        return { rows: items.map((id): Row => ({ id })), next: next ?? END };
      }),
    }),
  ],
};
