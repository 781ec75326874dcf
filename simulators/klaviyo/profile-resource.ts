import { below, fraction, hash32, pick } from '../kit/random.ts';
import { CITIES, COMPANIES, COUNTRIES, FIRST_NAMES, LAST_NAMES, LOCALES, TIMEZONES, TITLES } from '../kit/sample-words.ts';
import { onlyParts, renderAttributes, type Fields } from './fields.ts';
import { AWKWARD_NAMES, LONG_STRING, iso, isoWithSpace, quote } from './text.ts';
import { spoiltProfileAttributes } from './spoilt-rows.ts';
import type { World } from './world.ts';
import { HOUR } from '../kit/durations.ts';

export const PROFILE_ATTRIBUTES = [
  'email',
  'phone_number',
  'external_id',
  'first_name',
  'last_name',
  'organization',
  'locale',
  'title',
  'image',
  'created',
  'updated',
  'last_event_date',
  'location',
  'properties',
] as const;
/** Returned only on request. */
export const ADDITIONAL_ATTRIBUTES = ['subscriptions', 'predictive_analytics'] as const;

export const LOCATION_PARTS = [
  'address1',
  'address2',
  'city',
  'country',
  'region',
  'zip',
  'timezone',
  'ip',
  'latitude',
  'longitude',
] as const;

export function profileResource(world: World, row: number, additional: readonly string[], fields?: Fields): string {
  const id = world.ids.profile.of(row);
  const spoil = world.profiles.spoiled.get(row);
  const names = additional.length === 0 ? PROFILE_ATTRIBUTES : [...PROFILE_ATTRIBUTES, ...additional];
  let attributes = renderAttributes(names, fields, (name, parts) => onlyParts(profileAttribute(world, row, name), parts));
  if (spoil) attributes = spoiltProfileAttributes(spoil, attributes, names, fields);
  const self = `https://a.klaviyo.com/api/profiles/${id}`;
  const relations = ['lists', 'segments', 'push-tokens', 'conversations']
    .map((name) => `"${name}":{"links":{"self":"${self}/relationships/${name}/","related":"${self}/${name}/"}}`)
    .join(',');
  return `{"type":"profile","id":"${id}","attributes":{${attributes}},"relationships":{${relations}},"links":{"self":"${self}/"}}`;
}

/** JSON text of one attribute, computed from seed, row and version unless a client wrote it. */
export function profileAttribute(world: World, row: number, name: string): string {
  const { profiles, seed } = world;
  const written = profiles.written.get(row)?.[name];
  if (written !== undefined) return written;
  const version = profiles.version[row] as number;
  const changing = version * 100;
  switch (name) {
    case 'email':
      return row % 29 === 3 ? 'null' : `"${generatedEmail(row)}"`;
    case 'phone_number':
      return row % 3 === 1 ? 'null' : `"+48${500_000_000 + row}"`;
    case 'external_id':
      return row % 5 === 2 ? 'null' : `"c-${row}"`;
    case 'first_name':
      return quote(pick(FIRST_NAMES, seed, row, 10) + (row % 13 === 4 ? ' 😀𝒜' : ''));
    case 'last_name':
      return row % 17 === 6 ? 'null' : quote(pick(LAST_NAMES, seed, row, 11));
    case 'organization':
      return hash32(seed, row, 12) % 3 === 0 ? quote(pick(COMPANIES, seed, row, 13 + changing)) : 'null';
    case 'locale':
      return quote(pick(LOCALES, seed, row, 14));
    case 'title':
      return row % 997 === 500 ? '"Buyer\\u0000Owner"' : hash32(seed, row, 15) % 2 ? quote(pick(TITLES, seed, row, 16 + changing)) : 'null';
    case 'image':
      return row % 11 === 0 ? `"https://images.example.com/p/${row}.png?size=large&v=${version}"` : 'null';
    case 'created':
      return iso(profiles.created[row] as number);
    case 'updated':
      return iso(profiles.updated[row] as number);
    case 'last_event_date':
      return lastEventDate(world, row);
    case 'location':
      return location(seed, row, changing);
    case 'properties':
      return properties(seed, row, version);
    case 'subscriptions':
      return subscriptions(world, row);
    default:
      return predictive(seed, row);
  }
}

export function generatedEmail(row: number): string {
  return `p${row}@shop.test`;
}

