import { asText } from '../../src/sdk/readers/resume.ts';
import type { Source } from '../../src/sdk/source.ts';
import { connectSegment, readWorkspace } from './api.ts';
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
import {
  usageApiCallsPerSourceDaily,
  usageApiCallsWorkspaceDaily,
  usageMtuPerSourceDaily,
  usageMtuWorkspaceDaily,
} from './tables/usage.ts';
import { warehouses } from './tables/warehouses.ts';

/** Segment's Public API: configuration, audit trail, deliveries and usage of one workspace. */
export const segment: Source<SegmentSettings, SegmentApi> = {
  name: 'segment',
  title: 'Segment',
  settings: segmentSettings,
  connect: (settings, env) => connectSegment(settings, env.http, env.now),
  async probe(api, signal) {
    const workspace = await readWorkspace(api, signal);
    return { account: [asText(workspace?.name), asText(workspace?.id)].filter((part) => part !== undefined).join(' ') || 'unnamed' };
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
