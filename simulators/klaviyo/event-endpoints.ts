import type { Answer } from '../kit/http-server.ts';
import { collection, positionOf, type Call, type Context } from './context.ts';
import { document, invalid, notFound } from './errors.ts';
import { attributionResource, EVENT_ATTRIBUTES, eventResource, hasAttribution } from './event-resource.ts';
import { holds, type Condition, type FieldRule } from './filter.ts';
import { nextRows, type Ordering } from './listing.ts';
import { METRIC_ATTRIBUTES, metricResource } from './metric-catalogue.ts';
import { PROFILE_FIELDS } from './profile-endpoints.ts';
import { profileResource } from './profile-resource.ts';
import { readQuery, type Query, type QueryRules } from './query.ts';
import type { Dialect } from './revisions.ts';
import { currentProfile, isLive, NO_PROFILE, profileShown, type World } from './world.ts';

const ORDER = ['greater-than', 'greater-or-equal', 'less-than', 'less-or-equal'];

function rulesOf(dialect: Dialect, oldPageSize: boolean): QueryRules {
  const has = Object.fromEntries(dialect.eventHas.map((name) => [name, { operators: ['has'], type: 'relation' } satisfies FieldRule]));
  return {
    filter: {
      metric_id: { operators: ['equals'], type: 'text' },
      profile_id: { operators: ['equals'], type: 'text' },
      datetime: { operators: ORDER, type: 'time' },
      timestamp: { operators: ORDER, type: 'number' },
      ...has,
    },
    sorts: ['datetime', 'timestamp'],
    includes: dialect.eventIncludes,
    pageSize: dialect.eventPageSize && (oldPageSize ? { standard: 200, most: 200 } : dialect.eventPageSize),
    pages: true,
    fields: { event: EVENT_ATTRIBUTES, metric: METRIC_ATTRIBUTES, profile: PROFILE_FIELDS, attribution: [] },
  };
}

const NULL_EVENT =
  '{"type":"event","id":null,"attributes":{"timestamp":1767225600,"datetime":"2026-01-01T00:00:00+00:00","uuid":null,"event_properties":{}},"relationships":{},"links":{}}';

export function listEvents(context: Context, call: Call): Answer {
  const { world, quirks } = context;
  const { events } = world;
  const query = readQuery(call.query, rulesOf(call.dialect, quirks.oldPageSize));
  refuseFuture(context, query.conditions);
  const { from, served } = positionOf(context, call, query, 'events');
  const order = events.byDatetime;
  const ordering: Ordering = {
    length: order.length,
    at: order.at,
    keyOf: (row) => events.datetime[row] as number,
    after: (key, row, orEqual) => order.after(Number(key), row, orEqual),
  };
  const accepts = acceptance(context, query.conditions);
  const page = nextRows({
    ordering,
    descending: query.sort?.descending ?? true,
    size: query.size ?? 200,
    from: from && { ...from, served },
    ...clampByTime(world, query.conditions, quirks.rowsAtBound),
    accepts: quirks.empty.includes('events') ? () => false : accepts,
  });
  const fields = query.fields.get('event');
  return document(
    collection(context, call, query, {
      table: 'events',
      ...page,
      from,
      served,
      keyOf: ordering.keyOf,
      render: (row) => eventResource(world, row, fields, call.dialect.attributionInProperties),
      nullRow: NULL_EVENT,
      included: included(world, page.rows, query),
    }),
  );
}

export function readEvent(context: Context, call: Call): Answer {
  const { world } = context;
  const query = readQuery(call.query, { includes: call.dialect.eventIncludes, fields: rulesOf(call.dialect, false).fields ?? {} });
  const row = shownEvent(world, call);
  const more = included(world, [row], query);
  return document(
    `{"data":${eventResource(world, row, query.fields.get('event'), call.dialect.attributionInProperties)}${more.length > 0 ? `,"included":[${more.join(',')}]` : ''},"links":{"self":${JSON.stringify(context.url() + call.path)}}}`,
  );
}

export function readEventProfile(context: Context, call: Call): Answer {
  const { world } = context;
  const query = readQuery(call.query, { fields: { profile: PROFILE_FIELDS }, additional: call.dialect.additionalFields });
  const profile = profileShown(world, shownEvent(world, call));
  if (!isLive(world.profiles, profile)) throw notFound('The event has no profile.');
  return document(`{"data":${profileResource(world, profile, query.additional, query.fields.get('profile'))}}`);
}

export function readEventProfileLink(context: Context, call: Call): Answer {
  const { world } = context;
  readQuery(call.query, {});
  const profile = profileShown(world, shownEvent(world, call));
  return document(profile === undefined ? '{"data":null}' : `{"data":{"type":"profile","id":"${world.ids.profile.of(profile)}"}}`);
}

export function readEventMetric(context: Context, call: Call): Answer {
  const { world } = context;
  const query = readQuery(call.query, { fields: { metric: METRIC_ATTRIBUTES } });
  const index = world.events.metric[shownEvent(world, call)] as number;
  const metric = world.metrics[index];
  if (!metric || metric.gone) throw notFound('The event has no metric.');
  return document(`{"data":${metricResource(world.ids, index, metric, [...(query.fields.get('metric')?.keys() ?? METRIC_ATTRIBUTES)])}}`);
}

