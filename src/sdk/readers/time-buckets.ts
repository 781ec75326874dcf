import { TributaryError } from '../../core/errors.ts';
import { DAY, isoMillis } from '../../core/time.ts';
import { asNumber, asObject, asText, saved } from './resume.ts';
import type { JsonObject, Page, Position, ReadContext, Reader, Row } from '../../core/types.ts';
import type { GroupsPart } from './keyset-groups.ts';
import { isDisordered, ORDER_TRIES } from './sort-order.ts';
import type { Listed } from './sort-order.ts';
import type { TimeGrain } from './time-grain.ts';

/** The grains by which a run asks. */
export interface Grains<G extends TimeGrain> {
  readonly usual: G;
  /** The grain from the first bucket on that is too heavy for the vendor, to the end of the run. */
  readonly finer?: G;
  /** The finer grain from the start. */
  readonly startsFiner?: boolean;
}

export interface TimeBucketsOptions<Api, G extends TimeGrain> extends Listed {
  readonly grains: (api: Api) => Grains<G>;
  /** Yields the rows of the bucket that holds the time `at`, after a group of rows; see `keysetGroups`. */
  readonly read: (
    ctx: ReadContext<Api>,
    bucket: { readonly at: number; readonly grain: G; readonly after: string | undefined },
  ) => AsyncGenerator<GroupsPart, void, void>;
  /** Whether a finer grain may succeed after this error. */
  readonly isTooHeavy: (error: unknown) => boolean;
  /** Allowed lateness: time after the end of a bucket in which its rows may still change, ms. */
  readonly lateness: number;
  /** Period that is read again in every run, ms. */
  readonly fresh: number;
  /** Period that is read again once a day, ms. */
  readonly lookback: (api: Api) => number;
  /** Time of the oldest row; undefined when the vendor shows none yet. Asked for when all history is to be read. */
  readonly origin: (ctx: ReadContext<Api>) => Promise<number | undefined>;
  /** By what the vendor selects rows, as plain values that the position keeps: when one changes, everything is read again. */
  readonly selection: (api: Api) => JsonObject;
  /** Further members of the position. */
  readonly noted: (api: Api) => JsonObject;
  /** Warnings of each run. */
  readonly warnings?: (api: Api) => readonly string[];
}

/** Empty buckets read before the position is saved. */
const EMPTY_PER_COMMIT = 24;

/** One pass over the buckets from a start to now. */
interface Pass {
  /** Start of the pass, and the run in which it began; both epoch ms. */
  readonly from: number;
  readonly began: number;
  /** A time in the current bucket, and the last group read in it. */
  at: number;
  after: string | undefined;
  /** Whether every bucket so far was complete when it was read. The position moves only over leading complete buckets. */
  ripe: boolean;
  /** Whether the finer grain is used; the name is that of the first such grain. */
  hourly: boolean;
}

/**
 * Reads bucket after bucket of time up to now, where the rows of a bucket still change for a while: aggregates that count late
 * events, for example. The last period is read again in every run, and a longer one once a day. A row's key does not depend on
 * what changes in it, so reading a bucket again replaces its rows. An interrupted pass goes on in the bucket it was in. In the
 * position, `settled` is the last bucket that cannot change any more, `oldest` the start of all that was read, `lookedBack` the
 * time of the last longer pass, and `day` a border.
 */
