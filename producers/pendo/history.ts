import { TributaryError } from '../../src/core/errors.ts';
import { statusOf } from '../../src/sdk/http/client.ts';
import { orderedMap } from '../../src/sdk/concurrency/ordered-map.ts';
import { asNumber, asObject, pastTime, saved } from '../../src/sdk/readers/resume.ts';
import type { Json, JsonObject, Page, ReadContext, Reader, Row } from '../../src/core/types.ts';
import { filter, limit, skip, sort, source } from './aggregation.ts';
import { aggregated } from './api.ts';
import { checkedRows, faultOfRow, idText } from '../../src/core/checked-rows.ts';
import { unusableParents } from '../../src/sdk/readers/fan-out.ts';
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

/** Days of one visitor that are to be read. */
interface Task {
  readonly visitor: string;
  readonly days: readonly number[];
  /** Time up to which the visitor's history is complete afterwards, epoch ms. */
  readonly through: number;
}

/**
 * Reads visitor history ("visitor history" of the Engage API), one request per visitor and day. Only visitors with activity
 * since they were last read are requested, at most `max_calls` per run; the others follow in the next runs.
 */
export const readHistory: Reader<PendoApi> = async function* read(ctx) {
  const { max_visitors: maxVisitors, max_calls: maxCalls } = ctx.api.settings.visitor_history;
  const position = saved(ctx, 1) ?? { v: 1 };
  const before = asObject(position.read) ?? {};
  const { visitors: newest, unusable } = await newestVisitors(ctx, maxVisitors);
  const ids = new Set(newest.map(({ id }) => id));
  // Visitors that are no longer among the newest are dropped, so that the position stays small.
  const done: Record<string, Json> = Object.fromEntries(Object.entries(before).filter(([id]) => ids.has(id)));
  // A historical run reads everything, without a limit of requests.
  const { tasks, left } = plan(ctx, newest, before, ctx.mode === 'historical' ? Infinity : maxCalls);

  const pages = orderedMap(
    tasks.values(),
    async function* one(task, signal): AsyncGenerator<{ task: Task; read: readonly Row[] | TributaryError }, void, void> {
      yield { task, read: await activities(ctx, task, signal) };
    },
    { signal: ctx.signal, concurrency: 4 },
  );
  let count = 0;
  const at = (): Page['position'] => ({ v: 1, read: { ...done } });
  const refused: { visitor: string; why: TributaryError }[] = [];
  for await (const {
    task: { visitor, through },
    read: rows,
  } of pages) {
    count += 1;
    if (rows instanceof TributaryError) {
      refused.push({ visitor, why: rows });
      continue;
    }
    done[visitor] = through;
    yield { rows, position: at(), progress: count / tasks.length };
  }
  const [first] = refused;
  // All visitors were refused, so the reason is not a single visitor.
  if (first !== undefined && count > 1 && refused.length === count) throw first.why;
  const warnings = [
    ...(left > 0 ? [`${left} visitors are left for the next runs: visitor_history.max_calls is ${maxCalls}.`] : []),
    ...(first === undefined
      ? []
      : [
          `The history of ${refused.length} visitors could not be read and is read again in the next run. The first is ${first.visitor}: ${first.why.message}`,
        ]),
  ];
  yield { rows: [], position: at(), ...(warnings.length > 0 ? { warnings } : unusable > 0 ? {} : { readTo: ctx.runStart - DAY }) };
  // A visitor the vendor refuses is only a warning, because it always refuses some. Every other refusal, and an answer that
  // cannot be read, fails the run.
  const unread = refused.find(({ why }) => !OF_THE_VISITOR.includes(statusOf(why) ?? 0));
  if (unread !== undefined) throw unread.why;
  if (unusable > 0) throw unusableParents(unusable);
};

/**
 * The `count` visitors that changed last, or all if there are fewer. An answer may be incomplete, so requests continue until
 * one is empty.
 */
async function newestVisitors(
  { api, signal }: ReadContext<PendoApi>,
  count: number,
): Promise<{ readonly visitors: readonly Visitor[]; readonly unusable: number }> {
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
    const part = await aggregated(
      api,
      'newest_visitors',
      [...newest, ...(given === 0 ? [] : [skip(given)]), limit(count - given)],
      signal,
      visitorOf,
    );
    if (part.length === 0) break;
    given += part.length;
    for (const visitor of part) {
      if (visitor === undefined) unusable += 1;
      else if (!found.has(visitor.id)) found.set(visitor.id, visitor);
    }
  }
  return { visitors: [...found.values()], unusable };
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

function plan(
  ctx: ReadContext<PendoApi>,
  visitors: readonly Visitor[],
  before: JsonObject,
  maxCalls: number,
): { tasks: Task[]; left: number } {
  const tasks: Task[] = [];
  let calls = 0;
  let left = 0;
  // Visitors read the longest ago come first; otherwise those who are always active would use up all requests.
  const readAt = ({ id }: Visitor): number => pastTime(before[id], ctx.runStart) ?? 0;
  for (const { id: visitor, updated, firstVisit, doNotProcess } of [...visitors].sort((a, b) => readAt(a) - readAt(b))) {
    if (visitor === '' || doNotProcess) continue;
    const known = pastTime(before[visitor], ctx.runStart);
    if (known !== undefined && updated < known - HORIZON) continue;
    const earliest = Math.max(ctx.since ?? 0, ctx.runStart - FARTHEST, known === undefined ? firstVisit : known - DAY);
    const latest = Math.min(ctx.runStart, updated + DAY);
    const days: number[] = [];
    for (let day = Math.floor(earliest / DAY) * DAY; day <= latest; day += DAY) days.push(Math.max(day, ctx.runStart - FARTHEST));
    const selected = days.slice(0, maxCalls - calls);
    if (selected.length < days.length) left += 1;
    if (selected.length === 0) continue;
    calls += selected.length;
    tasks.push({
      visitor,
      days: selected,
      through: Math.max(known ?? 0, selected.length < days.length ? (selected.at(-1) as number) + DAY : ctx.runStart),
    });
  }
  return { tasks, left };
}

/**
 * The activities of a visitor, in ascending order of days: an activity that crosses midnight appears with both days and is
 * longer the second time. A refusal that concerns only this visitor is returned instead of thrown, so that the others are read.
 */
async function activities(
  { api, count }: ReadContext<PendoApi>,
  { visitor, days }: Task,
  signal: AbortSignal,
): Promise<readonly Row[] | TributaryError> {
  const rows: Row[] = [];
  for (const day of days) {
    try {
      const { body } = await api.http.get(`/api/v1/visitor/${pathPart(visitor)}/history`, {
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
      for (const row of checkedRows((body ?? []) as readonly Json[])) rows.push({ ...row, visitorId: visitor });
    } catch (error) {
      if (!(error instanceof TributaryError) || error.kind !== 'data') throw error;
      if (statusOf(error) === NO_HISTORY) return unavailable(error);
      if (statusOf(error) !== 404) return error;
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
