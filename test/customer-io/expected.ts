import type { TableRecord } from '../../src/core/table.ts';
import type { CustomerIoTable } from '../../simulators/customer-io/options.ts';
import type { CustomerIoTruth } from '../../simulators/customer-io/truth.ts';
import type { VendorRow, VendorValue } from '../../simulators/customer-io/world.ts';

/**
 * The columns of every table and how each is made of the vendor's value, written down once more and independently of the
 * definitions: `same` as it is, `time` seconds to milliseconds and nothing for 0, `json` canonical text.
 */
const COLUMNS: Record<Exclude<CustomerIoTable, 'customers' | 'messages' | 'activities' | 'eps_suppression' | 'ip_addresses'>, Columns> = {
  broadcasts: {
    same: 'id deduplicate_id name description type state created_by active scheduled_start_should_backfill scheduled_stop_should_sunset event_name event_type',
    time: 'created updated first_started scheduled_start scheduled_stop',
    json: 'actions tags msg_template_ids filter_segment_ids',
  },
  transactional_messages: {
    same: 'id name description trigger_name send_to_unsubscribed link_tracking open_tracking hide_message_body queue_drafts',
    time: 'created_at updated_at',
    json: '',
  },
  campaigns: {
    same: 'id deduplicate_id name description type state created_by event_name event_type date_attribute frequency timezone filter_object_attributes filter_relationship_attributes active use_customer_timezone scheduled_start_should_backfill scheduled_stop_should_sunset start_hour start_minutes object_type_id webhook_id',
    time: 'created updated first_started scheduled_start scheduled_stop',
    json: 'actions msg_templates tags trigger_segment_ids filter_segment_ids audience object_attribute_triggers relationship_attribute_triggers',
  },
  newsletters: {
    same: 'id deduplicate_id type name send_state timezone recipient_file_status recipient_file_error subscription_topic_id expires_after tz_match_enabled',
    time: 'created updated sent_at scheduled_at',
    json: 'content_ids tags recipient_segment_ids',
  },
  segments: { same: 'id deduplicate_id name description type state progress', time: 'created_at updated_at', json: 'tags conditions' },
  exports: {
    same: 'id deduplicate_id type status description user_email failed total downloads user_id',
    time: 'created_at updated_at',
    json: '',
  },
  sender_identities: { same: 'id deduplicate_id name email phone address template_type auto_generated hidden', time: '', json: '' },
  reporting_webhooks: { same: 'id name type endpoint disabled full_resolution with_content', time: '', json: 'events' },
  snippets: { same: 'name value', time: 'updated_at', json: '' },
  collections: { same: 'id name rows bytes', time: 'created_at updated_at', json: 'schema' },
  topics: { same: 'id identifier name description subscribed_by_default', time: '', json: '' },
  workspaces: { same: 'id name messages_sent billable_messages_sent people object_types objects', time: '', json: '' },
  types: { same: 'id name singular_name slug singular_slug icon enabled', time: '', json: '' },
};
interface Columns {
  same: string;
  time: string;
  json: string;
}

const OUTCOMES = [
  'sent',
  'delivered',
  'opened',
  'human_opened',
  'clicked',
  'human_clicked',
  'converted',
  'bounced',
  'dropped',
  'failed',
  'spammed',
  'unsubscribed',
  'undeliverable',
];

/** What a topic has to hold of a table, by key. */
export function expectedRecords(truth: CustomerIoTruth, table: CustomerIoTable): Map<string, TableRecord> {
  return new Map(
    truth.rows(table).map((row) => {
      const record = expectedRecord(table, row);
      return [String(record[table === 'snippets' ? 'name' : 'id']), record];
    }),
  );
}

