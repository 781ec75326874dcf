import type { SimClock } from '../kit/clock.ts';
import { groupedRows, singleRow, visible, type Window } from './buckets.ts';
import { BadExpression, compile, type Names, type Value } from './expression.ts';
import { DEFAULT_APP, type GroupedSource, type ObjectSource, type Period, type SingleSource, type Switches } from './options.ts';
import type { VendorRow } from './rows.ts';
import { DAY, HOUR } from '../kit/durations.ts';
import { type World } from './world.ts';

/** The aggregation is refused. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/** A request of a row source, for tests that count requests. */
export interface Asked {
  source: string;
  period: string;
  /** Length of the window, hours. */
  hours: number;
  limit: number | undefined;
  rows: number;
}

type Stage = Readonly<Record<string, unknown>>;
const bad = (text: string): Refused => new Refused(400, `bad pipeline: ${text}`);

const GROUPED: readonly string[] = ['events', 'featureEvents', 'pageEvents', 'trackEvents'] satisfies GroupedSource[];
const SINGLE: readonly string[] = ['guideEvents', 'pollEvents'] satisfies SingleSource[];
const OBJECTS: readonly string[] = ['features', 'pages', 'guides', 'trackTypes'] satisfies ObjectSource[];
const PARAMETERS: Record<string, readonly string[]> = {
  visitors: ['identified', 'blacklist', 'timeSeries'],
  accounts: ['appId', 'blacklist', 'timeSeries'],
  features: ['appId'],
  pages: ['appId'],
  guides: ['appId'],
  trackTypes: ['appId', 'timeSeries'],
  events: ['appId', 'eventClass', 'blacklist'],
  featureEvents: ['appId', 'featureId', 'blacklist'],
  pageEvents: ['appId', 'pageId', 'blacklist'],
  trackEvents: ['appId', 'trackTypeId', 'blacklist'],
  guideEvents: ['appId', 'guideId', 'blacklist'],
  pollEvents: ['appId', 'guideId', 'pollId', 'blacklist'],
};

