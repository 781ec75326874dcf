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

/** One page of a list of the vendor's: `items`, the products of a shop by its name, or '' for the shops. */
export type ShopListing = (of: string, cursor: unknown) => ListingPage | Promise<ListingPage>;

/** What the vendor answers; pages hold five rows where nothing else is said. */
export function listingOf(vendor: ShopVendor, pageSize: () => number = () => 5): ShopListing {
  return (of, cursor) => {
    const refusal = vendor.refusals.get(of);
    if (refusal !== undefined) throw new TributaryError(`The vendor answered ${refusal}.`, { kind: 'config', code: `shop:${refusal}` });
    const names = of === 'items' ? vendor.items : of === '' ? [...vendor.shops.keys()] : (vendor.shops.get(of) ?? []);
    const from = typeof cursor === 'number' ? cursor : 0;
    const to = from + pageSize();
    return {
      rows: names.slice(from, to).map((id): Row => ({ id })),
      next: to < names.length ? to : END,
      ...(of === 'items' ? { total: vendor.announced ?? vendor.items.length } : {}),
    };
  };
}

/** A source over that vendor: `item`, listed with a total; `shop`; and `product`, listed per shop. */
export const shopSource = (vendor: ShopVendor): Source => sourceOf(z.strictObject({}), () => listingOf(vendor));

/** The same over any way to its lists. */
export function sourceOf<S>(settings: z.ZodType<S>, connect: (settings: S) => ShopListing): Source {
  return {
    name: 'shop_vendor',
    title: 'Shop',
    settings,
    connect: (given) => connect(given as S),
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
        read: fullScan<ShopListing>(async (list, { cursor }) => list('items', cursor)),
      }),
      table({
        name: 'shop',
        docs: 'Shops',
        documentedKey: ['id'],
        key: ['id'],
        method: 'full_table',
        deletes: 'scan',
        fields: { id: text('Shop') },
        read: fullScan<ShopListing>(async (list, { cursor }) => list('', cursor)),
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
        read: fanOut<ShopListing>(
          'shop',
          (shop) =>
            async (list, { cursor }) => {
              const { rows, ...rest } = await list(String(shop.id), cursor);
              return { ...rest, rows: rows.map((row) => ({ ...row, shop_id: shop.id ?? null })) };
            },
          { key: (shop) => String(shop.id), scope: (shop) => ({ shop_id: shop.id ?? null }), unreadOn: [403, 404] },
        ),
      }),
    ],
  };
}
