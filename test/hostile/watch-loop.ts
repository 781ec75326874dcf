/** What was seen since `begin`: the longest time the event loop was held, ms of CPU time, and by how much the memory in use grew, bytes. */
export interface Watched {
  readonly stall: number;
  readonly memory: number;
}

/** What V8 knows of: what the allocator keeps of memory that was given back says nothing about a case. */
function memoryInUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Measures how long the event loop was held, in CPU time of the process, so that a busy machine does not count, and the memory. */
export function watchLoop(): { begin(): void; end(): Watched; close(): void } {
  let last = process.cpuUsage();
  let worst = 0;
  let before = memoryInUse();
  let mostMemory = before;
  const look = (): void => {
    const { user, system } = process.cpuUsage(last);
    last = process.cpuUsage();
    worst = Math.max(worst, (user + system) / 1_000);
  };
  const weigh = (): void => {
    mostMemory = Math.max(mostMemory, memoryInUse());
  };
  const ticking = setInterval(() => {
    look();
    weigh();
  }, 10);
  return {
    begin() {
      look();
      worst = 0;
      before = memoryInUse();
      mostMemory = before;
    },
    end() {
      look();
      weigh();
      return { stall: worst, memory: mostMemory - before };
    },
    close: () => clearInterval(ticking),
  };
}
