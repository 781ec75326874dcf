import { randomBytes } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { RowDifference } from '../../src/engine/verify.ts';
import { DEFAULT_KEY, startKlaviyoSimulator, type KlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { openTestEngine } from '../support/engine.ts';

const stack = inject('stack');
const never = new AbortController().signal;

/** The vendor's clock. What waits for about half a minute is not waited for: the clock is put forward. */
const impatient = (vendor: KlaviyoSimulator): Clock => ({
  now: () => vendor.clock.now(),
  timer(ms, callback) {
    if (ms < 15_000 || ms > 60_000) return systemClock.timer(ms, callback);
    vendor.clock.advance(ms);
    return systemClock.timer(0, callback);
  },
});

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
