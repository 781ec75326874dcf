import { testSource } from 'tributary/source/test';
import { KEY, startAcme } from './acme-vendor.ts';
import { acme } from './acme.ts';

testSource({
  source: acme,
  start: startAcme,
  settings: ({ url }) => ({ api_key: KEY, base_url: url }),
  wrongKey: ({ url }) => ({ api_key: 'wrong', base_url: url }),
  tables: { item: { truth: (v) => v.items.values(), change: (v) => v.changeItem(), remove: (v) => v.removeItem() } },
});
