import type { Query } from '../../src/sdk/http/client.ts';
import { listAt } from '../../src/sdk/answers.ts';
import type { NextPlace } from '../../src/sdk/answers.ts';
import { checkedRows } from '../../src/core/checked-rows.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { paged } from '../../src/sdk/readers/paged.ts';
import { contextWith } from '../../src/sdk/readers/resume.ts';
import type { Json, Reader, Row } from '../../src/core/types.ts';
import type { FetchPage } from '../../src/sdk/readers/paginate.ts';
import type { CustomerIoApi } from './api.ts';

interface ListingOptions<Ask> {
  readonly query?: (ask: Ask) => Query;
  /** The vendor writes an empty collection of this kind as null instead of as an empty list. */
  readonly orNull?: boolean;
  /** What becomes of a page's rows before anybody else sees them. */
  readonly rows?: (rows: readonly Json[]) => readonly Json[];
}

/** On pages that may have followers: the token of the next one, an empty text on the last. */
export const NEXT: NextPlace = { at: 'next', ends: ['empty'], numbers: true };

/** A collection in several answers. */
export function listing<Ask = unknown>(path: string, rows: string, options: ListingOptions<Ask> = {}): FetchPage<CustomerIoApi, Ask> {
  return collection(path, rows, NEXT, options);
}

/** A collection that comes in one answer, which names no next page. It is followed if it ever does. */
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

/** One listing of everything in each run. One begun in this very run has shown all that had changed before the run. */
export function everything(call: FetchPage<CustomerIoApi>): Reader<CustomerIoApi> {
  const read = fullScan(call);
  return async function* whole(ctx) {
    let begun: string | undefined;
    for await (const page of read(contextWith(ctx, { newScan: () => (begun = ctx.newScan()) }))) {
      yield page.scan?.end !== undefined && page.scan.id === begun ? { ...page, readTo: ctx.runStart } : page;
    }
  };
}

/** The rows under that name in an answer. Null stands for none only where the vendor is known to write it. */
export const rowsIn = (body: Json, name: string, path: string, orNull = false): readonly Row[] =>
  checkedRows(listAt(body, name, path, { orNull }));
