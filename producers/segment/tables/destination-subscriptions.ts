import type { Row } from '../../../src/core/types.ts';
import type { FetchPage } from '../../../src/sdk/readers/paginate.ts';
import { table } from '../../../src/sdk/define.ts';
import { boolean, json, text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import type { SegmentApi } from '../api.ts';
import { secretJson, wanted } from '../columns.ts';
import type { ColumnSettings } from '../columns.ts';
import { listing } from '../listing.ts';
import { ofEach } from '../scans.ts';

const ofOne = ({ id }: Row): FetchPage<SegmentApi> =>
  listing('/destinations/{destinationId}/subscriptions', 'subscriptions', {
    bucket: 'alpha',
    single: true,
    params: { destinationId: String(id) },
    rows: (rows) => rows.map((row) => ({ ...row, destinationId: id ?? null })),
    namedParent: ['destinationId', String(id), 'always'],
  });

export const destinationSubscriptions = (settings: ColumnSettings, keep = wanted(settings, ['settings'])): TableDefinition =>
  table({
    name: 'destination_subscriptions',
    docs: 'Segment Public API: List Subscriptions from Destination',
    documentedKey: ['id'],
    key: ['id'],
    method: 'full_table',
    fields: {
      id: text('Subscription id'),
      destination_id: text('Destination (instance) it belongs to'),
      name: text('Name'),
      action_id: text('Action it triggers'),
      action_slug: text('Slug of the action'),
      enabled: boolean('Whether it is on'),
      trigger: text('Which events trigger it (FQL)'),
      settings: secretJson(settings, "Mapping of the action's fields"),
      model_id: text('Reverse ETL model; null when there is none'),
      reverse_etl_schedule: json('Schedule of the reverse ETL: strategy, config'),
    },
    shape: (row) => keep(row.modelId === '' ? { ...row, modelId: null } : row),
    ...ofEach('destination_subscriptions', 'destinations', ofOne, {
      key: ({ id }) => String(id),
      scope: ({ id }) => ({ destination_id: id ?? null }),
      unreadOn: [404],
    }),
    deletes: 'scan',
    scope: ['destination_id'],
    planGated: 'Destination Subscriptions',
  });
