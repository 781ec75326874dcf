/**
 * Passes a sequence on and says `quiet` whenever its next item has kept us waiting for `ms`, so that
 * what was received before can be put away meanwhile.
 */
export async function* withQuietTicks<T>(items: AsyncGenerator<T, void, void>, ms: number): AsyncGenerator<T | 'quiet', void, void> {
  try {
    for (;;) {
      const next = items.next();
      next.catch(() => undefined);
      let answer = await orQuiet(next, ms);
      while (answer === 'quiet') {
        yield 'quiet';
        answer = await orQuiet(next, ms);
      }
      if (answer.done) return;
      yield answer.value;
    }
  } finally {
    await items.return();
  }
}

async function orQuiet<T>(wanted: Promise<T>, ms: number): Promise<T | 'quiet'> {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<'quiet'>((resolve) => {
    timer = setTimeout(resolve, ms, 'quiet');
  });
  try {
    return await Promise.race([wanted, quiet]);
  } finally {
    clearTimeout(timer);
  }
}
