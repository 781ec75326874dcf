/** A generator that runs ahead of whoever asks. */
export interface Lane<T> {
  next(): Promise<IteratorResult<T, void>>;
  /** Ends the generator and waits until it has ended. */
  close(): Promise<void>;
}

/** Runs `values` up to `depth` values ahead, from now on. Errors come out in their place. */
export function lane<T>(values: AsyncGenerator<T, void, void>, depth: number): Lane<T> {
  const queue: Promise<IteratorResult<T, void>>[] = [];
  const pull = (): void => {
    const result = values.next();
    // Whoever takes it from the queue gets the error; until then it is not unhandled.
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
 * Fetches up to `depth` values ahead of the consumer. Closing waits for the fetch under way, so whoever
 * closes early aborts the signal the fetch listens to first.
 */
export async function* prefetch<T>(values: AsyncGenerator<T, void, void>, depth: number): AsyncGenerator<T, void, void> {
  const source = lane(values, depth);
  try {
    for (let result = await source.next(); result.done !== true; result = await source.next()) yield result.value;
  } finally {
    await source.close();
  }
}
