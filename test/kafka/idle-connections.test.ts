import { createRequire } from 'node:module';
import { describe, expect, it, vi } from 'vitest';
// Loading it is what mends the queues.
import '../../src/kafka/client.ts';
import type { RequestQueue } from '../../src/kafka/idle-connections.ts';

interface WholeQueue extends RequestQueue {
  push(request: { entry: object; expectResponse: boolean; sendRequest: () => void }): void;
  fulfillRequest(answer: { correlationId: number; payload: null; size: number }): void;
  maybeThrottle(ms: number): void;
  destroy(): void;
}

const Queue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (options: object) => WholeQueue;
const silent = { debug: () => undefined, warn: () => undefined };

function open(maxInFlightRequests: number | null = null, timeouts: object = {}) {
  const queue = new Queue({
    maxInFlightRequests,
    requestTimeout: 60_000,
    enforceRequestTimeout: false,
    clientId: 'c',
    broker: 'b',
    logger: silent,
    ...timeouts,
  });
  const sent: number[] = [];
  const failed: number[] = [];
  return {
    queue,
    sent,
    failed,
    ask: (correlationId: number) =>
      queue.push({
        entry: {
          correlationId,
          apiKey: 1,
          apiName: 'Fetch',
          apiVersion: 1,
          resolve: () => undefined,
          reject: () => void failed.push(correlationId),
        },
        expectResponse: true,
        sendRequest: () => void sent.push(correlationId),
      }),
    answer: (correlationId: number) => queue.fulfillRequest({ correlationId, payload: null, size: 0 }),
  };
}

describe('a connection to a broker', () => {
  it('sets no timer while nothing waits to be sent', () => {
    const { queue, sent, ask, answer } = open();
    for (const id of [1, 2, 3]) {
      ask(id);
      answer(id);
    }
    expect(sent).toEqual([1, 2, 3]);
    expect(queue.throttleCheckTimeoutId).toBeNull();
  });

  it('sends what waited once the broker has room again, in order', () => {
    const { queue, sent, ask, answer } = open(1);
    for (const id of [1, 2, 3]) ask(id);
    expect(sent).toEqual([1]);
    expect(queue.throttleCheckTimeoutId).not.toBeNull();
    answer(1);
    answer(2);
    expect(sent).toEqual([1, 2, 3]);
    answer(3);
    queue.destroy();
  });

  it('sends nothing while the broker throttles it, and everything afterwards, by itself', () => {
    vi.useFakeTimers();
    try {
      const { queue, sent, ask } = open();
      queue.maybeThrottle(5_000);
      ask(1);
      ask(2);
      vi.advanceTimersByTime(4_999);
      expect(sent).toEqual([]);
      vi.advanceTimersByTime(20);
      expect(sent).toEqual([1, 2]);
      expect(vi.getTimerCount(), 'none is left').toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives up a request that is not answered in time, and looks once a second for it', () => {
    vi.useFakeTimers();
    try {
      const { queue, ask, answer, failed } = open(null, { enforceRequestTimeout: true, requestTimeout: 15_000 });
      queue.scheduleRequestTimeoutCheck();
      expect(vi.getTimerCount(), 'nothing is awaited').toBe(0);
      ask(1);
      ask(2);
      answer(1);
      vi.advanceTimersByTime(14_900);
      expect(failed).toEqual([]);
      vi.advanceTimersByTime(2_000);
      expect(failed).toEqual([2]);
      vi.advanceTimersByTime(1_000);
      expect(vi.getTimerCount(), 'nothing is awaited any more').toBe(0);
      ask(3);
      queue.destroy();
      expect(vi.getTimerCount(), 'a closed connection looks no more').toBe(0);
      // Opened again.
      ask(4);
      expect(vi.getTimerCount()).toBe(1);
      queue.destroy();
    } finally {
      vi.useRealTimers();
    }
  });
});
