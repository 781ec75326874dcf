import type { Answer, Handler, SimRequest } from '../kit/http-server.ts';
import { noSuchPath, refusal, tooMany } from './answers.ts';
import type { MidwayWatch } from './midway.ts';
import type { CustomerIoLimits, CustomerIoTable, KeyKind, Switches } from './options.ts';
import type { World } from './world.ts';

/** Arrival times by the machine's clock, epoch ms, of all requests that were not refused for their rate. */
export interface Traffic {
  /** Most requests allowed in any second. */
  readonly peakPerSecond: number;
  readonly arrivals: readonly number[];
  reset(): void;
}

export interface Visit {
  request: SimRequest;
  key: KeyKind;
  world: World;
}

export interface GuardParts {
  keys: Record<KeyKind, string>;
  worlds: Record<KeyKind, World>;
  switches: Switches;
  limits: CustomerIoLimits;
  midway: MidwayWatch;
}

export type Guard = (rules: { table?: CustomerIoTable; open?: () => boolean }, handle: (visit: Visit) => Answer) => Handler;

/** Checks every request before it reaches the data: key, rate, rights. */
export function createGuard({ keys, worlds, switches, limits, midway }: GuardParts): { guard: Guard; unknown: Handler; traffic: Traffic } {
  const rate = slidingSecond();
  const guard: Guard =
    ({ table, open }, handle) =>
    (request) => {
      const key = (Object.keys(keys) as KeyKind[]).find((kind) => request.headers.authorization === `Bearer ${keys[kind]}`);
      if (key === undefined && open?.() !== true) return refusal(401, 'unauthorized', { referenced: false });
      // The keys `full` and `narrow` belong to one workspace and share its rate limit.
      const verdict = rate.take(key === 'empty' ? 'empty' : 'full', limits);
      if (verdict !== undefined) return verdict;
      midway.pass(request.method, request.path);
      if (key === 'narrow' && table !== undefined && switches.forbidden.includes(table))
        return refusal(403, `this key may not read ${table}`);
      return handle({ request, key: key ?? 'full', world: worlds[key ?? 'full'] });
    };
  return { guard, traffic: rate, unknown: guard({ open: () => true }, noSuchPath) };
}

function slidingSecond(): Traffic & { take(bucket: string, limits: CustomerIoLimits): Answer | undefined } {
  const recent = new Map<string, number[]>();
  let arrivals: number[] = [];
  let peak = 0;
  return {
    get arrivals() {
      return arrivals;
    },
    get peakPerSecond() {
      return peak;
    },
    reset() {
      arrivals = [];
      peak = 0;
    },
    take(bucket, limits) {
      const now = Date.now();
      const within = (recent.get(bucket) ?? []).filter((at) => at > now - 1_000);
      recent.set(bucket, within);
      if (limits.dailyQuotaSpent) return tooMany(limits.perSecond, undefined);
      if (limits.enabled && within.length >= limits.perSecond) return tooMany(limits.perSecond, 1);
      within.push(now);
      arrivals.push(now);
      peak = Math.max(peak, within.length);
      return undefined;
    },
  };
}
