import { TributaryError } from '../../src/core/errors.ts';
import { statusOf } from '../../src/sdk/http/client.ts';
import { asNumber, asObject } from '../../src/sdk/readers/resume.ts';
import { activeSlices, itemWatermarks } from '../../src/sdk/readers/item-watermarks.ts';
import type { PartFault } from '../../src/sdk/readers/partial-failure.ts';
import type { Json, ReadContext, Reader, Row } from '../../src/core/types.ts';
import { filter, limit, skip, sort, source } from './aggregation.ts';
import { aggregated } from './api.ts';
import { checkedRows, faultOfRow, idText } from '../../src/core/checked-rows.ts';
import { pathPart } from '../../src/sdk/http/url.ts';
import type { PendoApi } from './api.ts';
import { DAY, HOUR } from '../../src/core/time.ts';

/** Activity becomes visible hours after it happened. */
const HORIZON = 8 * HOUR;
/** Status of a visitor or day the vendor has no history of. */
const NO_HISTORY = 422;
/** Statuses that say that a visitor has an id that is refused, or no history. */
const OF_THE_VISITOR: readonly number[] = [400, NO_HISTORY];
/** The vendor keeps history for 180 days. */
const FARTHEST = 179 * DAY;

interface Visitor {
  readonly id: string;
  readonly updated: number;
  readonly firstVisit: number;
  readonly doNotProcess: boolean;
}

/**
 * Reads visitor history ("visitor history" of the Engage API), one request per visitor and day. Only visitors with activity
 * since they were last read are requested, at most `max_calls` per run.
 */
export const readHistory: Reader<PendoApi> = itemWatermarks({
  items: newestVisitors,
  slices: daysOf,
  slice: DAY,
  read: activities,
  maxCalls: (api: PendoApi) => api.settings.visitor_history.max_calls,
  concurrency: 4,
  delay: DAY,
  judge: faultOf,
  words: { what: 'history', items: 'visitors', setting: 'visitor_history.max_calls' },
});

/**
 * A visitor the vendor refuses is only a warning, because it always refuses some. Every other refusal, and an answer that cannot
 * be read, fails the run.
 */
function faultOf(error: TributaryError): PartFault | undefined {
  if (error.kind !== 'data') return undefined;
  return OF_THE_VISITOR.includes(statusOf(error) ?? 0) ? 'refused' : 'unreadable';
}

/**
 * The visitors that changed last, or all if there are fewer. An answer may be incomplete, so requests continue until one is
 * empty.
 */
async function newestVisitors({ api, signal }: ReadContext<PendoApi>): Promise<{ items: readonly Visitor[]; unusable: number }> {
  const count = api.settings.visitor_history.max_visitors;
  const updated = 'metadata.auto.lastupdated';
  const newest = [
    source('visitors', { identified: !api.settings.include_anonymous_visitors }),
    filter(`${updated} >= 1`),
    sort(`-${updated}`, 'visitorId'),
  ];
  // A visitor that changes meanwhile moves to the front and may appear twice.
  const found = new Map<string, Visitor>();
  let unusable = 0;
  for (let given = 0; given < count;) {
    const pipeline = [...newest, ...(given === 0 ? [] : [skip(given)]), limit(count - given)];
    const part = await aggregated(api, 'newest_visitors', pipeline, signal, visitorOf);
    if (part.length === 0) break;
    given += part.length;
    for (const visitor of part) {
      if (visitor === undefined) unusable += 1;
      else if (!found.has(visitor.id)) found.set(visitor.id, visitor);
    }
  }
  return { items: [...found.values()], unusable };
}

/** Undefined when nobody can be asked about the visitor. The vendor knows one without an id, who has no history. */
function visitorOf(row: Row): Visitor | undefined {
  const { visitorId, metadata } = row;
  const id = visitorId === '' ? '' : idText(visitorId);
  if (faultOfRow(row)?.reason === 'bad_shape' || id === undefined) return undefined;
  const { auto, pendo } = asObject(metadata) ?? {};
  return {
    id,
    updated: asNumber(asObject(auto)?.lastupdated) ?? 0,
    firstVisit: asNumber(asObject(auto)?.firstvisit) ?? 0,
    doNotProcess: asObject(pendo)?.donotprocess === true,
  };
}

/** Without an id nobody can be asked, and the vendor keeps nothing of visitors it does not process. */
function daysOf(ctx: ReadContext<PendoApi>, visitor: Visitor, known: number | undefined): readonly number[] {
  const { id, firstVisit, updated, doNotProcess } = visitor;
  if (id === '' || doNotProcess) return [];
  return activeSlices(ctx, { first: firstVisit, last: updated, known }, { slice: DAY, lateness: HORIZON, kept: FARTHEST });
}

/**
 * The activities of a visitor, in ascending order of days: an activity that crosses midnight appears with both days and is
 * longer the second time.
 */
async function activities(
  { api, count }: ReadContext<PendoApi>,
  { id }: Visitor,
  days: readonly number[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const day of days) {
    try {
      const { body } = await api.http.get(`/api/v1/visitor/${pathPart(id)}/history`, {
        endpoint: '/api/v1/visitor/{visitorId}/history',
        bucket: 'history',
        query: { starttime: day },
        signal,
      });
      // A list within the list, for example, holds activities that nobody would find in a dead letter.
      const usable =
        body === null || (Array.isArray(body) && (body.length === 0 || body.some((one) => asObject(one as Json) !== undefined)));
      if (!usable) {
        throw new TributaryError("Pendo's answer about a visitor's history is not a list of activities.", {
          kind: 'data',
          code: 'pendo:no_list',
          remedy: 'The next run asks again; check base_url if this persists.',
        });
      }
      for (const row of checkedRows((body ?? []) as readonly Json[])) rows.push({ ...row, visitorId: id });
    } catch (error) {
      if (!(error instanceof TributaryError) || error.kind !== 'data') throw error;
      if (statusOf(error) === NO_HISTORY) throw unavailable(error);
      if (statusOf(error) !== 404) throw error;
      count('visitors_without_history');
      return rows;
    }
  }
  return rows;
}

/** Status 422: the vendor has no history of this visitor or day. */
const unavailable = (error: TributaryError): TributaryError =>
  new TributaryError(`Pendo has no history of this visitor (422): ${error.message}`, {
    kind: 'data',
    code: 'pendo:422',
    remedy: 'It is read again in the next run. Pendo keeps 180 days, and no history of visitors it does not process.',
    ...(error.detail === undefined ? {} : { detail: error.detail }),
  });
