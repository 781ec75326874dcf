import { TributaryError } from '../../src/core/errors.ts';
import { statusOf } from '../../src/sdk/http/client.ts';
import { orderedMap } from '../../src/sdk/concurrency/ordered-map.ts';
import { asNumber, asObject, asText, saved } from '../../src/sdk/readers/resume.ts';
import type { Json, JsonObject, Page, ReadContext, Reader, Row } from '../../src/core/types.ts';
import { filter, limit, skip, sort, source } from './aggregation.ts';
import { aggregated } from './api.ts';
import { checkedRows } from '../../src/core/checked-rows.ts';
import { pathPart } from '../../src/sdk/http/url.ts';
import type { PendoApi } from './api.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Activity shows hours after it happened. */
const HORIZON = 8 * HOUR;
/** The vendor tells no more than 180 days back. */
const FARTHEST = 179 * DAY;

interface Visitor {
  readonly id: string;
  readonly updated: number;
  readonly firstVisit: number;
  readonly doNotProcess: boolean;
}

/** Days of one visitor, to be asked for. */
interface Task {
  readonly visitor: string;
  readonly days: readonly number[];
  /** How far the visitor has been read then. */
  readonly through: number;
}

/**
 * Takes a request per visitor and day. Only visitors with news since they were last read are asked for, and no more
 * than the settings allow; the others follow in the next runs.
 */
export const readHistory: Reader<PendoApi> = async function* read(ctx) {
  const { max_visitors: maxVisitors, max_calls: maxCalls } = ctx.api.settings.visitor_history;
  const position = saved(ctx, 1) ?? { v: 1 };
  const before = asObject(position.read) ?? {};
  const newest = await newestVisitors(ctx, maxVisitors);
  const ids = new Set(newest.map(({ id }) => id));
  // Visitors that are no longer among the newest are forgotten: the position stays small.
  const done: Record<string, Json> = Object.fromEntries(Object.entries(before).filter(([id]) => ids.has(id)));
  // Whoever asks for history again means all of it.
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
  // It is not about a visitor.
  if (first !== undefined && count > 1 && refused.length === count) throw first.why;
  const warnings = [
    ...(left > 0 ? [`${left} visitors are left for the next runs: visitor_history.max_calls is ${maxCalls}.`] : []),
    ...(first === undefined
      ? []
      : [
          `The history of ${refused.length} visitors could not be read and is asked for again in the next run. The first is ${first.visitor}: ${first.why.message}`,
        ]),
  ];
  yield { rows: [], position: at(), ...(warnings.length > 0 ? { warnings } : { readTo: ctx.runStart - DAY }) };
  // A refusal in the vendor's words is a warning, as some visitors are refused always. An answer that holds data nobody can read is none.
  const unreadable = refused.find(({ why }) => statusOf(why) === undefined);
  if (unreadable !== undefined) throw unreadable.why;
};

/** So many, or all there are: an answer may have been cut, so more is asked for until nothing comes. */
async function newestVisitors({ api, signal }: ReadContext<PendoApi>, count: number): Promise<readonly Visitor[]> {
  const updated = 'metadata.auto.lastupdated';
  const newest = [
    source('visitors', { identified: !api.settings.include_anonymous_visitors }),
    filter(`${updated} >= 1`),
    sort(`-${updated}`, 'visitorId'),
  ];
  // Whoever moves to the front meanwhile may come twice.
  const found = new Map<string, Visitor>();
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
    for (const visitor of part) if (!found.has(visitor.id)) found.set(visitor.id, visitor);
  }
  return [...found.values()];
}

function visitorOf({ visitorId, metadata }: Row): Visitor {
  const { auto, pendo } = asObject(metadata) ?? {};
  return {
    id: asText(visitorId) ?? '',
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
  // Whoever was read the longest ago comes first, else those who are always active would take all requests.
  const readAt = ({ id }: Visitor): number => asNumber(before[id]) ?? 0;
  for (const { id: visitor, updated, firstVisit, doNotProcess } of [...visitors].sort((a, b) => readAt(a) - readAt(b))) {
    if (visitor === '' || doNotProcess) continue;
    const known = asNumber(before[visitor]);
    if (known !== undefined && updated < known - HORIZON) continue;
    const earliest = Math.max(ctx.since ?? 0, ctx.runStart - FARTHEST, known === undefined ? firstVisit : known - DAY);
    const latest = Math.min(ctx.runStart, updated + DAY);
    const days: number[] = [];
    for (let day = Math.floor(earliest / DAY) * DAY; day <= latest; day += DAY) days.push(Math.max(day, ctx.runStart - FARTHEST));
    const taken = days.slice(0, maxCalls - calls);
    if (taken.length < days.length) left += 1;
    if (taken.length === 0) continue;
    calls += taken.length;
    tasks.push({
      visitor,
      days: taken,
      through: Math.max(known ?? 0, taken.length < days.length ? (taken.at(-1) as number) + DAY : ctx.runStart),
    });
  }
  return { tasks, left };
}

/**
 * Later days come last: what goes on over midnight is told with each of them, longer the second time. A refusal that
 * is about this visitor is given back: it must not keep the others from being read.
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
      if (body !== null && !Array.isArray(body)) {
        throw new TributaryError("Pendo's answer about a visitor's history holds no list.", {
          kind: 'data',
          code: 'pendo:no_list',
          remedy: 'The next run asks again; check base_url if it stays.',
        });
      }
      for (const row of checkedRows((body ?? []) as readonly Json[])) rows.push({ ...row, visitorId: visitor });
    } catch (error) {
      if (!(error instanceof TributaryError) || error.kind !== 'data') throw error;
      if (statusOf(error) === 422) return untold(error);
      if (statusOf(error) !== 404) return error;
      count('visitors_without_history');
      return rows;
    }
  }
  return rows;
}

/** The vendor takes the request for one it cannot work on: a visitor or a day it tells nothing about. */
const untold = (error: TributaryError): TributaryError =>
  new TributaryError(`Pendo cannot tell this visitor's history (422): ${error.message}`, {
    kind: 'data',
    code: 'pendo:422',
    remedy: 'It is asked for again with the next run. Pendo tells at most 180 days back, and nothing of visitors it does not process.',
    ...(error.detail === undefined ? {} : { detail: error.detail }),
  });
