import { statusOf } from '../../src/sdk/http/client.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import type { Json } from '../../src/core/types.ts';
import type { Source } from '../../src/sdk/source.ts';
import { connectCustomerIo } from './api.ts';
import type { CustomerIoApi } from './api.ts';
import { customerIoSettings } from './settings.ts';
import type { CustomerIoSettings } from './settings.ts';
import { activities } from './tables/activities.ts';
import { customers } from './tables/customers.ts';
import { messages } from './tables/messages.ts';
import { epsSuppression, ipAddresses, reportingWebhooks, senderIdentities } from './tables/sending.ts';
import { broadcasts, campaigns, newsletters, transactionalMessages } from './tables/sends.ts';
import { collections, exportJobs, objectTypes, segments, snippets, topics, workspaces } from './tables/workspace.ts';

/** Customer.io's App API: people, deliveries, activities and what sends messages, of one workspace. */
export const customerIo: Source<CustomerIoSettings, CustomerIoApi> = {
  name: 'customer_io',
  title: 'Customer.io',
  settings: customerIoSettings,
  connect: (settings, env) => connectCustomerIo(settings, env.http, env.now),
  async probe(api, signal) {
    try {
      const { body } = await api.http.get('/workspaces', { endpoint: '/workspaces', signal, maxTries: 3 });
      const found = asObject(body)?.workspaces;
      const names = (Array.isArray(found) ? (found as readonly Json[]) : [])
        .map((one) => asText(asObject(one)?.name))
        .filter((name) => name !== undefined);
      // The key belongs to one of these workspaces; the API does not say to which.
      return { account: names.length === 0 ? 'an account without a named workspace' : `the account of ${names.join(', ')}` };
    } catch (error) {
      // An unknown key would be answered with 401, so this one is valid; each table shows what else it may read.
      if (statusOf(error) === 403) return { account: 'an account whose workspaces this key may not list' };
      throw error;
    }
  },
  tables: (settings) => [
    customers,
    messages(settings),
    activities(settings),
    campaigns,
    broadcasts,
    newsletters,
    transactionalMessages,
    segments,
    topics,
    snippets,
    collections,
    objectTypes,
    senderIdentities,
    epsSuppression(settings),
    exportJobs,
    reportingWebhooks(settings),
    ipAddresses,
    workspaces,
  ],
};
