import type { Page, ReadContext } from '../../../src/core/types.ts';
import { table } from '../../../src/sdk/define.ts';
import { boolean, integer, json, text, timestamp } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import type { ListrakApi } from '../api.ts';
import { shaped } from '../columns.ts';
import type { ListrakSettings } from '../settings.ts';

async function* readLists(ctx: ReadContext<ListrakApi>): AsyncGenerator<Page, void, void> {
  const rows = await ctx.api.rows('GetContactListCollection', 'WSContactList', {}, { signal: ctx.signal });
  // The service answers with nothing both for an account without lists and for a user who may see none, so an answer without
  // rows does not show that everything was read.
  const shown =
    rows.length > 0
      ? { readTo: ctx.runStart }
      : { warnings: ['Listrak shows this user no list, so there is nothing to read. Give the user access to lists in Listrak.'] };
  yield { rows, position: { v: 1 }, scan: { id: ctx.newScan(), end: {} }, ...shown };
}

export const lists = (settings: ListrakSettings): TableDefinition =>
  table({
    name: 'lists',
    docs: 'Listrak SOAP v31: GetContactListCollection',
    documentedKey: ['ListID'],
    key: ['list_id'],
    method: 'full_table',
    fields: {
      list_id: integer('List id').from('ListID'),
      list_name: text('Name'),
      create_date: timestamp('When the list was made'),
      from_name: text('Name of the sender by default'),
      from_email: text('Address of the sender by default'),
      enable_removal_link: boolean('Whether messages hold a link to unsubscribe'),
      enable_browser_link: boolean('Whether messages hold a link to a page that shows them'),
      bounce_handling: integer('Number of the way bounces are treated; probably 0 not at all, 1 as usual, 2 strictly').from(
        'bounceHandling',
      ),
      enable_double_optin: boolean('Whether subscribers have to confirm'),
      enable_list_hygiene: boolean('Whether addresses are corrected'),
      vmta_id: integer('Id of the pool of sending addresses').from('Vmta.VmtaID'),
      vmta_description: text('Description of that pool').from('Vmta.Description'),
      show_email_list: boolean('As the vendor tells it'),
      show_advanced_personalization: boolean('As the vendor tells it'),
      bounce_unsubscribe_count: integer('Bounces after which a contact is removed'),
      domain_alias_link: text('Domain of links'),
      domain_alias_email: text('Domain that bounces go to'),
      enable_rss: boolean('Whether there is a feed').from('EnableRSS'),
      enable_google_analytics: boolean('Whether links are marked for Google Analytics'),
      google_tracking_domains: json('Domains whose links are marked'),
      enable_internationalization: boolean('As the vendor tells it'),
      enable_dynamic_content: boolean('As the vendor tells it'),
      enable_list_remove_header: boolean('Whether messages have a header to unsubscribe by'),
    },
    shape: shaped(settings, { times: ['CreateDate'] }),
    read: readLists,
    // A list disappears when it is deleted and when the user loses the right to it, so nothing is deleted.
    deletes: 'none',
  });
