import { childController } from '../../core/clock.ts';
import { lane } from './prefetch.ts';
import type { Lane } from './prefetch.ts';

export interface OrderedMapOptions {
  readonly signal: AbortSignal;
  /** Items under way at once. */
  readonly concurrency: number;
  /** Values each item may be ahead of the consumer. Default 2. */
  readonly depth?: number;
}

/**
 * Runs one generator per item, several at once, and gives their values in the order of the items. Items are
 * asked for as late as possible. Closing the result cancels what is under way and waits for it.
 */
export async function* orderedMap<I, T>(
  items: Iterator<I>,
  start: (item: I, signal: AbortSignal) => AsyncGenerator<T, void, void>,
  options: OrderedMapOptions,
): AsyncGenerator<T, void, void> {
  const { controller, release } = childController(options.signal);
  const lanes: Lane<T>[] = [];
  const refill = (): void => {
    while (lanes.length < options.concurrency) {
      const item = items.next();
      if (item.done === true) return;
      lanes.push(lane(start(item.value, controller.signal), options.depth ?? 2));
    }
  };
  try {
    refill();
    for (let current = lanes[0]; current !== undefined; current = lanes[0]) {
      for (let result = await current.next(); result.done !== true; result = await current.next()) yield result.value;
      lanes.shift();
      refill();
    }
  } finally {
    controller.abort(new DOMException('The reader was closed.', 'AbortError'));
    release();
    await Promise.all(lanes.map((open) => open.close()));
  }
}
