import { TributaryError } from '../../src/core/errors.ts';
import type { Json, Reader, Row } from '../../src/core/types.ts';
import { weigh } from '../../src/record/raw-text.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import type { FetchPage, Cursor } from '../../src/sdk/readers/paginate.ts';
import { limit } from './aggregation.ts';
import type { Stage } from './aggregation.ts';
import { aggregate, isTooHeavy } from './api.ts';
import type { PendoApi } from './api.ts';
import { isDisordered, ORDER_TRIES, watchOrder } from './order.ts';

export interface Listing<Ask> {
  /** Row source, also the name the request is sent under. */
  readonly name: string;
  /** Everything but the limit: source, order, and what leads behind the row the cursor names. */
  readonly stages: (api: PendoApi, ask: Ask & { readonly cursor: Json | undefined }) => readonly Stage[];
  /** Names a row, so that reading can go on behind it. */
  readonly cursorOf: (row: Row) => Json | undefined;
  /** Values of a cursor in the order the rows are sorted by; a text is its own value. */
  readonly sortedBy?: (cursor: Json) => readonly Json[];
  /** Rows of one page; about as many are held in memory. */
  readonly perPage: number;
  /** Rows asked for at once, if that is less than the settings allow. */
  readonly atMost?: number;
}

/** A page whose large rows weigh as much, bytes, is not filled further: one row may have megabytes. */
const HEAVIEST_PAGE = 32 * 1024 * 1024;
/** Fewer rows at once would take for ever. */
const LEAST_LIMIT = 50;

/** An answer under way, the last row it gave, and whether it gave one. */
interface Open {
  readonly rows: AsyncGenerator<readonly Row[], void, void>;
  readonly inOrder: (values: readonly Json[]) => void;
  behind: Json | undefined;
  gave: boolean;
}

/**
 * Gives a reader a call that makes several pages of one answer, as it arrives: it may be large. Only an answer without
 * rows is the end: a short one may have been cut. One too heavy for the vendor is asked for in smaller pieces. Rows in
 * another order may be behind a position that was given: all since the run began is read again, then that fails.
 */
export function inPages<Ask = unknown>(
  listing: Listing<Ask>,
  reader: (call: FetchPage<PendoApi, Ask>) => Reader<PendoApi>,
): Reader<PendoApi> {
  return async function* read(ctx) {
    let open: Open | undefined;
    const sortedBy = listing.sortedBy ?? ((cursor: Json) => [cursor]);
    let most = Math.min(listing.atMost ?? Infinity, ctx.api.settings.record_limit);

    const begin = (ask: Ask & { readonly cursor: Json | undefined }, signal: AbortSignal): Open => {
      const begun: Open = {
        behind: ask.cursor,
        gave: false,
        inOrder: watchOrder(listing.name, ask.cursor === undefined ? [] : sortedBy(ask.cursor)),
        rows: aggregate(
          ctx.api,
          listing.name,
          () => [...listing.stages(ctx.api, { ...ask, cursor: begun.behind }), limit(most)],
          signal,
          most > LEAST_LIMIT,
        ),
      };
      return begun;
    };

    const call: FetchPage<PendoApi, Ask> = async (_api, ask, signal) => {
      const rows: Row[] = [];
      let behind = ask.cursor;
      let weight = 0;
      while (rows.length < listing.perPage && weight < HEAVIEST_PAGE) {
        if (open === undefined || !same(open.behind, behind)) {
          await open?.rows.return();
          open = begin({ ...ask, cursor: behind }, signal);
        }
        try {
          const { value: batch } = await open.rows.next();
          if (batch === undefined) {
            const { gave } = open;
            open = undefined;
            if (gave && rows.length === 0) continue;
            break;
          }
          for (const row of batch) {
            rows.push(row);
            const cursor = listing.cursorOf(row);
            if (cursor !== undefined) open.inOrder(sortedBy(cursor));
          }
          // What comes at once is a piece of the answer, and at most its first row is longer than such a piece.
          weight += weigh(batch[0]);
          open.behind = behind = nameOf(batch.at(-1) as Row);
          open.gave = true;
        } catch (error) {
          await open?.rows.return();
          open = undefined;
          if (!isTooHeavy(error) || most <= LEAST_LIMIT) throw error;
          most = Math.max(LEAST_LIMIT, Math.floor(most / 2));
        }
      }
      return { rows, next: rows.length === 0 ? END : (behind as Cursor) };
    };

    function nameOf(row: Row): Json {
      const cursor = listing.cursorOf(row);
      if (cursor !== undefined) return cursor;
      throw new TributaryError(`A row of Pendo's answer about ${listing.name} has no id, so nothing can be read behind it.`, {
        kind: 'data',
        code: 'pendo:no_id',
        remedy: 'Nothing was deleted. The next run reads it again; report it to the vendor if it stays.',
      });
    }

    for (let tries = 1; ; tries += 1) {
      try {
        return yield* reader(call)(ctx);
      } catch (error) {
        if (!isDisordered(error)) throw error;
        if (tries <= ORDER_TRIES) continue;
        yield { rows: [], position: ctx.position ?? { v: 1 } };
        throw error;
      } finally {
        await open?.rows.return();
        open = undefined;
      }
    }
  };
}

const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);
