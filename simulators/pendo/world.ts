import { below, fraction, hash32, hexDigits, pick } from '../kit/random.ts';
import { APPS, type PendoOptions } from './options.ts';
import { accountRow, featureRow, guideRow, metadataSchema, pageRow, trackTypeRow, visitorRow, type VendorRow } from './rows.ts';
import { zone, type Zone } from './zone.ts';
import { DAY, HOUR } from '../kit/durations.ts';

/** One action of a visitor, before anything is counted. */
export interface RawEvent {
  readonly kind: 'page' | 'feature' | 'track' | 'guide' | 'poll';
  readonly ts: number;
  /** Visible from this time on; events with a delay arrive out of order. */
  visibleAt: number;
  readonly visitorId: string;
  readonly accountId: string;
  readonly appId: number;
  readonly remoteIp: string;
  readonly userAgent: string;
  readonly server: string;
  readonly tabId: string;
  readonly sessionId: string;
  readonly country: string;
  readonly region: string;
  /** Page, feature, track type or guide. */
  objectId: string;
  readonly type?: string;
  readonly stepId?: string;
  readonly pollId?: string;
  readonly pollResponse?: string | number;
  readonly parameters?: VendorRow;
  readonly properties?: VendorRow;
  readonly rage: number;
}

/** A subscription's data. */
export interface World {
  readonly seed: number;
  readonly zone: Zone;
  readonly start: number;
  readonly accounts: VendorRow[];
  readonly visitors: VendorRow[];
  readonly features: VendorRow[];
  readonly pages: VendorRow[];
  readonly guides: VendorRow[];
  readonly trackTypes: VendorRow[];
  readonly schemas: { account: Record<string, VendorRow>; visitor: Record<string, VendorRow> };
  /** Sorted by time. */
  readonly raws: RawEvent[];
  /** Grows with every change, so that cached counts become invalid. */
  version: number;
}

/** Ids that break careless quoting. */
const ODD_IDS = ['o"brien', 'back\\slash', 'dir/one', 'kim@example.test', 'two words', 'zoë-ünï', '漢字-7'];

export function createWorld(options: PendoOptions, now: number): World {
  const seed = options.seed ?? 7;
  const days = options.days ?? 12;
  const start = now - days * DAY;
  const visitors = options.visitors ?? 160;
  const anonymous = Math.min(options.anonymous ?? Math.ceil(visitors / 10), visitors);
  const accounts = options.accounts ?? Math.max(5, Math.ceil(visitors / 12));
  const visitorId = (v: number): string =>
    v >= visitors - anonymous ? `_PENDO_T_${hexDigits(10, seed, v, 3)}` : (ODD_IDS[v] ?? `u-${1_000 + v}`);
  const accountId = (a: number): string => (a === 1 ? 'acme "east" \\ co' : `acct-${a}`);
  // Thirty visitors share one time of change; none changed in the last hours.
  const updated = (n: number): number =>
    n >= 10 && n < 40 ? start + 3 * DAY : start + Math.floor(fraction(seed, n, 11) * (now - start - 12 * HOUR));
  const world: World = {
    seed,
    zone: zone(options.timeZone ?? 'America/New_York'),
    start,
    accounts: Array.from({ length: accounts }, (_, n) => accountRow(seed, accountId(n), n, start, updated(n + 500))),
    visitors: Array.from({ length: visitors }, (_, n) =>
      visitorRow(
        seed,
        visitorId(n),
        n,
        [accountId(n % accounts), ...(n % 5 === 0 ? [accountId((n + 1) % accounts)] : [])],
        start,
        updated(n),
      ),
    ),
    features: Array.from({ length: options.features ?? 24 }, (_, n) => featureRow(seed, n, start)),
    pages: Array.from({ length: options.pages ?? 15 }, (_, n) => pageRow(seed, n, start)),
    guides: Array.from({ length: options.guides ?? 9 }, (_, n) => guideRow(seed, n, start)),
    trackTypes: Array.from({ length: options.trackTypes ?? 7 }, (_, n) => trackTypeRow(seed, n, start)),
    schemas: { account: metadataSchema('account'), visitor: metadataSchema('visitor') },
    raws: [],
    version: 0,
  };
  const lag = (options.lagHours ?? 0) * HOUR;
  const sessions = options.sessions ?? visitors * 6;
  for (let s = 0; s < sessions; s += 1) {
    const at = start + Math.floor(fraction(seed, s, 21) * (now - start));
    // The first visitors have more sessions than the others.
    const visitor = s % 4 === 0 ? s % Math.min(visitors, 12) : below(visitors, seed, s, 22);
    // No events are recorded for visitors that are not processed.
    if (((world.visitors[visitor] as VendorRow)['metadata'] as VendorRow)['auto'] === undefined) continue;
    for (const raw of session(world, s, at, visitor)) {
      // Visitors who share a time of change have no events after it.
      if (raw.ts >= now || (visitor >= 10 && visitor < 40 && raw.ts > updated(visitor))) continue;
      world.raws.push({ ...raw, visibleAt: raw.ts + Math.floor(fraction(seed, s, 23) * lag) });
      noteVisit(world, visitor, raw.ts);
    }
  }
  world.raws.sort((a, b) => a.ts - b.ts);
  return world;
}

