/** Measures how long the event loop was held, in CPU time of the process, so that a busy machine does not count. */
export function watchLoop(): { begin(): void; end(): number; mostMemory(): number; close(): void } {
  let last = process.cpuUsage();
  let worst = 0;
  let mostMemory = 0;
  const look = (): void => {
    const { user, system } = process.cpuUsage(last);
    last = process.cpuUsage();
    worst = Math.max(worst, (user + system) / 1_000);
  };
  const ticking = setInterval(() => {
    look();
    mostMemory = Math.max(mostMemory, process.memoryUsage.rss());
  }, 10);
  return {
    begin() {
      look();
      worst = 0;
    },
    end() {
      look();
      return worst;
    },
    mostMemory: () => mostMemory,
    close: () => clearInterval(ticking),
  };
}