export function isShown(world: World, row: number | undefined): row is number {
  return row !== undefined && row < world.events.count && (world.events.visibleAt[row] as number) <= world.clock.now();
}

function shownEvent(world: World, call: Call): number {
  const row = world.ids.event.row(call.params['id'] ?? '');
  if (!isShown(world, row)) throw notFound('An event with that id does not exist.');
  return row;
}

function refuseFuture(context: Context, conditions: readonly Condition[]): void {
  const now = context.world.clock.now();
  for (const { field, operand } of conditions) {
    const ms = operand.type === 'time' ? operand.ms : field === 'timestamp' && operand.type === 'number' ? operand.value * 1000 : undefined;
    if (ms === undefined || (ms <= now - 2000 && !context.quirks.refuseTimes)) continue;
    throw invalid(`End date may not be in the future: ${new Date(ms).toISOString().slice(0, 19)}`, { pointer: field });
  }
}

function secondsOf(condition: Condition): number | undefined {
  const { field, operand } = condition;
  if (field === 'datetime' && operand.type === 'time') return operand.ms / 1000;
  return field === 'timestamp' && operand.type === 'number' ? operand.value : undefined;
}

function clampByTime(world: World, conditions: readonly Condition[], rowsAtBound: boolean): { low?: number; high?: number } {
  const order = world.events.byDatetime;
  const clamp = { low: 0, high: order.length };
  for (const condition of conditions) {
    const bound = secondsOf(condition);
    if (bound === undefined) continue;
    const { operator } = condition;
    if (operator === 'greater-or-equal' || (operator === 'greater-than' && rowsAtBound))
      clamp.low = Math.max(clamp.low, order.after(bound, -1));
    else if (operator === 'greater-than') clamp.low = Math.max(clamp.low, order.after(bound, Infinity));
    else if (operator === 'less-than') clamp.high = Math.min(clamp.high, order.after(bound, -1));
    else clamp.high = Math.min(clamp.high, order.after(bound, Infinity));
  }
  return clamp;
}

function acceptance(context: Context, conditions: readonly Condition[]): (row: number) => boolean {
  const { world, quirks } = context;
  const { events } = world;
  const tests: ((row: number) => boolean)[] = [];
  for (const condition of conditions) {
    const { operator, field, operand } = condition;
    const bound = secondsOf(condition);
    if (bound !== undefined) {
      const relaxed = quirks.rowsAtBound && operator === 'greater-than' ? 'greater-or-equal' : operator;
      tests.push((row) => holds(relaxed, events.datetime[row] as number, bound));
    } else if (field === 'metric_id')
      tests.push(metricTest(world, operand.type === 'list' ? operand.items : operand.type === 'text' ? [operand.text] : []));
    else if (field === 'profile_id' && operand.type === 'text') tests.push(profileTest(world, operand.text));
    else if (field === 'profile') tests.push((row) => isLive(world.profiles, profileShown(world, row)));
  }
  const now = world.clock.now();
  return (row) => (events.visibleAt[row] as number) <= now && tests.every((test) => test(row));
}

function metricTest(world: World, ids: readonly string[]): (row: number) => boolean {
  const wanted = new Set<number>();
  for (const id of ids) {
    const index = world.ids.metric.row(id);
    const metric = index === undefined ? undefined : world.metrics[index];
    if (!metric || metric.gone || metric.refusedByFilter) throw invalid(`Metric IDs ['${id}'] do not exist.`, { parameter: 'filter' });
    wanted.add(index as number);
  }
  return (row) => wanted.has(world.events.metric[row] as number);
}

function profileTest(world: World, id: string): (row: number) => boolean {
  const { profiles, events } = world;
  const target = world.ids.profile.row(id);
  if (target === undefined || profiles.mergedInto.has(target)) return () => false;
  const sources = new Set([target, ...[...profiles.mergedInto.keys()].filter((source) => currentProfile(profiles, source) === target)]);
  return (row) => {
    const named = events.profile[row] as number;
    return named !== NO_PROFILE && sources.has(named) && profileShown(world, row) !== undefined;
  };
}

function included(world: World, rows: readonly number[], query: Query): string[] {
  const found = new Map<string, string>();
  for (const name of query.includes) {
    for (const row of rows) {
      if (name.startsWith('metric')) {
        const index = world.events.metric[row] as number;
        const metric = world.metrics[index];
        if (metric && !metric.gone && !found.has(`m${index}`))
          found.set(`m${index}`, metricResource(world.ids, index, metric, [...(query.fields.get('metric')?.keys() ?? METRIC_ATTRIBUTES)]));
      } else if (name.startsWith('profile')) {
        const profile = profileShown(world, row);
        if (isLive(world.profiles, profile) && !found.has(`p${profile}`))
          found.set(`p${profile}`, profileResource(world, profile, [], query.fields.get('profile')));
      } else if (hasAttribution(row)) found.set(`a${row}`, attributionResource(world, row));
    }
  }
  return [...found.values()];
}
