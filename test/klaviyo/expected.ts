import type { KlaviyoTruth } from '../../simulators/klaviyo/truth.ts';

/*
 * What the tables have to hold, written down once more from the vendor's resources and the documented coercion
 * rules alone: nothing of the product is used here, so that a mistake in a table definition shows.
 */

export type Value = string | number | bigint | boolean | null;
export type Columns = Record<string, Value>;

export type KlaviyoTable = 'metric' | 'profile' | 'event';

/** Id and columns (`_extra` included) of every row a table has to hold, one by one. */
export function* expectedRows(truth: KlaviyoTruth, table: KlaviyoTable): Generator<{ id: string; columns: Columns }, void, void> {
  switch (table) {
    case 'metric':
      for (const { id, resource } of truth.metrics()) yield { id, columns: metricColumns(resource()) };
      return;
    case 'profile':
      for (const { id, resource } of truth.profiles()) yield { id, columns: profileColumns(resource()) };
      return;
    case 'event': {
      const names = new Map<string, string>();
      for (const { id, resource } of truth.metrics()) names.set(id, resource().attributes.name);
      for (const { id, resource } of truth.events()) yield { id, columns: eventColumns(resource(), names) };
    }
  }
}

function metricColumns({ id, attributes }: any): Columns {
  const { integration } = attributes;
  return {
    id,
    name: attributes.name,
    created: instant(attributes.created),
    updated: instant(attributes.updated),
    integration_id: integration?.id ?? null,
    integration_name: integration?.name ?? null,
    integration_category: integration?.category?.category ?? integration?.category ?? null,
    integration_key: integration?.key ?? null,
    integration: integration === null ? null : canonical(integration),
    _extra: null,
  };
}

const PROFILE_TEXTS = ['email', 'phone_number', 'external_id', 'first_name', 'last_name', 'organization', 'title', 'locale', 'image'];
const PROFILE_TIMES = ['created', 'updated', 'last_event_date'];
const PROFILE_JSONS = ['properties', 'subscriptions', 'predictive_analytics'];
const LOCATION_TEXTS = ['address1', 'address2', 'city', 'region', 'country', 'zip', 'timezone', 'ip'];
const LOCATION_NUMBERS = ['latitude', 'longitude'];

function profileColumns({ id, attributes }: any): Columns {
  const rest: Record<string, unknown> = {};
  const columns: Columns = { id, _merged_into: null };
  for (const name of PROFILE_TEXTS) columns[name] = text(name, attributes[name], rest);
  for (const name of PROFILE_TIMES) columns[name] = time(name, attributes[name], rest);
  for (const name of PROFILE_JSONS) columns[name] = isNothing(attributes[name]) ? null : canonical(attributes[name]);
  for (const name of LOCATION_TEXTS) columns[`location_${name}`] = attributes.location?.[name] ?? null;
  for (const name of LOCATION_NUMBERS)
    columns[`location_${name}`] = isNothing(attributes.location?.[name]) ? null : Number(attributes.location[name]) + 0;
  keepUnknown(attributes, [...PROFILE_TEXTS, ...PROFILE_TIMES, ...PROFILE_JSONS, 'location'], rest);
  return { ...columns, _extra: extra(rest) };
}

function eventColumns({ id, attributes, relationships }: any, metricNames: ReadonlyMap<string, string>): Columns {
  const rest: Record<string, unknown> = {};
  const properties = attributes.event_properties ?? {};
  const metricId: string = relationships.metric.data.id;
  const event_datetime = time('datetime', attributes.datetime, rest);
  keepUnknown(attributes, ['uuid', 'timestamp', 'datetime', 'event_properties'], rest);
  return {
    id,
    uuid: attributes.uuid,
    metric_id: metricId,
    metric_name: metricNames.get(metricId) ?? null,
    profile_id: relationships.profile?.data.id ?? null,
    event_timestamp: attributes.timestamp,
    event_datetime,
    value: isNothing(properties.$value) ? null : Number(properties.$value),
    value_currency: properties.$value_currency ?? properties.$currency_code ?? null,
    unique_id: properties.$event_id ?? null,
    flow_id: properties.$flow ?? null,
    campaign_id: isNothing(properties.$flow) && !isNothing(properties['Campaign Name']) ? (properties.$message ?? null) : null,
    event_properties: isNothing(attributes.event_properties) ? null : canonical(attributes.event_properties),
    attributions: null,
    _extra: extra(rest),
  };
}

const isNothing = (value: unknown): value is null | undefined => value === null || value === undefined;

/** Text no store refuses: U+FFFD for NUL and for halves of surrogate pairs, the original kept beside. */
function text(name: string, value: string | null | undefined, rest: Record<string, unknown>): string | null {
  if (isNothing(value)) return null;
  // UTF-8 has no halves of pairs.
  const stored = Buffer.from(value).toString().replaceAll('\0', '\uFFFD');
  if (stored !== value) rest[name] = value;
  return stored;
}

/** Years 1 to 9999; what lies outside is kept beside. */
function time(name: string, value: string | null | undefined, rest: Record<string, unknown>): number | null {
  if (isNothing(value)) return null;
  if (!value.startsWith('0000')) return instant(value);
  rest[name] = value;
  return null;
}

function instant(value: string): number {
  return Date.parse(value.replace(' ', 'T'));
}

function keepUnknown(attributes: Record<string, unknown>, known: readonly string[], rest: Record<string, unknown>): void {
  for (const name of Object.keys(attributes)) if (!known.includes(name)) rest[name] = attributes[name];
}

function extra(rest: Record<string, unknown>): string | null {
  return Object.keys(rest).length === 0 ? null : canonical(rest);
}

/** JSON with sorted names, without white space, integers of any width in full. */
function canonical(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
