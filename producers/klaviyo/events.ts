import { TributaryError } from '../../src/core/errors.ts';
import { concat } from '../../src/sdk/readers/concat.ts';
import { statusOf } from '../../src/sdk/http/client.ts';
import { pathPart } from '../../src/sdk/http/url.ts';
import type { Query } from '../../src/sdk/http/client.ts';
import { asNumber, asObject, asText, contextWith } from '../../src/sdk/readers/resume.ts';
import { type KnownRows, parsedRow, unparsedRow } from '../../src/core/known-row.ts';
import type { RowsOfElements } from '../../src/sdk/http/listing-elements.ts';
import { DAY, HOUR, instantOf, isoSeconds, SECOND } from '../../src/core/time.ts';
import type { Json, JsonObject, Page, Position, Reader, Row } from '../../src/core/types.ts';
import { outboxTasks } from '../../src/sdk/readers/outbox.ts';
import { phases } from '../../src/sdk/readers/phases.ts';
import { END, paginate } from '../../src/sdk/readers/paginate.ts';
import type { FetchPage } from '../../src/sdk/readers/paginate.ts';
import { windows } from '../../src/sdk/readers/windows.ts';
import type { WindowAsk } from '../../src/sdk/readers/windows.ts';
import { includedIn, listPage, readDocument } from './api.ts';
import type { KlaviyoApi } from './api.ts';
import { unparsedEvents } from './unparsed-events.ts';
import { byKey, relatedId } from './resource.ts';
import { everything, selectionOf, selects } from './selection.ts';
import type { Selection } from './selection.ts';
import type { KlaviyoSettings } from './settings.ts';

/** What to read, and what is known of it. */
type Wanted = Selection & { readonly known: KnownRows | undefined };

/** The API refuses times within a few seconds of now. */
const DELAY = 30 * SECOND;

/**
 * Events ("Get Events") are read by when they happened, not by when they arrived, and some arrive days late. So recent periods
 * are read again and again, and events dated in the future once a day.
 */
export function readEvents(settings: KlaviyoSettings): Reader<KlaviyoApi> {
  return async function* read(ctx) {
    const selection = selects(settings) ? selectionOf(settings, await ctx.parents('metric'), (why) => ctx.count(why)) : everything;
    const known = ctx.position?.selection === selection.id ? ctx.position : undefined;
    let untold = selection.unmatched.map(
      (name) =>
        `No metric or integration of this Klaviyo account is called "${name}" (settings events and excluded_integrations). Klaviyo renames metrics, so name them by id.`,
    );
    for await (const page of reader({ ...selection, known: ctx.known })(contextWith(ctx, { position: known }))) {
      const warnings = [...untold, ...(page.warnings ?? [])];
      untold = [];
      yield { ...page, ...(warnings.length === 0 ? {} : { warnings }), position: { ...page.position, selection: selection.id } };
    }
  };
}

function reader(selection: Wanted): Reader<KlaviyoApi> {
  return phases<KlaviyoApi>({
    history: {
      read: windows<KlaviyoApi>({
        call: selected(selection, (ask: WindowAsk) => [
          ...(ask.from === undefined ? [] : [`greater-or-equal(datetime,${isoSeconds(ask.from)})`]),
          `less-than(datetime,${isoSeconds(ask.to)})`,
        ]),
        by: (event) => instantOf(asObject(parsedRow(event).attributes)?.datetime),
        span: 7 * DAY,
        least: 10 * 60 * SECOND,
        maxPages: 20,
        delay: DELAY,
        concurrency: 3,
        tiers: [
          { span: 2 * HOUR, every: 0 },
          { span: 7 * DAY, every: DAY },
          { span: 30 * DAY, every: 7 * DAY },
        ],
        origin: firstEvent,
      }),
    },
    future: { read: readFuture(selection), every: DAY },
    // Last, because its events may have to be read one by one. `handed`, a name saved in positions, are the outbox tasks of
    // table profile.
    handed: {
      read: outboxTasks((work, { horizon }) =>
        Array.isArray(work.event_ids)
          ? eventsById(selection, work.event_ids.map(String))
          : eventsWhere(selection, () => [
              `equals(profile_id,${JSON.stringify(String(work.profile_id))})`,
              ...(horizon === undefined ? [] : [`greater-or-equal(datetime,${isoSeconds(horizon)})`]),
            ]),
      ),
    },
  });
}

