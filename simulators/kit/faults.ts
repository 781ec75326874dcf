/** Kinds of faults. From `slow` on, the real answer is made first and its delivery is spoilt. */
export type Fault =
  | { kind: 'status'; status: number; body?: string; contentType?: string; headers?: Record<string, string> }
  /** An HTML page instead of data; default status 200. */
  | { kind: 'html'; status?: number }
  | { kind: 'empty'; status?: number }
  /** Bytes that are not text, with status 200. */
  | { kind: 'garbage' }
  | { kind: 'oversized'; bytes: number }
  /** The vendor's "too many requests"; without `retryAfter` (seconds) no such header is sent. */
  | { kind: 'throttled'; retryAfter?: number }
  /** TCP reset before a status line. */
  | { kind: 'reset' }
  /** No answer until the client gives up. */
  | { kind: 'hang' }
  | { kind: 'slow'; delayMs: number }
  /**
   * Sets a member of the JSON answer, or removes it when there is no `value`. `at` is a path such as `data.pagination.next`;
   * `*` stands for every element.
   */
  | { kind: 'member'; at: string; value?: unknown }
  /** A complete HTTP answer whose text stops in the middle. */
  | { kind: 'cut-text' }
  /** The connection dies in the middle of the body. */
  | { kind: 'cut-connection' };

export type FaultRule = Fault & {
  /** `METHOD /path`, with `*` for anything; default: every request. */
  on?: string;
  /** Only requests whose decoded query contains this text. */
  query?: string;
  /** Only requests whose body contains this text. */
  requestBody?: string;
  /** Number of matching requests that pass before the fault. */
  after?: number;
  /** Number of requests to spoil; default: all until cleared. */
  times?: number;
};

export interface Faults {
  /** Returns the number by which to clear it. The first rule that matches a request wins. */
  add(rule: FaultRule): number;
  clear(id?: number): void;
  list(): { id: number; rule: FaultRule; hits: number }[];
  /** When answers are gzipped. Default `off`, because gzip costs CPU. */
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
