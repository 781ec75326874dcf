import { TributaryError } from '../../core/errors.ts';
import type { Json, Reader, Row } from '../../core/types.ts';
import { weigh } from '../../record/raw-text.ts';
import { END } from './paginate.ts';
import type { Cursor, FetchPage } from './paginate.ts';
import { isDisordered, ORDER_TRIES, watchOrder } from './sort-order.ts';
import type { Listed } from './sort-order.ts';

/** A request for rows that are sorted by a key: at most `limit` rows after the one at `cursor`, or the first ones. */
export type KeysetAsk<Ask> = Ask & { readonly cursor: Json | undefined; readonly limit: number };

export interface KeysetOptions<Api, Ask> extends Listed {
  /**
   * Yields the rows of one answer as they arrive. `next` is called before each attempt and gives what to ask for, because the
   * rows of an attempt that broke off are kept. `reducible`: fewer rows can be requested, so a time-out is an error.
   */
  readonly stream: (
    api: Api,
    next: () => KeysetAsk<Ask>,
    how: { readonly signal: AbortSignal; readonly reducible: boolean },
  ) => AsyncGenerator<readonly Row[], void, void>;
  /** The cursor of a row, from which reading can continue. */
  readonly cursorOf: (row: Row) => Json | undefined;
  /** Values of a cursor in the order in which rows are sorted; by default the cursor itself. */
  readonly sortedBy?: (cursor: Json) => readonly Json[];
  /** Rows per page; about as many are held in memory. */
  readonly perPage: number;
  /** Rows per request. */
  readonly limit: (api: Api) => number;
  /** Whether a request for fewer rows may succeed after this error. */
  readonly isTooHeavy: (error: unknown) => boolean;
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
 * Keyset pagination over large answers: gives a reader a call that makes several pages of one answer as it arrives. Only an answer
 * without rows is the end, because an incomplete one may be short. An answer too heavy for the vendor is requested with a lower
 * limit. When rows are not in the requested order, unread rows may be before a committed position: everything since the start of
 * the run is read again, and then it is an error.
 */
export function keysetPages<Api, Ask = unknown>(
  options: KeysetOptions<Api, Ask>,
  reader: (call: FetchPage<Api, Ask>) => Reader<Api>,
): Reader<Api> {
  return async function* read(ctx) {
    let open: Open | undefined;
    const sortedBy = options.sortedBy ?? ((cursor: Json) => [cursor]);
    let limit = options.limit(ctx.api);

    const begin = (ask: Ask & { readonly cursor: Json | undefined }, signal: AbortSignal): Open => {
      const begun: Open = {
        cursor: ask.cursor,
        hasRows: false,
        inOrder: watchOrder(options, ask.cursor === undefined ? [] : sortedBy(ask.cursor)),
        rows: options.stream(ctx.api, () => ({ ...ask, cursor: begun.cursor, limit }), { signal, reducible: limit > LEAST_LIMIT }),
      };
      return begun;
    };

    const call: FetchPage<Api, Ask> = async (_api, ask, signal) => {
      const rows: Row[] = [];
      let position = ask.cursor;
      let weight = 0;
      while (rows.length < options.perPage && weight < HEAVIEST_PAGE) {
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
            const cursor = options.cursorOf(row);
            if (cursor !== undefined) open.inOrder(sortedBy(cursor));
          }
          // A batch is a piece of the answer; only its first row can be longer than such a piece.
          weight += weigh(batch[0]);
          open.cursor = position = requiredCursor(batch.at(-1) as Row);
          open.hasRows = true;
        } catch (error) {
          await open?.rows.return();
          open = undefined;
          if (!options.isTooHeavy(error) || limit <= LEAST_LIMIT) throw error;
          limit = Math.max(LEAST_LIMIT, Math.floor(limit / 2));
        }
      }
      return { rows, next: rows.length === 0 ? END : (position as Cursor) };
    };

    function requiredCursor(row: Row): Json {
      const cursor = options.cursorOf(row);
      if (cursor !== undefined) return cursor;
      throw new TributaryError(`A row of ${options.title}'s answer about ${options.name} has no id, so reading cannot continue after it.`, {
        kind: 'data',
        code: `${options.vendor}:no_id`,
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
