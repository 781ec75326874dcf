import { iso } from './text.ts';
import type { KlaviyoIds } from './ids.ts';

export interface Metric {
  name: string;
  created: number;
  updated: number;
  /** JSON text: an object or null. */
  integration: string;
  integrationName: string | null;
  integrationCategory: string | null;
  /** Listed, but the event filter answers that there is no such metric. */
  refusedByFilter: boolean;
  gone: boolean;
}

const INTEGRATIONS: readonly [id: string, key: string, name: string, category: string][] = [
  ['0simA', 'shopify', 'Shopify', 'eCommerce'],
  ['0simB', 'api', 'API', 'API'],
  ['0simC', 'klaviyo', 'Klaviyo', 'Internal'],
  ['0simD', 'woocommerce', 'WooCommerce', 'eCommerce'],
  ['0simE', 'zendesk', 'Zendesk', 'Customer Service'],
];

/** The first ones have most events. The two with the same name differ in their integration. */
const NAMES: readonly [name: string, integration: number | null][] = [
  ['Placed Order', 0],
  ['Placed Order', 1],
  ['Viewed Form', 2],
  ['Booked Visit', null],
  ['Opened Email', 2],
  ['Clicked Email', 2],
  ['Received Email', 2],
  ['Viewed Product', 0],
  ['Checkout Started', 0],
  ['Fulfilled Order', 3],
  ['Received SMS', 2],
  ['Ticket Opened', 4],
];

export function metricAt(index: number, created: number): Metric {
  const [name, integration] = NAMES[index] ?? [`Custom action ${index}`, index % INTEGRATIONS.length];
  return newMetric(name, integration, index % 2 === 0 ? 'object' : 'string', created + index * 60_000);
}

export function newMetric(name: string, integration: number | null, category: 'object' | 'string', created: number): Metric {
  const known = integration === null ? undefined : INTEGRATIONS[integration];
  const shownCategory = known && (category === 'object' ? { object: 'integration-category', category: known[3] } : known[3]);
  return {
    name,
    created,
    updated: created,
    integration: known
      ? JSON.stringify({ object: 'integration', id: known[0], key: known[1], name: known[2], category: shownCategory })
      : 'null',
    integrationName: known?.[2] ?? null,
    integrationCategory: known?.[3] ?? null,
    refusedByFilter: name === 'Viewed Form',
    gone: false,
  };
}

export function metricAttribute(metric: Metric, name: string): string {
  switch (name) {
    case 'name':
      return JSON.stringify(metric.name);
    case 'created':
      return iso(metric.created);
    case 'updated':
      return iso(metric.updated);
    default:
      return metric.integration;
  }
}

export const METRIC_ATTRIBUTES = ['name', 'created', 'updated', 'integration'] as const;

export function metricResource(ids: KlaviyoIds, index: number, metric: Metric, wanted: readonly string[] = METRIC_ATTRIBUTES): string {
  const id = ids.metric.of(index);
  const attributes = wanted.map((name) => `"${name}":${metricAttribute(metric, name)}`).join(',');
  return `{"type":"metric","id":"${id}","attributes":{${attributes}},"relationships":{"flow-triggers":{"links":{"self":"https://a.klaviyo.com/api/metrics/${id}/relationships/flow-triggers/"}}},"links":{"self":"https://a.klaviyo.com/api/metrics/${id}/"}}`;
}
