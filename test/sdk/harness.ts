import { createHttpFactory } from '../../src/sdk/http/client.ts';
import type { HttpClient, HttpObserver, HttpOptions } from '../../src/sdk/http/client.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { TributaryError } from '../../src/core/errors.ts';
import type { JsonObject, Page, Position, ReadContext, Reader, Row } from '../../src/core/types.ts';

/** What a client told its observer. */
export interface Heard {
  requests: { endpoint: string; status: number | 'error' }[];
  throttled: { endpoint: string; until: number }[];
  troubles: TributaryError[];
  recovered: number;
  waitedMs: number;
}

export function listener(): { heard: Heard; observer: HttpObserver } {
  const heard: Heard = { requests: [], throttled: [], troubles: [], recovered: 0, waitedMs: 0 };
  return {
    heard,
    observer: {
      onRequest: (endpoint, status) => heard.requests.push({ endpoint, status }),
      onThrottled: (endpoint, until) => heard.throttled.push({ endpoint, until }),
      onWaited: (_endpoint, ms) => {
        heard.waitedMs += ms;
      },
      onRetry: (error) => heard.troubles.push(error),
      onRecovered: () => {
        heard.recovered += 1;
      },
    },
  };
}

/** A client on the real clock whose back-off is as short as it can be. */
export function client(baseUrl: string, options: Partial<HttpOptions> = {}): { http: HttpClient; heard: Heard } {
  const { heard, observer } = listener();
  const factory = createHttpFactory({ observer, clock: systemClock, random: () => 0 });
  return {
    heard,
    http: factory({ title: 'Vendor', vendor: 'vendor', baseUrl, budget: { buckets: {}, concurrency: 8 }, secrets: [], ...options }),
  };
}

export interface Run {
  readonly pages: readonly Page[];
  readonly rows: readonly Row[];
  readonly counted: Readonly<Record<string, number>>;
  readonly error: unknown;
}

/** {@link engine} by a vendor's clock, read anew for every run. */
export function engineAt<Api>(
  now: () => number,
  reader: Reader<Api>,
  api: Api,
  settings: Partial<ReadContext<Api>> = {},
): ReturnType<typeof engine<Api>> {
  const inner = engine(reader, api, settings);
  const run = inner.run.bind(inner);
  inner.run = (how = {}) => run({ runStart: now(), now, ...how });
  return inner;
}

/** Plays the engine for one table: keeps the position of the last page taken and runs the reader again and again. */
export function engine<Api>(
  reader: Reader<Api>,
  api: Api,
  settings: Partial<ReadContext<Api>> = {},
): {
  position: Position | undefined;
  intact: boolean;
  taken: JsonObject[];
  /** `stopAfter`: the process dies once so many pages are committed. */
  run(how?: { stopAfter?: number } & Partial<ReadContext<Api>>): Promise<Run>;
} {
  let scans = 0;
  const self = {
    position: undefined as Position | undefined,
    intact: true,
    taken: [] as JsonObject[],
    async run({ stopAfter, ...changed }: { stopAfter?: number } & Partial<ReadContext<Api>> = {}): Promise<Run> {
      const pages: Page[] = [];
      const counted: Record<string, number> = {};
      const stop = new AbortController();
      const ctx: ReadContext<Api> = {
        api,
        mode: 'periodic',
        // As it comes back from the state topic.
        position: self.position === undefined ? undefined : (JSON.parse(JSON.stringify(self.position)) as Position),
        since: undefined,
        runStart: Date.now(),
        signal: stop.signal,
        now: Date.now,
        newScan: () => `scan-${(scans += 1)}`,
        scanIntact: () => self.intact,
        parents: async () => [],
        async *liveKeys() {},
        outbox: [],
        complete: (work) => {
          self.taken.push(...work);
        },
        count: (what, by = 1) => {
          counted[what] = (counted[what] ?? 0) + by;
        },
        ...settings,
        ...changed,
      };
      let error: unknown;
      try {
        for await (const page of reader(ctx)) {
          pages.push(page);
          self.position = page.position;
          if (pages.length === stopAfter) break;
        }
      } catch (thrown) {
        error = thrown;
      }
      stop.abort();
      return { pages, rows: pages.flatMap((page) => page.rows), counted, error };
    },
  };
  return self;
}
