import type { Query } from '../../src/sdk/http/client.ts';
import { listAt } from '../../src/sdk/answers.ts';
import type { ListOptions, NextPlace } from '../../src/sdk/answers.ts';
import { checkedRows } from '../../src/core/checked-rows.ts';
import type { Need } from '../../src/core/checked-rows.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { paged } from '../../src/sdk/readers/paged.ts';
import { contextWith } from '../../src/sdk/readers/resume.ts';
import type { Json, Reader, Row } from '../../src/core/types.ts';
import type { FetchPage } from '../../src/sdk/readers/paginate.ts';
import type { CustomerIoApi } from './api.ts';

interface ListingOptions<Ask> {
  readonly query?: (ask: Ask) => Query;
  /** The vendor writes an empty collection of this kind as null instead of an empty list. */
  readonly orNull?: boolean;
  /** Converts the rows of a page before they are used. */
  readonly rows?: (rows: readonly Json[]) => readonly Json[];
}

/** On pages that may have successors, `next` is the token of the next page, an empty text on the last one. */
export const NEXT: NextPlace = { at: 'next', ends: ['empty'], numbers: true };

/** A collection that is paged. */
export function listing<Ask = unknown>(path: string, rows: string, options: ListingOptions<Ask> = {}): FetchPage<CustomerIoApi, Ask> {
  return collection(path, rows, NEXT, options);
}

/** A collection documented as one answer without a next page. A next page is followed all the same if there is one. */
export function whole<Ask = unknown>(path: string, rows: string, options: ListingOptions<Ask> = {}): FetchPage<CustomerIoApi, Ask> {
  return collection(path, rows, { ...NEXT, ends: ['absent', 'empty'] }, options);
}

function collection<Ask>(path: string, rows: string, next: NextPlace, options: ListingOptions<Ask>): FetchPage<CustomerIoApi, Ask> {
  const { query, orNull = false, rows: made } = options;
  return paged<CustomerIoApi, Ask>({
    http: (api) => api.http,
    endpoint: path,
    path: () => path,
    rows,
    orNull,
    ...(query === undefined ? {} : { query }),
    ...(made === undefined ? {} : { made }),
    paging: { by: 'cursor', param: 'start', next },
  });
}

/**
 * One listing of everything in each run. `readTo` is set only for a listing that began in this run, because a resumed one may
 * have missed changes.
 */
export function everything(call: FetchPage<CustomerIoApi>): Reader<CustomerIoApi> {
  const read = fullScan(call);
  return async function* whole(ctx) {
    let begun: string | undefined;
    for await (const page of read(contextWith(ctx, { newScan: () => (begun = ctx.newScan()) }))) {
      yield page.scan?.end !== undefined && page.scan.id === begun ? { ...page, readTo: ctx.runStart } : page;
    }
  };
}

/** The rows at that member of an answer. Null counts as an empty list only where the vendor is known to write it. */
export const rowsIn = (
  body: Json,
  name: string,
  path: string,
  { orNull = false, need }: ListOptions & { readonly need?: Need } = {},
): readonly Row[] => checkedRows(listAt(body, name, path, { orNull }), need);
