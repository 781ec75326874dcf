import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBudget } from '../../src/sdk/http/budget.ts';
import type { Budget, RateWindow } from '../../src/sdk/http/budget.ts';
import { sleepUntil } from '../../src/core/clock.ts';
import { fakeClock } from './fake-clock.ts';
import type { FakeClock } from './fake-clock.ts';

const never = new AbortController().signal;
const deaf = (): void => undefined;

/** A vendor that counts arrivals in fixed windows of its own. */
function vendor(windows: readonly RateWindow[], offset: number) {
  const counts = new Map<string, number>();
  let refused = 0;
  let accepted = 0;
  return {
    arrive(now: number): { ok: boolean; remaining: number; resetAt: number } {
      const slots = windows.map((window) => `${window.per} ${Math.floor((now + offset) / window.per)}`);
      const ok = slots.every((slot, i) => (counts.get(slot) ?? 0) < windows[i]!.limit);
      if (ok) {
        accepted += 1;
        for (const slot of slots) counts.set(slot, (counts.get(slot) ?? 0) + 1);
      } else {
        refused += 1;
      }
      const last = windows.length - 1;
      const per = windows[last]!.per;
      return {
        ok,
        remaining: windows[last]!.limit - (counts.get(slots[last]!) ?? 0),
        resetAt: (Math.floor((now + offset) / per) + 1) * per - offset,
      };
    },
    get refused() {
      return refused;
    },
    get accepted() {
      return accepted;
    },
  };
}

/** A vendor that counts the arrivals of the last moments. */
function slidingVendor(limit: number, per: number) {
  let recent: number[] = [];
  const counted = {
    accepted: 0,
    refused: 0,
    arrive(now: number): boolean {
      recent = recent.filter((at) => at > now - per);
      const ok = recent.length < limit;
      if (ok) recent.push(now);
      counted[ok ? 'accepted' : 'refused'] += 1;
      return ok;
    },
  };
  return counted;
}

/** As many requests as the budget lets through, from `workers` at once. */
async function saturate(
  clock: FakeClock,
  budget: Budget,
  server: ReturnType<typeof vendor>,
  options: {
    ms: number;
    workers: number;
    latency: () => number;
    headers?: boolean;
  },
): Promise<void> {
  const end = clock.now() + options.ms;
  const worker = async (): Promise<void> => {
    while (clock.now() < end) {
      const ticket = await budget.enter('list', never, deaf);
      const latency = options.latency();
      await sleepUntil(clock, clock.now() + latency / 2, never);
      const answer = server.arrive(clock.now());
      await sleepUntil(clock, clock.now() + latency / 2, never);
      ticket.done(options.headers === true && answer.ok ? answer : undefined);
    }
  };
  for (let i = 0; i < options.workers; i += 1) void worker();
  await clock.run(options.ms);
}

