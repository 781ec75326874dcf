import { randomBytes } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { RowDifference } from '../../src/engine/verify.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { openTestEngine } from '../support/engine.ts';
import { shopSource, type ShopVendor } from '../support/shop-source.ts';

const stack = inject('stack');
const never = new AbortController().signal;

/**
 * The vendor's clock. What waits for about half a minute is not waited for: the clock is put forward. What the first
 * such wait of a verification begins, `meanwhile`, ends within it.
 */
const impatient = (vendor: KlaviyoSimulator, meanwhile: () => Promise<unknown> = async () => undefined): Clock => {
  return {
    now: () => vendor.clock.now(),
    timer(ms, callback) {
      if (ms < 15_000 || ms > 60_000) return systemClock.timer(ms, callback);
      vendor.clock.advance(ms);
      let stopped = false;
      void meanwhile().then(() => stopped || callback());
      return () => void (stopped = true);
    },
  };
};

const ids = ({ count, keys }: RowDifference): readonly unknown[] => {
  const found = keys.map(({ id }) => id).sort();
  expect(found).toHaveLength(count);
  return found;
};

it('tells apart what is missing, surplus and different, also of an account that changes right before and meanwhile', async () => {
  const vendor = await startKlaviyoSimulator({ seed: 8, profiles: 350, events: 5, metrics: 5, limits: false });
  onTestFinished(() => vendor.close());
  const test = await openTestEngine({
    ...stack,
    prefix: `verify${randomBytes(4).toString('hex')}`,
    clock: impatient(vendor),
    random: () => 0,
    connections: [{ source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: vendor.url }, tables: ['profile'] }],
  });
  onTestFinished(() => test.close());
  await test.engine.sync([{ connection: 'klaviyo' }], never);
  const before = (await test.readTable('profile')).messages;
  expect(await test.engine.verify({ connection: 'klaviyo', table: 'profile' }, never)).toMatchObject({
    vendorRows: 350,
    topicRows: 350,
    missing: { count: 0 },
    surplus: { count: 0 },
    different: { count: 0 },
  });

  // Early in a second of the vendor's, so that the comparison asks within the same second.
  vendor.clock.advance(1_000 - (vendor.clock.now() % 1_000));
  const surplus = vendor.change.deleteProfiles({ count: 4 });
  const different = new Set(vendor.change.updateProfiles({ count: 5 }));
  const missing = vendor.change.insertProfiles({ count: 3 });
  let listed = 0;
  const found = await test.engine.verify({ connection: 'klaviyo', table: 'profile' }, never, (rows) => {
    // Before the next page is asked for.
    if (listed === 0) for (const id of vendor.change.updateProfiles({ count: 8 })) different.add(id);
    listed += rows;
  });

  expect(ids(found.surplus)).toEqual([...surplus].sort());
  expect(ids(found.missing)).toEqual([...missing].sort());
  // A row that was listed before it changed is equal or different by the moment of the listing.
  expect(ids(found.different).every((id) => different.has(id as string))).toBe(true);
  expect(found.different.count).toBeGreaterThanOrEqual(5);
  expect(found).toMatchObject({ vendorRows: 349, topicRows: 350 });
  expect((await test.readTable('profile')).messages, 'it publishes nothing').toBe(before);
});

it('calls nothing missing that a worker and the vendor have both lost while it listed, and asks for no listing of all ids', async () => {
  const vendor = await startKlaviyoSimulator({ seed: 9, profiles: 230, events: 5, metrics: 5, limits: false });
  onTestFinished(() => vendor.close());
  let waits = 0;
  let listings = 0;
  const idListings = (): number => vendor.requests.list({ path: '/api/profiles', query: 'sort=id' }).length;
  const connections = [
    { source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: vendor.url, sweep_every: '1h' }, tables: ['profile'] },
  ] as const;
  const test = await openTestEngine({
    ...stack,
    prefix: `verify${randomBytes(4).toString('hex')}`,
    clock: impatient(vendor, async () => {
      waits += 1;
      if (waits > 1) return;
      // The worker's hour has come.
      listings = idListings();
      const [run] = await test.engine.sync([{ connection: 'klaviyo' }], never);
      expect(run).toMatchObject({ outcome: 'succeeded', totals: { deleted: 4 } });
      listings = idListings() - listings;
    }),
    random: () => 0,
    connections,
  });
  onTestFinished(() => test.close());
  await test.engine.sync([{ connection: 'klaviyo' }], never);

  vendor.change.deleteProfiles({ count: 2 });
  const before = idListings();
  let listed = 0;
  const gone: string[] = [];
  const found = await test.engine.verify({ connection: 'klaviyo', table: 'profile' }, never, (rows) => {
    // After the last page of the first listing, which has shown them.
    if (listed < 228 && listed + rows >= 228) gone.push(...vendor.change.deleteProfiles({ count: 2 }));
    listed += rows;
  });
  expect(gone).toHaveLength(2);
  expect(waits).toBeGreaterThan(0);
  expect(found).toMatchObject({ vendorRows: 226, topicRows: 226, missing: { count: 0 }, surplus: { count: 0 }, different: { count: 0 } });
  expect(found.changedMeanwhile, 'two went from the topic, two from the vendor').toBe(4);
  expect(idListings() - before, 'only the worker lists all ids').toBe(listings);
});

it('lists a full table again before it calls a row surplus that the first listing lost between two pages', async () => {
  const shops = new Map(Array.from({ length: 13 }, (_, nth): [string, string[]] => [`shop-${nth + 10}`, []]));
  const vendor: ShopVendor = { items: [], shops, refusals: new Map() };
  const test = await openTestEngine({
    ...stack,
    prefix: `verify${randomBytes(4).toString('hex')}`,
    connections: [{ name: 'shop', source: shopSource(vendor), settings: {}, tables: ['shop'] }],
  });
  onTestFinished(() => test.close());
  await test.engine.sync([{ connection: 'shop' }], never);

  shops.set('shop-new', []);
  shops.delete('shop-11');
  let pages = 0;
  const found = await test.engine.verify({ connection: 'shop', table: 'shop' }, never, () => {
    pages += 1;
    // What was first on the second page moves to the first, which has been read.
    if (pages === 1) shops.delete('shop-10');
  });
  expect(ids(found.surplus), 'but not what went while it was listed').toEqual(['shop-11']);
  expect(ids(found.missing)).toEqual(['shop-new']);
  expect(found).toMatchObject({ vendorRows: 12, topicRows: 13, different: { count: 0 }, changedMeanwhile: 1 });
});
