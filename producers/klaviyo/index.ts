import { TributaryError } from '../../src/core/errors.ts';
import { DAY, parseSpan } from '../../src/core/time.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import { statusOf } from '../../src/sdk/http/client.ts';
import type { Json } from '../../src/core/types.ts';
import type { Source } from '../../src/sdk/source.ts';
import { connectKlaviyo } from './api.ts';
import type { KlaviyoApi } from './api.ts';
import { choices } from './choices.ts';
import { arrived, eventsArrived } from './imported.ts';
import { klaviyoSettings } from './settings.ts';
import type { KlaviyoSettings } from './settings.ts';
import { event } from './tables/event.ts';
import { metric } from './tables/metric.ts';
import { profile } from './tables/profile.ts';

/** Klaviyo's public API: profiles, events and metrics of one account. */
export const klaviyo: Source<KlaviyoSettings, KlaviyoApi> = {
  name: 'klaviyo',
  title: 'Klaviyo',
  settings: klaviyoSettings,
  connect: (settings, env) => connectKlaviyo(settings, env.http, env.now),
  async probe(api, signal) {
    try {
      const { body } = await api.http.get('/api/accounts', { endpoint: 'accounts', signal, maxTries: 3 });
      const account = asObject((asObject(body)?.data as readonly Json[] | undefined)?.[0]);
      if (account === undefined) {
        throw new TributaryError('The server at base_url is not Klaviyo: its answer names no account.', {
          kind: 'config',
          code: 'klaviyo:no_account',
          remedy: 'Check base_url in the settings of this connection.',
        });
      }
      const name = asText(asObject(asObject(account?.attributes)?.contact_information)?.organization_name);
      return { account: [name, asText(account?.id)].filter((part) => part !== undefined).join(' ') || 'unnamed' };
    } catch (error) {
      if (statusOf(error) !== 403) throw error;
      // A key may read the data without the right to read the account's name.
      await api.http.get('/api/metrics', { endpoint: 'metrics', signal, maxTries: 3 });
      return { account: 'an account whose name this key may not read' };
    }
  },
  costs: ({ sweep_every: every, predictive_analytics: predictive }, tables) => {
    if (!tables.includes('profile')) return [];
    const perMinute = predictive ? 150 : 750;
    const days = (parseSpan(every) ?? 0) / DAY;
    const often = days === 0 ? 'with every run' : `every ${every}`;
    const perDay = days === 0 ? '' : `, about ${Math.ceil(10_000 / days).toLocaleString('en-US')} a day,`;
    return [
      `sweep_every: all profiles are listed ${often}, one request per 100: for a million of them 10,000 requests${perDay} which is ${Math.ceil(10_000 / perMinute)} minutes of the vendor's quota; what is deleted keeps its data in Kafka until then`,
    ];
  },
  choices,
  imports: {
    sftp: (settings) => settings.sftp,
    keySteps: [
      'In Klaviyo (as Owner, Admin or Manager) open the data-sync page (or choose import when first connecting), press Import, choose SFTP, then Add SSH key.',
      'Paste the public key below, the whole line, and save.',
      'Klaviyo then shows host and user name. Put the user name into the settings: connections.<name>.settings.sftp.user.',
      'Try a file of a few rows first.',
    ],
    arrived,
    eventsArrived,
  },
  tables: (settings) => [metric, profile(settings), event(settings)],
};
