import { CursorLost, asNumber, asObject, fromSavedCursor, saved } from './resume.ts';
import type { Json, Page, Position, ReadContext, Reader, Row } from '../../core/types.ts';
import { paginate } from './paginate.ts';
import type { FetchPage } from './paginate.ts';

export interface IncrementalAsk {
  /** Rows whose field is later than this (epoch ms), overlap included; undefined requests all rows. */
  readonly after: number | undefined;
  /** Rows whose field is earlier than this (epoch ms). */
  readonly before: number;
}

export interface IncrementalOptions<Api> {
  /** Lists in ascending order of the field, unless `unordered`. */
  readonly call: FetchPage<Api, IncrementalAsk>;
  /** The field's value, epoch ms; null when the row has none. */
  readonly by: (row: Row) => number | null;
  /** How far before the last value the next run begins, ms. */
  readonly overlap: number;
  /** Time until a change becomes visible at the vendor, ms. */
  readonly delay: number;
  /** Smallest step of the field, ms: bounds are rounded down to it. Default 1 s. */
  readonly granularity?: number;
  /** Whether the first run begins at the configured history (`since`) instead of at the very beginning. */
  readonly limitedHistory?: boolean;
  /** Lists in no order, or newest first: a range whose cursor was lost is read again from its start. */
  readonly unordered?: boolean;
}

interface Range {
  readonly after: number | undefined;
  readonly before: number;
}

/**
 * Incremental by a field that grows with each change. The position is the highest value read. It is at most the run's start
 * less the vendor's delay, never goes back, and ignores dates in the future. An interrupted run resumes from its cursor; when
 * the cursor is lost, from the highest value that was read in order. In the position, `walk` is the range that was interrupted.
 */
export function incremental<Api>(options: IncrementalOptions<Api>): Reader<Api> {
  const granularity = options.granularity ?? 1_000;
  return async function* read(ctx) {
    const bound = Math.floor((ctx.runStart - options.delay) / granularity) * granularity;
    const position = saved(ctx, 1);
    let at = asNumber(position?.at);
    const interrupted = asObject(position?.walk);
    const before = asNumber(interrupted?.before);
    if (interrupted !== undefined && before !== undefined) {
      const range: Range = { after: asNumber(interrupted.after), before: Math.min(before, bound) };
      try {
        // The cursor belongs to the range; one up to a time to come was asked for by a wrong clock.
        if (before > bound) throw new CursorLost('the range ends in the future');
        yield* run(range, interrupted.cursor);
      } catch (error) {
        if (!(error instanceof CursorLost)) throw error;
        ctx.count('cursors_lost');
        const reached = asNumber(interrupted.reached);
        if (reached !== undefined) yield* run({ ...range, after: reached - options.overlap }, undefined);
      }
    }
    const after = at === undefined ? beginning(ctx) : at - options.overlap;
    if (after === undefined || after < bound) yield* run({ after, before: bound }, undefined);

    async function* run(range: Range, from: Json | undefined): AsyncGenerator<Page, void, void> {
      const steps = paginate((cursor) => options.call(ctx.api, { after: range.after, before: range.before, cursor }, ctx.signal), from);
      let high = asNumber(interrupted?.high);
      let reached: number | undefined = from === undefined ? undefined : asNumber(interrupted?.reached);
      let ordered = options.unordered !== true && (from === undefined || reached !== undefined);
      let lowest: number | undefined;
      for await (const step of fromSavedCursor(steps, from)) {
        for (const row of step.rows) {
          const value = options.by(row);
          if (value === null || value > range.before) continue;
          lowest ??= value;
          if (ordered && reached !== undefined && value < reached) {
            ordered = false;
            ctx.count('rows_out_of_order');
          }
          if (reached === undefined || value > reached) reached = value;
          if (high === undefined || value > high) high = value;
        }
        const { more, next, page: _page, total: _total, ...rest } = step;
        if (!more && high !== undefined) at = Math.max(at ?? high, high);
        const start = range.after ?? lowest;
        yield {
          ...rest,
          position: more ? inside(range, next as Json, high, ordered ? reached : undefined) : { v: 1, ...(at === undefined ? {} : { at }) },
          ...(more ? {} : { readTo: range.before }),
          ...(more && ordered && start !== undefined && reached !== undefined && range.before > start
            ? { progress: Math.min(1, Math.max(0, (reached - start) / (range.before - start))) }
            : {}),
        };
      }
    }

    function inside(range: Range, cursor: Json, high: number | undefined, reached: number | undefined): Position {
      return {
        v: 1,
        ...(at === undefined ? {} : { at }),
        walk: {
          before: range.before,
          cursor,
          ...(range.after === undefined ? {} : { after: range.after }),
          ...(high === undefined ? {} : { high }),
          ...(reached === undefined ? {} : { reached }),
        },
      };
    }
  };

  function beginning(ctx: ReadContext<Api>): number | undefined {
    return options.limitedHistory === true ? ctx.since : undefined;
  }
}
