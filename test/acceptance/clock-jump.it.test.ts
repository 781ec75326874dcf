import { randomBytes } from 'node:crypto';
import { describe, inject, it } from 'vitest';
import { klaviyo } from '../../producers/klaviyo/index.ts';
import { randomStream } from '../../simulators/kit/random.ts';
import { DEFAULT_KEY, startKlaviyoSimulator } from '../../simulators/klaviyo/simulator.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openTestEngine } from '../support/engine.ts';
import { commotion, expectTopicsEqualTruth } from './klaviyo-account.ts';
import { timeLimit } from '../../src/core/signals.ts';

/*
 * The clock of the machine is set in the middle of listings, while the quota is counted and rows are deleted, merged and changed. The vendor's
 * clock stays right.
 */

const stack = inject('stack');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe.concurrent('a clock that is set within a listing', () => {
  it.for([DAY, -HOUR])(
    'by %i ms, and right again within a later one, costs no row and no hour',
    async (jump, { expect, onTestFinished }) => {
      const seed = 4_711 + jump;
      const random = randomStream(Math.abs(seed));
      const vendor = await startKlaviyoSimulator({ seed: Math.abs(seed), profiles: 300, events: 600, metrics: 20, limits: true });
      onTestFinished(() => vendor.close());
      const account = commotion(vendor, Math.abs(seed));
      let ahead = 0;
      let wrong = 0;
      const test = await openTestEngine({
        ...stack,
        prefix: `jump${randomBytes(4).toString('hex')}`,
        clock: { now: () => Date.now() + ahead + wrong, timer: systemClock.timer },
        connections: [{ source: klaviyo, settings: { api_key: DEFAULT_KEY, base_url: vendor.url, sweep_every: '0h' } }],
      });
      onTestFinished(() => test.close());
      /** What the clock is set to when so many more pages were read. */
      let next: { pages: number; readonly wrong: number } | undefined;
      let jumps = 0;
      test.bus.on(({ type }) => {
        if (type !== 'page-read' || next === undefined) return;
        next.pages -= 1;
        if (next.pages > 0) return;
        wrong = next.wrong;
        next = undefined;
        jumps += 1;
      });
      const sync = async (): Promise<number> => {
        vendor.clock.advance(600_000);
        ahead += 600_000;
        const began = wrong;
        // An hour that somebody waits for by mistake does not pass within this time.
        const runs = await test.engine.sync([{ connection: 'klaviyo' }], timeLimit(150_000));
        // Klaviyo refuses times to come. It says so, and nothing of it is left once the clock is right.
        const judged = runs.filter(({ error }) => Math.max(began, wrong) <= 0 || !/may not be in the future/.test(error?.message ?? ''));
        expect(judged.map(({ ref, outcome, error }) => [ref.table, outcome, error?.message])).toEqual(
          judged.map(({ ref }) => [ref.table, 'succeeded', undefined]),
        );
        return runs.reduce((sum, { totals }) => sum + totals.messages, 0);
      };
      for (const to of [jump, jump, 0]) {
        next = { pages: 1 + Math.floor(random() * 12), wrong: to };
        account.grow();
        await sync();
        account.shrink();
      }
      wrong = 0;
      expect(jumps).toBeGreaterThanOrEqual(2);
      for (let pass = 0; pass < 4 && (await sync()) > 0; pass += 1);
      expect(await sync()).toBe(0);
      await expectTopicsEqualTruth(vendor, test);
    },
  );
});
