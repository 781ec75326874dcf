import { table } from '../../../src/sdk/define.ts';
import { integer, text, timestamp } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { event, laterBy, shaped } from '../columns.ts';
import { eventsOf } from '../reports.ts';
import type { ListrakSettings } from '../settings.ts';

/**
 * What the reports of a message's events have in common: one row per address for its newest event by `time`; of events with
 * equal time the one with the greater `ties`.
 */
function perAddress(settings: ListrakSettings, operation: string, row: string, time: string, ...ties: readonly string[]) {
  const newer = laterBy(settings, time, ...ties);
  return {
    docs: `Listrak SOAP v31: ${operation}`,
    documentedKey: ['MsgID', 'EmailAddress'],
    key: ['msg_id', 'email_address'] as const,
    method: 'incremental' as const,
    newer,
    read: eventsOf({ operation, row, time }, newer),
    deletes: 'none' as const,
    parent: 'messages',
    scope: ['msg_id'] as const,
    partitions: 3,
  };
}

export const messageBounces = (settings: ListrakSettings): TableDefinition =>
  table({
    ...perAddress(settings, 'ReportRangeMessageContactBounces', 'WSContactBounce', 'BounceDate', 'BounceCount'),
    name: 'message_bounces',
    replicationKey: 'bounce_date_ts',
    fields: {
      ...event,
      bounce_reason: text('Kind of bounce'),
      bounce_detail: text('What the receiving server said'),
      bounce_date: text('When it bounced last, as the vendor writes it'),
      bounce_count: integer('Bounces so far'),
      bounce_date_ts: timestamp('bounce_date as a time; null when it cannot be read'),
    },
    shape: shaped(settings, { texts: ['BounceDate'] }),
  });

export const messageClicks = (settings: ListrakSettings): TableDefinition =>
  table({
    ...perAddress(settings, 'ReportRangeMessageContactClick', 'WSContactClick', 'ClickDate', 'LinkUrl', 'LinkDescription'),
    name: 'message_clicks',
    replicationKey: 'click_date_ts',
    fields: {
      ...event,
      link_description: text('Name of the link clicked last'),
      link_url: text('Address of the link clicked last'),
      click_date: text('When it was clicked, as the vendor writes it'),
      click_date_ts: timestamp('click_date as a time; null when it cannot be read'),
    },
    shape: shaped(settings, { texts: ['ClickDate'] }),
  });

export const messageOpens = (settings: ListrakSettings): TableDefinition =>
  table({
    ...perAddress(settings, 'ReportRangeMessageContactOpen', 'WSContactOpen', 'OpenDate'),
    name: 'message_opens',
    replicationKey: 'open_date_ts',
    fields: {
      ...event,
      open_date: text('When it was opened last, as the vendor writes it'),
      open_date_ts: timestamp('open_date as a time; null when it cannot be read'),
    },
    shape: shaped(settings, { texts: ['OpenDate'] }),
  });

export const messageReads = (settings: ListrakSettings): TableDefinition =>
  table({
    ...perAddress(settings, 'ReportRangeMessageContactRead', 'WSContactRead', 'ReadDate'),
    name: 'message_reads',
    replicationKey: 'read_date_ts',
    fields: {
      ...event,
      read_date: text('When it was read last, as the vendor writes it'),
      read_date_ts: timestamp('read_date as a time; null when it cannot be read'),
    },
    shape: shaped(settings, { texts: ['ReadDate'] }),
  });

export const messageUnsubs = (settings: ListrakSettings): TableDefinition =>
  table({
    ...perAddress(settings, 'ReportRangeMessageContactRemoval', 'WSContactRemovalInfo', 'RemovalDate'),
    name: 'message_unsubs',
    replicationKey: 'removal_date',
    fields: {
      ...event,
      addition_date: timestamp('When the contact had subscribed'),
      removal_date: timestamp('When the contact unsubscribed by the message'),
      removal_method: text('How the contact was removed'),
    },
    shape: shaped(settings, { times: ['AdditionDate', 'RemovalDate'] }),
  });
