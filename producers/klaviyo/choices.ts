import type { SettingChoices } from '../../src/sdk/source.ts';
import { asObject, asText } from '../../src/sdk/readers/resume.ts';
import { END, type Cursor } from '../../src/sdk/readers/paginate.ts';
import type { Row } from '../../src/core/types.ts';
import { listPage, type KlaviyoApi } from './api.ts';

/** More pages than any account fills (200 metrics a page) end the listing. */
const mostPages = 50;

/**
 * The account's integrations and metrics, for what may be left out and what is wanted. Events without an integration come
 * by the API. Metrics are told by id: the vendor renames them, and two may have one name.
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
