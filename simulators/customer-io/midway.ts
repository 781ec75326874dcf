/** Changes at the vendor between two pages of a listing. */
export interface Midway {
  /** Calls `happen` after `after` requests to a route (`GET /v1/newsletters`) have been answered, before the next one is. */
  add(on: string, after: number, happen: () => void): void;
  /** Number of changes that have not happened yet. */
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
