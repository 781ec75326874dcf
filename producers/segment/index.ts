import { TributaryError } from '../../src/errors.ts';
import { statusOf } from '../../src/extract/http.ts';
import { asObject, asText } from '../../src/extract/resume.ts';
import type { Source } from '../../src/table/source.ts';
import { connectSegment } from './api.ts';
import type { SegmentApi } from './api.ts';
import { segmentSettings } from './settings.ts';
import type { SegmentSettings } from './settings.ts';
import { auditEvents } from './tables/audit-events.ts';
import { catalogDestinations, catalogSources, catalogWarehouses } from './tables/catalog.ts';
import { sourceConnectedDestinations, sourceConnectedWarehouses } from './tables/connections.ts';
import { destinationDeliveryMetricsSummary } from './tables/delivery-metrics.ts';
import { destinationSubscriptions } from './tables/destination-subscriptions.ts';
import { destinations } from './tables/destinations.ts';
import { groups, users } from './tables/people.ts';
import { sources } from './tables/sources.ts';
import { transformations } from './tables/transformations.ts';
import { usageApiCallsPerSourceDaily, usageApiCallsWorkspaceDaily, usageMtuPerSourceDaily, usageMtuWorkspaceDaily } from './tables/usage.ts';
import { warehouses } from './tables/warehouses.ts';

/** Segment's Public API: configuration, audit trail, deliveries and usage of one workspace. */
export const segment: Source<SegmentSettings, SegmentApi> = {
  name: 'segment',
  title: 'Segment',
  settings: segmentSettings,
  connect: (settings, env) => connectSegment(settings, env.http, env.now),
  async probe(api, signal) {
    try {
      const { body } = await api.http.get('/', { endpoint: '/', signal, maxTries: 3 });
      const workspace = asObject(asObject(asObject(body)?.data)?.workspace);
      return { account: [asText(workspace?.name), asText(workspace?.id)].filter((part) => part !== undefined).join(' ') || 'unnamed' };
    } catch (error) {
      if (!(error instanceof TributaryError) || statusOf(error) !== 403) throw error;
      throw new TributaryError(error.message, {
        kind: 'config', reach: 'connection', code: 'segment:403', cause: error,
        remedy: 'Use a Public API token in the setting api_token, and set region to where the workspace is hosted.',
      });
    }
  },
  tables: (settings) => [
    sources(settings),
    destinations(settings),
    warehouses(settings),
    sourceConnectedDestinations(settings),
    sourceConnectedWarehouses(settings),
    destinationSubscriptions(settings),
    destinationDeliveryMetricsSummary,
    users,
    groups,
    transformations(settings),
    catalogDestinations,
    catalogSources,
    catalogWarehouses,
    auditEvents,
    usageApiCallsPerSourceDaily,
    usageApiCallsWorkspaceDaily,
    usageMtuPerSourceDaily,
    usageMtuWorkspaceDaily,
  ],
};
