import { childController } from '../../core/clock.ts';

export interface UnorderedMapOptions {
  readonly signal: AbortSignal;
  /** Generators that run at once. */
  readonly concurrency: number;
  /** Whether one more generator may start while others run; called again after each value. Default: always. */
  readonly canStart?: () => boolean;
}

/**
 * Runs one generator per item, several at once, each one value ahead of the consumer, and yields their values in the order of
 * arrival. An item is taken from the iterator only when its generator starts. Closing the result cancels the running generators
 * and waits for them.
 */
export async function* unorderedMap<I, T>(
  items: Iterator<I>,
  start: (item: I, signal: AbortSignal) => AsyncGenerator<T, void, void>,
  options: UnorderedMapOptions,
): AsyncGenerator<T, void, void> {
  type Source = AsyncGenerator<T, void, void>;
  const { controller, release } = childController(options.signal);
  const pending = new Map<Source, Promise<{ readonly source: Source; readonly result: IteratorResult<T, void> }>>();
  const pull = (source: Source): void => {
    const next = source.next().then((result) => ({ source, result }));
    // The consumer gets the error; until then it must not count as an unhandled rejection.
    next.catch(() => undefined);
    // Re-inserted at the end, so that `Promise.race` serves all generators in turn.
    pending.delete(source);
    pending.set(source, next);
  };
  const refill = (): void => {
    while (pending.size === 0 || (pending.size < options.concurrency && (options.canStart?.() ?? true))) {
      const item = items.next();
      if (item.done === true) return;
      pull(start(item.value, controller.signal));
    }
  };
  try {
    refill();
    while (pending.size > 0) {
      const { source, result } = await Promise.race(pending.values());
      if (result.done === true) pending.delete(source);
      else {
        pull(source);
        yield result.value;
      }
      refill();
    }
  } finally {
    controller.abort(new DOMException('The reader was closed.', 'AbortError'));
    release();
    await Promise.all([...pending.keys()].map((source) => source.return().catch(() => undefined)));
  }
}
