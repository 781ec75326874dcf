import { TributaryError } from '../../core/errors.ts';
import { checkedRows } from '../../core/checked-rows.ts';
import type { Need } from '../../core/checked-rows.ts';
import type { HttpClient, Query } from '../http/client.ts';
import { asNumber, asObject } from './resume.ts';
import type { Json } from '../../core/types.ts';
import type { FetchPage } from './paginate.ts';

/** How a listing names its next page. `size` is what was asked for: a shorter page is the last one. */
export type Paging =
  | { readonly by: 'none' }
  /** The answer holds the next cursor at `next`; none there is the end. */
  | { readonly by: 'cursor'; readonly param: string; readonly next: string }
  | { readonly by: 'offset'; readonly param: string; readonly size: number }
  | { readonly by: 'page'; readonly param: string; readonly size: number; readonly first: number };

export interface PagedOptions<Api, Ask> {
  readonly http: (api: Api) => HttpClient;
  readonly endpoint: string;
  readonly bucket?: string;
  readonly path: (ask: Ask) => string;
  readonly query?: (ask: Ask) => Query;
  /** Where the rows are, e.g. `data.sources`. Null counts as no rows; nothing there at all is an error. */
  readonly rows: string;
  /** Where the number of all rows is, where the vendor tells it. */
  readonly total?: string;
  readonly paging: Paging;
  /** Makes rows of what is listed where that is something else, e.g. bare texts. */
  readonly made?: (listed: readonly Json[]) => readonly Json[];
  /** What each row needs before it is used, e.g. an id that other requests are made of. */
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
    const found = at(body, options.rows);
    if (found !== null && !Array.isArray(found)) {
      throw new TributaryError(`The answer to ${path} holds no list at ${options.rows}.`, {
        kind: 'data',
        code: 'no_list',
        remedy: 'Nothing was deleted. The next run reads it again.',
      });
    }
    const listed = (found as readonly Json[] | null) ?? [];
    const rows = checkedRows(options.made?.(listed) ?? listed, options.need);
    const total = options.total === undefined ? undefined : asNumber(at(body, options.total));
    return { rows, next: nextOf(paging, cursor, rows.length, body), ...(total === undefined ? {} : { total }) };
  };
}

function nextOf(paging: Paging, cursor: Json | undefined, count: number, body: Json): Json | undefined {
  if (paging.by === 'none') return undefined;
  if (paging.by === 'cursor') return at(body, paging.next);
  if (count < paging.size) return undefined;
  return Number(cursor) + (paging.by === 'offset' ? count : 1);
}

function at(body: Json, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((value, name) => asObject(value)?.[name], body);
}
