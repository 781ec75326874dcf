import { TributaryError } from '../../src/core/errors.ts';
import type { Query } from '../../src/sdk/http/client.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { paged } from '../../src/sdk/readers/paged.ts';
import { asObject, contextWith } from '../../src/sdk/readers/resume.ts';
import type { Json, Reader, Row } from '../../src/core/types.ts';
import type { FetchPage } from '../../src/sdk/readers/paginate.ts';
import type { CustomerIoApi } from './api.ts';

interface ListingOptions<Ask> {
  readonly query?: (ask: Ask) => Query;
  /** What becomes of a page's rows before anybody else sees them. */
  readonly rows?: (rows: readonly Json[]) => readonly Json[];
}

/**
 * A collection in one answer or in several: the next page's token stands under `next`, which is an empty text or missing at
 * the end. Null stands for an empty collection. Those that come in one answer name no next page, and are followed if they ever do.
 */
export function listing<Ask = unknown>(path: string, rows: string, options: ListingOptions<Ask> = {}): FetchPage<CustomerIoApi, Ask> {
  const { query, rows: made } = options;
  return paged<CustomerIoApi, Ask>({
    http: (api) => api.http,
    endpoint: path,
    path: () => path,
    rows,
    ...(query === undefined ? {} : { query }),
    ...(made === undefined ? {} : { made }),
    paging: { by: 'cursor', param: 'start', next: 'next' },
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

/** The list under that name in an answer; null stands for an empty one, nothing there for an answer of another kind. */
export function rowsIn(body: Json, name: string, path: string): readonly Row[] {
  const found = asObject(body)?.[name];
  if (found === null) return [];
  if (Array.isArray(found)) return found as readonly Row[];
  throw new TributaryError(`The answer to ${path} holds no list at ${name}.`, {
    kind: 'data',
    code: 'no_list',
    remedy: 'Nothing was deleted. The next run reads it again.',
  });
}
