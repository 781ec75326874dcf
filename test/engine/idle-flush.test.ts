import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withIdleTicks } from '../../src/engine/idle-flush.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Items that each take so long (ms) or come of a call, with what became of them. */
function slow(...times: readonly (number | (() => Promise<number>))[]) {
  const state = { closed: 0 };
  async function* items(): AsyncGenerator<number, void, void> {
    try {
      for (const time of times) {
        if (typeof time === 'number' && time > 0) await wait(time);
        yield typeof time === 'number' ? time : await time();
      }
    } finally {
      state.closed += 1;
    }
  }
  return { state, items: items() };
}

async function all(ticks: AsyncGenerator<number | 'idle', void, void>, after: () => boolean = () => false) {
  const found: (number | 'idle')[] = [];
  for await (const one of ticks) {
    found.push(one);
    if (after()) break;
  }
  return found;
}

test('each span in which nothing comes is told, and no item is lost or told twice', async () => {
  const { items, state } = slow(0, 250, 0, 101, 99);
  const found = all(withIdleTicks(items, 100));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await found).toEqual([0, 'idle', 'idle', 250, 0, 'idle', 101, 99]);
  expect(state.closed).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

test('who stops listening closes the items, also in the middle of an idle span', async () => {
  const { items, state } = slow(0, 250, 0);
  expect(await all(withIdleTicks(items, 100), () => true)).toEqual([0]);
  expect(state.closed).toBe(1);
  expect(vi.getTimerCount()).toBe(0);

  const later = slow(250, 0);
  let told = 0;
  const found = all(withIdleTicks(later.items, 100), () => (told += 1) === 2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await found).toEqual(['idle', 'idle']);
  expect(later.state.closed).toBe(1);
});

test('an error of the items is thrown, after what came before it, and leaves no timer behind', async () => {
  const { items } = slow(0, () => Promise.reject(new Error('no more')));
  const ticks = withIdleTicks(items, 100);
  expect((await ticks.next()).value).toBe(0);
  await expect(ticks.next()).rejects.toThrow('no more');
  expect(vi.getTimerCount()).toBe(0);
});

test('an error that comes while nobody waits for it does not end the process', async () => {
  const { items } = slow(() =>
    wait(150).then(() => {
      throw new Error('late');
    }),
  );
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const ticks = withIdleTicks(items, 100);
  const first = ticks.next();
  await vi.advanceTimersByTimeAsync(100);
  expect((await first).value).toBe('idle');
  // The consumer works on what it has; meanwhile the next item fails.
  await vi.advanceTimersByTimeAsync(100);
  vi.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
  await expect(ticks.next()).rejects.toThrow('late');
});
