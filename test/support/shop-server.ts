import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { END, type ListingPage } from '../../src/sdk/readers/paginate.ts';
import { TributaryError } from '../../src/core/errors.ts';
import { listingOf, sourceOf, type ShopVendor } from './shop-source.ts';

/** The vendor of `shop-source.ts` for any number of processes, as slow as wanted. */
export interface ShopServer extends ShopVendor {
  readonly url: string;
  /** Rows a page shows, and how long it takes, ms. */
  pageSize: number;
  pageMs: number;
  /** Pages asked for so far. */
  readonly asked: () => number;
  close(): Promise<void>;
}

/** With so many items, and nothing else at first. */
export async function startShopServer(count: number, pageSize: number, pageMs: number): Promise<ShopServer> {
  let asked = 0;
  const vendor = {
    items: Array.from({ length: count }, (_, at) => `item-${at}`),
    shops: new Map<string, string[]>(),
    refusals: new Map<string, number>(),
    pageSize,
    pageMs,
  };
  const list = listingOf(vendor, () => vendor.pageSize);
  const server = createServer((request, response) => {
    asked += 1;
    const { searchParams } = new URL(request.url ?? '/', 'http://vendor');
    const { rows, next, ...rest } = list(searchParams.get('of') ?? '', Number(searchParams.get('from') ?? 0)) as ListingPage;
    const text = JSON.stringify({ rows, next: next === END ? null : next, ...rest });
    void sleep(vendor.pageMs).then(() => response.end(text));
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

/** The source that reads it. */
export const remoteShop = sourceOf(z.strictObject({ url: z.string() }), ({ url }) => async (of, cursor) => {
  try {
    const answer = await fetch(`${url}?of=${encodeURIComponent(of)}&from=${typeof cursor === 'number' ? cursor : 0}`, {
      signal: AbortSignal.timeout(30_000),
    });
    const { next, ...page } = (await answer.json()) as ListingPage & { next: number | null };
    return { ...page, next: next ?? END };
  } catch (cause) {
    throw new TributaryError('The shop does not answer.', { kind: 'data', code: 'shop:away', cause });
  }
});
