import { createHash } from 'node:crypto';
import { TributaryError } from '../../core/errors.ts';
import { DEEPEST_JSON, isDeeper } from '../../core/json/depth.ts';
import type { Json, Row } from '../../core/types.ts';

/** The vendor said that no page follows. Only the value the vendor uses for that may become END; a missing value proves nothing. */
export const END: unique symbol = Symbol('end of the listing');

/** Names the next page. */
export type Cursor = Exclude<Json, null>;

/** One answer of a paged listing. */
export interface ListingPage {
  readonly rows: readonly Row[];
  /** Rows that only prove that their key exists. */
  readonly seen?: readonly Row[];
  /** Where the next page begins, or that the listing has ended. */
  readonly next: Cursor | typeof END;
  /** Rows of the whole listing, where the vendor announces it. */
  readonly total?: number;
  readonly warnings?: readonly string[];
  /** Why these may be the rows of another parent, one sentence: `fanOut` then deletes none of the rows of this parent. */
  readonly doubt?: string;
}

/** Requests one page; the first has no cursor. */
export type FetchPage<Api, Ask = unknown> = (
  api: Api,
  ask: Ask & { readonly cursor: Json | undefined },
  signal: AbortSignal,
) => Promise<ListingPage>;

export interface Step extends ListingPage {
  /** Whether another page follows; then `next` is its cursor. */
  readonly more: boolean;
  /** Pages fetched so far by this call, this one included. */
  readonly page: number;
}

/** Pages in a row without a new row, of at most one row each, after which a listing leads nowhere. Some vendors send a few. */
const MOST_STILL = 1_000;

/**
 * Follows a listing from a cursor to its end. A listing that leads back to a page it has already shown is a `data` error, never
 * an end, also when every page has a new cursor.
 */
export async function* paginate(
  fetch: (cursor: Json | undefined) => Promise<ListingPage>,
  from: Json | undefined,
): AsyncGenerator<Step, void, void> {
  const used = new Set<string>();
  let first: string | undefined;
  let previous: string | undefined;
  /** A page that all later ones are compared with, until twice as many were read: so a round of any length is noticed (Brent). */
  let landmark: { readonly fingerprint: string | undefined; readonly page: number } = { fingerprint: undefined, page: 1 };
  let small: { readonly rows: string; readonly times: number } = { rows: '', times: 0 };
  let cursor = from;
  for (let page = 1; ; page += 1) {
    if (cursor !== undefined) used.add(JSON.stringify(cursor));
    const batch = await fetch(cursor);
    const more = batch.next !== END;
    if (batch.next === undefined || batch.next === null || batch.next === '') throw endless(page);
    if (more && used.has(JSON.stringify(batch.next))) throw loops('the vendor named a page that was read before as the next one');
    const fingerprint = fingerprintOf(batch.seen ?? batch.rows);
    if (fingerprint !== undefined && [first, previous, landmark.fingerprint].includes(fingerprint))
      throw loops(`page ${page} repeats an earlier one`);
    first ??= fingerprint;
    previous = fingerprint;
    if (fingerprint !== undefined && page >= 2 * landmark.page) landmark = { fingerprint, page };
    const rows = fingerprint === undefined ? textOf(batch.seen ?? batch.rows) : undefined;
    small = rows === undefined ? { rows: '', times: 0 } : { rows, times: rows === small.rows ? small.times + 1 : 1 };
    if (more && small.times > MOST_STILL) throw loops(`${MOST_STILL} pages in a row showed nothing new`);
    yield { ...batch, more, page };
    if (!more) return;
    cursor = batch.next;
  }
}

function endless(page: number): TributaryError {
  return new TributaryError(`Page ${page} does not tell whether another one follows.`, {
    kind: 'data',
    code: 'no_end',
    remedy: 'Nothing was deleted. The next run reads the listing again; report it to the vendor if this persists.',
  });
}

function loops(what: string): TributaryError {
  return new TributaryError(`The listing does not end: ${what}.`, {
    kind: 'data',
    code: 'paging_loop',
    remedy: 'Nothing was deleted. The next run reads the listing again; report it to the vendor if this persists.',
  });
}

/**
 * Undefined for pages of one row, because two of them may well be equal. Longer pages are compared by their first and last row,
 * which is cheap.
 */
function fingerprintOf(rows: readonly Row[]): string | undefined {
  const ends = rows.length < 2 ? undefined : textOf([rows.length, rows[0], rows.at(-1)]);
  return ends === undefined ? undefined : createHash('sha1').update(ends).digest('base64');
}

/** Undefined for what is nested so deep that no text can be made of it. */
const textOf = (value: unknown): string | undefined => (isDeeper(value, DEEPEST_JSON) ? undefined : JSON.stringify(value, withBigInts));
const withBigInts = (_: string, item: unknown): unknown => (typeof item === 'bigint' ? `${item}n` : item);
