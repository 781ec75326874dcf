import { checkedRows } from '../../core/checked-rows.ts';
import type { Need } from '../../core/checked-rows.ts';
import { listAt, nextAt, totalAt } from '../answers.ts';
import type { NextPlace } from '../answers.ts';
import type { HttpClient, Query } from '../http/client.ts';
import { canonicalJson } from '../../core/json/canonical.ts';
import type { Json, Row } from '../../core/types.ts';
import { END } from './paginate.ts';
import type { ListingPage, FetchPage } from './paginate.ts';

/** How a listing names its next page. */
export type Paging =
  /** One answer holds everything. */
  | { readonly by: 'none' }
  /** The answer holds the next cursor. */
  | { readonly by: 'cursor'; readonly param: string; readonly next: NextPlace }
  /** Read until a page without rows; a page with few rows may be incomplete. */
  | { readonly by: 'offset'; readonly param: string }
  | { readonly by: 'page'; readonly param: string; readonly first: number };

export interface PagedOptions<Api, Ask> {
  readonly http: (api: Api) => HttpClient;
  readonly endpoint: string;
  readonly bucket?: string;
  readonly path: (ask: Ask) => string;
  readonly query?: (ask: Ask & { readonly cursor: Json | undefined }) => Query;
  /** Path of the rows in the answer, e.g. `data.sources`. */
  readonly rows: string;
  /** The vendor writes an empty list as null. Otherwise null is an error, as is everything that is not a list. */
  readonly orNull?: boolean;
  /** Path of the total number of rows, where the vendor announces it. */
  readonly total?: string;
  readonly paging: Paging;
  /** Converts the listed values to rows where they are not objects, e.g. plain texts. */
  readonly made?: (listed: readonly Json[]) => readonly Json[];
  /** What each row needs before it is used, e.g. an id from which other requests are built. */
  readonly need?: Need;
}

/** One GET endpoint as a {@link FetchPage}. */
export function paged<Api, Ask = unknown>(options: PagedOptions<Api, Ask>): FetchPage<Api, Ask> {
  const { paging } = options;
  return async (api, ask, signal) => {
    const cursor = ask.cursor ?? (paging.by === 'page' ? paging.first : paging.by === 'offset' ? 0 : undefined);
    const path = options.path(ask);
    const { body } = await options.http(api).get(path, {
      endpoint: options.endpoint,
      ...(options.bucket === undefined ? {} : { bucket: options.bucket }),
      query: { ...options.query?.(ask), ...(paging.by === 'none' || cursor === undefined ? {} : { [paging.param]: String(cursor) }) },
      signal,
    });
    const listed = listAt(body, options.rows, path, { orNull: options.orNull === true });
    const rows = checkedRows(options.made?.(listed) ?? listed, options.need);
    const total = options.total === undefined ? undefined : totalAt(body, options.total, path);
    return { rows, next: nextOf(paging, cursor, rows, body, path), ...(total === undefined ? {} : { total }) };
  };
}

function nextOf(paging: Paging, cursor: Json | undefined, rows: readonly Row[], body: Json, path: string): ListingPage['next'] {
  if (paging.by === 'none') return END;
  if (paging.by === 'cursor') return nextAt(body, paging.next, path);
  if (rows.length === 0) return END;
  return Number(cursor) + (paging.by === 'offset' ? places(rows) : 1);
}

/** Places of the list that rows take: one that stands twice takes one, and counted twice would pass over the row behind the page. */
export const places = (rows: readonly Row[]): number => new Set(rows.map((row) => canonicalJson(row))).size;
