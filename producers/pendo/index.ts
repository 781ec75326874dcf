import { asObject } from '../../src/sdk/readers/resume.ts';
import type { Source } from '../../src/sdk/source.ts';
import { connectPendo } from './api.ts';
import type { PendoApi } from './api.ts';
import { choices } from './choices.ts';
import { pendoSettings } from './settings.ts';
import type { PendoSettings } from './settings.ts';
import { events, featureEvents, pageEvents, trackEvents } from './tables/counted.ts';
import { features } from './tables/features.ts';
import { guides } from './tables/guides.ts';
import { guideEvents, pollEvents } from './tables/interactions.ts';
import { metadataAccounts, metadataVisitors } from './tables/metadata.ts';
import { pages } from './tables/pages.ts';
import { accounts, visitors } from './tables/people.ts';
import { trackTypes } from './tables/track-types.ts';
import { visitorHistory } from './tables/visitor-history.ts';

/** Pendo's Engage API: people, tagged objects and events of one subscription. */
export const pendo: Source<PendoSettings, PendoApi> = {
  name: 'pendo',
  title: 'Pendo',
  settings: pendoSettings,
  connect: (settings, env) => connectPendo(settings, env.http),
  async probe(api, signal) {
    const path = '/api/v1/metadata/schema/account';
    const { body } = await api.http.get(path, { endpoint: path, bucket: 'default', signal, maxTries: 3 });
    return {
      account: asObject(body)?.auto === undefined ? 'a subscription without accounts' : 'a subscription, which the API does not name',
    };
  },
  choices,
  tables: (settings) => [
    metadataAccounts,
    metadataVisitors,
    accounts(settings),
    visitors(settings),
    features,
    pages,
    guides,
    trackTypes,
    events(settings),
    featureEvents(settings),
    pageEvents(settings),
    trackEvents(settings),
    guideEvents(settings),
    pollEvents(settings),
    settings.visitor_history.enabled ? visitorHistory : { ...visitorHistory, off: 'off by default, `visitor_history: true` turns it on' },
  ],
};
