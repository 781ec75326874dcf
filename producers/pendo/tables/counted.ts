import { integer, json, text, timestamp } from '../../../src/sdk/fields.ts';
import type { Row } from '../../../src/core/types.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { eventTable, who } from './event-table.ts';
import type { PendoSettings } from '../settings.ts';

/** Columns of the tables that count events by bucket. */
const countedColumns = (settings: PendoSettings) => ({
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
const countedIdentity = (...object: readonly string[]) => ({
  counted: true,
  identifying: ['accountId', 'server', 'remoteIp', 'visitorId', 'userAgent', 'appId', 'day', 'hour', ...object],
  dimensions: ['tabId', ...(object.length === 0 ? ['pageId'] : []), 'eventClass', 'parameters', 'properties'],
});

export const events = (settings: PendoSettings): TableDefinition =>
  eventTable(
    {
      name: 'events',
      docs: 'Pendo Engage API: aggregation over events',
      documentedKey: ['account_id', 'server', 'remote_ip'],
      seedKey: ['account_id', 'server', 'remote_ip'],
      more: ['visitor_id', 'user_agent', 'app_id', 'period_start', 'dimension_hash'],
      keyReason: 'One address of an account has many visitors and days.',
      replicationKey: 'period_start',
      source: 'events',
      ...countedIdentity(),
      fields: {
        ...countedColumns(settings),
        page_id: text('Always allevents'),
        feature_id: text('Feature'),
        event_class: text('Kind of client, such as web or ios'),
      },
    },
    settings,
  );

/** The events of one kind of tagged object, by object. */
function tagged(name: string, source: string, column: string, field: string, doc: string, settings: PendoSettings): TableDefinition {
  return eventTable(
    {
      name,
      docs: `Pendo Engage API: aggregation over ${source}`,
      documentedKey: ['account_id', 'server', 'remote_ip', 'visitor_id', 'day', column, 'user_agent'],
      seedKey: ['account_id', 'server', 'remote_ip', 'visitor_id', 'period_start', column, 'user_agent'],
      more: ['app_id', 'dimension_hash'],
      keyReason: 'Apps, tabs and properties split a row further; with hours, day would not tell them apart.',
      replicationKey: 'period_start',
      source,
      ...countedIdentity(field),
      fields: { ...countedColumns(settings), [column]: text(doc) },
    },
    settings,
  );
}

export const featureEvents = (settings: PendoSettings): TableDefinition =>
  tagged('feature_events', 'featureEvents', 'feature_id', 'featureId', 'Feature that was used', settings);
export const pageEvents = (settings: PendoSettings): TableDefinition =>
  tagged('page_events', 'pageEvents', 'page_id', 'pageId', 'Page that was seen', settings);
export const trackEvents = (settings: PendoSettings): TableDefinition =>
  tagged('track_events', 'trackEvents', 'track_type_id', 'trackTypeId', 'Track type of the event', settings);
