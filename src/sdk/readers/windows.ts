import { orderedMap } from '../concurrency/ordered-map.ts';
import { CursorLost, asNumber, asObject, fromSavedCursor, saved } from './resume.ts';
import type { Json, JsonObject, Page, Position, Reader, Row } from '../../core/types.ts';
import { checkTimes } from '../answers.ts';
import { paginate } from './paginate.ts';
import type { FetchPage } from './paginate.ts';
import { DAY } from '../../core/time.ts';

export interface WindowAsk {
  /** Start, epoch ms, inclusive; undefined for everything before `to`. */
  readonly from: number | undefined;
  /** End, epoch ms, exclusive. */
  readonly to: number;
}

/** Reads the last `span` ms again when `every` ms have passed since they were last read; 0 means every run. */
export interface Tier {
  readonly span: number;
  readonly every: number;
}

export interface WindowsOptions<Api> {
  readonly call: FetchPage<Api, WindowAsk>;
  /** Length of a slice, ms. Slices shrink, at least to `least`, when one holds more than `maxPages` pages, and grow again. */
  readonly span: number;
  readonly least: number;
  readonly maxPages: number;
  /** Time until a row becomes visible at the vendor, ms. */
  readonly delay: number;
  /** The time by which the vendor cuts windows, epoch ms; null when a row has none. With it, rows of another window are noticed. */
  readonly by?: (row: Row) => number | null | undefined;
  /** Smallest step of the vendor's time, ms: bounds are rounded down to it. Default 1 s. */
  readonly granularity?: number;
  readonly tiers: readonly Tier[];
  /**
   * Start of slicing when all history is requested, e.g. the time of the oldest row; everything before it is one window without
   * a start.
   */
  readonly origin: (api: Api, signal: AbortSignal) => Promise<number>;
  /** Windows read at once. */
  readonly concurrency: number;
  /** Pages prefetched per window. Default 1. */
  readonly ahead?: number;
}

/** One span of time to read in this run, and how much of it is done. */
interface Plan {
  readonly from: number | null;
  /** Where slicing begins; equals `from` unless that is null. */
  readonly origin: number;
  readonly bound: number;
  readonly startedAt: number;
  done: number | null;
}

interface Slice extends WindowAsk {
  readonly cursor: Json | undefined;
}

/**
 * Reads time slices from the requested history to the run's start less the vendor's delay. Rows that arrive late are found by
 * reading recent spans again (`tiers`). An interrupted run resumes inside the slice it was in.
 */
