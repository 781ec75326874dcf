import type { Json, Reader } from '../../src/core/types.ts';
import { asText } from '../../src/sdk/readers/resume.ts';
import { keysetPages } from '../../src/sdk/readers/keyset.ts';
import type { KeysetOptions } from '../../src/sdk/readers/keyset.ts';
import type { FetchPage } from '../../src/sdk/readers/paginate.ts';
import { filter, limit, quoted, sort, source } from './aggregation.ts';
import type { Stage } from './aggregation.ts';
import { aggregate, isTooHeavy, PENDO } from './api.ts';
import type { PendoApi } from './api.ts';

/** `name` is the row source, which is also sent as the name of the request. */
export interface Listing<Ask> extends Pick<KeysetOptions<PendoApi, Ask>, 'name' | 'cursorOf' | 'sortedBy' | 'perPage'> {
  /** All stages but the limit: source, order, and the filter for rows after the cursor. */
  readonly stages: (api: PendoApi, ask: Ask & { readonly cursor: Json | undefined }) => readonly Stage[];
  /** Rows per request, if fewer than `record_limit`. */
  readonly atMost?: number;
}

/** All rows of a source in the order of their id. */
export const byId = (
  name: string,
  id: string,
  parameters: (api: PendoApi) => Readonly<Record<string, Json>>,
): Pick<Listing<unknown>, 'name' | 'stages' | 'cursorOf'> => ({
  name,
  stages: (api, { cursor }) => [
    source(name, parameters(api)),
    sort(id),
    ...(typeof cursor === 'string' ? [filter(`${id} > ${quoted(cursor)}`)] : []),
  ],
  cursorOf: (row) => asText(row[id]),
});

/** Reads an aggregation in the order of its cursor. */
export const inPages = <Ask = unknown>(
  { stages, atMost = Infinity, ...listing }: Listing<Ask>,
  reader: (call: FetchPage<PendoApi, Ask>) => Reader<PendoApi>,
): Reader<PendoApi> =>
  keysetPages<PendoApi, Ask>(
    {
      ...PENDO,
      ...listing,
      limit: (api) => Math.min(atMost, api.settings.record_limit),
      isTooHeavy,
      stream(api, next, { signal, reducible }) {
        const pipeline = () => {
          const ask = next();
          return [...stages(api, ask), limit(ask.limit)];
        };
        return aggregate(api, listing.name, pipeline, signal, reducible);
      },
    },
    reader,
  );
