import { childController } from '../../core/clock.ts';
import { prefetcher } from './prefetch.ts';
import type { Prefetcher } from './prefetch.ts';

export interface OrderedMapOptions {
  readonly signal: AbortSignal;
  /** Generators that run at once. */
  readonly concurrency: number;
  /** Values each generator may produce ahead of the consumer. Default 2. */
  readonly depth?: number;
}

/**
 * Runs one generator per item, several at once, and yields their values in the order of the items. An item is taken from the
 * iterator only when its generator starts. Closing the result cancels the running generators and waits for them.
 */
export async function* orderedMap<I, T>(
  items: Iterator<I>,
  start: (item: I, signal: AbortSignal) => AsyncGenerator<T, void, void>,
  options: OrderedMapOptions,
): AsyncGenerator<T, void, void> {
  const { controller, release } = childController(options.signal);
  const running: Prefetcher<T>[] = [];
  const refill = (): void => {
    while (running.length < options.concurrency) {
      const item = items.next();
      if (item.done === true) return;
      running.push(prefetcher(start(item.value, controller.signal), options.depth ?? 2));
    }
  };
  try {
    refill();
    for (let current = running[0]; current !== undefined; current = running[0]) {
      for (let result = await current.next(); result.done !== true; result = await current.next()) yield result.value;
      running.shift();
      refill();
    }
  } finally {
    controller.abort(new DOMException('The reader was closed.', 'AbortError'));
    release();
    await Promise.all(running.map((open) => open.close()));
  }
}
