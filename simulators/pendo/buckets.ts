import type { GroupedSource, Period, SingleSource } from './options.ts';
import type { VendorRow } from './rows.ts';
import { firstAt, type RawEvent, type World } from './world.ts';

export interface Window {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

const KINDS: Record<GroupedSource | SingleSource, readonly RawEvent['kind'][]> = {
  events: ['page', 'feature'],
  featureEvents: ['feature'],
  pageEvents: ['page'],
  trackEvents: ['track'],
  guideEvents: ['guide'],
  pollEvents: ['poll'],
};
const OBJECT_FIELD: Partial<Record<GroupedSource, string>> = {
  featureEvents: 'featureId',
  pageEvents: 'pageId',
  trackEvents: 'trackTypeId',
};

/** The events of a source in a window that are visible at `now`. */
export function visible(world: World, source: GroupedSource | SingleSource, { from, to }: Window, now: number): RawEvent[] {
  const kinds = KINDS[source];
  const found: RawEvent[] = [];
  for (let at = firstAt(world.raws, from); at < world.raws.length; at += 1) {
    const raw = world.raws[at] as RawEvent;
    if (raw.ts >= to || raw.ts > now) break;
    if (raw.visibleAt <= now && kinds.includes(raw.kind)) found.push(raw);
  }
  return found;
}

/** The dimensions of a row; `fine` adds those that no key may contain. */
function dimensions(
  world: World,
  source: GroupedSource,
  raw: RawEvent,
  period: Period,
  hourRowsHaveDay: boolean,
  fine: boolean,
): VendorRow {
  const object = OBJECT_FIELD[source];
  const day = world.zone.dayStart(raw.ts);
  return {
    accountId: raw.accountId,
    visitorId: raw.visitorId,
    appId: raw.appId,
    ...(period === 'dayRange' ? { day } : { hour: world.zone.hourStart(raw.ts), ...(hourRowsHaveDay ? { day } : {}) }),
    ...(object === undefined ? { pageId: 'allevents', eventClass: 'web' } : { [object]: raw.objectId }),
    remoteIp: raw.remoteIp,
    server: raw.server,
    userAgent: raw.userAgent,
    tabId: raw.tabId,
    ...(source !== 'events' && raw.parameters !== undefined ? { parameters: raw.parameters } : {}),
    ...(source !== 'events' && raw.properties !== undefined ? { properties: raw.properties } : {}),
    ...world.zone.calendar(raw.ts),
    ...(fine ? { ...placeOf(raw), analyticsSessionId: raw.sessionId } : {}),
  };
}

/** Location of a visitor; 0 where the vendor does not know it. */
const placeOf = ({ country, region }: RawEvent): VendorRow =>
  country === 'NL' ? { country, region, latitude: 52.4, longitude: 4.9 } : { country, region, latitude: 0, longitude: 0 };

function measures(raws: readonly RawEvent[]): VendorRow {
  const times = raws.map(({ ts }) => ts);
  return {
    numEvents: raws.length,
    numMinutes: new Set(times.map((ts) => Math.floor(ts / 60_000))).size,
    firstTime: Math.min(...times),
    lastTime: Math.max(...times),
    rageClickCount: raws.reduce((sum, { rage }) => sum + rage, 0),
    errorClickCount: 0,
    deadClickCount: 1,
    uTurnCount: 0,
    lastKeyFrameTimestamp: Math.max(...times) - 10,
  };
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return [...groups.values()];
}

/** Rows as the vendor returns them: one per combination of all dimensions. */
export function groupedRows(
  world: World,
  source: GroupedSource,
  raws: readonly RawEvent[],
  period: Period,
  hourRowsHaveDay: boolean,
): VendorRow[] {
  const row = (raw: RawEvent): VendorRow => dimensions(world, source, raw, period, hourRowsHaveDay, true);
  return groupBy(raws, (raw) => JSON.stringify(row(raw))).map((group) => ({ ...row(group[0] as RawEvent), ...measures(group) }));
}

/** Rows for a table keyed without country and region: the counts of the vendor's rows are summed. */
export function summedRows(
  world: World,
  source: GroupedSource,
  raws: readonly RawEvent[],
  period: Period,
  hourRowsHaveDay: boolean,
): VendorRow[] {
  const coarse = (raw: RawEvent): string => JSON.stringify(dimensions(world, source, raw, period, hourRowsHaveDay, false));
  return groupBy(raws, coarse).map((group) => {
    const parts = groupedRows(world, source, group, period, hourRowsHaveDay);
    const latest = parts.reduce((a, b) => ((b['lastTime'] as number) > (a['lastTime'] as number) ? b : a));
    const sum = (name: string): number => parts.reduce((total, part) => total + (part[name] as number), 0);
    return {
      ...latest,
      ...Object.fromEntries(
        ['numEvents', 'numMinutes', 'rageClickCount', 'errorClickCount', 'deadClickCount', 'uTurnCount'].map((name) => [name, sum(name)]),
      ),
      firstTime: Math.min(...parts.map((part) => part['firstTime'] as number)),
    };
  });
}

/** An interaction as its own row. */
export function singleRow(source: SingleSource, raw: RawEvent): VendorRow {
  return {
    accountId: raw.accountId,
    accountIds: raw.accountId === '' ? [] : [raw.accountId],
    visitorId: raw.visitorId,
    appId: raw.appId,
    browserTime: raw.ts,
    guideTimestamp: raw.ts + 520,
    receivedTime: raw.ts + 900,
    type: raw.type,
    guideId: raw.objectId,
    guideStepId: raw.stepId,
    ...(source === 'guideEvents'
      ? { guideSeenReason: 'auto' }
      : { pollId: raw.pollId, pollType: 'NPSRating', pollResponse: raw.pollResponse }),
    url: `https://app.example.test/${'reports/'.repeat(raw.ts % 97 === 0 ? 150 : 1)}`,
    remoteIp: raw.remoteIp,
    title: `Reports, ${raw.objectId}`,
    fragment: raw.ts % 3 === 0 ? '#weekly' : '',
    oldVisitorId: raw.ts % 5 === 0 ? `_PENDO_T_${raw.ts % 7}` : '',
    serverName: raw.server,
    userAgent: raw.userAgent,
    ...placeOf(raw),
    loadTime: 0,
    elementPath: 'BODY',
    eventId: '',
    language: 'nl',
    tabId: raw.tabId,
    analyticsSessionId: raw.sessionId,
    // JSON text, as the vendor sends it.
    ...(source === 'guideEvents' ? { uiElementId: `button-${raw.ts % 3}`, uiElementActions: '[{"action":"dismissGuide"}]' } : {}),
  };
}
