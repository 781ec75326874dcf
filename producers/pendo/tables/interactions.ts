import { json, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { eventTable, interactionColumns } from '../event-table.ts';
import type { PendoSettings } from '../settings.ts';

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
