import type { VendorRow } from './rows.ts';
import { DAY } from '../kit/durations.ts';
import { type RawEvent, type World } from './world.ts';

const FARTHEST = 180 * DAY;
/** Duration of a page view, ms. */
const VIEW = 130_000;

const parsedUserAgent = { name: 'Firefox', version: '125', os: 'Linux' };

function activity(raw: RawEvent, end: number): VendorRow | undefined {
  const base = { ts: raw.ts, appId: raw.appId, parsedUserAgent };
  switch (raw.kind) {
    // A view that continues after the window is cut at its end.
    case 'page':
      return {
        ...base,
        type: 'page',
        pageId: raw.objectId,
        lastTs: Math.min(raw.ts + VIEW, end),
        duration: 130,
        uri: 'https://app.example.test/reports',
      };
    case 'feature':
      return { ...base, type: 'feature', featureId: raw.objectId };
    case 'guide':
      return raw.type === 'guideSeen' ? { ...base, type: 'guide', guideId: raw.objectId, guideStepId: raw.stepId } : undefined;
    default:
      return undefined;
  }
}

/** Events by visitor, until there are more: the truth of a table asks for those of every visitor. */
const known = new WeakMap<World, { readonly count: number; readonly events: ReadonlyMap<string, readonly RawEvent[]> }>();

function eventsOf(world: World, visitorId: string): readonly RawEvent[] {
  let found = known.get(world);
  if (found?.count !== world.raws.length) {
    const events = new Map<string, RawEvent[]>();
    for (const raw of world.raws) {
      const others = events.get(raw.visitorId);
      if (others) others.push(raw);
      else events.set(raw.visitorId, [raw]);
    }
    found = { count: world.raws.length, events };
    known.set(world, found);
  }
  return found.events.get(visitorId) ?? [];
}

/** The activities of a visitor in the 24 hours from an instant; a view begun earlier is included with its start. */
export function historyOf(world: World, visitorId: string, from: number, now: number): VendorRow[] {
  if (from < now - FARTHEST) return [];
  const to = from + DAY;
  return eventsOf(world, visitorId)
    .filter(
      (raw) => raw.visibleAt <= now && raw.ts <= now && raw.ts < to && (raw.ts >= from || (raw.kind === 'page' && raw.ts + VIEW > from)),
    )
    .map((raw) => activity(raw, to))
    .filter((row) => row !== undefined);
}

/** All activities with the visitor's id added; views are not cut. */
export function wholeHistory(world: World, visitorId: string, now: number): VendorRow[] {
  return eventsOf(world, visitorId)
    .filter((raw) => raw.visibleAt <= now && raw.ts <= now && raw.ts >= now - FARTHEST)
    .map((raw) => activity(raw, Infinity))
    .filter((row) => row !== undefined)
    .map((row) => ({ ...row, visitorId }));
}
