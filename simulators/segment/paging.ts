import type { Answer } from '../kit/http-server.ts';
import { data, invalid } from './answers.ts';
import type { Switches } from './options.ts';
import type { VendorRow } from './workspace.ts';

const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** Dotted and bracketed names are equivalent. */
function parameter(query: URLSearchParams, name: 'count' | 'cursor'): string | null {
  return query.get(`pagination.${name}`) ?? query.get(`pagination[${name}]`);
}

export interface PageRequest {
  count: number;
  offset: number;
  /** The end of the time range in a time-based cursor. */
  end?: number;
}

export function pageRequest(query: URLSearchParams): PageRequest | Answer {
  const count = parameter(query, 'count') ?? '200';
  if (!/^\d+$/.test(count) || Number(count) < 1 || Number(count) > 1000)
    return invalid('pagination.count', 'must be an integer between 1 and 1000');
  const cursor = parameter(query, 'cursor');
  if (cursor === null) return { count: Number(count), offset: 0 };
  const decoded = Buffer.from(cursor, 'base64').toString('utf8');
  const parts = /^(?:(\d+):)?(\d+)$/.exec(decoded);
  if (!parts || encode(decoded) !== cursor) return invalid('pagination.cursor', 'is not a valid cursor');
  return { count: Number(count), offset: Number(parts[2]), ...(parts[1] !== undefined && { end: Number(parts[1]) }) };
}

export interface Listing {
  /** Name of the collection under `data`. */
  key: string;
  rows: readonly VendorRow[];
  /** Fixes the following pages to this end, so that new rows do not shift them. */
  end?: number;
  totals: boolean;
  /** The vendor may omit the object when one page holds everything. */
  optional?: boolean;
}

export function listPage(listing: Listing, page: PageRequest, switches: Switches): Answer {
  const { key, rows, end } = listing;
  const cursorAt = (offset: number): string => encode(end === undefined ? String(offset) : `${end}:${offset}`);
  const after = page.offset + page.count;
  const pagination: Record<string, unknown> = { current: cursorAt(page.offset) };
  const absent = switches.ends === 'null' ? null : undefined;
  pagination['next'] = after < rows.length ? cursorAt(after) : absent;
  pagination['previous'] = page.offset > 0 ? cursorAt(Math.max(0, page.offset - page.count)) : absent;
  if (listing.totals) pagination['totalEntries'] = rows.length;
  const single = page.offset === 0 && after >= rows.length;
  return data({
    [key]: rows.slice(page.offset, after),
    ...(!(listing.optional && single && !switches.optionalPagination) && { pagination }),
  });
}
