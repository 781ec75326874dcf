import { paged } from '../../src/extract/paged.ts';
import type { Paging } from '../../src/extract/paged.ts';
import type { Query } from '../../src/extract/http.ts';
import type { Json, Row } from '../../src/extract/types.ts';
import type { Call } from '../../src/extract/walk.ts';
import type { CustomerIoApi } from './api.ts';

interface ListingOptions<Ask> {
  readonly query?: (ask: Ask) => Query;
  readonly paging?: Paging;
  /** What becomes of a page's rows before anybody else sees them. */
  readonly rows?: (rows: readonly Json[]) => readonly Row[];
  /** Name of the endpoint in metrics where the path holds something else. */
  readonly endpoint?: string;
}

const WHOLE: Paging = { by: 'none' };

/** The next page's token under `next`, which is an empty text at the end, or after it. */
export const BY_TOKEN: Paging = { by: 'cursor', param: 'start', next: 'next' };

/** A collection in one answer, or with `paging` in several; null stands for an empty one. */
export function listing<Ask = unknown>(path: string, rows: string, options: ListingOptions<Ask> = {}): Call<CustomerIoApi, Ask> {
  const call = paged<CustomerIoApi, Ask>({
    http: (api) => api.http,
    endpoint: options.endpoint ?? path,
    path: () => path,
    rows,
    ...(options.query === undefined ? {} : { query: options.query }),
    paging: options.paging ?? WHOLE,
  });
  const { rows: made } = options;
  if (made === undefined) return call;
  return async (api, ask, signal) => {
    const batch = await call(api, ask, signal);
    return { ...batch, rows: made(batch.rows) };
  };
}
