import { nextAt } from '../../src/sdk/answers.ts';
import { asText } from '../../src/sdk/readers/resume.ts';
import type { Row } from '../../src/core/types.ts';
import type { FetchPage } from '../../src/sdk/readers/paginate.ts';
import type { CustomerIoApi } from './api.ts';
import { needsId } from '../../src/core/checked-rows.ts';
import { NEXT, rowsIn } from './listing.ts';

/** Every person has a cio_id, but not every person an id or an e-mail address. */
const EVERYONE_FILTER = { filter: { and: [{ attribute: { field: 'cio_id', operator: 'exists' } }] } };

/**
 * The identifiers of all people ("Search for customers"). There is no plain listing of people, and the member `ids` of the
 * answer holds empty texts.
 */
export const search: FetchPage<CustomerIoApi> = async (api, { cursor }, signal) => {
  const { body } = await api.http.post('/customers', EVERYONE_FILTER, {
    endpoint: '/customers',
    query: { limit: 1_000, start: asText(cursor) },
    signal,
  });
  return {
    rows: rowsIn(body, 'identifiers', '/customers', { orNull: true, need: needsId('cio_id') }),
    next: nextAt(body, NEXT, '/customers'),
  };
};

/** Profiles by cio_id ("List customers and attributes"), at most 100; people who do not exist are missing from the result. */
export async function profiles(api: CustomerIoApi, cioIds: readonly string[], signal: AbortSignal): Promise<readonly Row[]> {
  const { body } = await api.http.post(
    '/customers/attributes',
    { ids: cioIds },
    { endpoint: '/customers/attributes', query: { id_type: 'cio_id' }, signal },
  );
  return rowsIn(body, 'customers', '/customers/attributes');
}
