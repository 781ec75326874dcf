import { table } from '../../../src/sdk/define.ts';
import { integer, number, text, timestamp } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { laterBy, shaped } from '../columns.ts';
import { readMessages } from '../messages.ts';
import type { ListrakSettings } from '../settings.ts';

export const messages = (settings: ListrakSettings): TableDefinition =>
  table({
    name: 'messages',
    docs: 'Listrak SOAP v31: ReportListMessageActivity',
    documentedKey: ['MsgID'],
    key: ['msg_id'],
    method: 'full_table',
    history: true,
    fields: {
      msg_id: integer('Message id').from('MsgID'),
      list_id: integer('List it was sent to; id in lists').from('ListID'),
      subject: text('Subject'),
      send_date: timestamp('When it was sent; the last time if it was sent several times'),
      deliver_count: integer('Addresses it was delivered to'),
      remove_count: integer('Contacts who unsubscribed by it'),
      remove_percent: number('Share of them, percent'),
      open_count: integer('Opens'),
      open_percent: number('Share of them, percent'),
      read_count: integer('Reads, a stronger event than an open'),
      read_percent: number('Share of them, percent'),
      click_count: integer('Clicks'),
      clicker_count: integer('Contacts who clicked'),
      repeat_clicker_count: integer('Contacts who clicked and had clicked before'),
      new_clicker_count: integer('Contacts who clicked for the first time'),
      clicker_percent: number('Share of contacts who clicked, percent'),
      order_total: number('Value of orders put down to it'),
      conversion_count: integer('Number of those orders'),
      average_order_value: number('Value of such an order on average'),
    },
    shape: shaped(settings, { times: ['SendDate'] }),
    read: readMessages,
    newer: laterBy(settings, 'SendDate'),
    deletes: 'none',
    parent: 'lists',
    scope: ['list_id'],
  });