/** Runs aggregations over the world. Counts of a window are cached until the world changes. */
export function aggregations(world: World, clock: SimClock, switches: Switches): { run(body: string): unknown; asked: Asked[] } {
  const kept = new Map<string, { rows: VendorRow[]; scanned: number }>();
  const asked: Asked[] = [];
  const functions = {
    now: () => clock.now(),
    date: (year: Value, month: Value, day: Value) => world.zone.date(Number(year), Number(month), Number(day)),
    startOfPeriod: (period: Value, at: Value) => (period === 'hourly' ? world.zone.hourStart(Number(at)) : world.zone.dayStart(Number(at))),
    dateAdd: (at: Value, count: Value, unit: Value) => Number(at) + Number(count) * (unit === 'hours' ? HOUR : DAY),
  };

  function instant(value: unknown, name: string): number {
    const at =
      typeof value === 'number'
        ? value
        : typeof value === 'string' && /^\d+$/.test(value)
          ? Number(value)
          : typeof value === 'string'
            ? parsed(value)(() => null)
            : Number.NaN;
    if (typeof at !== 'number' || !Number.isFinite(at)) throw bad(`bad source: timeSeries ${name} is no time`);
    return at;
  }

  function parsed(text: unknown): ReturnType<typeof compile> {
    if (typeof text !== 'string') throw new Refused(400, 'Cannot parse filter expression');
    try {
      return compile(text, functions);
    } catch (error) {
      if (error instanceof BadExpression) throw new Refused(400, 'Cannot parse filter expression');
      throw error;
    }
  }

  function windowOf(series: unknown): Window & { period: Period } {
    if (typeof series !== 'object' || series === null) throw bad('bad source: a time series is missing');
    const { period, first, count, last } = series as Stage;
    if (period !== 'dayRange' && period !== 'hourRange') throw bad('bad source: unknown time series period');
    if ((count === undefined) === (last === undefined)) throw bad('bad source: a time series takes either count or last');
    const start = period === 'dayRange' ? world.zone.dayStart : world.zone.hourStart;
    const step = (at: number, by: number): number =>
      period === 'hourRange' ? at + by * HOUR : by > 0 ? world.zone.nextDay(at) : world.zone.dayStart(at - 12 * HOUR);
    const from = start(instant(first, 'first'));
    if (last !== undefined) return { period, from, to: step(start(instant(last, 'last')), 1) };
    if (typeof count !== 'number' || !Number.isInteger(count) || count === 0) throw bad('bad source: count is no number of periods');
    let other = from;
    for (let i = 0; i < Math.abs(count); i += 1) other = step(other, Math.sign(count));
    return { period, from: Math.min(from, other), to: Math.max(from, other) };
  }

  function source(stage: unknown, limit: number | undefined): VendorRow[] {
    const { timeSeries, ...named } = (stage ?? {}) as Stage;
    const [entry, ...more] = Object.entries(named);
    if (!entry || more.length > 0) throw bad('bad source: one row source is wanted');
    const [name, given] = entry;
    const allowed = Object.hasOwn(PARAMETERS, name) ? (PARAMETERS[name] as readonly string[]) : undefined;
    if (!allowed) throw bad(`bad source: unknown source type ${name}`);
    const params = (given ?? {}) as Stage;
    if (Object.keys(params).some((param) => !allowed.includes(param)))
      throw bad(`bad source: bad parameters for source type ${name}: unexpected parameters`);
    const series = GROUPED.includes(name) || SINGLE.includes(name) ? windowOf(timeSeries) : undefined;
    const rows =
      name === 'visitors'
        ? visitors(params)
        : name === 'accounts'
          ? world.accounts
          : OBJECTS.includes(name)
            ? ofApps(world[name as ObjectSource], params)
            : events(name as GroupedSource | SingleSource, params, series as Window & { period: Period });
    asked.push({
      source: name,
      period: series?.period ?? '',
      hours: series ? (series.to - series.from) / HOUR : 0,
      limit,
      rows: rows.length,
    });
    return rows;
  }

  function visitors({ identified }: Stage): VendorRow[] {
    return identified === true ? world.visitors.filter((row) => !isAnonymous(row)) : world.visitors;
  }

  function ofApps(rows: readonly VendorRow[], { appId }: Stage): VendorRow[] {
    if (typeof appId === 'string' && /^expandAppIds\(["`]\*["`]\)$/.test(appId)) return [...rows];
    if (appId !== undefined && appId !== null && !Array.isArray(appId))
      throw bad('bad source: appId is neither a list nor expandAppIds("*")');
    const wanted = (appId as unknown[] | undefined)?.map(Number) ?? [DEFAULT_APP];
    return rows.filter((row) => wanted.includes(row['appId'] as number));
  }

  function events(name: GroupedSource | SingleSource, params: Stage, window: Window & { period: Period }): VendorRow[] {
    const key = JSON.stringify([name, window, world.version, clock.now(), switches.hourRowsHaveDay]);
    let counted = kept.get(key);
    if (!counted) {
      const raws = visible(world, name, window, clock.now());
      const rows = SINGLE.includes(name)
        ? raws.map((raw) => singleRow(name as SingleSource, raw))
        : groupedRows(world, name as GroupedSource, raws, window.period, switches.hourRowsHaveDay);
      if (kept.size > 16) kept.clear();
      counted = { rows, scanned: raws.length };
      kept.set(key, counted);
    }
    if (counted.scanned > switches.mostScanned) throw new Refused(408, 'Query exceeded memory limit');
    const { appId, eventClass, blacklist: _blacklist, ...objects } = params;
    return ofApps(counted.rows, { appId }).filter(
      (row) =>
        Object.entries(objects).every(([field, value]) => row[field] === value) &&
        (eventClass === undefined || (eventClass as unknown[]).includes(row['eventClass'])),
    );
  }

  function apply(rows: VendorRow[], stage: Stage, limit: number | undefined): VendorRow[] {
    const [entry, ...more] = Object.entries(stage);
    if (!entry || more.length > (entry[0] === 'source' ? 1 : 0)) throw bad('a stage has one name');
    const [name, value] = entry;
    switch (name) {
      case 'source':
        return source(value, limit);
      case 'filter': {
        const test = parsed(value);
        return rows.filter((row) => test(namesOf(row)) === true);
      }
      case 'sort':
        return sorted(rows, value as readonly string[]);
      case 'limit':
        return rows.slice(0, Number(value));
      case 'skip':
        return rows.slice(Number(value));
      case 'count':
        return [{ count: rows.length }];
      case 'identified': {
        const text = String(value);
        const field = text.replace('!', '');
        return rows.filter((row) => String(row[field] ?? '').startsWith('_PENDO_T_') === text.startsWith('!'));
      }
      case 'select':
        return rows.map((row) =>
          Object.fromEntries(Object.entries(value as Record<string, string>).map(([to, text]) => [to, parsed(text)(namesOf(row))])),
        );
      default:
        throw bad(`unknown stage ${name}`);
    }
  }

  return {
    asked,
    run(body) {
      const { request } = JSON.parse(body) as { request?: { pipeline?: unknown } | unknown[] };
      const pipeline = Array.isArray(request) ? request : request?.pipeline;
      if (!Array.isArray(pipeline) || pipeline.length === 0) throw bad('there is no pipeline');
      if (!Object.hasOwn(pipeline[0] as Stage, 'source')) throw bad('the first stage is no source');
      const limit = (pipeline as Stage[]).find((stage) => stage['limit'] !== undefined)?.['limit'] as number | undefined;
      const rows = (pipeline as Stage[]).reduce<VendorRow[]>((found, stage) => apply(found, stage, limit), []);
      if (rows.length > switches.mostRows) throw new Refused(400, 'Query exceeded memory limit');
      return { startTime: clock.now(), results: rows.length === 0 && switches.empty === 'null' ? null : rows.slice(0, switches.atMost) };
    },
  };
}

export const isAnonymous = (row: VendorRow): boolean => String(row['visitorId'] ?? '').startsWith('_PENDO_T_');

function namesOf(row: VendorRow): Names {
  return (path) => {
    const value = valueAt(row, path);
    return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null;
  };
}

const valueAt = (row: VendorRow, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as VendorRow | undefined)?.[name], row);

/** Sorts by several fields, `-` for descending; rows without a field come first. */
function sorted(rows: VendorRow[], fields: readonly string[]): VendorRow[] {
  if (!Array.isArray(fields)) throw bad('sort takes a list');
  const keys = fields.map((field) => ({ path: field.replace(/^[-+]/, ''), sign: field.startsWith('-') ? -1 : 1 }));
  return [...rows].sort((a, b) => {
    for (const { path, sign } of keys) {
      const left = (valueAt(a, path) as string | number | null | undefined) ?? null;
      const right = (valueAt(b, path) as string | number | null | undefined) ?? null;
      if (left === right) continue;
      if (left === null) return -sign;
      if (right === null) return sign;
      return left < right ? -sign : sign;
    }
    return 0;
  });
}