function lastEventDate(world: World, row: number): string {
  const known = world.profiles.lastEvent.get(row);
  if (known !== undefined) return iso(known);
  if (row % 9 === 8) return 'null';
  const born = world.profiles.created[row] as number;
  const at = Math.floor((born + HOUR * fraction(world.seed, row, 20)) / 1000) * 1000;
  return row % 128 === 77 ? isoWithSpace(at) : iso(at);
}

function location(seed: number, row: number, changing: number): string {
  if (row % 19 === 7) return 'null';
  const latitude = (fraction(seed, row, 31) * 180 - 90).toFixed(4);
  const longitude = (fraction(seed, row, 32) * 360 - 180).toFixed(4);
  const place =
    row % 3 === 0
      ? `"latitude":"${latitude}","longitude":${Number(longitude)}`
      : row % 3 === 1
        ? `"latitude":${Number(latitude)},"longitude":"${longitude}"`
        : '"latitude":null,"longitude":null';
  return (
    `{"address1":"Polna ${below(300, seed, row, 33)}","address2":${row % 4 === 0 ? '"m. 7"' : 'null'},"city":${quote(pick(CITIES, seed, row, 34 + changing))},` +
    `"country":${quote(pick(COUNTRIES, seed, row, 35))},${place},"region":${row % 6 === 0 ? '"PM"' : 'null'},"zip":"${10 + below(80, seed, row, 36)}-${100 + below(800, seed, row, 37)}",` +
    `"timezone":"${pick(TIMEZONES, seed, row, 38)}","ip":"203.0.113.${below(255, seed, row, 39)}"}`
  );
}

function properties(seed: number, row: number, version: number): string {
  if (row % 23 === 11) return version === 0 ? 'null' : `{"revision":${version}}`;
  let text = `{"loyalty_tier":"${pick(['gold', 'silver', 'none'], seed, row, 40)}","size":${below(50, seed, row, 41)},"tags":["t${below(9, seed, row, 42)}","t${below(9, seed, row, 43)}"]`;
  if (version > 0) text += `,"revision":${version}`;
  if (row % 7 === 3) text += `,${AWKWARD_NAMES}`;
  if (row % 41 === 5) text += `,"account_number":9007199254740993,"wide":${row}12345678901234567890`;
  if (row % 211 === 17) text += ',"note":"before\\u0000after"';
  if (row % 4001 === 13) text += `,"story":${LONG_STRING}`;
  return `${text}}`;
}

function subscriptions(world: World, row: number): string {
  const { seed } = world;
  const at = iso(world.profiles.created[row] as number);
  const consent = pick(['SUBSCRIBED', 'UNSUBSCRIBED', 'NEVER_SUBSCRIBED'], seed, row, 50);
  const suppression =
    row % 15 === 0 ? `{"reason":"${pick(['HARD_BOUNCE', 'SPAM_COMPLAINT', 'USER_SUPPRESSED'], seed, row, 51)}","timestamp":${at}}` : '';
  const sms =
    row % 3 === 0
      ? `{"marketing":{"can_receive_sms_marketing":true,"consent":"SUBSCRIBED","consent_timestamp":${at},"method":"API","method_detail":"","last_updated":${at}}}`
      : 'null';
  return (
    `{"email":{"marketing":{"can_receive_email_marketing":${consent !== 'UNSUBSCRIBED'},"consent":"${consent}","consent_timestamp":${at},"last_updated":${at},` +
    `"method":"FORM","method_detail":"","custom_method_detail":null,"double_optin":${row % 2 === 0},"suppression":[${suppression}],"list_suppressions":[]}},` +
    `"sms":${sms},"mobile_push":null,"whatsapp":null}`
  );
}

export function suppressedAt(world: World, row: number): number | undefined {
  return row % 15 === 0 ? world.profiles.created[row] : undefined;
}

function predictive(seed: number, row: number): string {
  if (row % 4 === 3) return 'null';
  const money = (salt: number): string => (fraction(seed, row, salt) * 900).toFixed(2).replace(/\.?0+$/, '');
  return (
    `{"historic_clv":${money(60)},"predicted_clv":${money(61)},"total_clv":${money(62)},"historic_number_of_orders":${below(30, seed, row, 63)},` +
    `"predicted_number_of_orders":${money(64)},"average_days_between_orders":${money(65)},"average_order_value":${money(66)},"churn_probability":${fraction(seed, row, 67).toFixed(3)},` +
    `"expected_date_of_next_order":${iso(1_800_000_000_000 + below(1e6, seed, row, 68) * 60_000)},"ranked_channel_affinity":["email","sms"]}`
  );
}
