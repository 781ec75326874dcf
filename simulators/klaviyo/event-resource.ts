import { below, hash32, hexDigits, pick, uuid } from '../kit/random.ts';
import { CITIES, PRODUCTS } from '../kit/sample-words.ts';
import { renderAttributes, type Fields } from './fields.ts';
import { spoiltEventAttributes } from './spoilt-rows.ts';
import { AWKWARD_NAMES, LONG_STRING, iso, quote } from './text.ts';
import { currentProfile, NO_PROFILE, profileShown, REDACTED, type World } from './world.ts';

export const EVENT_ATTRIBUTES = ['timestamp', 'datetime', 'uuid', 'event_properties'] as const;

/** `legacy`: revisions before 2024-02-15 return `$attribution` among the properties. */
export function eventResource(world: World, row: number, fields?: Fields, legacy = false): string {
  const { ids, events } = world;
  const id = ids.event.of(row);
  const spoil = events.spoiled.get(row);
  let attributes = renderAttributes(EVENT_ATTRIBUTES, fields, (name) => eventAttribute(world, row, name, legacy));
  if (spoil) attributes = spoiltEventAttributes(spoil, row, attributes, EVENT_ATTRIBUTES, fields);
  const self = `https://a.klaviyo.com/api/events/${id}`;
  const profile = profileShown(world, row);
  const relation =
    profile === undefined
      ? ''
      : `"profile":{"data":{"type":"profile","id":"${ids.profile.of(profile)}"},"links":{"self":"${self}/relationships/profile/","related":"${self}/profile/"}},`;
  const metric = ids.metric.of(events.metric[row] as number);
  const attribution = hasAttribution(row) ? `{"type":"attribution","id":"${attributionId(world, row)}"}` : '';
  const relationships =
    spoil === 'wrong-types'
      ? `"profile":{"data":[]},"metric":{"data":{"type":"metric","id":7}},"attributions":"none"`
      : `${relation}"metric":{"data":{"type":"metric","id":"${metric}"},"links":{"self":"${self}/relationships/metric/","related":"${self}/metric/"}},"attributions":{"data":[${attribution}]}`;
  return `{"type":"event","id":"${id}","attributes":{${attributes}},"relationships":{${relationships}},"links":{"self":"${self}/"}}`;
}

export function hasAttribution(row: number): boolean {
  return row % 17 === 3;
}

function attributionId(world: World, row: number): string {
  return uuid(world.seed, row, 400);
}

export function attributionResource(world: World, row: number): string {
  const link = (type: string, id: string): string => `{"data":{"type":"${type}","id":"${id}"}}`;
  const event = world.ids.event.of(row);
  return `{"type":"attribution","id":"${attributionId(world, row)}","relationships":{"event":${link('event', event)},"attributed-event":${link('event', world.ids.event.of(Math.max(0, row - 1)))},"campaign":${link('campaign', `01SIMCAMPAIGN${row % 9}`)}}}`;
}

function eventAttribute(world: World, row: number, name: string, legacy: boolean): string {
  const seconds = world.events.datetime[row] as number;
  switch (name) {
    case 'timestamp':
      return String(seconds);
    case 'datetime':
      return iso(seconds * 1000);
    case 'uuid': {
      const h = hexDigits(23, world.seed, row, 70);
      return `"${h.slice(0, 8)}-${h.slice(8, 12)}-11f1-8${h.slice(12, 15)}-${h.slice(11, 23)}"`;
    }
    default: {
      const text = isRedacted(world, row) ? redacted(world.seed, row) : (world.events.written.get(row) ?? properties(world, row));
      return legacy && hasAttribution(row) && text.startsWith('{"') ? `{"$attribution":{"$flow":"F${row % 9}"},${text.slice(1)}` : text;
    }
  }
}

function isRedacted(world: World, row: number): boolean {
  const named = world.events.profile[row] as number;
  return named !== NO_PROFILE && ((world.profiles.flags[currentProfile(world.profiles, named)] as number) & REDACTED) !== 0;
}

