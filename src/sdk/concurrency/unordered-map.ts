import { childController } from '../../core/clock.ts';

export interface UnorderedMapOptions {
  readonly signal: AbortSignal;
  /** Items under way at once. */
  readonly concurrency: number;
  /** Whether one more may be begun beside those under way; asked again whenever something has come. Default: always. */
  readonly room?: () => boolean;
}

/**
 * Runs one generator per item, several at once, each one value ahead of the consumer, and gives their values as
 * they come. Items are asked for as late as possible. Closing the result cancels what is under way and waits for it.
 */
export async function* unorderedMap<I, T>(
  items: Iterator<I>,
  start: (item: I, signal: AbortSignal) => AsyncGenerator<T, void, void>,
  options: UnorderedMapOptions,
): AsyncGenerator<T, void, void> {
  type Source = AsyncGenerator<T, void, void>;
  const { controller, release } = childController(options.signal);
  const coming = new Map<Source, Promise<{ readonly source: Source; readonly result: IteratorResult<T, void> }>>();
  const pull = (source: Source): void => {
    const next = source.next().then((result) => ({ source, result }));
    // Whoever waits for it gets the error; until then it is not unhandled.
    next.catch(() => undefined);
    // At the end of the line, so that none is passed over.
    coming.delete(source);
    coming.set(source, next);
  };
  const refill = (): void => {
    while (coming.size === 0 || (coming.size < options.concurrency && (options.room?.() ?? true))) {
      const item = items.next();
      if (item.done === true) return;
      pull(start(item.value, controller.signal));
    }
  };
  try {
    refill();
    while (coming.size > 0) {
      const { source, result } = await Promise.race(coming.values());
      if (result.done === true) coming.delete(source);
      else {
        pull(source);
        yield result.value;
      }
      refill();
    }
  } finally {
    controller.abort(new DOMException('The reader was closed.', 'AbortError'));
    release();
    await Promise.all([...coming.keys()].map((source) => source.return().catch(() => undefined)));
  }
}
