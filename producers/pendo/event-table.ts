import { createHash } from 'node:crypto';
import type { Row } from '../../src/core/types.ts';
import { table } from '../../src/sdk/define.ts';
import { integer, json, number, text, timestamp } from '../../src/sdk/fields.ts';
import type { FieldBuilder } from '../../src/sdk/fields.ts';
import type { Fields, TableDefinition } from '../../src/core/table.ts';
import { readEvents } from './events.ts';
import type { EventSource } from './events.ts';
import { dimensionHash } from './rows.ts';
import type { PendoSettings } from './settings.ts';

export interface EventTable extends Omit<EventSource, 'documented'> {
  readonly name: string;
  readonly docs: string;
  /** The documented key, as on the connector page. */
  readonly documentedKey: readonly string[];
  /** The documented key as our columns. */
  readonly seedKey: readonly string[];
  /** Further columns needed for a unique key. */
  readonly more: readonly string[];
  readonly keyReason: string;
  readonly replicationKey: string;
  readonly fields: Fields;
}

/** An event table with the key that `key_mode` selects. Key columns that the vendor leaves empty hold "" or 0. */
export function eventTable(event: EventTable, settings: PendoSettings): TableDefinition {
  const { name, docs, documentedKey, seedKey, more, keyReason, replicationKey } = event;
  const key = settings.key_mode === 'seed' ? seedKey : [...seedKey, ...more];
  const fields: Fields = {
    ...event.fields,
    dimension_hash: text('Hash of the other fields that tell rows apart').of((row) => dimensionHash(row, event.dimensions)),
  };
  return table({
    name,
    docs,
    documentedKey,
    key,
    replicationKey,
    keyReason: settings.key_mode === 'seed' ? 'The documented key; rows it does not tell apart overwrite one another.' : keyReason,
    method: 'incremental',
    fields: Object.fromEntries(
      Object.entries(fields).map(([column, field]) => [column, key.includes(column) ? filled(field as FieldBuilder) : field]),
    ),
    read: readEvents({ ...event, documented: seedKey.flatMap(vendorFields) }),
    deletes: 'none',
    partitions: 3,
  }) as TableDefinition;
}

/** The vendor's fields for a key column. */
const vendorFields = (column: string): string[] =>
  column === 'period_start' ? ['day', 'hour'] : [column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];

function filled(field: FieldBuilder): Fields[string] {
  if (field.type === 'text') return field.orWhenMissing('');
  return field.type === 'integer' ? field.orWhenMissing(0) : field;
}

const who = {
  account_id: text('Account'),
  visitor_id: text('Visitor'),
  app_id: integer('App'),
  remote_ip: text('Address of the visitor'),
  user_agent: text('Browser'),
  tab_id: text('Browser tab'),
  country: text('Country'),
  region: text('Region within the country'),
  latitude: number('Latitude; 0 when unknown'),
  longitude: number('Longitude; 0 when unknown'),
  analytics_session_id: text("Session of the visitor, as Pendo's analytics divide it"),
};

/** Columns of the tables that count events by bucket. */
export const countedColumns = (settings: PendoSettings) => ({
  ...who,
  server: text('Host of the app'),
  day: timestamp("Begin of the day in the subscription's time zone").epoch('ms'),
  hour: timestamp('Begin of the hour, with period hour').epoch('ms'),
  week: timestamp("Begin of the week in the subscription's time zone").epoch('ms'),
  month: timestamp("Begin of the month in the subscription's time zone").epoch('ms'),
  quarter: timestamp("Begin of the quarter in the subscription's time zone").epoch('ms'),
  period_start: timestamp('Begin of the bucket: its day or hour')
    .epoch('ms')
    .of((row: Row) => (settings.period === 'day' ? row.day : row.hour)),
  num_events: integer('Events in the bucket'),
  num_minutes: integer('Minutes with an event in the bucket'),
  first_time: timestamp('First event').epoch('ms'),
  last_time: timestamp('Last event').epoch('ms'),
  last_key_frame_timestamp: timestamp('Last key frame of the recording').epoch('ms'),
  recording_id: text('Recording'),
  recording_session_id: text('Session of the recording'),
  rage_click_count: integer('Rage clicks'),
  error_click_count: integer('Clicks that led to an error'),
  dead_click_count: integer('Clicks without an effect'),
  u_turn_count: integer('Quick returns'),
  signature_agent: text('Agent that signed its requests, such as that of an AI'),
  parameters: json('Parameters of the page'),
  properties: json('Properties of the event'),
});

/** What the counted tables have in common: the fields that identify a row, and those that go into the hash. */
export const countedIdentity = (...object: readonly string[]) => ({
  counted: true,
  identifying: ['accountId', 'server', 'remoteIp', 'visitorId', 'userAgent', 'appId', 'day', 'hour', ...object],
  dimensions: ['tabId', ...(object.length === 0 ? ['pageId'] : []), 'eventClass', 'parameters', 'properties'],
});

/** Longer addresses are replaced by their hash in the key, characters. */
const LONGEST_URL = 1_024;
const isLong = (row: Row): boolean => typeof row.url === 'string' && row.url.length > LONGEST_URL;

/** Columns of the tables with one row per interaction. */
export const interactionColumns = {
  ...who,
  account_ids: json('All accounts of the visitor'),
  browser_time: timestamp("When, by the visitor's clock").epoch('ms'),
  guide_timestamp: timestamp('When it was recorded').epoch('ms'),
  received_time: timestamp('When the vendor received it').epoch('ms'),
  type: text('What happened'),
  guide_id: text('Guide'),
  guide_step_id: text('Step of the guide'),
  url: text('Address of the page; its SHA-256 when it is longer than 1,024 characters').of((row) =>
    isLong(row) ? createHash('sha256').update(String(row.url)).digest('hex') : row.url,
  ),
  long_url: text('Address of the page when it is longer than 1,024 characters').of((row) => (isLong(row) ? row.url : undefined)),
  title: text('Title of the page'),
  fragment: text('Fragment of the address'),
  old_visitor_id: text('Id of the visitor before it was identified'),
  server_name: text('Host of the app'),
  element_path: text('Path of the element'),
  event_id: text('Event'),
  language: text('Language'),
  load_time: integer('Load time, ms'),
  poll_id: text('Poll'),
  poll_response: text('Answer: text, a number as text, or the id of an option'),
  properties: json('Properties of the event'),
};
