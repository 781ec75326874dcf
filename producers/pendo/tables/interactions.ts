import { createHash } from 'node:crypto';
import { integer, json, text, timestamp } from '../../../src/sdk/fields.ts';
import type { Row } from '../../../src/core/types.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { eventTable, who } from './event-table.ts';
import type { PendoSettings } from '../settings.ts';

/** Longer addresses are replaced by their hash in the key, characters. */
const LONGEST_URL = 1_024;
const isLong = (row: Row): boolean => typeof row.url === 'string' && row.url.length > LONGEST_URL;

/** Columns of the tables with one row per interaction. */
const interactionColumns = {
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

export const guideEvents = (settings: PendoSettings): TableDefinition =>
  eventTable(
    {
      name: 'guide_events',
      docs: 'Pendo Engage API: aggregation over guideEvents',
      documentedKey: ['account_id', 'browser_time', 'guide_id', 'guide_step_id', 'remote_ip', 'type', 'url', 'visitor_id'],
      seedKey: ['account_id', 'browser_time', 'guide_id', 'guide_step_id', 'remote_ip', 'type', 'url', 'visitor_id'],
      more: ['app_id', 'dimension_hash'],
      keyReason: 'Apps, tabs and elements of one page may report the same moment.',
      replicationKey: 'browser_time',
      source: 'guideEvents',
      counted: false,
      fields: {
        ...interactionColumns,
        guide_seen_reason: text('Why it was shown'),
        destination_step_id: text('Step it led to'),
        ui_element_id: text('Element that was used'),
        ui_element_type: text('Its type'),
        ui_element_text: text('Its text'),
        ui_element_actions: json('Its actions'),
      },
      ...identity(
        ['guideId', 'guideStepId', 'type', 'url'],
        ['serverName', 'tabId', 'userAgent', 'guideSeenReason', 'destinationStepId', 'language', 'eventId', 'uiElementId', 'properties'],
      ),
    },
    settings,
  );

export const pollEvents = (settings: PendoSettings): TableDefinition =>
  eventTable(
    {
      name: 'poll_events',
      docs: 'Pendo Engage API: aggregation over pollEvents',
      documentedKey: ['account_id', 'remote_ip', 'visitor_id', 'browser_time', 'poll_id'],
      seedKey: ['account_id', 'remote_ip', 'visitor_id', 'browser_time', 'poll_id'],
      more: ['guide_id', 'type', 'app_id', 'dimension_hash'],
      keyReason: 'A poll can be shown and answered in one moment.',
      replicationKey: 'browser_time',
      source: 'pollEvents',
      counted: false,
      fields: { ...interactionColumns, poll_type: text('Kind of poll, such as NPSRating') },
      ...identity(
        ['pollId', 'guideId', 'type'],
        ['guideStepId', 'url', 'pollResponse', 'serverName', 'userAgent', 'tabId', 'eventId', 'properties'],
      ),
    },
    settings,
  );

function identity(own: readonly string[], dimensions: readonly string[]) {
  return { identifying: ['accountId', 'visitorId', 'browserTime', 'remoteIp', 'appId', ...own], dimensions };
}
