/** What goes wrong. The kinds from `slow` on let the real answer be made first, then spoil its delivery. */
export type Fault =
  | { kind: 'status'; status: number; body?: string; contentType?: string; headers?: Record<string, string> }
  /** An HTML page where data was expected; status 200 unless told. */
  | { kind: 'html'; status?: number }
  | { kind: 'empty'; status?: number }
  /** Bytes that are no text in any format the vendor speaks, with 200. */
  | { kind: 'garbage' }
  | { kind: 'oversized'; bytes: number }
  /** The vendor's own "too many requests"; without `retryAfter` (seconds) no such header. */
  | { kind: 'throttled'; retryAfter?: number }
  /** TCP reset before a status line. */
  | { kind: 'reset' }
  /** No answer until the client gives up. */
  | { kind: 'hang' }
  | { kind: 'slow'; delayMs: number }
  /** A member of the JSON answer has this value; without one it is missing. `at` is a path such as `data.pagination.next`, `*` every element. */
  | { kind: 'member'; at: string; value?: unknown }
  /** A complete HTTP answer whose text stops in the middle. */
  | { kind: 'cut-text' }
  /** The connection dies in the middle of the body. */
  | { kind: 'cut-connection' };

export type FaultRule = Fault & {
  /** `METHOD /path`, `*` standing for anything; every request when left out. */
  on?: string;
  /** Only requests whose decoded query holds this text. */
  query?: string;
  /** Only requests whose body holds this text. */
  requestBody?: string;
  /** Let this many matching requests pass first. */
  after?: number;
  /** Then spoil this many; for ever, until cleared, when left out. */
  times?: number;
};

export interface Faults {
  /** Returns the number to clear it by. The first rule that matches a request wins. */
  add(rule: FaultRule): number;
  clear(id?: number): void;
  list(): { id: number; rule: FaultRule; hits: number }[];
  /** Whether answers are gzipped: never, when the client accepts it, or always. `off` at start, it costs CPU. */
  compression: 'off' | 'accepted' | 'always';
}

export interface FaultMatcher extends Faults {
  match(request: { method: string; path: string; query: string; body: string }): Fault | undefined;
}

export function faultInjection(): FaultMatcher {
  let next = 1;
  let rules: { id: number; rule: FaultRule; pattern: RegExp; seen: number; hits: number }[] = [];
  return {
    compression: 'off',
    add(rule) {
      const pattern = new RegExp(`^${(rule.on ?? '*').replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
      rules.push({ id: next, rule, pattern, seen: 0, hits: 0 });
      return next++;
    },
    clear(id) {
      rules = id === undefined ? [] : rules.filter((r) => r.id !== id);
    },
    list: () => rules.map(({ id, rule, hits }) => ({ id, rule, hits })),
    match({ method, path, query, body }) {
      for (const entry of rules) {
        const { rule } = entry;
        if (!entry.pattern.test(`${method} ${path}`)) continue;
        if (rule.query !== undefined && !query.includes(rule.query)) continue;
        if (rule.requestBody !== undefined && !body.includes(rule.requestBody)) continue;
        if (entry.seen++ < (rule.after ?? 0)) continue;
        if (entry.hits >= (rule.times ?? Infinity)) continue;
        entry.hits++;
        return rule;
      }
      return undefined;
    },
  };
}
