import type { SettingChoices } from '../../src/sdk/source.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import { END, type Cursor } from '../../src/sdk/readers/paginate.ts';
import type { Row } from '../../src/core/types.ts';
import { listPage, type KlaviyoApi } from './api.ts';

/** Limit of the listing in pages of 200 metrics; no account has as many. */
const mostPages = 50;

/**
 * The account's integrations and metrics ("Get Metrics"), offered for the settings excluded_integrations and events. Metrics
 * without an integration come from the API. The value of a metric is its id, because the vendor renames metrics and two may
 * have the same name.
 */
export async function choices(api: KlaviyoApi, signal: AbortSignal): Promise<readonly SettingChoices[]> {
  const metrics: Row[] = [];
  let cursor: Cursor | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const { rows, next } = await listPage(api, { path: '/api/metrics', endpoint: 'metrics', query: {}, cursor, signal });
    metrics.push(...rows);
    if (next === END) break;
    cursor = next;
  }
  const integrations = new Map<string, string>();
  const events = metrics.flatMap((metric) => {
    const attributes = asObject(metric.attributes);
    const integration = asObject(attributes?.integration);
    const group = integration === undefined ? 'API' : (asText(integration.name) ?? asText(integration.key) ?? asText(integration.id));
    const value = integration === undefined ? 'api' : (asText(integration.id) ?? asText(integration.key) ?? asText(integration.name));
    if (value !== undefined) integrations.set(value, group ?? value);
    const id = asText(metric.id);
    return id === undefined ? [] : [{ value: id, label: asText(attributes?.name) ?? id, group: group ?? 'API' }];
  });
  const byLabel = (a: { label: string }, b: { label: string }): number => a.label.localeCompare(b.label);
  return [
    { setting: 'excluded_integrations', choices: [...integrations].map(([value, label]) => ({ value, label })).sort(byLabel) },
    { setting: 'events', choices: events.sort((a, b) => a.group.localeCompare(b.group) || byLabel(a, b)) },
  ];
}