export function timeBuckets<Api, G extends TimeGrain>(options: TimeBucketsOptions<Api, G>): Reader<Api> {
  return async function* read(ctx) {
    const { usual, finer, startsFiner = false } = options.grains(ctx.api);
    const lookback = options.lookback(ctx.api);
    const selection = options.selection(ctx.api);
    const position = saved(ctx, 1);
    // The position holds nothing about what was not selected before, so a change of the selection starts over.
    const known = Object.entries(selection).every(([name, value]) => position?.[name] === value) ? position : undefined;
    const state = {
      settled: asNumber(known?.settled),
      day: asNumber(position?.day),
      oldest: asNumber(position?.oldest),
      lookedBack: asNumber(known?.lookedBack),
    };
    const pass = savedPass(known) ?? (await newPass());
    let grain = pass.hourly && finer !== undefined ? finer : usual;
    const warnings = options.warnings?.(ctx.api) ?? [];

    let pending: readonly Row[] = [];
    let emptyBuckets = 0;
    let orderTries = 0;
    for (let last = false; !last;) {
      last = pass.at >= ctx.runStart;
      if (last) pass.at = ctx.runStart;
      let start: number | undefined;
      try {
        for await (const part of options.read(ctx, { at: pass.at, grain, after: pass.after })) {
          const [first] = part.rows;
          const begin = first === undefined ? undefined : grain.startOf(first);
          if (begin !== undefined && (pass.at < begin || pass.at >= begin + grain.longest)) throw otherBucket(options, pass.at, begin);
          start ??= begin;
          pass.ripe &&= (start ?? pass.at) + grain.longest + options.lateness <= ctx.runStart;
          pass.after = part.after;
          if (part.after !== undefined) yield page(part.rows, passPosition());
          else pending = part.rows;
        }
        orderTries = 0;
      } catch (error) {
        if (isDisordered(error)) {
          // Some unread rows are before the last group, so the bucket is read from its start.
          [pass.after, last] = [undefined, false];
          if ((orderTries += 1) <= ORDER_TRIES) continue;
          yield page([], passPosition());
          throw error;
        }
        if (grain !== usual || finer === undefined || !options.isTooHeavy(error)) throw error;
        [grain, pass.hourly, pass.after, last] = [finer, true, undefined, false];
        continue;
      }
      if (start !== undefined && grain.learnsBorders) state.day = Math.max(state.day ?? start, start);
      if (pass.ripe) state.settled = Math.max(state.settled ?? -Infinity, start ?? pass.at);
      last ||= grain.holds(ctx.runStart, pass.at, start);
      if (!last) pass.at = grain.next(pass.at, start, state.day);
      emptyBuckets = pending.length === 0 ? emptyBuckets + 1 : 0;
      if (last) {
        if (pass.from <= pass.began - lookback || pass.from === state.oldest)
          state.lookedBack = Math.max(state.lookedBack ?? 0, pass.began);
        yield {
          ...page(pending, endPosition()),
          readTo: pass.began - options.lateness,
          ...(warnings.length === 0 ? {} : { warnings }),
        };
      } else if (pending.length > 0 || emptyBuckets >= EMPTY_PER_COMMIT) {
        yield page(pending, passPosition());
        emptyBuckets = 0;
      }
      pending = [];
    }

    async function newPass(): Promise<Pass> {
      const wanted = ctx.since ?? (state.oldest === undefined ? await options.origin(ctx) : undefined);
      const deeper = wanted !== undefined && (state.oldest === undefined || wanted < state.oldest - DAY);
      if (deeper) state.oldest = wanted;
      // The vendor shows no row yet. That is not saved, so the next pass asks again.
      const oldest = state.oldest ?? ctx.runStart - options.fresh;
      const due = state.lookedBack === undefined || state.lookedBack + DAY <= ctx.runStart;
      const back = Math.min(state.settled ?? oldest, ctx.runStart - (due ? Math.max(options.fresh, lookback) : options.fresh));
      const from = deeper ? oldest : Math.max(oldest, back);
      const at = usual.begin(Math.min(from, ctx.runStart), state.day);
      return { from, began: ctx.runStart, at, after: undefined, ripe: true, hourly: startsFiner };
    }

    function endPosition(): Position {
      const reached = Object.entries(state).filter((entry): entry is [string, number] => entry[1] !== undefined);
      return { v: 1, ...options.noted(ctx.api), ...selection, ...Object.fromEntries(reached) };
    }

    function passPosition(): Position {
      const { from, began, ripe, hourly, after } = pass;
      return { ...endPosition(), pass: { from, began, at: pass.at, ripe, hourly, ...(after === undefined ? {} : { after }) } };
    }

    function page(rows: readonly Row[], where: Position): Page {
      const share = (pass.at - pass.from) / Math.max(1, ctx.runStart - pass.from);
      return { rows, position: where, progress: Math.min(1, Math.max(0, share)) };
    }
  };
}

function savedPass(position: Position | undefined): Pass | undefined {
  const interrupted = asObject(position?.pass);
  const at = asNumber(interrupted?.at);
  if (at === undefined) return undefined;
  return {
    from: asNumber(interrupted?.from) ?? at,
    began: asNumber(interrupted?.began) ?? at,
    at,
    after: asText(interrupted?.after),
    ripe: interrupted?.ripe === true,
    hourly: interrupted?.hourly === true,
  };
}

function otherBucket({ title, vendor, name }: Listed, asked: number, answered: number): TributaryError {
  return new TributaryError(
    `${title} was asked for ${name} of the day or hour that contains ${isoMillis(asked)}, and answered with those of one that begins at ${isoMillis(answered)}.`,
    {
      kind: 'data',
      code: `${vendor}:bucket`,
      remedy: 'The position stays where it is. The next run asks again; report it to the vendor if this persists.',
    },
  );
}