/** Lower bound: only a few stray events are dated earlier, and they need no slices. */
const EARLIEST = Date.UTC(2012, 0, 1);

/** Time of the oldest event; the largest number when there is none. */
async function firstEvent(api: KlaviyoApi, signal: AbortSignal): Promise<number> {
  const { rows } = await eventPage(api, { sort: 'datetime' }, 1, undefined, signal);
  return Math.max(EARLIEST, instantOf(asObject(rows[0]?.attributes)?.datetime) ?? Number.MAX_SAFE_INTEGER);
}

/** Events dated in the future, up to a year. A server that refuses such a bound has none to show. */
function readFuture(selection: Wanted): Reader<KlaviyoApi> {
  return async function* read(ctx): AsyncGenerator<Page, void, void> {
    const from = isoSeconds(ctx.runStart - DELAY);
    const call = selected(selection, () => [`greater-or-equal(datetime,${from})`]);
    const position: Position = { v: 1 };
    let begun = false;
    try {
      for await (const step of paginate((cursor) => call(ctx.api, { cursor }, ctx.signal), undefined)) {
        begun = true;
        yield { rows: step.rows, ...(step.warnings === undefined ? {} : { warnings: step.warnings }), position };
      }
    } catch (error) {
      if (begun || statusOf(error) !== 400) throw error;
      ctx.count('future_events_refused');
    }
  };
}

/** One listing of all events, or one per selected metric. */
function selected<Ask>(selection: Wanted, filters: (ask: Ask) => readonly string[]): FetchPage<KlaviyoApi, Ask> {
  if (selection.metricIds === undefined) return eventsWhere(selection, filters);
  return concat(new Map(selection.metricIds.map((id) => [id, eventsOfMetric(id, selection, filters)])));
}

/**
 * The API refuses some metrics it lists, mostly custom ones, as a filter. Their events are then searched in the listing of all
 * events.
 */
function eventsOfMetric<Ask>(metricId: string, selection: Wanted, filters: (ask: Ask) => readonly string[]): FetchPage<KlaviyoApi, Ask> {
  const alone = eventsWhere(selection, (ask: Ask) => [`equals(metric_id,${JSON.stringify(metricId)})`, ...filters(ask)]);
  const among = eventsWhere(
    { ...selection, leavesOut: (_, id) => (id === metricId ? undefined : 'not_selected'), count: () => undefined },
    filters,
  );
  let refused = false;
  return async (api, ask, signal) => {
    if (refused) return among(api, ask, signal);
    try {
      return await alone(api, ask, signal);
    } catch (error) {
      if (statusOf(error) !== 400 || !(error instanceof Error && /metric/i.test(error.message))) throw error;
      refused = true;
      return {
        ...(await among(api, ask, signal)),
        warnings: [`Klaviyo does not let the events of metric ${metricId} be read by themselves: all events are read to find them.`],
      };
    }
  };
}

function eventsWhere<Ask>(selection: Wanted, filters: (ask: Ask) => readonly string[]): FetchPage<KlaviyoApi, Ask> {
  return async (api, ask, signal) => {
    const page = await eventPage(
      api,
      { filter: filters(ask).join(','), ...includeQuery(api), sort: 'datetime' },
      api.eventPageSize,
      ask.cursor,
      signal,
      rowsKnown(api, selection),
    );
    return { rows: keep(page, selection, api.attributions), next: page.next };
  };
}

/** Default page size, used when a revision refuses a larger one or the parameter. */
const USUAL_PAGE = 200;

