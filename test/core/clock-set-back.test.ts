import { Hono } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLoginGuard } from '../../src/sdk/login-guard.ts';
import { TributaryError } from '../../src/core/errors.ts';
import { forwardTime, sleepUntil } from '../../src/core/clock.ts';
import { createBudget } from '../../src/sdk/http/budget.ts';
import { publishStatus } from '../../src/observability/status-publish.ts';
import { supervisor } from '../../src/landing/supervise.ts';
import { onceGuard } from '../../src/web/once.ts';
import { fakeClock } from '../sdk/fake-clock.ts';

/* The clock of the machine is an hour ahead and is then set right: what waits for a time must not wait an hour longer. */

const HOUR = 3_600_000;
const never = new AbortController().signal;
const deaf = (): void => undefined;

/** A clock that `set` moves without any time passing. */
function settableClock() {
  const steady = fakeClock(10 * HOUR);
  let off = 0;
  return {
    now: () => steady.now() + off,
    timer: steady.timer,
    run: (ms: number) => steady.run(ms),
    passed: () => steady.now(),
    set: (ms: number) => void (off += ms),
  };
}

afterEach(() => void vi.useRealTimers());

describe('a clock that is set back by an hour', () => {
  it('does not lengthen a wait by that hour', async () => {
    const clock = settableClock();
    let over = false;
    void sleepUntil(clock, clock.now() + 30_000, never).then(() => (over = true));
    await clock.run(10_000);
    clock.set(-HOUR);
    // At most as long again.
    await clock.run(51_000);
    expect(over).toBe(true);
  });

  it('does not close the quota, whether by our own count, by our spacing or by the vendor', async () => {
    for (const [windows, blocked] of [
      [[{ limit: 2, per: 60_000 }], false],
      [[{ limit: 2, per: 1_000, slack: 5 }], false],
      [[], true],
    ] as const) {
      const clock = settableClock();
      const budget = createBudget({ buckets: { list: { windows } }, concurrency: 4 }, clock);
      for (let sent = 0; sent < 2; sent += 1) {
        const entered = budget.enter('list', never, deaf);
        await clock.run(1_000);
        (await entered).done();
      }
      if (blocked) budget.block('list', clock.now() + 60_000);
      const began = clock.passed();
      let entered: number | undefined;
      void budget.enter('list', never, deaf).then(() => (entered = clock.passed()));
      await clock.run(500);
      clock.set(-HOUR);
      // Also where nobody waited when it was set.
      void budget.enter('list', never, deaf);
      await clock.run(125_000);
      expect((entered ?? Infinity) - began, JSON.stringify(windows)).toBeLessThanOrEqual(122_000);
    }
  });

  it('tells those who wait a time of the clock as it is now', async () => {
    const clock = settableClock();
    const budget = createBudget({ buckets: { list: { windows: [] } }, concurrency: 4 }, clock);
    budget.block('list', clock.now() + 60_000);
    clock.set(-HOUR);
    const told: number[] = [];
    void budget.enter('list', never, (until) => told.push(until));
    await clock.run(1);
    expect(told[0]).toBeLessThanOrEqual(clock.now() + 60_000);
  });

  it('does not lengthen the pause after a refused log-in', async () => {
    const clock = settableClock();
    const ask = createLoginGuard({ concurrency: 2, cooldownAfter: () => HOUR, now: clock.now });
    const error = new TributaryError('locked', { kind: 'config', code: 'listrak:LoginAttemptsExceeded' });
    const refused = (): Promise<never> => Promise.reject(error);
    await expect(ask(refused, never)).rejects.toBe(error);
    clock.set(-HOUR);
    await expect(ask(() => Promise.resolve(1), never)).rejects.toBe(error);
    await clock.run(HOUR + 1_000);
    expect(await ask(() => Promise.resolve(1), never)).toBe(1);
  });

  it('does not let a living worker seem gone', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const clock = settableClock();
    const told: (number | undefined)[] = [];
    const telling = publishStatus({
      log: {
        send: (notices: readonly { readonly at?: number }[]) => Promise.resolve(void told.push(...notices.map(({ at }) => at))),
        withdraw: () => Promise.resolve(),
        close: () => Promise.resolve(),
      } as never,
      status: { snapshot: () => ({ assigned: [], tables: [] }) as never, revision: () => 0 },
      worker: { worker: 'w', host: 'h', pid: 1, version: '1', startedAt: 0 },
      now: clock.now,
      onRetry: deaf,
    });
    const pass = async (ms: number): Promise<void> => {
      await clock.run(ms);
      await vi.advanceTimersByTimeAsync(1_500);
    };
    await pass(1_500);
    clock.set(-HOUR);
    await pass(1_500);
    await pass(12_000);
    expect(told.at(-1)).toBe(clock.now());
    await telling.stop();
  });

  it('does not keep a failed sink down', async () => {
    const clock = settableClock();
    const watch = supervisor('wh', clock.now);
    let restarts = 0;
    const connect = { restart: () => Promise.resolve(void (restarts += 1)) } as never;
    const failed = [{ connector: 'c', connection: 'x', state: 'RUNNING', failure: 'boom', tasks: [], topics: [] }] as never;
    await watch.attend(connect, failed);
    clock.set(-HOUR);
    await watch.attend(connect, failed);
    await clock.run(30_000);
    await watch.attend(connect, failed);
    expect(restarts).toBe(2);
  });

  it('does not take a later form for the second half of a double click', async () => {
    const clock = settableClock();
    const app = new Hono();
    let done = 0;
    app.use((c, next) => {
      c.set('session' as never, 's' as never);
      return next();
    });
    app.use(onceGuard(clock.now, () => false) as never);
    app.post('/pause', (c) => {
      done += 1;
      return c.redirect('/', 303);
    });
    const send = async (): Promise<void> => void (await app.request('/pause', { method: 'POST', body: new URLSearchParams({ a: '1' }) }));
    await send();
    clock.set(-HOUR);
    await send();
    await clock.run(10_000);
    await send();
    expect(done).toBe(2);
  });

  it('goes on as it did, in a time that never goes back', async () => {
    const clock = settableClock();
    const time = forwardTime(clock.now);
    const began = time();
    await clock.run(5_000);
    expect(time() - began).toBe(5_000);
    clock.set(-HOUR);
    expect(time() - began).toBe(5_000);
    await clock.run(5_000);
    expect(time() - began).toBe(10_000);
    clock.set(HOUR);
    expect(time() - began).toBe(10_000 + HOUR);
  });
});
