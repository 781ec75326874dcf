/** One request as the simulator received it. Headers are not logged, because they carry the credential. */
export interface LoggedRequest {
  method: string;
  path: string;
  /** Decoded, `a=1&b=2`; parameters that carry a credential are masked. */
  query: string;
  /** The route that answered, such as `GET /api/profiles/:id`, or `''`. */
  route: string;
  /** 0 while unanswered, or when the connection was cut before a status was sent. */
  status: number;
  /** Time of arrival by the simulated clock, epoch ms. */
  time: number;
  /** Real time until the answer was given to the socket, ms. */
  tookMs: number;
  bytes: number;
  /** The kind of the fault that was applied, if any. */
  fault?: string;
}

export interface RequestFilter {
  route?: string;
  path?: string;
  status?: number;
  query?: string;
}

export interface RequestLog {
  /** The newest requests, oldest first (the last 20,000 are kept; the counters are exact for all). */
  list(filter?: RequestFilter): LoggedRequest[];
  count(filter?: Pick<RequestFilter, 'route' | 'status'>): number;
  /** Per route, how many answers of each status. */
  counts(): Record<string, Record<string, number>>;
  /** Requests in flight. */
  readonly inFlight: number;
  readonly peakInFlight: number;
  /** Calls the listener after each answered request; the returned function removes it. */
  watch(listener: (entry: LoggedRequest) => void): () => void;
  reset(): void;
}

export interface RequestRecorder extends RequestLog {
  begin(): void;
  end(entry: LoggedRequest): void;
}

const KEPT = 20_000;

export function requestLog(): RequestRecorder {
  let entries: LoggedRequest[] = [];
  let counters = new Map<string, Map<number, number>>();
  const listeners = new Set<(entry: LoggedRequest) => void>();
  let inFlight = 0;
  let peak = 0;
  return {
    get inFlight() {
      return inFlight;
    },
    get peakInFlight() {
      return peak;
    },
    begin() {
      peak = Math.max(peak, ++inFlight);
    },
    end(entry) {
      inFlight--;
      entries.push(entry);
      if (entries.length > KEPT * 2) entries = entries.slice(-KEPT);
      let ofRoute = counters.get(entry.route);
      if (!ofRoute) counters.set(entry.route, (ofRoute = new Map()));
      ofRoute.set(entry.status, (ofRoute.get(entry.status) ?? 0) + 1);
      for (const listener of listeners) listener(entry);
    },
    list(filter = {}) {
      return entries
        .slice(-KEPT)
        .filter(
          (e) =>
            (filter.route === undefined || e.route === filter.route) &&
            (filter.path === undefined || e.path === filter.path) &&
            (filter.status === undefined || e.status === filter.status) &&
            (filter.query === undefined || e.query.includes(filter.query)),
        );
    },
    count(filter = {}) {
      let total = 0;
      for (const [route, statuses] of counters) {
        if (filter.route !== undefined && filter.route !== route) continue;
        for (const [status, n] of statuses) if (filter.status === undefined || filter.status === status) total += n;
      }
      return total;
    },
    counts() {
      return Object.fromEntries([...counters].map(([route, statuses]) => [route, Object.fromEntries(statuses)]));
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    reset() {
      entries = [];
      counters = new Map();
      peak = inFlight;
    },
  };
}
