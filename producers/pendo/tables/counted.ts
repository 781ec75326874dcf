import { text } from '../../../src/sdk/fields.ts';
import type { TableDefinition } from '../../../src/core/table.ts';
import { countedColumns, countedIdentity, eventTable } from '../event-table.ts';
import type { PendoSettings } from '../settings.ts';

export const events = (settings: PendoSettings): TableDefinition =>
  eventTable(
    {
      name: 'events',
      docs: 'Pendo Engage API: aggregation over events',
      documentedKey: ['account_id', 'server', 'remote_ip'],
      seedKey: ['account_id', 'server', 'remote_ip'],
      more: ['visitor_id', 'user_agent', 'app_id', 'period_start', 'dimension_hash'],
      keyReason: 'One address of an account has many visitors and days.',
      replicationKey: 'period_start',
      source: 'events',
      ...countedIdentity(),
      fields: {
        ...countedColumns(settings),
        page_id: text('Always allevents'),
        feature_id: text('Feature'),
        event_class: text('Kind of client, such as web or ios'),
      },
    },
    settings,
  );

/** The events of one kind of tagged object, by object. */
function tagged(name: string, source: string, column: string, field: string, doc: string, settings: PendoSettings): TableDefinition {
  return eventTable(
    {
      name,
      docs: `Pendo Engage API: aggregation over ${source}`,
      documentedKey: ['account_id', 'server', 'remote_ip', 'visitor_id', 'day', column, 'user_agent'],
      seedKey: ['account_id', 'server', 'remote_ip', 'visitor_id', 'period_start', column, 'user_agent'],
      more: ['app_id', 'dimension_hash'],
      keyReason: 'Apps, tabs and properties split a row further; with hours, day would not tell them apart.',
      replicationKey: 'period_start',
      source,
      ...countedIdentity(field),
      fields: { ...countedColumns(settings), [column]: text(doc) },
    },
    settings,
  );
}

export const featureEvents = (settings: PendoSettings): TableDefinition =>
  tagged('feature_events', 'featureEvents', 'feature_id', 'featureId', 'Feature that was used', settings);
export const pageEvents = (settings: PendoSettings): TableDefinition =>
  tagged('page_events', 'pageEvents', 'page_id', 'pageId', 'Page that was seen', settings);
export const trackEvents = (settings: PendoSettings): TableDefinition =>
  tagged('track_events', 'trackEvents', 'track_type_id', 'trackTypeId', 'Track type of the event', settings);
