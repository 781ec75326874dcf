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
  /** Row source; also the name sent with the request. */
  readonly name: string;
  /** All stages but the limit: source, order, and the filter for rows after the cursor. */
  readonly stages: (api: PendoApi, ask: Ask & { readonly cursor: Json | undefined }) => readonly Stage[];
  /** The cursor of a row, from which reading can continue. */
  readonly cursorOf: (row: Row) => Json | undefined;
  /** Values of a cursor in the order in which rows are sorted; by default the cursor itself. */
  readonly sortedBy?: (cursor: Json) => readonly Json[];
  /** Rows per page; about as many are held in memory. */
  readonly perPage: number;
  /** Rows per request, if fewer than `record_limit`. */
  readonly atMost?: number;
}

/** A page is not filled beyond this many bytes of large rows, because one row may have megabytes. */
const HEAVIEST_PAGE = 32 * 1024 * 1024;
/** Smaller requests would take too many round trips. */
const LEAST_LIMIT = 50;

/** An open answer, the cursor of the last row it returned, and whether it returned a row. */
interface Open {
  readonly rows: AsyncGenerator<readonly Row[], void, void>;
  readonly inOrder: (values: readonly Json[]) => void;
  cursor: Json | undefined;
  hasRows: boolean;
}

/**
 * Gives a reader a call that makes several pages of one large answer as it arrives. Only an answer without rows is the end,
 * because an incomplete one may be short. An answer too heavy for the vendor is requested with a lower limit. When rows are not
 * in the requested order, unread rows may be before a committed position: everything since the start of the run is read again,
 * and then it is an error.
 */
export function inPages<Ask = unknown>(
  listing: Listing<Ask>,
  reader: (call: FetchPage<PendoApi, Ask>) => Reader<PendoApi>,
): Reader<PendoApi> {
  return async function* read(ctx) {
    let open: Open | undefined;
    const sortedBy = listing.sortedBy ?? ((cursor: Json) => [cursor]);
    let maxRows = Math.min(listing.atMost ?? Infinity, ctx.api.settings.record_limit);

    const begin = (ask: Ask & { readonly cursor: Json | undefined }, signal: AbortSignal): Open => {
      const begun: Open = {
        cursor: ask.cursor,
        hasRows: false,
        inOrder: watchOrder(listing.name, ask.cursor === undefined ? [] : sortedBy(ask.cursor)),
        rows: aggregate(
          ctx.api,
          listing.name,
          () => [...listing.stages(ctx.api, { ...ask, cursor: begun.cursor }), limit(maxRows)],
          signal,
          maxRows > LEAST_LIMIT,
        ),
      };
      return begun;
    };

    const call: FetchPage<PendoApi, Ask> = async (_api, ask, signal) => {
      const rows: Row[] = [];
      let position = ask.cursor;
      let weight = 0;
      while (rows.length < listing.perPage && weight < HEAVIEST_PAGE) {
        if (open === undefined || !same(open.cursor, position)) {
          await open?.rows.return();
          open = begin({ ...ask, cursor: position }, signal);
        }
        try {
          const { value: batch } = await open.rows.next();
          if (batch === undefined) {
            const { hasRows } = open;
            open = undefined;
            if (hasRows && rows.length === 0) continue;
            break;
          }
          for (const row of batch) {
            rows.push(row);
            const cursor = listing.cursorOf(row);
            if (cursor !== undefined) open.inOrder(sortedBy(cursor));
          }
          // A batch is a piece of the answer; only its first row can be longer than such a piece.
          weight += weigh(batch[0]);
          open.cursor = position = requiredCursor(batch.at(-1) as Row);
          open.hasRows = true;
        } catch (error) {
          await open?.rows.return();
          open = undefined;
          if (!isTooHeavy(error) || maxRows <= LEAST_LIMIT) throw error;
          maxRows = Math.max(LEAST_LIMIT, Math.floor(maxRows / 2));
        }
      }
      return { rows, next: rows.length === 0 ? END : (position as Cursor) };
    };

    function requiredCursor(row: Row): Json {
      const cursor = listing.cursorOf(row);
      if (cursor !== undefined) return cursor;
      throw new TributaryError(`A row of Pendo's answer about ${listing.name} has no id, so reading cannot continue after it.`, {
        kind: 'data',
        code: 'pendo:no_id',
        remedy: 'Nothing was deleted. The next run reads it again; report it to the vendor if this persists.',
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