export function windows<Api>(options: WindowsOptions<Api>): Reader<Api> {
  const granularity = options.granularity ?? 1_000;
  const floor = (instant: number): number => Math.floor(instant / granularity) * granularity;

  return async function* read(ctx) {
    const bound = floor(ctx.runStart - options.delay);
    const position = saved(ctx, 1);
    let through = asNumber(position?.through);
    // A time in the future shows that the clock was wrong when this was read, so what came since is unread.
    if (through !== undefined && through > ctx.now()) through = bound;
    let oldest: number | null | undefined = position?.oldest === null ? null : asNumber(position?.oldest);
    let tiers: JsonObject = asObject(position?.tiers) ?? {};

    const interrupted = savedPlan(position, bound);
    if (interrupted !== undefined) {
      try {
        yield* run(interrupted.plan, interrupted.slice);
      } catch (error) {
        if (!(error instanceof CursorLost)) throw error;
        ctx.count('cursors_lost');
        yield* run(interrupted.plan, undefined);
      }
    }
    const plan = await nextPlan();
    if (plan !== undefined) yield* run(plan, undefined);

    async function nextPlan(): Promise<Plan | undefined> {
      const wanted = ctx.since === undefined ? null : floor(ctx.since);
      const deeper = oldest !== undefined && oldest !== null && (wanted === null || wanted < oldest - DAY);
      let from: number | null;
      if (through === undefined || deeper) {
        from = wanted;
      } else {
        const due = options.tiers.filter((tier) => {
          const last = asNumber(tiers[tier.span]);
          // A time in the future shows that the clock was wrong, then or now.
          return last === undefined || last > ctx.now() || last + Math.max(tier.every, 1) <= ctx.runStart;
        });
        from = Math.min(through, ...due.map((tier) => Math.max(bound - tier.span, wanted ?? Number.NEGATIVE_INFINITY)));
      }
      if (from !== null && from >= bound) return undefined;
      const origin = from ?? floor(Math.min(bound, await options.origin(ctx.api, ctx.signal)));
      return { from, origin, bound, startedAt: ctx.now(), done: from };
    }

    async function* run(plan: Plan, begun: Slice | undefined): AsyncGenerator<Page, void, void> {
      const span = adaptiveSpan(options);
      const slices = orderedMap(
        slicesOf(plan, begun, () => span.current),
        async function* pages(slice, signal) {
          const steps = paginate((cursor) => options.call(ctx.api, { from: slice.from, to: slice.to, cursor }, signal), slice.cursor);
          for await (const step of fromSavedCursor(steps, slice.cursor)) {
            if (options.by !== undefined)
              checkTimes(step.rows, options.by, { from: (slice.from ?? -Infinity) - granularity, to: slice.to + granularity });
            yield { slice, step };
          }
        },
        { signal: ctx.signal, concurrency: options.concurrency, depth: options.ahead ?? 1 },
      );

      for await (const { slice, step } of slices) {
        const { more, next, page, total: _total, ...rest } = step;
        if (!more) {
          plan.done = slice.to;
          span.learn(page);
        }
        const finished = !more && slice.to >= plan.bound;
        if (finished) finish(plan);
        const readTo = !more && (through === undefined || slice.to >= through) ? slice.to : undefined;
        yield {
          ...rest,
          position: finished
            ? settled()
            : { ...settled(), plan: planJson(plan, more ? { to: slice.to, cursor: next as Json } : undefined) },
          ...(readTo === undefined ? {} : { readTo }),
          ...(plan.bound > plan.origin
            ? { progress: Math.min(1, Math.max(0, ((plan.done ?? plan.origin) - plan.origin) / (plan.bound - plan.origin))) }
            : {}),
        };
      }
    }

    function finish(plan: Plan): void {
      through = Math.max(through ?? plan.bound, plan.bound);
      if (oldest !== null) oldest = plan.from === null ? null : Math.min(oldest ?? plan.from, plan.from);
      const wanted = ctx.since ?? Number.NEGATIVE_INFINITY;
      const covered = options.tiers.filter((tier) => plan.from === null || plan.from <= Math.max(plan.bound - tier.span, wanted));
      tiers = { ...tiers, ...Object.fromEntries(covered.map((tier) => [tier.span, plan.startedAt])) };
    }

    function settled(): Position {
      return { v: 1, tiers, ...(through === undefined ? {} : { through }), ...(oldest === undefined ? {} : { oldest }) };
    }
  };

  function* slicesOf(plan: Plan, begun: Slice | undefined, span: () => number): Generator<Slice, void, void> {
    let from = plan.done;
    if (begun !== undefined) {
      yield begun;
      from = begun.to;
    }
    while (from === null || from < plan.bound) {
      const to: number = from === null ? plan.origin : Math.min(from + span(), plan.bound);
      yield { from: from ?? undefined, to, cursor: undefined };
      from = to;
    }
  }

  /** A plan that a wrong clock has made goes no further than this run may, since some vendors refuse times to come. */
  function savedPlan(position: Position | undefined, latest: number): { plan: Plan; slice: Slice | undefined } | undefined {
    const json = asObject(position?.plan);
    const bound = asNumber(json?.bound);
    if (json === undefined || bound === undefined) return undefined;
    const done = asNumber(json.done) ?? null;
    if (done !== null && done > latest) return undefined;
    const plan: Plan = {
      from: asNumber(json.from) ?? null,
      origin: Math.min(asNumber(json.origin) ?? bound, latest),
      bound: Math.min(bound, latest),
      startedAt: asNumber(json.startedAt) ?? 0,
      done,
    };
    const slice = asObject(json.slice);
    const to = asNumber(slice?.to);
    return { plan, slice: to === undefined || to > latest ? undefined : { from: plan.done ?? undefined, to, cursor: slice?.cursor } };
  }
}

function planJson(plan: Plan, slice: { to: number; cursor: Json } | undefined): JsonObject {
  return {
    from: plan.from,
    origin: plan.origin,
    bound: plan.bound,
    startedAt: plan.startedAt,
    done: plan.done,
    ...(slice === undefined ? {} : { slice }),
  };
}

/** Halves the span after a slice with too many pages, doubles it after one with few. */
function adaptiveSpan(options: {
  readonly span: number;
  readonly least: number;
  readonly maxPages: number;
  readonly granularity?: number;
}): {
  readonly current: number;
  learn(pages: number): void;
} {
  const granularity = options.granularity ?? 1_000;
  let current = options.span;
  return {
    get current() {
      return current;
    },
    learn(pages) {
      if (pages > options.maxPages) current = Math.max(options.least, granularity, Math.floor(current / 2 / granularity) * granularity);
      else if (pages <= options.maxPages / 4) current = Math.min(options.span, current * 2);
    },
  };
}
