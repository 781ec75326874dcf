import { json, startVendor, type Vendor } from 'tributary/source/test';

export const KEY = 'acme-test-key';
const pageSize = 100;

export interface Item {
  id: string;
  name: string;
  quantity: number;
  updated_at: string;
}

/** Acme as its documentation says, with the truth in the test's hands. Describe here what the vendor does, limits and oddities included. */
export interface AcmeVendor extends Vendor {
  readonly items: Map<string, Item>;
  /** One item has other contents. */
  changeItem(): void;
  /** One item is gone. */
  removeItem(): void;
}

export async function startAcme(): Promise<AcmeVendor> {
  const items = new Map<string, Item>();
  for (let n = 1; n <= 250; n += 1) {
    const id = `item-${String(n).padStart(4, '0')}`;
    items.set(id, { id, name: `Item ${n}`, quantity: n % 7, updated_at: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString() });
  }
  const refused = (authorization: string | undefined) =>
    authorization === `Bearer ${KEY}` ? undefined : json(401, { error: 'This key is not known.' });
  const vendor = await startVendor({
    'GET /account': ({ headers }) => refused(headers.authorization) ?? json(200, { name: 'Acme test account' }),
    'GET /items': ({ headers, query }) => {
      const after = query.get('cursor') ?? '';
      const rest = [...items.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).filter(({ id }) => id > after);
      const page = rest.slice(0, pageSize);
      const next = rest.length > pageSize ? page.at(-1)?.id : null;
      return refused(headers.authorization) ?? json(200, { items: page, total: items.size, next });
    },
  });
  return {
    ...vendor,
    items,
    changeItem() {
      for (const item of [...items.values()].slice(7, 8)) items.set(item.id, { ...item, quantity: item.quantity + 1 });
    },
    removeItem() {
      for (const id of [...items.keys()].slice(42, 43)) items.delete(id);
    },
  };
}
