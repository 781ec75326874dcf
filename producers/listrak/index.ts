import type { Source } from '../../src/sdk/source.ts';
import { connectListrak } from './api.ts';
import type { ListrakApi } from './api.ts';
import { listrakSettings } from './settings.ts';
import type { ListrakSettings } from './settings.ts';
import { messageSends, subscribedContacts } from './tables/contacts.ts';
import { messageBounces, messageClicks, messageOpens, messageReads, messageUnsubs } from './tables/events.ts';
import { lists } from './tables/lists.ts';
import { messages } from './tables/messages.ts';

/** Listrak's SOAP service, version 31: lists, messages, their events, and subscribers. */
export const listrak: Source<ListrakSettings, ListrakApi> = {
  name: 'listrak',
  title: 'Listrak',
  settings: listrakSettings,
  connect: (settings, env) => connectListrak(settings, env.http, env.now),
  async probe(api, signal) {
    const rows = await api.rows('GetContactListCollection', 'WSContactList', {}, { signal, maxTries: 3 });
    return { account: `an account whose user sees ${rows.length} ${rows.length === 1 ? 'list' : 'lists'}` };
  },
  tables: (settings) => [
    lists(settings),
    messages(settings),
    messageBounces(settings),
    messageClicks(settings),
    messageOpens(settings),
    messageReads(settings),
    messageSends(settings),
    messageUnsubs(settings),
    subscribedContacts(settings),
  ],
};
