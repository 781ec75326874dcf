import { describe, expect, it } from 'vitest';
import { createLoginGuard } from '../../src/sdk/login-guard.ts';

const never = new AbortController().signal;
const refused = new Error('The password is wrong.');

/** A vendor whose answers are given by hand. */
function vendor() {
  const state = { now: 0, sent: 0, underWay: 0, most: 0 };
  const open: { resolve(): void; reject(error: Error): void }[] = [];
  const guard = createLoginGuard({
    concurrency: 3,
    cooldownAfter: (error) => (error === refused ? 60_000 : undefined),
    now: () => state.now,
  });
  const call = (signal = never): Promise<unknown> =>
    guard(async () => {
      state.sent += 1;
      state.underWay += 1;
      state.most = Math.max(state.most, state.underWay);
      try {
        await new Promise<void>((resolve, reject) => open.push({ resolve, reject }));
      } finally {
        state.underWay -= 1;
      }
    }, signal).catch((error: unknown) => error);
  const settle = async (how: 'resolve' | 'reject', error = refused): Promise<void> => {
    open.shift()?.[how](error);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  return { state, call, settle };
}

describe('a guard of log-ins', () => {
  it('lets one call prove the log-in, then as many at once as allowed', async () => {
    const { state, call, settle } = vendor();
    const calls = Array.from({ length: 10 }, () => call());
    expect(state.sent).toBe(1);
    await settle('resolve');
    expect(state.sent).toBe(4);
    for (let n = 0; n < 9; n += 1) await settle('resolve');
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 10 }));
    expect(state.most).toBe(3);
  });

  it('sends nothing after a refused log-in until its cool-down is over, then one call again', async () => {
    const { state, call, settle } = vendor();
    const calls = [call(), call(), call()];
    await settle('reject');
    expect(await Promise.all(calls)).toEqual([refused, refused, refused]);
    state.now = 59_999;
    expect(await call()).toBe(refused);
    expect(state.sent).toBe(1);
    state.now = 60_000;
    const later = [call(), call()];
    expect(state.sent).toBe(2);
    await settle('resolve');
    await settle('resolve');
    expect(await Promise.all(later)).toEqual([undefined, undefined]);
  });

  it('is not opened by a call that was under way when the log-in was refused, nor closed by any other error', async () => {
    const { state, call, settle } = vendor();
    const first = call();
    await settle('resolve');
    await first;
    const both = [call(), call()];
    await settle('reject');
    await settle('resolve');
    expect(await Promise.all(both)).toEqual([refused, undefined]);
    expect(await call()).toBe(refused);
    state.now = 60_000;
    const other = new Error('Too slow.');
    const failing = call();
    await settle('reject', other);
    expect(await failing).toBe(other);
    const next = call();
    await settle('resolve');
    expect(await next).toBeUndefined();
  });

  it('does not keep a stopped caller waiting', async () => {
    const { state, call, settle } = vendor();
    const first = call();
    const stop = new AbortController();
    const waiting = call(stop.signal);
    stop.abort();
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    // It is for the call itself to notice the signal.
    expect(state.sent).toBe(2);
    await settle('resolve');
    await settle('resolve');
    expect(await Promise.all([first, waiting])).toEqual([undefined, undefined]);
  });
});
