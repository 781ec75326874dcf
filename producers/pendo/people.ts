import { incremental } from '../../src/sdk/readers/incremental.ts';
import type { IncrementalAsk } from '../../src/sdk/readers/incremental.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { listingThenChanges } from '../../src/sdk/readers/listing-then-changes.ts';
import { asNumber, asObject, printed } from '../../src/sdk/readers/resume.ts';
import type { Json, Reader, Row } from '../../src/core/types.ts';
import { isAfter, filter, sort, source } from './aggregation.ts';
import type { PendoApi } from './api.ts';
import { byId, inPages } from './listing.ts';
import type { Listing } from './listing.ts';
import { DAY, HOUR } from '../../src/core/time.ts';

const UPDATED = 'metadata.auto.lastupdated';
/** Rows per page. */
const PER_PAGE = 1_000;

export interface People {
  /** Row source: `accounts` or `visitors`. */
  readonly source: string;
  readonly id: string;
  readonly parameters: (api: PendoApi) => Readonly<Record<string, Json>>;
}

/**
 * Reads changes by their time in every run. Once a day everything is read by id first, which finds rows without a time of
 * change and deleted ones; the changes are then read from the start of that listing.
 */
export function readPeople(people: People): Reader<PendoApi> {
  return listingThenChanges({
    listing: inPages({ ...byId(people.source, people.id, people.parameters), perPage: PER_PAGE }, fullScan),
    changes: inPages(changesByTime(people), (call) => incremental({ call, by: updatedAt, overlap: HOUR, delay: 0, granularity: 1 })),
    every: DAY,
  });
}

/** Changed rows in the order of the time of change. */
const changesByTime = ({ source: name, id, parameters }: People): Listing<IncrementalAsk> => ({
  name,
  perPage: PER_PAGE,
  stages(api, { after, before, cursor }) {
    const last = asObject(cursor);
    const from = last === undefined ? `${UPDATED} >= ${after ?? 1}` : isAfter(UPDATED, Number(last.time), id, String(last.id));
    return [source(name, parameters(api)), sort(UPDATED, id), filter(from, `${UPDATED} <= ${before}`)];
  },
  cursorOf: (row) => ({ time: updatedAt(row), id: printed(row[id]) }),
  sortedBy: (cursor) => [asObject(cursor)?.time ?? null, asObject(cursor)?.id ?? null],
});

function updatedAt(row: Row): number | null {
  return asNumber(asObject(asObject(row.metadata)?.auto)?.lastupdated) ?? null;
}
