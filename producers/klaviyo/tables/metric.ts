import { fullScan } from '../../../src/sdk/readers/full-scan.ts';
import { asObject } from '../../../src/sdk/readers/resume.ts';
import type { Json, Row } from '../../../src/core/types.ts';
import { table } from '../../../src/sdk/define.ts';
import { json, text, timestamp } from '../../../src/sdk/fields.ts';
import { listPage } from '../api.ts';
import type { KlaviyoApi } from '../api.ts';
import { flatten } from '../resource.ts';

/** The category is a text, or an object that holds the text. */
function category(row: Row): Json | undefined {
  const value = asObject(row.integration)?.category;
  return asObject(value)?.category ?? value;
}

export const metric = table({
  name: 'metric',
  docs: 'Klaviyo API: Get Metrics',
  documentedKey: ['id'],
  key: ['id'],
  method: 'full_table',
  fields: {
    id: text('Metric id'),
    name: text('Name; the vendor renames metrics, so select by id'),
    created: timestamp('When the metric was created'),
    updated: timestamp('When the metric was last changed'),
    integration_id: text('Id of the integration that sends it').from('integration.id'),
    integration_name: text('Name of the integration').from('integration.name'),
    integration_category: text('Category of the integration').of(category),
    integration_key: text('Key of the integration').from('integration.key'),
    integration: json('The integration as the API shows it'),
  },
  shape: flatten,
  read: fullScan<KlaviyoApi>((api, { cursor }, signal) =>
    listPage(api, { path: '/api/metrics', endpoint: 'metrics', query: {}, cursor, signal }),
  ),
  deletes: 'scan',
  absentScans: 2,
});