function redacted(seed: number, row: number): string {
  return `{"$event_id":"redacted","Recipient Email Address":"redacted.${uuid(seed, row, 71)}@example.com","note":"redacted"}`;
}

function properties(world: World, row: number): string {
  const { seed, events } = world;
  if (row % 509 === 3) return 'null';
  const kind = (events.metric[row] as number) % 3;
  let text = `{"$event_id":"ev-${row}"`;
  if (kind === 0) text += order(seed, row);
  else if (kind === 1) text += message(seed, row);
  else text += visit(seed, row);
  if (row % 61 === 9) text += `,${AWKWARD_NAMES}`;
  if (row % 43 === 8) text += ',"mood":"😀 𝒜 👩‍👩‍👧"';
  if (row % 1009 === 7) text += ',"note":"before\\u0000after"';
  if (row % 4999 === 77) text += `,"story":${LONG_STRING}`;
  return `${text}}`;
}

const PRODUCT_ITEMS = PRODUCTS.map(
  (product) => `{"ProductName":${quote(product)},"URL":"https://shop.test/products/${encodeURIComponent(product)}",`,
);
const CITY_TEXTS = CITIES.map(quote);

function order(seed: number, row: number): string {
  const value = String(below(50_000, seed, row, 80) / 100);
  const orderId = row % 37 === 4 ? '9007199254740993' : String(10_000_000 + row);
  let items = '';
  for (let i = below(3, seed, row, 81); i >= 0; i--) {
    items += `${pick(PRODUCT_ITEMS, seed, row, 82 + i)}"SKU":"S-${below(9000, seed, row, 86 + i)}","Quantity":${1 + (hash32(seed, row, 90 + i) % 4)},"ItemPrice":${below(90, seed, row, 94 + i)}.5}${i > 0 ? ',' : ''}`;
  }
  return (
    `,"$value":${row % 131 === 6 ? `"${value}"` : value},"$currency_code":"${pick(['PLN', 'EUR', 'USD'], seed, row, 98)}","OrderId":${orderId},"Items":[${items}],` +
    `"Discount Code":${row % 5 === 0 ? '"WELCOME10"' : 'null'},"BillingAddress":{"City":${pick(CITY_TEXTS, seed, row, 99)},"Zip":"81-00${row % 10}","Country Code":"PL"},"FulfilledWithin":${below(96, seed, row, 100)}`
  );
}

function message(seed: number, row: number): string {
  const origin =
    row % 2 === 0
      ? `"$flow":"Fl${below(40, seed, row, 110)}ow","$message":"Ms${below(400, seed, row, 111)}"`
      : `"Campaign Name":"Spring ${below(30, seed, row, 112)}","$message":"01SIMCAMPAIGN${below(60, seed, row, 113)}"`;
  return (
    `,${origin},"Subject":"Your tea is on its way, no. ${below(1000, seed, row, 114)}","Recipient Email Address":"p${row}@shop.test","Email Domain":"shop.test",` +
    `"Client Type":"${pick(['Webmail', 'Mobile', 'Desktop'], seed, row, 115)}","Client OS":"${pick(['iOS', 'Android', 'Windows'], seed, row, 116)}","Inbox Provider":"Other","Bot Click":${row % 50 === 0},"$extra":{"machine_open":${row % 3 === 0},"send":"${hexDigits(32, seed, row, 117)}"}`
  );
}

function visit(seed: number, row: number): string {
  const product = pick(PRODUCTS, seed, row, 120);
  return (
    `,"url":"https://shop.test/products/${product.replaceAll(' ', '+')}?ref=${below(500, seed, row, 121)}","page title":"${product} | Polna Sklep",` +
    `"browser":"${pick(['Firefox', 'Safari', 'Chrome'], seed, row, 122)}","$is_session_activity":${row % 2 === 0},"Viewed":{"ProductID":${below(9000, seed, row, 123)},"Categories":["all","${product}"],"Price":${below(90, seed, row, 124)}},"screen":{"w":1440,"h":900},"session":"${hexDigits(24, seed, row, 125)}"`
  );
}
