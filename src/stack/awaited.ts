/** Milliseconds between two messages. */
const tellEveryMs = 5_000;

/** Logs every few seconds what a start is waiting for. */
export function tellAwaited(log: (line: string) => void): {
  /** Runs the work; it counts as awaited until it ends. */
  during<T>(title: string, work: () => Promise<T>): Promise<T>;
  stop(): void;
} {
  const awaited = new Set<string>();
  let waited = 0;
  const timer = setInterval(() => {
    waited += tellEveryMs;
    if (awaited.size > 0) log(`waiting for ${[...awaited].join(' and ')} (${waited / 1_000} s)`);
  }, tellEveryMs);
  timer.unref();
  return {
    async during(title, work) {
      awaited.add(title);
      try {
        return await work();
      } finally {
        awaited.delete(title);
      }
    },
    stop: () => clearInterval(timer),
  };
}