/** A visit changes the visitor. */
export function noteVisit(world: World, visitor: number, ts: number): void {
  const auto = ((world.visitors[visitor] as VendorRow)['metadata'] as VendorRow)['auto'] as VendorRow | undefined;
  if (auto && ts > (auto['lastupdated'] as number)) Object.assign(auto, { lastvisit: ts, lastupdated: ts });
}

/** The actions of a visitor in one session of up to ten minutes. */
export function session(world: World, s: number, at: number, visitor: number): RawEvent[] {
  const { seed } = world;
  const row = world.visitors[visitor] as VendorRow;
  const visitorId = row['visitorId'] as string;
  const ids = (((row['metadata'] as VendorRow)['auto'] as VendorRow | undefined)?.['accountids'] as string[] | undefined) ?? [];
  const server = hash32(seed, s, 31) % 7 === 0;
  const account = hash32(seed, s, 32) % 11 === 0 ? '' : (ids[s % Math.max(1, ids.length)] ?? '');
  const away = hash32(seed, s, 33) % 3 === 0;
  const context = {
    visitorId,
    accountId: account,
    visibleAt: 0,
    rage: hash32(seed, s, 34) % 4 === 0 ? 1 : 0,
    appId: pick(APPS, seed, visitor, 35),
    // People of one account have the same IP address.
    remoteIp: server ? '' : `203.0.113.${account.length === 0 ? 1 : (account.charCodeAt(account.length - 1) % 200) + 2}`,
    userAgent: server ? '' : `Mozilla/5.0 (X11; Linux x86_64) Browser/${visitor % 3}`,
    server: server ? '' : 'app.example.test',
    tabId: `tab${hash32(seed, s, 36) % 3}`,
    sessionId: `session-${visitor}-${hash32(seed, s, 36) % 3}`,
    country: away ? 'DE' : 'NL',
    region: away ? 'be' : 'nh',
  };
  const raws: RawEvent[] = [];
  const count = 1 + below(6, seed, s, 37);
  for (let i = 0; i < count; i += 1) {
    const ts = at + below(600_000, seed, s, 40 + i);
    const kind = hash32(seed, s, 60 + i);
    const n = kind >>> 5;
    const idOf = (rows: readonly VendorRow[]): string => (rows[n % rows.length] as VendorRow)['id'] as string;
    switch (kind % 8) {
      case 0:
      case 1:
      case 2:
        raws.push({
          ...context,
          kind: 'page',
          ts,
          objectId: idOf(world.pages),
          ...(n % 3 === 0 ? { parameters: { tab: n % 2 === 0 ? 'weekly' : 'daily' } } : {}),
        });
        break;
      case 3:
      case 4:
        raws.push({
          ...context,
          kind: 'feature',
          ts,
          objectId: idOf(world.features),
          ...(n % 3 === 0 ? { properties: { format: n % 2 === 0 ? 'csv' : 'pdf' } } : {}),
        });
        break;
      case 5:
        raws.push({
          ...context,
          kind: 'track',
          ts,
          objectId: idOf(world.trackTypes),
          properties: n % 2 === 0 ? { total: (n % 50) / 4, currency: 'EUR' } : { items: ['a', 1, null, { b: true }] },
        });
        break;
      case 6: {
        const guide = { ...context, kind: 'guide' as const, ts, objectId: idOf(world.guides), stepId: `St_${n % 3}` };
        // Two interactions in one millisecond.
        raws.push({ ...guide, type: 'guideSeen' }, { ...guide, type: n % 16 < 8 ? 'guideAdvanced' : 'guideDismissed' });
        break;
      }
      default:
        raws.push({
          ...context,
          kind: 'poll',
          ts,
          objectId: idOf(world.guides),
          stepId: 'St_0',
          pollId: `pl_${n % 4}`,
          type: 'ui:web:pollResponse',
          pollResponse: n % 2 === 0 ? n % 11 : 'quite good',
        });
    }
  }
  return raws;
}

/** Inserts events in the order of their times. */
export function insertRaws(world: World, raws: readonly RawEvent[]): void {
  world.raws.push(...raws);
  world.raws.sort((a, b) => a.ts - b.ts);
  world.version += 1;
}

/** Index of the first event at or after the instant. */
export function firstAt(raws: readonly RawEvent[], instant: number): number {
  let low = 0;
  let high = raws.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((raws[middle] as RawEvent).ts < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}
