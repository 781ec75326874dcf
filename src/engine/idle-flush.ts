/**
 * Yields the items of a sequence, and `idle` whenever the next item takes longer than `ms`, so that the caller can
 * commit what it has received before.
 */
export async function* withIdleTicks<T>(items: AsyncGenerator<T, void, void>, ms: number): AsyncGenerator<T | 'idle', void, void> {
  try {
    for (;;) {
      const next = items.next();
      next.catch(() => undefined);
      let answer = await orIdle(next, ms);
      while (answer === 'idle') {
        yield 'idle';
        answer = await orIdle(next, ms);
      }
      if (answer.done) return;
      yield answer.value;
    }
  } finally {
    await items.return();
  }
}

async function orIdle<T>(wanted: Promise<T>, ms: number): Promise<T | 'idle'> {
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<'idle'>((resolve) => {
    timer = setTimeout(resolve, ms, 'idle');
  });
  try {
    return await Promise.race([wanted, idle]);
  } finally {
    clearTimeout(timer);
  }
}
