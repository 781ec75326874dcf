import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withDeadline } from '../../src/kafka/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const hangs = (): Promise<never> => new Promise(() => undefined);
const caught = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

test('work that takes longer is given up, with how long it took and where to look', async () => {
  const outcome = caught(withDeadline(1_540, 'Reading the offsets', hangs));
  await vi.advanceTimersByTimeAsync(1_540);
  expect(await outcome).toMatchObject({
    kind: 'transient',
    reach: 'connection',
    code: 'kafka:deadline',
    message: 'Reading the offsets took longer than 1.5 s.',
    remedy: expect.stringMatching(/^Check the brokers/) as string,
  });
});

test('work that ends in time gives what it gives, and leaves nothing behind', async () => {
  const stop = new AbortController();
  expect(await withDeadline(1_000, 'x', async () => 7, stop.signal)).toBe(7);
  await expect(withDeadline(1_000, 'x', () => Promise.reject(new Error('no')), stop.signal)).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
});

test('without a limit no timer is set, and only the signal ends it', async () => {
  const stop = new AbortController();
  const outcome = caught(withDeadline(undefined, 'Waiting for the group', hangs, stop.signal));
  expect(vi.getTimerCount()).toBe(0);
  stop.abort();
  expect(await outcome).toMatchObject({ kind: 'stopped', message: 'Waiting for the group was stopped.' });
});

test('work is not begun when the signal came before', async () => {
  const work = vi.fn<() => Promise<never>>(hangs);
  expect(await caught(withDeadline(1_000, 'x', work, AbortSignal.abort()))).toMatchObject({ kind: 'stopped', message: 'x was stopped.' });
  expect(work).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
