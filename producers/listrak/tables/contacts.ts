import { table } from '../../../src/sdk/define.ts';
import { integer, text, timestamp } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { event, laterBy, shaped } from '../columns.ts';
import { recipientsOf, subscribersOf } from '../reports.ts';
import type { ListrakSettings } from '../settings.ts';

export const messageSends = (settings: ListrakSettings): TableDefinition =>
  table({
    name: 'message_sends',
    docs: 'Listrak SOAP v31: ReportMessageContactSent',
    documentedKey: ['MsgID', 'EmailAddress'],
    key: ['msg_id', 'email_address'],
    method: 'full_table',
    fields: { msg_id: event.msg_id, email_address: event.email_address },
    shape: shaped(settings, {}),
    read: recipientsOf({ operation: 'ReportMessageContactSent', row: 'WSMessageRecipient' }),
    deletes: 'none',
    parent: 'messages',
    scope: ['msg_id'],
    partitions: 3,
  });

export const subscribedContacts = (settings: ListrakSettings): TableDefinition =>
  table({
    name: 'subscribed_contacts',
    docs: 'Listrak SOAP v31: ReportRangeSubscribedContacts',
    documentedKey: ['ContactID', 'ListID'],
    key: ['contact_id', 'list_id'],
    method: 'incremental',
    replicationKey: 'addition_date',
    fields: {
      contact_id: event.contact_id,
      list_id: integer('List; id in lists (from the request)').from('ListID'),
      email_address: event.email_address,
      addition_date: timestamp('When the contact subscribed'),
      addition_method: text('How the contact subscribed'),
    },
    shape: shaped(settings, { times: ['AdditionDate'] }),
    newer: laterBy(settings, 'AdditionDate'),
    read: subscribersOf({ operation: 'ReportRangeSubscribedContacts', row: 'WSContactSubscriptionInfo' }),
    // A contact that left a list is no longer shown, but neither is one of a list the user lost the right to, so nothing is
    // deleted.
    deletes: 'none',
    parent: 'lists',
    scope: ['list_id'],
    partitions: 3,
  });