export function expectedRecord(table: CustomerIoTable, row: VendorRow): TableRecord {
  switch (table) {
    case 'customers':
      return customer(row);
    case 'messages':
      return delivery(row);
    case 'activities':
      return {
        ...pick(row, 'id type delivery_id delivery_type name url'),
        ...about(row),
        timestamp: time(row['timestamp']),
        data: json(row['data']),
        _extra: null,
      };
    case 'eps_suppression':
      return {
        id: `${row['suppression_type']}|${row['domain']}|${String(row['email']).toLowerCase()}`,
        ...pick(row, 'suppression_type domain email reason status category'),
        created: time(row['created']),
        _extra: null,
      };
    case 'ip_addresses':
      return { id: row['ip_address'] as string, ip_address: row['ip_address'] as string, _extra: null };
    default:
      return listed(table, row);
  }
}

function listed(table: keyof typeof COLUMNS, row: VendorRow): TableRecord {
  const { same, time: times, json: jsons } = COLUMNS[table];
  const known = [...words(same), ...words(times), ...words(jsons)];
  const unknown = Object.fromEntries(Object.entries(row).filter(([name]) => !known.includes(name)));
  return {
    ...pick(row, same),
    ...Object.fromEntries(words(times).map((name) => [name, time(row[name])])),
    ...Object.fromEntries(words(jsons).map((name) => [name, json(row[name])])),
    ...(table === 'broadcasts' && typeof row['tags'] === 'string' && { tags: row['tags'] === 'nil' ? null : json([row['tags']]) }),
    ...(table === 'campaigns' &&
      typeof row['object_attribute_triggers'] === 'string' && {
        object_attribute_triggers: json(JSON.parse(row['object_attribute_triggers']) as VendorValue),
      }),
    ...(table === 'sender_identities' && { updated_at: lastChange(row) }),
    ...(table === 'reporting_webhooks' && {
      endpoint: String(row['endpoint']).replace('hook:s3cret-pass@', '').replace('token=t0ken-in-query&v=1', 'token=••••&v=••••'),
    }),
    _extra: Object.keys(unknown).length === 0 ? null : json(unknown),
  };
}

function customer(row: VendorRow): TableRecord {
  const identifiers = row['identifiers'] as Record<string, string | null>;
  const attributes = row['attributes'] as Record<string, string>;
  const created = attributes['created_at'];
  return {
    id: identifiers['cio_id'] as string,
    cio_id: identifiers['cio_id'] as string,
    customer_id: identifiers['id'] ?? null,
    email: identifiers['email'] ?? null,
    phone: attributes['phone'] ?? null,
    unsubscribed: row['unsubscribed'] as boolean,
    created_at: created !== undefined && /^\d+$/.test(created) ? Number(created) * 1000 : null,
    attributes: json(attributes),
    timestamps: json(row['timestamps']),
    devices: json(row['devices']),
    cio_subscription_preferences: attributes['cio_subscription_preferences'] ?? null,
    _extra: null,
  };
}

function delivery(row: VendorRow): TableRecord {
  const metrics = row['metrics'] as Record<string, number>;
  return {
    ...pick(
      row,
      'id deduplicate_id type recipient subject failure_message campaign_id newsletter_id broadcast_id transactional_message_id action_id parent_action_id content_id msg_template_id trigger_event_id forgotten',
    ),
    ...about(row),
    created: time(row['created']),
    updated_at: lastChange(row),
    ...Object.fromEntries(OUTCOMES.map((name) => [`${name}_at`, time(metrics[name])])),
    metrics: json(metrics),
    tracked_responses: json(row['tracked_responses']),
    _extra: null,
  };
}

function about(row: VendorRow): TableRecord {
  const person = row['customer_identifiers'] as Record<string, string | null> | null;
  return {
    customer_id: (row['customer_id'] ?? null) as string | null,
    customer_cio_id: person?.['cio_id'] ?? null,
    customer_email: person?.['email'] ?? null,
  };
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
const pick = (row: VendorRow, names: string): TableRecord =>
  Object.fromEntries(words(names).map((name) => [name, (row[name] ?? null) as TableRecord[string]]));
const time = (seconds: VendorValue | undefined): number | null => (typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : null);
const lastChange = (row: VendorRow): number => Number(String(row['deduplicate_id']).split(':').at(-1)) * 1000;

/** JSON with sorted names and without white space. */
function json(value: VendorValue | undefined): string | null {
  return value === null || value === undefined ? null : JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
