import { listAt, nextAt, totalAt, unusable } from '../../src/sdk/answers.ts';
import type { Asked, NextPlace } from '../../src/sdk/answers.ts';
import { checkedRows } from '../../src/core/checked-rows.ts';
import type { Need } from '../../src/core/checked-rows.ts';
import type { Query } from '../../src/sdk/http/client.ts';
import { pathPart } from '../../src/sdk/http/url.ts';
import { asObject, asText, printed } from '../../src/sdk/readers/resume.ts';
import type { Json, JsonObject, Row } from '../../src/core/types.ts';
import { END } from '../../src/sdk/readers/paginate.ts';
import type { FetchPage, ListingPage } from '../../src/sdk/readers/paginate.ts';
import { explained } from './api.ts';
import type { SegmentApi } from './api.ts';

export interface RequestParts {
  /** Values for the `{name}` parts of the path. */
  readonly params?: Readonly<Record<string, string>>;
  /** Bucket of the budget; by default the one for all endpoints. */
  readonly bucket?: 'alpha';
}

export interface ListingOptions<Ask> extends RequestParts {
  readonly query?: (ask: Ask & { readonly cursor: Json | undefined }) => Query;
  /** Converts the rows of a page, e.g. adds values of the request. */
  readonly rows?: (rows: readonly Row[], ask: Ask) => readonly Row[];
  /** What each row needs before it is used. */
  readonly need?: Need;
  /** The vendor may omit the pagination object when one page holds everything. */
  readonly single?: boolean;
  /** The member by which the rows name the parent they were requested below, that parent, and how often they do so. */
  readonly namedParent?: readonly [field: string, parent: string, how: 'usually' | 'always'];
}

/** The request, for errors about its answer. */
export const about = (path: string): Asked => ({ what: `GET ${path} of Segment`, code: 'segment:no_data' });

/**
 * Every page names itself in `current`; on the last one `next` is absent, null or an empty text. Source: docs.segmentapis.com,
 * page "Pagination".
 */
const NEXT: NextPlace = { at: 'pagination.next', ends: ['absent', 'null', 'empty'], beside: 'current' };

/** A paged collection: `path` such as `/sources/{sourceId}/connected-warehouses`, `collection` its member under `data`. */
export function listing<Ask = unknown>(path: string, collection: string, options: ListingOptions<Ask> = {}): FetchPage<SegmentApi, Ask> {
  return async (api, ask, signal) => {
    const query = { ...options.query?.(ask), 'pagination.count': api.pageSize, 'pagination.cursor': asText(ask.cursor) };
    const data = await readData(api, path, options, query, signal);
    const asked = about(path);
    const rows = checkedRows(listAt(data, collection, asked), options.need);
    const total = totalAt(data, 'pagination.totalEntries', asked);
    const single =
      options.single === true && query['pagination.cursor'] === undefined && rows.length < api.pageSize && data.pagination === undefined;
    const next = single ? END : nextAt(data, NEXT, asked);
    return {
      rows: options.rows?.(rows, ask) ?? rows,
      next,
      ...(total === undefined ? {} : { total }),
      ...(options.namedParent === undefined ? {} : namingAnother(rows, options.namedParent)),
    };
  };
}

/** The `data` of an answer. Throws `data` when it is missing. */
export async function readData(
  api: SegmentApi,
  path: string,
  { params, bucket }: RequestParts,
  query: Query,
  signal: AbortSignal,
): Promise<JsonObject> {
  const filled = path.replace(/\{([^{}]+)\}/g, (_, name: string) => pathPart(params?.[name] ?? ''));
  const { body } = await api.http
    .get(filled, { endpoint: path, ...(bucket === undefined ? {} : { bucket }), query, signal })
    .catch((error: unknown) => {
      // A request below a listed parent is made with a token that works, so its 403 concerns only this request.
      if (params !== undefined) throw error;
      return explained(api, error, signal);
    });
  const data = asObject(asObject(body)?.data);
  if (data === undefined) throw unusable(about(path), 'holds no data');
  return data;
}

/**
 * A warning when rows requested below one parent name another one. Where rows always name their own, and all of these name
 * another, it is a doubt, because the answer may be that to another request.
 */
function namingAnother(
  rows: readonly Row[],
  [field, parent, how]: NonNullable<ListingOptions<unknown>['namedParent']>,
): Pick<ListingPage, 'warnings' | 'doubt'> {
  const odd = rows.filter((row) => typeof row[field] === 'string' && row[field] !== parent);
  const [first] = odd;
  if (first === undefined) return {};
  const example = `e.g. ${printed(first.id)} names ${printed(first[field])}.`;
  if (how === 'always' && !rows.some((row) => row[field] === parent)) return { doubt: `All rows name another ${field}, ${example}` };
  return { warnings: [`${odd.length} of the rows of ${parent} name another ${field}, ${example}`] };
}
