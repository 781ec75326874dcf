import { parse } from 'csv-parse/sync';
import type { Context } from './context.ts';
import { parseTime } from './filter.ts';
import { appendEvents, appendProfiles, type NewEvent } from './growth.ts';
import { newMetric } from './metric-catalogue.ts';
import { PROFILE_ATTRIBUTES, profileAttribute } from './profile-resource.ts';
import { isLive, type World } from './world.ts';

export type IngestKind = 'profiles' | 'events';

const NAMES = ['email', 'phone_number', 'external_id'] as const;
const ATTRIBUTES: Record<string, string> = {
  Email: 'email',
  'Phone Number': 'phone_number',
  'External ID': 'external_id',
  'First Name': 'first_name',
  'Last Name': 'last_name',
  Organization: 'organization',
  Title: 'title',
  Locale: 'locale',
  Image: 'image',
};
const LOCATION: Record<string, string> = {
  'Address 1': 'address1',
  'Address 2': 'address2',
  City: 'city',
  'State / Region': 'region',
  Country: 'country',
  'Zip Code': 'zip',
  Latitude: 'latitude',
  Longitude: 'longitude',
  Timezone: 'timezone',
  IP: 'ip',
};
const OF_EVENTS = new Set([...Object.keys(ATTRIBUTES).slice(0, 3), 'Metric Name', 'Timestamp', 'Unique ID', 'Value']);

/**
 * Imports the complete lines of a file as the vendor does: profiles are created or updated by email, then phone, then external
 * id; events are created once per unique id.
 */
export function ingest(context: Context, kind: IngestKind, file: Buffer): { rows: number } {
  const rows = parse(file.subarray(0, file.lastIndexOf(10) + 1), { columns: true, relax_column_count: true, relax_quotes: true }) as Record<
    string,
    string
  >[];
  const people = upsert(context.world, rows, kind);
  if (kind === 'events') addEvents(context.world, rows, people);
  return { rows: rows.length };
}

/** The profile of each row; undefined for a row without an identifier. One pass over the table finds them all. */
function upsert(world: World, rows: readonly Record<string, string>[], kind: IngestKind): (number | undefined)[] {
  const { profiles } = world;
  const known = new Map<string, number>();
  for (let row = 0; row < profiles.count; row += 1) {
    if (!isLive(profiles, row)) continue;
    for (const name of NAMES) {
      const text = profileAttribute(world, row, name);
      if (text !== 'null' && !known.has(`${name} ${text}`)) known.set(`${name} ${text}`, row);
    }
  }
  const before = profiles.count;
  let next = before;
  const written = new Map<number, Record<string, string>>();
  const found = rows.map((cells): number | undefined => {
    const keys = Object.entries(ATTRIBUTES)
      .slice(0, 3)
      .flatMap(([header, name]) => (cells[header] ? [`${name} ${JSON.stringify(cells[header])}`] : []));
    if (keys.length === 0) return undefined;
    const row = keys.map((key) => known.get(key)).find((one) => one !== undefined) ?? next++;
    for (const key of keys) if (!known.has(key)) known.set(key, row);
    const blank = Object.fromEntries(
      PROFILE_ATTRIBUTES.filter((name) => name !== 'created' && name !== 'updated').map((name) => [name, 'null']),
    );
    const has = written.get(row) ?? profiles.written.get(row) ?? (row >= before ? blank : {});
    written.set(row, {
      ...has,
      ...attributesOf(cells, kind, (name) => has[name] ?? (row < before ? profileAttribute(world, row, name) : 'null')),
    });
    return row;
  });
  const now = Math.floor(world.clock.now() / 1000) * 1000;
  if (next > before) appendProfiles(world, next - before, now);
  for (const [row, attributes] of written) profiles.written.set(row, attributes);
  const touched = [...written.keys()].filter((row) => row < before);
  if (kind === 'profiles' && touched.length > 0) {
    profiles.byUpdated.move(touched, () => {
      for (const row of touched) {
        profiles.updated[row] = now;
        profiles.version[row] = (profiles.version[row] as number) + 1;
      }
    });
  }
  return found;
}

function attributesOf(cells: Record<string, string>, kind: IngestKind, now: (name: string) => string): Record<string, string> {
  const given: Record<string, string> = {};
  const nested: Record<'location' | 'properties', Record<string, string>> = { location: {}, properties: {} };
  for (const [header, cell] of Object.entries(cells)) {
    if (cell === '') continue;
    const attribute = ATTRIBUTES[header];
    if (attribute !== undefined) given[attribute] = JSON.stringify(cell);
    else if (kind === 'events') continue;
    else if (LOCATION[header] !== undefined) nested.location[LOCATION[header] as string] = cell;
    else nested.properties[header] = cell;
  }
  for (const [name, values] of Object.entries(nested)) {
    if (Object.keys(values).length > 0) given[name] = JSON.stringify({ ...(JSON.parse(now(name)) as object | null), ...values });
  }
  return given;
}

function addEvents(world: World, rows: readonly Record<string, string>[], people: readonly (number | undefined)[]): void {
  const metrics = new Map<string, number>();
  world.metrics.forEach((metric, at) => {
    if (!metric.gone && metric.integrationName === 'API') metrics.set(metric.name, at);
  });
  const added: NewEvent[] = [];
  rows.forEach((cells, at) => {
    const [profile, name, ms] = [people[at], cells['Metric Name'], timeOf(cells['Timestamp'] ?? '')];
    if (profile === undefined || !name || ms === undefined) return;
    let metric = metrics.get(name);
    if (metric === undefined) {
      metric = world.metrics.push(newMetric(name, 1, 'object', Math.floor(world.clock.now() / 1000) * 1000)) - 1;
      metrics.set(name, metric);
    }
    const seconds = Math.floor(ms / 1000);
    const unique = cells['Unique ID'] || String(seconds);
    const key = `${profile} ${metric} ${unique}`;
    if (world.events.uniqueKeys.has(key)) return;
    world.events.uniqueKeys.add(key);
    const properties = Object.fromEntries(Object.entries(cells).filter(([header, cell]) => !OF_EVENTS.has(header) && cell !== ''));
    const written = JSON.stringify({ $event_id: unique, ...(cells['Value'] ? { $value: Number(cells['Value']) } : {}), ...properties });
    added.push({
      datetime: seconds,
      visibleAt: world.clock.now() + world.visibilityDelay(world.events.count + added.length),
      metric,
      profile,
      written,
    });
  });
  if (added.length > 0) appendEvents(world, added);
}

function timeOf(text: string): number | undefined {
  const us = /^(\d{2})\/(\d{2})\/(\d{4}|\d{2})(.*)$/.exec(text);
  if (us)
    return timeOf(
      `${us[3]?.length === 2 ? '20' : ''}${us[3]}-${us[1]}-${us[2]}${/\d:\d\d:/.test(us[4] ?? '') || us[4] === '' ? us[4] : `${us[4]}:00`}`,
    );
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1000;
  const iso = text.length === 10 ? `${text}T00:00:00` : text.replace(' ', 'T');
  return parseTime(/[+-]\d\d:\d\d$/.test(iso) ? iso : `${iso}Z`);
}
