import { z } from 'zod';
import { TributaryError } from '../../src/core/errors.ts';
import { fanOut } from '../../src/sdk/readers/fan-out.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import type { Row } from '../../src/core/types.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import type { ListingPage } from '../../src/sdk/readers/paginate.ts';
import { table } from '../../src/sdk/define.ts';
import { text } from '../../src/sdk/fields.ts';
import type { Source } from '../../src/sdk/source.ts';

/** A vendor of a few rows, in the test's hands: shops with their products, and items it tells the number of. */
export interface ShopVendor {
  items: string[];
  /** What the vendor says it lists; the truth when undefined. */
  announced?: number | undefined;
  /** Products by shop. */
  readonly shops: Map<string, string[]>;
  /** Answers of these shops' product listings instead of products; of the shops' own listing under ''. */
  readonly refusals: Map<string, number>;
}

const pageSize = 5;

/** A source over that vendor: `item`, listed with a total; `shop`; and `product`, listed per shop. */
export function shopSource(vendor: ShopVendor): Source {
  function page(names: readonly string[], cursor: unknown, of: string): ListingPage {
    const refusal = vendor.refusals.get(of);
    if (refusal !== undefined) throw new TributaryError(`The vendor answered ${refusal}.`, { kind: 'config', code: `shop:${refusal}` });
    const from = typeof cursor === 'number' ? cursor : 0;
    return {
      rows: names.slice(from, from + pageSize).map((id): Row => ({ id })),
      next: from + pageSize < names.length ? from + pageSize : END,
    };
  }
  return {
    name: 'shop_vendor',
    title: 'Shop',
    settings: z.strictObject({}),
    connect: () => vendor,
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
        read: fullScan<ShopVendor>(async (_api, { cursor }) => ({
          ...page(vendor.items, cursor, 'items'),
          total: vendor.announced ?? vendor.items.length,
        })),
      }),
      table({
        name: 'shop',
        docs: 'Shops',
        documentedKey: ['id'],
        key: ['id'],
        method: 'full_table',
        deletes: 'scan',
        fields: { id: text('Shop') },
        read: fullScan<ShopVendor>(async (_api, { cursor }) => page([...vendor.shops.keys()], cursor, '')),
      }),
      table({
        name: 'product',
        docs: 'Products',
        documentedKey: ['id'],
        key: ['shop_id', 'id'],
        keyReason: 'Products are numbered per shop.',
        method: 'full_table',
        deletes: 'scan',
        parent: 'shop',
        scope: ['shop_id'],
        fields: { shop_id: text('Shop'), id: text('Product') },
        read: fanOut<ShopVendor>(
          'shop',
          (shop) =>
            async (_api, { cursor }) => {
              const { rows, ...rest } = page(vendor.shops.get(String(shop.id)) ?? [], cursor, String(shop.id));
              return { ...rest, rows: rows.map((row) => ({ ...row, shop_id: shop.id ?? null })) };
            },
          { key: (shop) => String(shop.id), scope: (shop) => ({ shop_id: shop.id ?? null }), unreadOn: [403, 404] },
        ),
      }),
    ],
  };
}
