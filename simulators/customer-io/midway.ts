/** What happens at the vendor between two pages of a walk. */
export interface Midway {
  /** Once so many requests to a route (`GET /v1/newsletters`) have been let through, and before the next one is answered. */
  add(on: string, after: number, happen: () => void): void;
  /** Of things that have not happened yet. */
  readonly pending: number;
}

export interface MidwayWatch extends Midway {
  pass(method: string, path: string): void;
}

export function midwayWatch(): MidwayWatch {
  let waiting: { on: string; left: number; happen: () => void }[] = [];
  return {
    get pending() {
      return waiting.length;
    },
    add: (on, after, happen) => void waiting.push({ on, left: after, happen }),
    pass(method, path) {
      for (const one of waiting.filter(({ on }) => on === `${method} ${path}`)) {
        one.left -= 1;
        if (one.left >= 0) continue;
        waiting = waiting.filter((other) => other !== one);
        one.happen();
      }
    },
  };
}
