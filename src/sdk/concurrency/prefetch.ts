/** A generator that produces values before the consumer asks for them. */
export interface Prefetcher<T> {
  next(): Promise<IteratorResult<T, void>>;
  /** Ends the generator and waits until it has ended. */
  close(): Promise<void>;
}

/** Starts `values` at once and keeps up to `depth` values ready. An error is thrown at its place in the sequence. */
export function prefetcher<T>(values: AsyncGenerator<T, void, void>, depth: number): Prefetcher<T> {
  const queue: Promise<IteratorResult<T, void>>[] = [];
  const pull = (): void => {
    const result = values.next();
    // The consumer gets the error from the queue; until then it must not count as an unhandled rejection.
    result.catch(() => undefined);
    queue.push(result);
  };
  while (queue.length < depth) pull();
  return {
    async next() {
      const result = await (queue.shift() as Promise<IteratorResult<T, void>>);
      if (result.done !== true) pull();
      return result;
    },
    async close() {
      await values.return().catch(() => undefined);
    },
  };
}

/**
 * Fetches up to `depth` values ahead of the consumer. Closing waits for the running fetch, so a consumer that closes early must
 * first abort the signal of that fetch.
 */
export async function* prefetch<T>(values: AsyncGenerator<T, void, void>, depth: number): AsyncGenerator<T, void, void> {
  const source = prefetcher(values, depth);
  try {
    for (let result = await source.next(); result.done !== true; result = await source.next()) yield result.value;
  } finally {
    await source.close();
  }
}
