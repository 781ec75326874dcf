import { CursorLost, asNumber, asObject, fromSavedCursor, saved } from './resume.ts';
import type { Json, Page, Position, ReadContext, Reader, Row } from '../../core/types.ts';
import { paginate } from './paginate.ts';
import type { FetchPage } from './paginate.ts';

export interface IncrementalAsk {
  /** Rows whose field is later than this (epoch ms); undefined asks for all. Already includes the overlap. */
  readonly after: number | undefined;
  /** Rows whose field is earlier than this (epoch ms). */
  readonly before: number;
}

export interface IncrementalOptions<Api> {
  /** Lists in ascending order of the field unless `unordered`. */
  readonly call: FetchPage<Api, IncrementalAsk>;
  /** The field's value, epoch ms; null when the row has none. */
  readonly by: (row: Row) => number | null;
  /** How far before the last value reading begins again, ms. */
  readonly overlap: number;
  /** How long the vendor takes until a change can be asked for, ms. */
  readonly delay: number;
  /** Smallest step of the field, ms: bounds are rounded down to it. Default 1 s. */
  readonly granularity?: number;
  /** Whether the first read begins at the wanted history (`since`) instead of at the beginning. */
  readonly limitedHistory?: boolean;
  /** Lists in no order, or newest first: a walk whose cursor was lost begins again. */
  readonly unordered?: boolean;
}

interface Walk {
  readonly after: number | undefined;
  readonly before: number;
}

/**
 * Incremental by a field that grows with each change. The position is the highest value read: it never passes
 * the run's start less the vendor's delay and never goes back, and dates from the future do not move it. A cut
 * walk goes on from its cursor; when the cursor is lost, from the highest value read in order.
 */
export function incremental<Api>(options: IncrementalOptions<Api>): Reader<Api> {
  const grain = options.granularity ?? 1_000;
  return async function* read(ctx) {
    const bound = Math.floor((ctx.runStart - options.delay) / grain) * grain;
    const position = saved(ctx, 1);
    let at = asNumber(position?.at);
    const cut = asObject(position?.walk);
    const before = asNumber(cut?.before);
    if (cut !== undefined && before !== undefined) {
      const open: Walk = { after: asNumber(cut.after), before };
      try {
        yield* run(open, cut.cursor);
      } catch (error) {
        if (!(error instanceof CursorLost)) throw error;
        ctx.count('cursors_lost');
        const reached = asNumber(cut.reached);
        if (reached !== undefined) yield* run({ ...open, after: reached - options.overlap }, undefined);
      }
    }
    const after = at === undefined ? beginning(ctx) : at - options.overlap;
    if (after === undefined || after < bound) yield* run({ after, before: bound }, undefined);

    async function* run(open: Walk, from: Json | undefined): AsyncGenerator<Page, void, void> {
      const steps = paginate((cursor) => options.call(ctx.api, { after: open.after, before: open.before, cursor }, ctx.signal), from);
      let high = asNumber(cut?.high);
      let reached: number | undefined = from === undefined ? undefined : asNumber(cut?.reached);
      let ordered = options.unordered !== true && (from === undefined || reached !== undefined);
      let lowest: number | undefined;
      for await (const step of fromSavedCursor(steps, from)) {
        for (const row of step.rows) {
          const value = options.by(row);
          if (value === null || value > open.before) continue;
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
        const start = open.after ?? lowest;
        yield {
          ...rest,
          position: more ? inside(open, next as Json, high, ordered ? reached : undefined) : { v: 1, ...(at === undefined ? {} : { at }) },
          ...(more ? {} : { readTo: open.before }),
          ...(more && ordered && start !== undefined && reached !== undefined && open.before > start
            ? { progress: Math.min(1, Math.max(0, (reached - start) / (open.before - start))) }
            : {}),
        };
      }
    }

    function inside(open: Walk, cursor: Json, high: number | undefined, reached: number | undefined): Position {
      return {
        v: 1,
        ...(at === undefined ? {} : { at }),
        walk: {
          before: open.before,
          cursor,
          ...(open.after === undefined ? {} : { after: open.after }),
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
