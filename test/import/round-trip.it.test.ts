import { randomBytes } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { folder } from './check.ts';
import { roundTrip } from './round-trip.ts';

// The full volume: npx tsx bench/import-volume.ts
test('profiles and events arrive equal to the file and come back through the sync into the topics', async () => {
  const { brokers, registryUrl } = inject('stack');
  const all = (equal: number) => ({ equal, different: 0, twice: 0 });
  expect(
    await roundTrip({
      brokers,
      registryUrl,
      prefix: `trip${randomBytes(4).toString('hex')}`,
      dir: folder(),
      profiles: 2_000,
      events: 5_000,
    }),
  ).toEqual({ atVendor: { profiles: all(2_000), events: all(5_000) }, inTopic: { profiles: all(2_000), events: all(5_000) } });
});