describe('the request budget', () => {
  it('never exceeds fixed windows of any alignment and uses at least 95 % of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 59_999 }),
        fc.constantFrom({ perSecond: 75, perMinute: 750 }, { perSecond: 10, perMinute: 150 }, { perSecond: 3, perMinute: 60 }),
        fc.integer({ min: 20, max: 300 }),
        fc.integer({ min: 0, max: 400 }),
        fc.boolean(),
        async (offset, limits, base, jitter, headers) => {
          const windows = [
            { limit: limits.perSecond, per: 1_000 },
            { limit: limits.perMinute, per: 60_000 },
          ];
          const clock = fakeClock();
          const server = vendor(windows, offset);
          const budget = createBudget({ buckets: { list: { windows } }, concurrency: 64 }, clock);
          let dice = 1;
          const random = (): number => {
            dice = (dice * 48_271) % 2_147_483_647;
            return dice / 2_147_483_647;
          };
          const minutes = 6;
          await saturate(clock, budget, server, { ms: minutes * 60_000, workers: 40, latency: () => base + jitter * random(), headers });
          expect(server.refused).toBe(0);
          expect(server.accepted).toBeGreaterThanOrEqual(0.95 * minutes * limits.perMinute);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('uses a window of one second to 95 % when latency is steady', async () => {
    const windows = [{ limit: 10, per: 1_000 }];
    const clock = fakeClock();
    const server = vendor(windows, 377);
    await saturate(clock, createBudget({ buckets: { list: { windows } }, concurrency: 20 }, clock), server, {
      ms: 120_000,
      workers: 20,
      latency: () => 120,
    });
    expect(server.refused).toBe(0);
    expect(server.accepted).toBeGreaterThanOrEqual(0.95 * 120 * 10);
  });

  it('uses a window of one second to 95 % when answers take now longer, now shorter, if it may expect arrivals to be on time', async () => {
    const windows = [{ limit: 10, per: 1_000, slack: 15 }];
    const accepted = async (given: readonly RateWindow[]): Promise<readonly [accepted: number, refused: number]> => {
      const clock = fakeClock();
      const server = slidingVendor(10, 1_000);
      const budget = createBudget({ buckets: { list: { windows: given } }, concurrency: 20 }, clock);
      let dice = 7;
      const random = (): number => {
        dice = (dice * 48_271) % 2_147_483_647;
        return dice / 2_147_483_647;
      };
      const worker = async (): Promise<void> => {
        for (;;) {
          const ticket = await budget.enter('list', never, deaf);
          await sleepUntil(clock, clock.now() + 20 + 10 * random(), never);
          const ok = server.arrive(clock.now());
          await sleepUntil(clock, clock.now() + (ok ? 40 + 400 * random() : 5), never);
          if (!ok) budget.block('list', clock.now() + 1_000);
          ticket.done();
        }
      };
      for (let i = 0; i < 20; i += 1) void worker();
      // It grows bold minute by minute.
      await clock.run(240_000);
      const [accepted_, refused_] = [server.accepted, server.refused];
      await clock.run(120_000);
      return [server.accepted - accepted_, server.refused - refused_];
    };
    const [plain, never_] = await accepted([{ limit: 10, per: 1_000 }]);
    expect([plain < 0.9 * 1_200, never_]).toEqual([true, 0]);
    const [used, refused] = await accepted(windows);
    expect(used).toBeGreaterThanOrEqual(0.95 * 1_200);
    expect(refused).toBeLessThan(3);
  });

  it('expects more of the way once it was refused', async () => {
    const clock = fakeClock();
    const server = slidingVendor(10, 1_000);
    const budget = createBudget({ buckets: { list: { windows: [{ limit: 10, per: 1_000, slack: 5 }] } }, concurrency: 20 }, clock);
    let dice = 7;
    const random = (): number => {
      dice = (dice * 48_271) % 2_147_483_647;
      return dice / 2_147_483_647;
    };
    const refusedPerMinute: number[] = [];
    const worker = async (): Promise<void> => {
      for (;;) {
        const ticket = await budget.enter('list', never, deaf);
        await sleepUntil(clock, clock.now() + 200 * random(), never);
        const ok = server.arrive(clock.now());
        await sleepUntil(clock, clock.now() + 10, never);
        if (!ok) budget.block('list', clock.now() + 1_000);
        ticket.done();
      }
    };
    for (let i = 0; i < 20; i += 1) void worker();
    for (let minute = 0; minute < 4; minute += 1) {
      const before = server.refused;
      await clock.run(60_000);
      refusedPerMinute.push(server.refused - before);
    }
    expect(server.accepted).toBeGreaterThan(0.75 * 2_400);
    expect(refusedPerMinute.slice(1).reduce((sum, count) => sum + count)).toBeLessThan(10);
  });

  it('learns from the answers what others, or itself before a restart, have used', async () => {
    const windows = [{ limit: 100, per: 60_000 }];
    const clock = fakeClock(600_000_000);
    const server = vendor(windows, 0);
    for (let i = 0; i < 80; i += 1) server.arrive(clock.now());
    const budget = createBudget({ buckets: { list: { windows } }, concurrency: 1 }, clock);
    await saturate(clock, budget, server, { ms: 50_000, workers: 4, latency: () => 50, headers: true });
    expect(server.refused).toBe(0);
    expect(server.accepted).toBe(100);
    await saturate(clock, budget, server, { ms: 60_000, workers: 4, latency: () => 50, headers: true });
    expect(server.refused).toBe(0);
    expect(server.accepted).toBeGreaterThan(190);
  });

  it('tells whether the vendor has closed a bucket or our own count', async () => {
    const clock = fakeClock();
    const rule = { windows: [{ limit: 1, per: 60_000 }] };
    const budget = createBudget(
      { buckets: { own: rule, header: rule, refused: rule, wide: { windows: [] }, narrow: { ...rule, within: 'wide' } }, concurrency: 9 },
      clock,
    );
    const told = new Map<string, boolean>();
    (await budget.enter('own', never, deaf)).done();
    (await budget.enter('header', never, deaf)).done({ remaining: 0, resetAt: clock.now() + 90_000 });
    budget.block('refused', clock.now() + 30_000);
    budget.block('wide', clock.now() + 30_000);
    for (const bucket of ['own', 'header', 'refused', 'narrow'])
      void budget.enter(bucket, never, (_, byVendor) => told.set(bucket, byVendor));
    await clock.run(10);
    expect(Object.fromEntries(told)).toEqual({ own: false, header: true, refused: true, narrow: true });
  });

  it('closes one bucket when the vendor says so, and tells those who wait until when', async () => {
    const clock = fakeClock();
    const budget = createBudget({ buckets: { a: { windows: [] }, b: { windows: [] } }, concurrency: 4 }, clock);
    const until = clock.now() + 30_000;
    budget.block('a', until);
    const told: number[] = [];
    let entered: number | undefined;
    void budget
      .enter('a', never, (at) => told.push(at))
      .then((ticket) => {
        entered = clock.now();
        expect(ticket.waitedMs).toBe(30_000);
      });
    (await budget.enter('b', never, deaf)).done();
    await clock.run(29_999);
    expect(entered).toBeUndefined();
    await clock.run(2);
    expect(entered).toBe(until);
    expect(told).toEqual([until]);
  });

  it('counts a stricter class in the limit for all as well, and closes it alone', async () => {
    const per = 60_000;
    const clock = fakeClock();
    const budget = createBudget(
      {
        buckets: { default: { windows: [{ limit: 10, per }] }, strict: { windows: [{ limit: 4, per }], within: 'default' } },
        concurrency: 99,
      },
      clock,
    );
    const sent: string[] = [];
    for (let i = 0; i < 12; i += 1)
      for (const bucket of ['strict', 'other'])
        void budget.enter(bucket, never, deaf).then((ticket) => {
          sent.push(bucket);
          ticket.done();
        });
    await clock.run(per - 1);
    expect(sent.filter((bucket) => bucket === 'strict')).toHaveLength(4);
    expect(sent).toHaveLength(10);
    await clock.run(2 * per);
    sent.length = 0;
    budget.block('strict', clock.now() + per);
    (await budget.enter('other', never, deaf)).done({ remaining: 5, resetAt: clock.now() + per });
    let strict = false;
    void budget.enter('strict', never, deaf).then(() => {
      strict = true;
    });
    await clock.run(per - 1);
    expect(strict).toBe(false);
    await clock.run(2);
    expect(strict).toBe(true);
  });

  it('lets requests through in the order they came', async () => {
    const clock = fakeClock();
    const budget = createBudget({ buckets: { list: { windows: [{ limit: 1, per: 1_000 }] } }, concurrency: 4 }, clock);
    const order: number[] = [];
    for (let i = 0; i < 5; i += 1)
      void budget.enter('list', never, deaf).then((ticket) => {
        order.push(i);
        ticket.done();
      });
    await clock.run(10_000);
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('keeps to the number of requests under way at once, waiting for none of the quota', async () => {
    const clock = fakeClock();
    const budget = createBudget({ buckets: {}, concurrency: 2 }, clock);
    const first = await budget.enter('x', never, deaf);
    await budget.enter('y', never, deaf);
    let third = false;
    void budget.enter('z', never, deaf).then((ticket) => {
      third = true;
      expect(ticket.waitedMs).toBe(0);
    });
    await clock.run(5_000);
    expect(third).toBe(false);
    first.done();
    first.done();
    await clock.run(0);
    expect(third).toBe(true);
  });

  it('lets go of a request that is no longer wanted', async () => {
    const clock = fakeClock();
    const budget = createBudget({ buckets: { list: { windows: [{ limit: 1, per: 60_000 }] } }, concurrency: 4 }, clock);
    (await budget.enter('list', never, deaf)).done();
    const stop = new AbortController();
    const waiting = budget.enter('list', stop.signal, deaf);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(budget.enter('list', stop.signal, deaf)).rejects.toThrow('enough');
  });
});
