import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tellAwaited } from '../../src/stack/awaited.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('whoever waits for the local stack is told what for, every five seconds, and nothing once it is up', async () => {
  const lines: string[] = [];
  const awaited = tellAwaited((line) => lines.push(line));
  const later = (ms: number) => () => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const kafka = awaited.during('Kafka', later(12_000));
  void awaited.during('PostgreSQL', later(3_000)).then(() => awaited.during('the schema registry', later(4_000)));
  await vi.advanceTimersByTimeAsync(4_000);
  expect(lines).toEqual([]);
  await vi.advanceTimersByTimeAsync(26_000);
  await kafka;
  expect(lines).toEqual(['waiting for Kafka and the schema registry (5 s)', 'waiting for Kafka (10 s)']);
  awaited.stop();
});

test('what fails is waited for no more', async () => {
  const lines: string[] = [];
  const awaited = tellAwaited((line) => lines.push(line));
  await expect(awaited.during('Kafka', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(lines).toEqual([]);
  awaited.stop();
});