async function eventPage(
  api: KlaviyoApi,
  query: Query,
  size: number,
  cursor: Json | undefined,
  signal: AbortSignal,
  rows?: RowsOfElements,
): ReturnType<typeof listPage> {
  const request = (wanted: number | undefined): ReturnType<typeof listPage> =>
    listPage(api, { path: '/api/events', endpoint: 'events', query: { ...query, 'page[size]': wanted }, cursor, signal, rows });
  if (api.eventPageSize === USUAL_PAGE) return request(undefined);
  try {
    return await request(size);
  } catch (error) {
    if (size > 1 && error instanceof TributaryError && error.code === 'klaviyo:too_large') {
      // A cursor may be valid only for the page size it was made for; if it is refused, the slice is read again with this size.
      api.eventPageSize = Math.ceil(size / 4);
      return eventPage(api, query, api.eventPageSize, cursor, signal, rows);
    }
    if (statusOf(error) !== 400 || !/page.?size/i.test(String(error))) throw error;
    api.eventPageSize = USUAL_PAGE;
    return request(undefined);
  }
}

const EVENTS_AT_ONCE = 10;

/** Events one by one; events that the vendor no longer has stay as they are in the topic. */
function eventsById(selection: Selection, ids: readonly string[]): FetchPage<KlaviyoApi> {
  return async (api, { cursor }, signal) => {
    const from = asNumber(cursor) ?? 0;
    const documents = await Promise.all(
      ids
        .slice(from, from + EVENTS_AT_ONCE)
        .map((id) => readDocument(api, `/api/events/${pathPart(id)}`, 'event', includeQuery(api), signal)),
    );
    const rows = documents.flatMap((document) =>
      document === undefined
        ? []
        : keep({ rows: [document.resource], included: includedIn(document.whole, '/api/events/{id}') }, selection, api.attributions),
    );
    const next = from + EVENTS_AT_ONCE;
    return { rows, next: next < ids.length ? next : END };
  };
}

/** Query of the resources to include with events. */
function includeQuery(api: KlaviyoApi): Query {
  return { include: api.attributions ? 'metric,attributions' : 'metric', 'fields[metric]': 'name,created,updated,integration' };
}

/** Only where nothing but its text and its metric shapes an event. */
function rowsKnown(api: KlaviyoApi, { known, ...selection }: Wanted): RowsOfElements | undefined {
  if (known === undefined || api.attributions || selection.id !== everything.id) return undefined;
  return unparsedEvents(known, (event, included) => kept(event, selection, included, false)[0] as Row);
}

function keep(
  page: { readonly rows: readonly Row[]; readonly included: readonly JsonObject[] },
  selection: Selection,
  attributions: boolean,
): Row[] {
  const included = byKey(page.included);
  const rows: Row[] = [];
  for (const event of page.rows) {
    if (unparsedRow(event) === undefined) rows.push(...kept(event, selection, included, attributions));
    else rows.push(event);
  }
  return rows;
}

/** The event with its metric; nothing when it is not selected. */
function kept(event: Row, selection: Selection, included: ReadonlyMap<string, JsonObject>, attributions: boolean): Row[] {
  const metricId = relatedId(event, 'metric');
  const metric = included.get(`metric ${metricId ?? ''}`);
  const leftOut = selection.leavesOut(metric, metricId);
  if (leftOut !== undefined) {
    selection.count(leftOut);
    return [];
  }
  // The literal starts with the names that are added: behind a copy, V8 gives each object a hidden class of its own.
  const whole: Record<string, Json> = { metric: null, ...event };
  whole.metric = metric ?? null;
  if (attributions) whole.attributed = attributed(event, included);
  return [whole];
}

function attributed(event: Row, included: ReadonlyMap<string, JsonObject>): readonly JsonObject[] | null {
  const data = ((event.relationships as JsonObject | undefined)?.attributions as JsonObject | undefined)?.data;
  if (!Array.isArray(data) || data.length === 0) return null;
  return (data as readonly JsonObject[]).map((one) => included.get(`attribution ${asText(asObject(one)?.id) ?? ''}`) ?? one);
}
