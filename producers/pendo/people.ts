import { incremental } from '../../src/sdk/readers/incremental.ts';
import type { IncrementalAsk } from '../../src/sdk/readers/incremental.ts';
import { fullScan } from '../../src/sdk/readers/full-scan.ts';
import { asNumber, asObject, asText, contextWith, pastTime, printed, saved } from '../../src/sdk/readers/resume.ts';
import type { Json, Position, Reader, Row } from '../../src/core/types.ts';
import { isAfter, filter, quoted, sort, source } from './aggregation.ts';
import type { PendoApi } from './api.ts';
import { inPages } from './listing.ts';
import type { Listing } from './listing.ts';
import { DAY, HOUR } from '../../src/core/time.ts';

const UPDATED = 'metadata.auto.lastupdated';

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
  const everything = inPages(everythingById(people), fullScan);
  const changes = inPages(changesByTime(people), (call) => incremental({ call, by: updatedAt, overlap: HOUR, delay: 0, granularity: 1 }));

  return async function* read(ctx) {
    const position = saved(ctx, 1);
    let listing = asObject(position?.listing);
    let change = asObject(position?.change);
    let listed = pastTime(position?.listed, ctx.runStart);
    const interruptedAt = pastTime(position?.began, ctx.runStart);
    // Changes are read from the start of a listing; one that a wrong clock has dated is made again.
    if (position !== undefined && listed === undefined && interruptedAt === undefined) change = undefined;
    const at = (began?: number): Position => ({
      v: 1,
      ...(listing === undefined ? {} : { listing }),
      ...(change === undefined ? {} : { change }),
      ...(listed === undefined ? {} : { listed }),
      ...(began === undefined ? {} : { began }),
    });

    if (interruptedAt !== undefined || listed === undefined || listed + DAY <= ctx.runStart || ctx.rescan === true) {
      const began = interruptedAt ?? ctx.runStart;
      change ??= { v: 1, at: began };
      for await (const page of everything(contextWith(ctx, { position: listing as Position | undefined }))) {
        listing = page.position;
        const ended = page.scan?.end !== undefined;
        if (ended) listed = began;
        yield { ...page, position: at(ended ? undefined : began) };
      }
    }
    for await (const page of changes(contextWith(ctx, { position: change as Position | undefined }))) {
      change = page.position;
      yield { ...page, position: at() };
    }
  };
}

/** Rows per page. */
const PER_PAGE = 1_000;

/** All rows in the order of the id. */
const everythingById = ({ source: name, id, parameters }: People): Listing<unknown> => ({
  name,
  perPage: PER_PAGE,
  stages: (api, { cursor }) => [
    source(name, parameters(api)),
    sort(id),
    ...(typeof cursor === 'string' ? [filter(`${id} > ${quoted(cursor)}`)] : []),
  ],
  cursorOf: (row) => asText(row[id]),
});

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
