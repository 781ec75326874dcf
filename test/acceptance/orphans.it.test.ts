import { randomBytes } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { readStates } from '../../src/kafka/meta/state.ts';
import { randomStream } from '../../simulators/kit/random.ts';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { openTestEngine } from '../support/engine.ts';
import { expectTopicsEqualTruth } from './klaviyo-account.ts';

const stack = inject('stack');
const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;

/**
 * Events that are read before their profile goes name it for ever unless they are read again, and a profile that goes
 * before it is read itself leaves no key that could vanish. Which of all that happens is left to the seed.
 */
it.each([1, 2])('profiles that are deleted and merged while the very first read runs take their events along, seed %i', async (seed) => {
  const simulator = await startKlaviyoSimulator({ seed, profiles: 400, events: 3_000, limits: false, now: Date.UTC(2026, 5, 10, 12) });
  onTestFinished(() => simulator.close());
  let began = performance.now();
  const test = await openTestEngine({
    ...stack,
    prefix: `orphans${randomBytes(4).toString('hex')}`,
    clock: { now: () => Math.floor(simulator.clock.now() + performance.now() - began), timer: systemClock.timer },
    random: () => 0,
    connections: [{ source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: simulator.url } }],
  });
  onTestFinished(() => test.close());
  const random = randomStream(seed);
  /** The vendor's time stands still while a test compares, ours has to move for anything to be waited for. */
  const pass = (ms: number): void => {
    const now = performance.now();
    simulator.clock.advance(ms + Math.floor(now - began));
    began = now;
  };
  const sync = () => test.engine.sync([{ connection: 'klaviyo' }], new AbortController().signal);
  const published = (runs: Awaited<ReturnType<typeof sync>>): number => {
    expect(runs.map(({ ref, outcome, error }) => [ref.table, outcome, error?.message])).toEqual(
      runs.map(({ ref }) => [ref.table, 'succeeded', undefined]),
    );
    return runs.reduce((sum, { totals }) => sum + totals.published + totals.deleted, 0);
  };

  let moments = 0;
  /** Something goes with some of the requests: in what order the tables are read then is chance, as it is in life. */
  const untangle = simulator.requests.watch(() => {
    // Not so many that they would be withheld.
    if (random() > 0.35 || moments >= 14) return;
    moments += 1;
    simulator.change.deleteProfiles({ count: 1 });
    simulator.change.deleteProfiles({ count: 1, detach: true });
    const [{ destination = '' } = {}] = simulator.change.mergeProfiles({ count: 2 });
    // Chains: the survivor goes as well, sometimes at once.
    if (random() < 0.5) simulator.change.mergeProfiles({ count: 1 });
    else if (destination !== '') simulator.change.deleteProfiles({ ids: [destination] });
  });
  published(await sync());
  untangle();
  expect(moments).toBeGreaterThan(8);

  // The next sync lists the profiles whole, asks about what it does not find, and reads those events again.
  pass(HOUR);
  published(await sync());
  await expectTopicsEqualTruth(simulator, test);
  expect((await readStates(test.access, 'klaviyo')).outbox.get('event') ?? []).toEqual([]);

  pass(HOUR);
  expect(published(await sync())).toBe(0);

  // Deleted profiles go on being named for ever: the next listings ask once or twice more, and then no more.
  const asked = async (): Promise<number> => {
    const before = simulator.requests.count({ route: 'GET /api/events/:id/relationships/profile' });
    pass(WEEK);
    expect(published(await sync())).toBe(0);
    return simulator.requests.count({ route: 'GET /api/events/:id/relationships/profile' }) - before;
  };
  const rounds = [await asked(), await asked(), await asked()];
  expect(rounds[0]).toBeGreaterThan(0);
  expect(rounds[2]).toBe(0);
});
